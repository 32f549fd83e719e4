"""What an option's value looks like in help pages, and which values a shell completes: derived from the tables.

``{names}`` in an option's help stands for the names that it takes.
"""

from __future__ import annotations

import inspect
from typing import Any, get_args, get_type_hints

from ipmix_cli.cli.completion import completion
from ipmix_cli.cli.help_panels import escaped
from ipmix_cli.cli.table_names import table_names

VALUES = {  # by option, or by command and option where one name means two things; or by an argument's name
    "--alpha": ("white", "drop"),
    "--as": "ipmix_cli.scoring.reading.predictions:ROLES",
    "--attack": "ipmix_cli.scoring.evaluation.attack:ATTACKS",
    "--backend": "ipmix_cli.pipeline.backends.table:BACKENDS",
    "--baseline": ("alexnet",),
    "--channels": ("3", "1"),
    "--class-list": "ipmix_cli.metrics.class_lists:CLASS_LISTS",
    "--compression": ("none", "lzf", "gzip"),
    "--corruption": "ipmix_cli.corruptions.table:CORRUPTIONS",
    "--crop": "ipmix_cli.crop:MODES",
    "--data": "ipmix_cli.sources.readers:NAMED",
    "--empty-classes": ("refuse", "keep", "skip"),
    "--encoding": ("auto", "ipmix_cli.codecs.codecs:CODECS"),
    "--family": "fractals:FAMILIES",
    "--format": "ipmix_cli.shards.writers:WRITERS",
    "--in": "ipmix_cli.sources.readers:NAMED",
    "--input-format": "ipmix_cli.sources.readers:READERS",
    "--kind": "ipmix_cli.pipeline.output.indexing:KINDS",
    "--labels-as": "ipmix_cli.sources.labels:READINGS",
    "--layout": ("grouped", "flat", "files"),
    "--level": "ipmix_cli.pipeline.verify.shard:LEVELS",
    "--method": "ipmix_cli.methods:METHODS",
    "--mix": ("default", "fractals:FAMILIES"),
    "--normalise": "ipmix_cli.scoring.evaluation.preprocessing:NORMALISATIONS",
    "--role": "ipmix_cli.scoring.reading.predictions:ROLES",
    "--scores": "ipmix_cli.scoring.reading.predictions:KINDS",
    "--source": "ipmix_cli.sources.readers:NAMED",
    "--split": ("train", "val", "test"),
    "--store": ("pixels", "plans"),
    "corrupt --layout": ("shards", "flat", "npy", "folders"),
    "corrupt --profile": ("auto", "ipmix_cli.corruptions.profiles:SIZES"),
    "corrupt --set": (
        "ipmix_cli.corruptions.table:SETS",
        "ipmix_cli.corruptions.table:PROFILE_SETS",
        "ipmix_cli.corruptions.table:CORRUPTIONS",
    ),
    "generate-fractals --format": ("hdf5", "png"),
    "more_families": "fractals:FAMILIES",
}
LISTS = ("--mix", "--set")  # several names with commas between
KINDS = {  # what a value is called in help pages, where the option's type and the names that it takes do not say
    **dict.fromkeys(("--out", "--in", "--data", "--data-dir", "--fractals", "--frost", "--baseline"), "PATH"),
    **dict.fromkeys(("--png", "--arrays", "--preview", "--source", "--classes-from", "--html"), "PATH"),
    "--labels": "FILE",
    **dict.fromkeys(("--max-errors", "--replay"), "N|P%"),
    "--sample": "P%|I/N",
    **dict.fromkeys(("--severity", "--difficulty"), "N,.."),
    **dict.fromkeys(("--mean", "--std"), "X,.."),
    **dict.fromkeys(("--epsilon", "--step-size"), "X"),
    **dict.fromkeys(("--scheduler", "--address"), "HOST"),
    "--keys": "KEY,..",
    "--key": "KEY",
    "--variants": "NAME,..",
    **dict.fromkeys(("--copy", "--name", "--images-key", "--labels-key", "--label-field", "--split-folder"), "NAME"),
}


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
        names = values_of(command.name, option)
        if "{names}" in (parameter.help or ""):
            parameter.help = parameter.help.replace("{names}", ", ".join(names))
        parameter.help = escaped(parameter.help or "")
        if getattr(parameter, "is_flag", False):
            continue
        if parameter.metavar is None and parameter.param_type_name == "option":
            parameter.metavar = _metavar(command.name, option, hints[parameter.name])
        if names:
            parameter.shell_complete = completion(names, option in LISTS)


def _metavar(command: str, option: str, hint: Any) -> str:
    kinds = {hint, *get_args(hint)}
    kinds |= {kind for one in kinds for kind in get_args(one)}
    if int in kinds or float in kinds:
        return "N" if int in kinds else "X"
    if option in KINDS:
        return KINDS[option]
    return ("NAME,.." if option in LISTS else "NAME") if values_of(command, option) else "TEXT"
