"""``ipmix report``: an HTML page on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ipmix_cli.cli.execution_options import JobsOption, QuietOption
from ipmix_cli.cli.origin_options import DataDirOption, FractalsOption, SourceOption, moved_source
from ipmix_cli.cli.screen import show

OUTPUT = "What comes out"


def report(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of a finished data set.")],
    out: Annotated[str, typer.Option("--out", help="The page, such as report.html.", rich_help_panel=OUTPUT)],
    level: Annotated[
        str, typer.Option(help="How deep to validate: quick, standard or full.", rich_help_panel=OUTPUT)
    ] = "standard",
    seed: Annotated[int, typer.Option(help="Seed of the random choice of samples.", min=0, rich_help_panel=OUTPUT)] = 0,
    source: SourceOption = None,
    data_dir: DataDirOption = None,
    fractals: FractalsOption = None,
    jobs: JobsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write an HTML report on a data set: copies by class, stages of a copy, distances, balance, shards, validation.

    The page is a single file that needs no network, and follows the browser's light or dark scheme. The stages need
    the source and the bank; if these are missing, the page says so.

    Examples:
      ipmix report shards --out report.html
      ipmix report shards --out report.html --level quick --data-dir data
    """
    from ipmix_cli.cli.execution_options import available_cpus
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.errors import UsageError
    from ipmix_cli.pipeline.inspect.report import report as make
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.output.dataset import open_dataset
    from ipmix_cli.pipeline.verify.validate import Checks
    from ipmix_cli.printable import encoded
    from ipmix_cli.storage.apart import lies_inside
    from ipmix_cli.storage.folder import write_atomically

    dataset = open_dataset(folder)
    if lies_inside(out, folder):
        raise UsageError(f"the page {out} would lie inside {folder}", "give --out a place outside of the data set")
    checks = Checks(level=level, source=moved_source(dataset, source, data_dir), fractals=fractals, seed=seed)
    page = encoded(make(dataset, checks, Execution(jobs=jobs or available_cpus()), Bars(quiet)))
    write_atomically(Path(out), page)
    if not quiet:
        show(f"{out}: {len(page) / 1e6:.1f} MB")
