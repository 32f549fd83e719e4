"""``ipmix repair``: rebuild damaged files, and prove that they are what they were."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ipmix_cli.cli.execution_options import RUNNING, JobsOption, QuietOption
from ipmix_cli.cli.origin_options import DataDirOption, FractalsOption, SourceOption, moved_source
from ipmix_cli.cli.screen import show
from ipmix_cli.printable import counted

if TYPE_CHECKING:
    from ipmix_cli.pipeline.verify.repair import Repaired

MOST_SHOWN = 50


def repair(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of a finished data set.")],
    source: SourceOption = None,
    data_dir: DataDirOption = None,
    fractals: FractalsOption = None,
    jobs: JobsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel=RUNNING)] = False,
    quiet: QuietOption = False,
) -> None:
    """Rebuild the files of a data set that are missing or damaged, and leave the others alone.

    Shards are rebuilt from the source and the bank, and written only if their sha256 is the one in the manifest.
    Files that do not belong in the folder are listed but not touched.

    Examples:
      ipmix repair shards
      ipmix repair shards --source cifar10 --data-dir /data --fractals bank.h5
    """
    from ipmix_cli.cli.execution_options import available_cpus
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.output.dataset import open_dataset
    from ipmix_cli.pipeline.verify.repair import RepairSource
    from ipmix_cli.pipeline.verify.repair import repair as run

    dataset = open_dataset(folder)
    origin = RepairSource(source=moved_source(dataset, source, data_dir), fractals=fractals)
    done = run(dataset, origin, Execution(jobs=jobs or available_cpus()), Bars(quiet or as_json))
    if as_json or not quiet or done.problems:
        show(json.dumps(done.to_dict(), indent=1) if as_json else table(done, folder))
    if done.problems:
        raise typer.Exit(4)


def table(done: Repaired, folder: str) -> str:
    """Return the result as lines for a person."""
    lines = [f"rebuilt     {name}" for name in done.written[:MOST_SHOWN]]
    if len(done.written) > MOST_SHOWN:
        lines.append(f"rebuilt     ... and {len(done.written) - MOST_SHOWN} more")
    for problem in done.problems[:MOST_SHOWN]:
        place = " ".join(part for part in (problem.shard, problem.key) if part)
        lines += [f"PROBLEM     {problem.code}: {place}: {problem.message}", f"            {problem.remedy}"]
    if done.problems:
        lines.append(f"FAIL: left: {counted(len(done.problems), 'problem')}")
    elif done.written:
        lines.append(f"REPAIRED: {counted(len(done.written), 'file')}, each with the manifest's sha256")
    else:
        lines.append("nothing is bad")
    return "\n".join([*lines, f"next: ipmix validate {folder}"])
