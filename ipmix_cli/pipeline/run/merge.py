"""Finish a folder that many tasks have filled: write its manifest, or say which shards are missing, and whose."""

from __future__ import annotations

from dataclasses import dataclass

from ipmix_cli.errors import SourceError
from ipmix_cli.pipeline.job import shard_bounds
from ipmix_cli.pipeline.output.finalize import finalize
from ipmix_cli.pipeline.output.manifest import Manifest
from ipmix_cli.pipeline.output.resume import committed
from ipmix_cli.pipeline.output.state import read_state
from ipmix_cli.pipeline.run.recorded_job import filling_command
from ipmix_cli.storage.folder import open_folder


@dataclass(frozen=True)
class Merged:
    """What a merge found: the manifest, or else the numbers of the shards that are missing.

    `tasks` counts the missing shards of each task that has some, of `task_count` tasks; `command` makes them.
    """

    manifest: Manifest | None
    shards: int
    missing: tuple[int, ...] = ()
    task_count: int = 1
    command: str = ""

    @property
    def tasks(self) -> dict[int, int]:
        """How many shards each task has still to make, by the task's index."""
        counts: dict[int, int] = {}
        for number in self.missing:
            counts[number % self.task_count] = counts.get(number % self.task_count, 0) + 1
        return dict(sorted(counts.items()))


def merge(out: str, task_count: int | None = None, max_errors: str = "") -> Merged:
    """Write the manifest of a folder if every shard is there, without its source; any number of times.

    Parameters
    ----------
    out : str
        The folder.
    task_count : int, optional
        Number of tasks among which missing shards are listed; by default, as many as ran last.
    max_errors : str
        How many pictures all tasks together may have left out; by default, what the tasks were given.

    Raises
    ------
    SourceError
        If the folder holds no job.
    ErrorBudgetError
        If more pictures failed than allowed.
    """
    folder = open_folder(out)
    state = read_state(folder)
    there = state.job_state
    if there is None:
        raise SourceError(
            f"{folder.location} holds no job of ipmix", "give the folder of --out; `ipmix augment` fills it"
        )
    count = len(shard_bounds(there.job))
    manifest = finalize(folder, there, max_errors, state)
    if manifest is not None:
        return Merged(manifest, count)
    records = committed(folder, there.job)
    missing = tuple(number for number in range(count) if number not in records)
    return Merged(None, count, missing, task_count or there.task_count, filling_command(there, out))
