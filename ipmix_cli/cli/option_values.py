"""What an option's value looks like in help pages, and which values a shell completes: derived from the tables.

``{names}`` in an option's help stands for the names that it takes.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any, get_args, get_type_hints

from ipmix_cli.cli.help_panels import escaped
from ipmix_cli.cli.table_names import table_names

VALUES = {  # by option, or by command and option where one name means two things
    "--alpha": ("white", "drop"),
    "--as": "ipmix_cli.scoring.reading.predictions:ROLES",
    "--attack": "ipmix_cli.scoring.evaluation.attack:ATTACKS",
    "--backend": "ipmix_cli.pipeline.backends.table:BACKENDS",
    "--class-list": "ipmix_cli.metrics.class_lists:CLASS_LISTS",
    "--compression": ("none", "lzf", "gzip"),
    "--crop": "ipmix_cli.crop:MODES",
    "--empty-classes": ("refuse", "keep", "skip"),
    "--encoding": ("auto", "ipmix_cli.codecs.codecs:CODECS"),
    "--family": "fractals:FAMILIES",
    "--format": "ipmix_cli.shards.writers:WRITERS",
    "--in": "ipmix_cli.sources.readers:NAMED",
    "--input-format": "ipmix_cli.sources.readers:READERS",
    "--labels-as": "ipmix_cli.sources.labels:READINGS",
    "--layout": ("grouped", "flat", "files"),
    "--level": "ipmix_cli.pipeline.verify.shard:LEVELS",
    "--method": "ipmix_cli.methods:METHODS",
    "--mix": ("default", "fractals:FAMILIES"),
    "--mixings": "ipmix_cli.methods.mixings:MIXERS",
    "--normalise": "ipmix_cli.scoring.evaluation.preprocessing:NORMALISATIONS",
    "--operations": "ipmix_cli.methods.operations:OPS",
    "--overflow": ("clip", "wrap"),
    "--split": ("train", "val", "test"),
    "--store": ("pixels", "plans"),
    "generate-fractals --format": ("hdf5", "png"),
}
LISTS = ("--operations", "--mixings")  # several names with commas between
PATHS = ("--out", "--in", "--data-dir", "--fractals", "--png", "--arrays", "--preview", "--source", "--classes-from")


def values_of(command: str, option: str) -> list[str]:
    """Return the names that an option takes, from its table; empty if it takes anything.

    Examples
    --------
    >>> values_of("augment", "--layout")
    ['grouped', 'flat', 'files']
    """
    places = VALUES.get(f"{command} {option}", VALUES.get(option, ()))
    found: list[str] = []
    for place in (places,) if isinstance(places, str) else places:
        found += table_names(place) if ":" in place else [place]
    return found


def complete_options(command: Any) -> None:
    """Give each parameter of a command the names it takes in its help, a short name for its value, and completion."""
    hints = get_type_hints(inspect.unwrap(command.callback))
    for parameter in command.params:
        option = max(parameter.opts, key=len)
        if "{names}" in (parameter.help or ""):
            names = ", ".join(values_of(command.name, option))
            parameter.help = parameter.help.replace("{names}", names)
        parameter.help = escaped(parameter.help or "")
        if parameter.param_type_name != "option" or getattr(parameter, "is_flag", False):
            continue
        if parameter.metavar is None:
            parameter.metavar = _metavar(command.name, option, hints[parameter.name])
        if option in VALUES:
            _complete(command.name, option, parameter)


def _metavar(command: str, option: str, hint: Any) -> str:
    if option in PATHS:
        return "PATH"
    if option in LISTS:
        return "NAME,.."
    if option in VALUES or f"{command} {option}" in VALUES:
        return "NAME"
    kinds = {hint, *get_args(hint)}
    return "N" if int in kinds else "X" if float in kinds else "TEXT"


def _complete(command: str, option: str, parameter: Any) -> None:
    """Let a parameter complete the names of its table; if none fits, the shell offers files."""

    def completed(_ctx: Any, incomplete: str) -> list[Any]:
        done, comma, last = incomplete.rpartition(",") if option in LISTS else ("", "", incomplete)
        names = [name for name in values_of(command, option) if name.startswith(last)]
        return [_item(f"{done}{comma}{name}") for name in names]

    parameter.shell_complete = completed


def _item(text: str) -> Any:
    """Return what a shell is offered; newer typer has click inside."""
    try:
        module = importlib.import_module("typer._click.shell_completion")
    except ImportError:
        module = importlib.import_module("click.shell_completion")
    return module.CompletionItem(text)
