"""``ipmix corrupt``: corrupted test sets, by the same pipeline and with the same options as ``ipmix augment``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from ipmix_cli.cli.augment import OUTPUT, augment
from ipmix_cli.cli.execution_options import RUNNING
from ipmix_cli.cli.method_options import command, parameters_of
from ipmix_cli.cli.source_options import PANEL as SOURCE
from ipmix_cli.cli.source_options import spec_of
from ipmix_cli.errors import UsageError
from ipmix_cli.methods import CORRUPTIONS, SEQUENCES

WHAT = "Corruptions"
DEFAULTS = {"severity": "1,2,3,4,5", "difficulty": "1"}
LEFT_OUT = ("method", "fractals", "copies", "crops", "layout", "profile", "settings")  # of the options of augment
SHARDS = ("shards", "grouped", "flat")  # layouts of --format; others are formats of their own


def for_words(_: Sequence[str]) -> Callable[..., None]:
    """Return the command with the options of ``ipmix augment`` that it shares."""
    own = parameters_of(corrupt)
    shared = {name: one for name, one in parameters_of(augment).items() if name not in {*LEFT_OUT, *own}}

    def run(**values: Any) -> None:
        corrupt(**values)

    return command(run, corrupt, [*shared.values(), *own.values()])


def corrupt(
    *,
    split: Annotated[
        str | None,
        typer.Option(help="train, test or val.  [default: test, if the source has splits]", rich_help_panel=SOURCE),
    ] = None,
    corruptions: Annotated[
        str,
        typer.Option(
            "--set",
            help="test (15), validation (4), all (19), c-bar (10), or names of corruptions, comma-separated.",
            rich_help_panel=WHAT,
        ),
    ] = "test",
    severity: Annotated[
        str | None,
        typer.Option(help="Severities from 1 to 5, comma-separated.  [default: 1,2,3,4,5]", rich_help_panel=WHAT),
    ] = None,
    sequences: Annotated[
        bool,
        typer.Option(
            "--sequences",
            help="Make perturbation sequences (-P) of the sets test (10), validation (4) and all (14), or of names.",
            rich_help_panel=WHAT,
        ),
    ] = False,
    difficulty: Annotated[
        str | None,
        typer.Option(
            help="Difficulties of noise sequences from 1 to 3, comma-separated.  [default: 1]", rich_help_panel=WHAT
        ),
    ] = None,
    parameters: Annotated[
        str,
        typer.Option(
            "--profile",
            help="Published parameters: 32, 64, 224 or 299 px; auto chooses by the pictures' size.",
            rich_help_panel=WHAT,
        ),
    ] = "auto",
    corrected: Annotated[
        bool, typer.Option("--corrected", help="Fix the known errors of the published code.", rich_help_panel=WHAT)
    ] = False,
    frost: Annotated[
        str | None,
        typer.Option(
            help="Folder with the published frost pictures.  [default: synthetic frost, not comparable]",
            rich_help_panel=WHAT,
        ),
    ] = None,
    layout: Annotated[
        str,
        typer.Option(
            help="shards (a sample holds its variants), flat (one sample a variant), npy (CORRUPTION.npy, as "
            "CIFAR-10-C and -P) or folders (CORRUPTION/SEVERITY/CLASS, as ImageNet-C).",
            rich_help_panel=OUTPUT,
        ),
    ] = "shards",
    timings: Annotated[
        bool, typer.Option("--timings", help="Show where the time went, by stage.", rich_help_panel=RUNNING)
    ] = False,
    **options: Any,
) -> None:
    """Make a corrupted test set from a data set, or resume an interrupted run.

    Every picture gets every corruption of the set at every severity, with the parameters of the published benchmarks.
    All randomness comes from --seed: the same command makes the same bytes, with any number of jobs.

    Examples:
      ipmix corrupt --in cifar10 --data-dir data --out cifar10-c
      ipmix corrupt --in photos/ --size 224 --set all --severity 1,3,5 --out photos-c
      ipmix corrupt --in demo --set fog,snow --out demo-c
      ipmix corrupt --in demo --set c-bar --out demo-c-bar
      ipmix corrupt --in cifar10 --data-dir data --sequences --layout npy --out cifar10-p
    """
    own_format: dict[str, Any] = {} if layout in SHARDS else {"output_format": layout, "no_clean": True}
    _check_options(sequences, severity, difficulty, frost)
    settings: dict[str, Any] = {"profile": parameters, "corrected": corrected}
    if sequences:
        settings |= {"perturbations": _perturbations(corruptions), "difficulties": _numbers("difficulty", difficulty)}
    else:
        settings |= {"corruptions": _names(corruptions), "severities": _numbers("severity", severity)}
        settings["frost"] = "synthetic" if frost is None else "pictures"
    augment(
        **{**options, **own_format},
        split=split or _default_split(options),
        layout="grouped" if layout not in SHARDS[1:] else layout,
        method=SEQUENCES if sequences else CORRUPTIONS,
        fractals=frost or "builtin",
        profile=timings,
        settings=settings,
    )


def _default_split(options: dict[str, Any]) -> str:
    from ipmix_cli.sources.readers import split_or_whole

    return split_or_whole(spec_of(options, options["source"]))


def _names(text: str) -> tuple[str, ...]:
    from ipmix_cli.corruptions.settings import corruptions_named

    return corruptions_named(text)


def _perturbations(text: str) -> tuple[str, ...]:
    from ipmix_cli.corruptions.sequences.settings import perturbations_named

    return perturbations_named(text)


def _numbers(option: str, text: str | None) -> tuple[int, ...]:
    text = DEFAULTS[option] if text is None else text
    try:
        return tuple(int(word) for word in text.replace(",", " ").split())
    except ValueError as error:
        raise UsageError(
            f"--{option} {text!r} is not a list of whole numbers", f"give --{option} {DEFAULTS[option]}"
        ) from error


def _check_options(sequences: bool, severity: str | None, difficulty: str | None, frost: str | None) -> None:
    """Refuse options of corruptions with sequences, and the reverse."""
    if sequences and severity is not None:
        raise UsageError("sequences have no severities", "leave out --severity, or give --difficulty for noise")
    if sequences and frost is not None:
        raise UsageError("no sequence has frost", "leave out --frost")
    if not sequences and difficulty is not None:
        raise UsageError("corruptions have no difficulties", "give --severity, or --sequences for sequences")
