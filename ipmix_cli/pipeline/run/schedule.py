"""Run a job: make the shards that are missing, and survive what kills workers."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipmix_cli.errors import IpmixError
from ipmix_cli.pipeline.backends.backend import Died
from ipmix_cli.pipeline.backends.table import backend_for
from ipmix_cli.pipeline.job import Execution, shard_bounds
from ipmix_cli.pipeline.output.error_budget import check_failures
from ipmix_cli.pipeline.output.manifest import Failure, ShardRecord
from ipmix_cli.pipeline.output.ownership import take_ownership
from ipmix_cli.pipeline.output.resume import clear_stale, committed, invalidate
from ipmix_cli.pipeline.output.state import JobState, OutputState, read_state, save_job_state
from ipmix_cli.pipeline.run.array_task import ArrayTask
from ipmix_cli.pipeline.run.partners import partner_parts
from ipmix_cli.pipeline.run.prepare import OpenJob
from ipmix_cli.pipeline.run.progress_counters import IDLE, ProgressCounters
from ipmix_cli.pipeline.run.samples import sample_indices
from ipmix_cli.pipeline.run.worker import ShardResult, ShardTask, make_shard
from ipmix_cli.sources.source import BadSample
from ipmix_cli.storage.folder import Folder, open_folder

TRIES_ALONE = 2  # a shard whose worker died is tried so often with no other beside it


@dataclass(frozen=True, kw_only=True)
class ExistingOutput:
    """How to meet what is in the output folder already.

    Parameters
    ----------
    overwrite : bool
        Remove it.
    verify : bool
        Check the shards' sha256, not only their sizes.
    retry_failed : bool
        Rebuild the shards in which pictures failed.
    """

    overwrite: bool = False
    verify: bool = False
    retry_failed: bool = False


@dataclass
class Run:
    """One run of a job into a folder: what is done, what is waiting, what is quarantined.

    `state` is what the folder said of itself at the start, if it was the job's already.
    """

    opened: OpenJob
    folder: Folder
    execution: Execution
    counters: ProgressCounters | None
    records: dict[int, ShardRecord]
    waiting: list[int]
    state: OutputState | None = None
    quarantined: dict[int, tuple[BadSample, ...]] = field(default_factory=dict)


def start(
    opened: OpenJob,
    out: str,
    execution: Execution,
    existing_output: ExistingOutput,
    counters: ProgressCounters | None = None,
) -> Run:
    """Take the folder for the job, and see which shards are there already.

    Raises
    ------
    OtherJobError, UsageError
        If the folder holds something else.
    """
    array_task = ArrayTask(execution.task_index, execution.task_count)
    folder = open_folder(out)
    state = opened.state
    if state is None or state.manifest is None:  # what was finished when the job was opened is not read again
        state = read_state(folder)
    overwrite, retry_failed = existing_output.overwrite, existing_output.retry_failed
    written = take_ownership(folder, opened.job, overwrite, retry_failed, array_task.count == 1, state)
    before = None if written else state
    clear_stale(folder)
    numbers = array_task.numbers(len(shard_bounds(opened.job)))
    looked_at = None if array_task.count == 1 else numbers
    records = committed(folder, opened.job, existing_output.verify, looked_at, before)
    if existing_output.retry_failed:
        records = {number: record for number, record in records.items() if not record.failures}
    waiting = [number for number in numbers if number not in records]
    if waiting or state.finished(opened.job) is None:  # another --max-errors than before counts from now on
        save_job_state(folder, _known(opened, execution))
        before = None  # it says something else now
    if waiting:
        invalidate(folder, waiting if existing_output.verify or existing_output.retry_failed else ())
    return Run(opened, folder, execution, counters, records, waiting, before)


def vanished(run: Run) -> list[int]:
    """Return the shards of this run that were made, or there, and are gone since; they are waiting again then."""
    if run.state is not None:  # the folder was finished, and nothing was to be made
        return []
    there = committed(run.folder, run.opened.job, numbers=list(run.records))
    lost = sorted(run.records.keys() - there.keys())
    if lost and read_state(run.folder).finished(run.opened.job) is None:
        run.records = there
        run.waiting = lost
        return lost
    return []


def _known(opened: OpenJob, execution: Execution) -> JobState:
    return JobState(
        job=opened.job,
        places=opened.places,
        class_names=opened.class_names,
        task_count=execution.task_count,
        max_errors=execution.max_errors,
    )


def make_missing(run: Run) -> Generator[ShardResult, None, None]:
    """Make the waiting shards, and yield each when it is committed.

    Raises
    ------
    ErrorBudgetError
        As soon as more pictures have failed than allowed; committed shards stay.
    IpmixError
        If a shard kills every worker and no picture can be blamed.
    """
    check_budget(run)
    try:
        while run.waiting:
            lost = yield from _make(run, list(run.waiting))
            for number in _suspects(run, lost):
                yield from _make_alone(run, number)
    except BaseException:
        with contextlib.suppress(OSError, IpmixError):  # what stopped the run is the thing to tell
            clear_stale(run.folder)  # workers that were ended in the middle of writing
        raise


def _make(run: Run, numbers: list[int]) -> Generator[ShardResult, None, list[int]]:
    """Make some shards; the generator's value is those lost to the death of a worker."""
    backend = backend_for(run.execution)
    lost: list[int] = []
    events: Any = backend(make_shard, _Tasks(run, numbers), run.execution)
    with contextlib.closing(events):  # ends the workers at once, whatever happens here
        for event in events:
            if isinstance(event, Died):
                lost += [numbers[position] for position in event.tasks]
                continue
            record = event.result.record
            run.records[record.number] = record
            run.waiting.remove(record.number)
            if run.counters is not None:
                run.counters.finished(record.number, record.stop - record.first)
            yield event.result
            if record.failures:
                check_budget(run)
    return lost


def _suspects(run: Run, lost: list[int]) -> list[int]:
    """Return the lost shards that had been begun: one of them killed the worker."""
    begun = lost if run.counters is None else run.counters.unfinished()
    return [number for number in lost if number in begun] or lost


def _make_alone(run: Run, number: int) -> Iterator[ShardResult]:
    """Make one shard with no other beside it; a picture that kills its worker every time is quarantined."""
    while number in run.waiting:
        for _ in range(TRIES_ALONE):
            yield from _make(run, [number])
            if number not in run.waiting:
                return
        _quarantine(run, number)
        check_budget(run)


def _quarantine(run: Run, number: int) -> None:
    """Find the picture that the dead worker was reading, and leave it out from now on."""
    culprit = IDLE if run.counters is None else run.counters.busy_with(number)
    first, stop = shard_bounds(run.opened.job)[number]
    if culprit == IDLE:
        raise IpmixError(
            f"shard {number} (pictures {first} to {stop - 1}) killed its worker {TRIES_ALONE + 1} times",
            "if the system ran out of memory, give fewer --jobs or fewer --samples-per-shard; then try again",
        )
    key = run.opened.source.key(culprit)
    reason = f"it killed the worker that read it, {TRIES_ALONE + 1} times (a fault in a decoder, or out of memory)"
    run.quarantined[number] = (*run.quarantined.get(number, ()), BadSample(culprit, key, reason))


def check_budget(run: Run) -> None:
    """Stop where more pictures have failed than the user allows, of those that this run knows."""
    failures = [failure for record in run.records.values() for failure in record.failures]
    failures += [Failure(bad.index, bad.key, bad.reason) for bads in run.quarantined.values() for bad in bads]
    check_failures(failures, run.opened.job, run.execution.max_errors, run.opened.source.root)


@dataclass(frozen=True)
class _Tasks(Sequence[ShardTask]):
    """The tasks of some shards, each made when it is asked for: a million pictures are never held at once."""

    run: Run
    numbers: Sequence[int]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, position: Any) -> Any:
        number = self.numbers[position]
        return task_for(
            self.run.opened, self.run.folder, number, self.run.quarantined.get(number, ()), self.run.counters
        )


def task_for(
    opened: OpenJob, folder: Folder, number: int, quarantined: tuple[BadSample, ...], counters: ProgressCounters | None
) -> ShardTask:
    """Return the task of one shard, in which quarantined pictures are not touched."""
    first, stop = shard_bounds(opened.job)[number]
    left_out = {bad.index for bad in quarantined}
    edges = [first - 1, *sorted(index for index in left_out if first <= index < stop), stop]
    parts = [opened.source.part(a + 1, b) for a, b in itertools.pairwise(edges) if a + 1 < b]
    return ShardTask(
        job=opened.job,
        number=number,
        first=first,
        stop=stop,
        parts=tuple(parts),
        mixing=opened.mixing,
        out=folder.location,
        class_names=opened.source.class_names,
        counters=counters,
        quarantined=quarantined,
        partners=partner_parts(opened.job, opened.source, sample_indices(opened.job, first, stop, left_out), left_out),
    )
