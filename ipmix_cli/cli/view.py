"""``ipmix view``: an HTML gallery of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ipmix_cli.cli.execution_options import QuietOption
from ipmix_cli.cli.origin_options import DataDirOption, FractalsOption, SourceOption, moved_source
from ipmix_cli.cli.screen import show

WHAT = "What goes in"
OUTPUT = "What comes out"


def view(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of a finished data set.")],
    out: Annotated[str, typer.Option("--out", help="The page, such as view.html.", rich_help_panel=OUTPUT)],
    count: Annotated[int, typer.Option(help="Number of samples.", min=1, max=1200, rich_help_panel=WHAT)] = 48,
    copies: Annotated[
        int,
        typer.Option(
            help="Copies of each sample: if there are more, the next sample shows those that follow.",
            min=1,
            max=1200,
            rich_help_panel=WHAT,
        ),
    ] = 4,
    variants: Annotated[
        str,
        typer.Option(
            help="Show only these copies: numbers, names such as fog.3, or corruptions, comma-separated.",
            rich_help_panel=WHAT,
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="Seed of the random choice of samples.", min=0, rich_help_panel=WHAT)] = 0,
    source: SourceOption = None,
    data_dir: DataDirOption = None,
    fractals: FractalsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write an HTML gallery: copies to filter by class, operation, mixing or corruption, and distance.

    A click on a picture shows its stages. The page is a single file that needs no network. The stages need the source
    and the bank; if these are missing, the page says so. A page has 1,200 copies at most.

    Examples:
      ipmix view shards --out view.html
      ipmix view photos-c --out fog.html --variants fog,snow --count 100
    """
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.errors import UsageError
    from ipmix_cli.pipeline.inspect.view import Choice
    from ipmix_cli.pipeline.inspect.view import view as make
    from ipmix_cli.pipeline.output.dataset import open_dataset
    from ipmix_cli.printable import encoded
    from ipmix_cli.storage.apart import lies_inside
    from ipmix_cli.storage.folder import write_atomically

    dataset = open_dataset(folder)
    if lies_inside(out, folder):
        raise UsageError(f"the page {out} would lie inside {folder}", "give --out a place outside of the data set")
    moved = moved_source(dataset, source, data_dir)
    choice = Choice(count=count, copies=copies, variants=variants, seed=seed, source=moved, fractals=fractals)
    page = encoded(make(dataset, choice, Bars(quiet)))
    write_atomically(Path(out), page)
    if not quiet:
        show(f"{out}: {len(page) / 1e6:.1f} MB")
