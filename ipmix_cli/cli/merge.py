"""``ipmix merge``: finish a folder that many tasks have filled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ipmix_cli.cli.screen import show
from ipmix_cli.printable import counted, printable, ranges

if TYPE_CHECKING:
    from ipmix_cli.pipeline.run.merge import Merged

MOST_TASKS = 20  # that are listed one by one


def merge(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder that `ipmix augment` tasks fill.")],
    task_count: Annotated[
        int | None,
        typer.Option(help="Number of tasks to assign the missing shards to.  [default: as in the last run]", min=1),
    ] = None,
    max_errors: Annotated[
        str,
        typer.Option(
            help="How many unreadable pictures may be left out, over all tasks: N or P%.  [default: as given to "
            "the tasks]"
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write the manifest if all shards are present; otherwise list what is missing, and which tasks to run again.

    The last task to finish does the same automatically. This command can be run at any time, any number of times, and
    does not need the source.

    Examples:
      ipmix merge shards
      ipmix merge s3://bucket/shards --task-count 100
    """
    from ipmix_cli.pipeline.run.merge import merge as run

    merged = run(folder, task_count, max_errors)
    if as_json:
        show(merged_as_json(merged, folder))
    elif merged.manifest is not None:
        manifest = merged.manifest
        copies = manifest.samples * manifest.job.output.copies
        show(f"finished: {manifest.samples:,} pictures, {copies:,} copies in {merged.shards:,} shards")
        show(f"next: ipmix validate {folder}")
    else:
        show(missing(merged))
    if merged.manifest is None:
        raise typer.Exit(4)


def missing(merged: Merged) -> str:
    """Return the lines on what is missing, and what to type."""
    tasks = merged.tasks
    lines = [
        f"unfinished: {len(merged.missing):,} of {merged.shards:,} shards are missing: {ranges(merged.missing)}",
        f"to make them, and no more: {printable(merged.command)}" + (", with each of" * (merged.task_count > 1)),
    ]
    if merged.task_count > 1:
        lines += [
            f"  --task-index {task} --task-count {merged.task_count}   {counted(count, 'shard')}"
            for task, count in list(tasks.items())[:MOST_TASKS]
        ]
        if len(tasks) > MOST_TASKS:
            lines.append(f"  ... {len(tasks):,} tasks of {merged.task_count:,} in all: {ranges(tasks)}")
    return "\n".join(lines)


def merged_as_json(merged: Merged, out: str) -> str:
    """Return what a merge found as JSON, for schedulers and scripts."""
    values = {
        "out": out,
        "finished": merged.manifest is not None,
        "shards": merged.shards,
        "missing": merged.missing,
        "task_count": merged.task_count,
        "missing_by_task": merged.tasks,
        "remedy": merged.command,
    }
    return json.dumps(values, indent=1)
