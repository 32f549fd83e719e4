"""``ipmix generate-fractals``: draw a bank of synthetic pictures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ipmix_cli.cli.config import ConfigOption, SaveConfigOption
from ipmix_cli.cli.execution_options import JobsOption, JsonOption, QuietOption
from ipmix_cli.cli.screen import show
from ipmix_cli.cli.summary import SHORT
from ipmix_cli.printable import counted

if TYPE_CHECKING:
    from pathlib import Path

    from ipmix_cli.pipeline.banks.bank import BankSettings
    from ipmix_cli.pipeline.banks.generate import Generated

PICTURES = "What to draw"
CLASSES = "Labelled banks, for training on formula-driven pictures"
OUTPUT = "What comes out"


def generate_fractals(
    out: Annotated[
        str, typer.Option("--out", help="The file, such as bank.h5, or the folder.", rich_help_panel=OUTPUT)
    ],
    more_families: Annotated[
        list[str] | None, typer.Argument(metavar="", hidden=True, help="Further names after --family.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(help="Number of pictures.  [default: 1000]", rich_help_panel=PICTURES)
    ] = None,
    size: Annotated[int, typer.Option(help="Width and height, 32 to 1024 px.", rich_help_panel=PICTURES)] = 256,
    seed: Annotated[int, typer.Option(help="0 to 2**63 - 1.", rich_help_panel=PICTURES)] = 0,
    family: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME...", help="Only these families, in equal parts: {names}.", rich_help_panel=PICTURES),
    ] = None,
    mix: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|NAME=WEIGHT,..",
            help="default, ipmix, fractaldb, or families with weights.  [default: default]",
            rich_help_panel=PICTURES,
        ),
    ] = None,
    classes: Annotated[
        int, typer.Option(help="Number of classes, each one system of parameters.", rich_help_panel=CLASSES)
    ] = 0,
    per_class: Annotated[
        int, typer.Option(help="Pictures per class, variations of its system.", rich_help_panel=CLASSES)
    ] = 0,
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="hdf5 or png.  [default: hdf5 for a name with .h5 or .hdf5, else png]",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    preview: Annotated[
        str | None, typer.Option(metavar="SHEET.png", help="Also draw a contact sheet.", rich_help_panel=OUTPUT)
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --out.", rich_help_panel=OUTPUT)] = False,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    config: ConfigOption = None,
    save_config: SaveConfigOption = None,
) -> None:
    """Draw a bank of fractals, noise and shapes: mixing pictures for ipmix augment, or data to pre-train on.

    Families: ifs, flame, julia, mandelbrot, phoenix, newton, kali, attractor, lyapunov, dead_leaves, plasma, noise,
    spectrum, contour, fractaldb. Picture i depends on seed, i, size and mix alone: not on --count, nor on --jobs.

    Examples:
      ipmix generate-fractals --out bank.h5 --count 2000 --size 256 --preview sheet.png
      ipmix generate-fractals --out bank.h5 --family ifs flame julia
      ipmix generate-fractals --out bank.h5 --mix flame=2,julia=1,plasma=0.5
      ipmix generate-fractals --out labelled --classes 100 --per-class 50 --format png
    """
    from pathlib import Path

    from ipmix_cli.cli.bank_report import table, write_sheet
    from ipmix_cli.cli.execution_options import available_cpus
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.pipeline.banks.generate import generate_bank

    weights = chosen_mix(family, more_families, mix)
    settings = chosen_settings(weights, count, size, seed, (classes, per_class))
    path = Path(out).expanduser()
    kind = chosen_format(format_name, path)
    refuse_to_replace(path, overwrite)
    jobs = checked_jobs(jobs) or available_cpus()
    made = generate_bank(settings, path, format_name=kind, jobs=jobs, listener=Bars(quiet or as_json))
    if preview is not None:
        write_sheet(preview, str(path), made.families, made.counts)
    if as_json:
        show(as_json_text(made, path))
        return
    if quiet:
        return
    show(table(made.report()))
    rate = f"{settings.count / made.drawing:,.0f} pictures/s"
    show(f"{path}: {counted(settings.count, 'picture')} in {made.drawing:.1f} s: {rate}")
    if made.compiling >= SHORT:
        show(f"before that, once on this machine: {made.compiling:.1f} s of compiling")
    use = f"ipmix augment --in {path} --out shards" if classes else f"ipmix augment --fractals {path} ..."
    show(f"next: {use}")


def as_json_text(made: Generated, path: Path) -> str:
    """Return what was drawn as JSON, for schedulers and scripts: the bank's report, where it is, and the seconds."""
    seconds = {"seconds": round(made.drawing, 3), "compiling_seconds": round(made.compiling, 3)}
    return json.dumps({"out": str(path), "finished": True, **seconds, **made.report().to_dict()}, indent=1)


def chosen_mix(family: list[str] | None, more: list[str] | None, mix: str | None) -> dict[str, float]:
    """Return the weights that the options ask for; names may be repeated options, words, or a list with commas."""
    from fractals.mixes import check_family, check_mix, mix_of
    from ipmix_cli.errors import UsageError

    words = [name for text in [*(family or []), *(more or [])] for name in text.replace(",", " ").split()]
    if more and not family:
        raise UsageError(f"unexpected {more[0]!r}", "names of families follow --family: --family ifs flame")
    if words and mix is not None:
        raise UsageError("--family and --mix were both given", "give one of them; --mix ifs=1,flame=2 has both in one")
    try:
        for name in words:
            check_family(name)
        return check_mix(dict.fromkeys(words, 1.0)) if words else mix_of(mix or "default")
    except ValueError as error:
        raise UsageError(str(error), "see ipmix generate-fractals --help") from error


def chosen_settings(
    weights: dict[str, float], count: int | None, size: int, seed: int, classes: tuple[int, int]
) -> BankSettings:
    """Return the settings; with classes, their product is the count."""
    from ipmix_cli.errors import UsageError
    from ipmix_cli.pipeline.banks.bank import BankSettings

    number, each = classes
    if number < 0 or each < 0 or (number > 0) != (each > 0):
        raise UsageError(f"--classes {number} with --per-class {each}", "give both, each at least 1")
    if number and count not in (None, number * each):
        raise UsageError(f"--count {count}, but {number} classes of {each}", "leave out --count in the labelled mode")
    total = number * each if number else 1000 if count is None else count
    return BankSettings(count=total, size=size, seed=seed, mix=tuple(weights.items()), classes=number, per_class=each)


def chosen_format(name: str | None, path: Path) -> str:
    """Return the requested format, or the one that the file's name implies."""
    from ipmix_cli.errors import UsageError
    from ipmix_cli.pipeline.banks.drawing import FORMATS

    name = name or ("hdf5" if path.suffix in (".h5", ".hdf5") else "png")
    if name not in FORMATS:
        raise UsageError(f"unknown --format {name!r}", f"give one of {', '.join(FORMATS)}")
    return name


def refuse_to_replace(path: Path, overwrite: bool) -> None:
    """Raise UsageError if the output is there already and may not be replaced."""
    from ipmix_cli.errors import UsageError

    if path.exists() and not overwrite and not (path.is_dir() and not any(path.iterdir())):
        raise UsageError(f"{path} exists already", "give another --out, or --overwrite to replace it")


def checked_jobs(jobs: int | None) -> int | None:
    """Return the number of workers, if it is one."""
    from ipmix_cli.errors import UsageError

    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs {jobs}", "give at least 1")
    return jobs
