"""How far a data set is: what is there, what is missing, what failed; also while a run is going."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipmix_cli.errors import SourceError
from ipmix_cli.pipeline.job import Job, shard_bounds, shard_count
from ipmix_cli.pipeline.output.manifest import Failure, ShardRecord, shard_name
from ipmix_cli.pipeline.output.resume import committed
from ipmix_cli.pipeline.output.shard_bytes import bytes_of_shards
from ipmix_cli.pipeline.output.state import STATE, JobState, read_state
from ipmix_cli.pipeline.run.recorded_job import filling_command
from ipmix_cli.printable import ranges
from ipmix_cli.storage.folder import Folder, open_folder
from ipmix_cli.storage.temporary import PART, is_stale


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far a data set is.

    Parameters
    ----------
    location : str
    finalized : bool
        Whether it has a manifest.
    shards, done : int
        How many there will be, and are.
    missing : tuple of int
        Numbers of the shards that are not there.
    damaged : tuple of str
        Files of shards that are there with another size than recorded, or without a record.
    samples, samples_done : int
        How many there will be if every picture can be read, and are.
    bytes_done : int
        Of the shards that are there.
    failed : tuple of Failure
        Pictures that were left out so far.
    being_written : int
        Files that living processes of this machine are writing now.
    remedy : str
        How to go on.
    """

    location: str
    finalized: bool
    shards: int
    done: int
    missing: tuple[int, ...]
    damaged: tuple[str, ...]
    samples: int
    samples_done: int
    bytes_done: int
    failed: tuple[Failure, ...]
    being_written: int
    remedy: str

    @property
    def finished(self) -> bool:
        """Whether there is a manifest, and every shard that it lists, by its size."""
        return self.finalized and not self.missing and not self.damaged

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"finished": self.finished, **dataclasses.asdict(self)}


def status(location: str) -> Status:
    """Return how far a data set is.

    Raises
    ------
    SourceError
        If there is no folder, or none of ipmix.
    """
    folder = open_folder(location)
    state = read_state(folder)
    there = state.job_state
    job = state.job if there is None else there.job  # alone where a run was killed just when it had begun
    if job is None:
        raise _no_job(folder)
    finalized = state.finished(job) is not None
    records = committed(folder, job, state=state)
    absent = [number for number in range(shard_count(job)) if number not in records]
    damaged = folder.sizes([shard_name(job, number) for number in absent])
    missing = tuple(number for number in absent if shard_name(job, number) not in damaged)
    return Status(
        location=folder.location,
        finalized=finalized,
        shards=shard_count(job),
        done=len(records),
        missing=missing,
        damaged=tuple(damaged),
        samples=job.samples,
        samples_done=sum(record.samples for record in records.values()),
        bytes_done=bytes_of_shards(folder, job.output.format, records.values()),
        failed=_failures(job, records),
        being_written=_being_written(folder),
        remedy=_remedy(there, finalized, absent, location),
    )


def _failures(job: Job, records: dict[int, ShardRecord]) -> tuple[Failure, ...]:
    return tuple(f for number in range(len(shard_bounds(job))) if number in records for f in records[number].failures)


def _being_written(folder: Folder) -> int:
    """Return how many temporary files belong to living processes of this machine."""
    paths = [folder.path(name) for name in folder.names() if name.endswith(PART)]
    return sum(path is not None and not is_stale(path) for path in paths)


def _remedy(there: JobState | None, finalized: bool, absent: list[int], location: str) -> str:
    if finalized:
        return f"ipmix repair {location}" if absent else f"ipmix validate {location}"
    if there is None:
        return f"type the `ipmix augment` command that fills {location} again"
    command = filling_command(there, location)
    if there.task_count == 1:
        return command
    return _array_remedy(command, there.task_count, absent) if absent else f"ipmix merge {location}"


def _array_remedy(command: str, tasks: int, absent: list[int]) -> str:
    """Return how to go on with an array: the command of the first task that has shards to make, and the others."""
    first, *others = sorted({number % tasks for number in absent})
    command = f"{command} --task-index {first} --task-count {tasks}"
    return f"{command}; then tasks {ranges(others)} alike" if others else command


def _no_job(folder: Folder) -> SourceError:
    path = folder.path(STATE)
    if isinstance(path, Path) and not path.parent.is_dir():
        return SourceError(f"there is no folder {folder.location}", "give the folder that `ipmix augment --out` names")
    if any(name.startswith(STATE) for name in folder.names()):
        return SourceError(
            f"the job record in {folder.location} is damaged",
            "repeat the `ipmix augment` command that fills it: it checks what is there and makes the rest",
        )
    return SourceError(f"{folder.location} holds no job of ipmix", "give the folder that `ipmix augment --out` names")
