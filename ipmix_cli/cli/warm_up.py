"""``ipmix warm-up``: what the first job on a machine would make, made in advance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ipmix_cli.cli.execution_options import JobsOption, QuietOption
from ipmix_cli.cli.screen import show

if TYPE_CHECKING:
    from ipmix_cli.pipeline.run.warm_machine import WarmMachine

WHAT = "What is prepared"


def warm_up(
    method: Annotated[
        list[str] | None,
        typer.Option(help="A method; repeat it for several.  [default: ipmix]", rich_help_panel=WHAT),
    ] = None,
    size: Annotated[
        list[int] | None,
        typer.Option(
            help="Also draw the built-in bank for pictures of this side; repeat it for several.",
            min=1,
            max=4096,
            rich_help_panel=WHAT,
        ),
    ] = None,
    png: Annotated[bool, typer.Option("--png", help="Also what writes PNG files.", rich_help_panel=WHAT)] = False,
    jobs: JobsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compile the kernels and draw the built-in bank before any job needs them: for images of nodes and containers.

    Everything goes into the cache, $IPMIX_CACHE_DIR or ~/.cache/ipmix, and is made for this machine's processor: where
    an image runs on another kind, the kernels are compiled again. What is there already is not made twice.

    Examples:
      ipmix warm-up
      ipmix warm-up --size 32 --size 224 --png
      ipmix warm-up --method ipmix --method augmix
    """
    from ipmix_cli.cli.execution_options import available_cpus
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.errors import check_name
    from ipmix_cli.methods import METHODS
    from ipmix_cli.pipeline.run.warm_machine import warm_machine

    methods = list(dict.fromkeys(method or ["ipmix"]))
    for name in methods:
        check_name("method", name, METHODS)
    made = warm_machine(methods, size or (), png, Bars(quiet), jobs or available_cpus())
    if not quiet:
        show(summary(made))


def summary(made: WarmMachine) -> str:
    """Return what was made, and where it is."""
    from ipmix_cli.numba_cache.user_cache import user_cache

    lines = []
    if made.kernels:
        lines.append(f"compiled in {made.spent.compiling:.1f} s: {', '.join(made.kernels)}")
    lines += [f"drawn: a bank of {count:,} mixing pictures of {side} px" for side, count in made.banks.items()]
    return "\n".join([*(lines or ["everything was there already"]), f"cache: {user_cache()}"])
