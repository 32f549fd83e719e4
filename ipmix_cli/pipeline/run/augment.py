"""The main job from end to end: open, compile, make the shards, finalize."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ipmix_cli.pipeline.job import Execution, Job, shard_bounds
from ipmix_cli.pipeline.listener import Listener, watched
from ipmix_cli.pipeline.output.finalize import finalize
from ipmix_cli.pipeline.output.manifest import Manifest
from ipmix_cli.pipeline.output.resume import committed
from ipmix_cli.pipeline.output.state import read_state
from ipmix_cli.pipeline.run.array_task import ArrayTask
from ipmix_cli.pipeline.run.builtin_bank import Preparation
from ipmix_cli.pipeline.run.folder_order import check_folder_order
from ipmix_cli.pipeline.run.prepare import (
    NO_MIXING,
    OpenJob,
    Request,
    asks_for_the_same,
    check_places,
    job_of,
    open_job,
    open_source_of,
    prepare_pictures,
    record_of,
)
from ipmix_cli.pipeline.run.progress_counters import progress_counters
from ipmix_cli.pipeline.run.schedule import ExistingOutput, Run, make_missing, start, vanished
from ipmix_cli.pipeline.run.warmup import cold_kernels, compile_named
from ipmix_cli.pipeline.run.worker import ShardResult
from ipmix_cli.sources.class_summary import label_summary
from ipmix_cli.sources.source import Source
from ipmix_cli.storage.folder import open_folder

REMAKES = 3  # of shards that vanish while others are made: something else removes them then


@dataclass
class Outcome:
    """What one run of a job did.

    `manifest` is None where shards of other tasks are missing yet; `made` counts this run's samples and copies alone;
    `stages` are seconds of work by stage, over all workers together; `classes` names the source's classes and how many
    pictures each has, `notes` tells what was passed over; both are empty where the source was not opened. `spent` are
    seconds of this run, of `seconds`, that went into what later runs on the machine find made.
    """

    job: Job
    manifest: Manifest | None = None
    made_samples: int = 0
    made_shards: int = 0
    made_bytes: int = 0
    resumed_shards: int = 0
    seconds: float = 0.0
    classes: str = ""
    notes: tuple[str, ...] = ()
    stages: dict[str, float] = field(default_factory=dict)
    spent: Preparation = field(default_factory=Preparation)

    def add(self, later: Outcome) -> None:
        """Count what a later pass of the same run has made."""
        self.made_samples += later.made_samples
        self.made_shards += later.made_shards
        self.made_bytes += later.made_bytes
        for stage, seconds in later.stages.items():
            self.stages[stage] = self.stages.get(stage, 0.0) + seconds

    @property
    def made_copies(self) -> int:
        """Copies that this run made."""
        return self.made_samples * self.job.output.copies


def augment(
    request: Request,
    out: str,
    execution: Execution | None = None,
    existing_output: ExistingOutput | None = None,
    listener: Listener | None = None,
) -> Outcome:
    """Make a data set of augmented shards, or finish one that was begun.

    Parameters
    ----------
    request : Request
        What to make.
    out : str
        The folder; it may hold an unfinished run of the same job.
    execution : Execution, optional
        How to run; one process by default. It changes no byte.
    existing_output : ExistingOutput, optional
        How to meet what is in the folder already.
    listener : Listener, optional
        Told of progress.

    Returns
    -------
    Outcome

    Raises
    ------
    IpmixError
        See ipmix_cli.errors; shards committed before stay, and the same call goes on from there.
    """
    execution, listener = execution or Execution(), listener or Listener()
    existing_output, began = existing_output or ExistingOutput(), time.perf_counter()
    outcome = nothing_left(request, out, execution, existing_output)
    if outcome is None:
        source = open_source_of(request, listener)
        check_places(request, source, out)
        classes = told_classes(source, request.limit, listener)
        check_folder_order(source, request.output.format, request.limit)
        outcome = nothing_ever(request, source, execution)
    if outcome is None:
        state = None if existing_output.overwrite else read_state(open_folder(out))
        opened = open_job(request, listener, execution.jobs, source, state)

        def check(left_out: Sequence[int]) -> None:
            check_folder_order(source, request.output.format, request.limit, left_out)

        outcome = fill(opened, out, execution, existing_output, listener, check)
        outcome.classes, outcome.notes, outcome.spent = classes, source.notes, opened.spent
    outcome.seconds = time.perf_counter() - began
    return outcome


def fill(
    opened: OpenJob,
    out: str,
    execution: Execution,
    existing_output: ExistingOutput,
    listener: Listener,
    check_left_out: Callable[[Sequence[int]], None] = lambda _left_out: None,
) -> Outcome:
    """Make the shards of an open job that are missing in a folder, and write its manifest.

    `check_left_out` is told which pictures were left out, and may refuse to finish.
    """
    with progress_counters(len(shard_bounds(opened.job))) as counters:
        run = start(opened, out, execution, existing_output, counters)
        outcome = make(run, listener, counters.done)
        for _ in range(REMAKES):
            if not (lost := vanished(run)):
                break
            listener.note(f"{len(lost)} shards disappeared during the run and are made again")
            outcome.add(make(run, listener, counters.done))
    made = outcome.made_shards > 0
    check_left_out([failure.source_index for record in run.records.values() for failure in record.failures])
    outcome.manifest = finalize(
        run.folder,
        opened,
        max_errors=execution.max_errors,  # what the folder says may be that of a run beside this one
        state=None if made else run.state,
        check=opened.check_unchanged if made else None,
    )
    return outcome


def told_classes(source: Source, limit: int | None, listener: Listener) -> str:
    """Tell a listener the classes of a source and what was passed over, before anything is made; return the classes."""
    classes = label_summary(source, limit)
    for line in (classes, *source.notes):
        listener.note(line)
    return classes


def nothing_left(request: Request, out: str, execution: Execution, existing_output: ExistingOutput) -> Outcome | None:
    """Return the outcome of a task among many whose shards are all there; None where that is not so.

    It opens neither source nor bank: in an array of a thousand tasks most may have nothing to make. Whether they have
    changed is noticed by the tasks that have.
    """
    array_task = ArrayTask(execution.task_index, execution.task_count)
    if array_task.count == 1 or existing_output != ExistingOutput():
        return None
    folder = open_folder(out)
    state = read_state(folder)
    there = state.job_state
    if (
        there is None
        or there.max_errors not in ("", execution.max_errors)
        or not asks_for_the_same(request, there.job, there.places)
    ):
        return None
    numbers = array_task.numbers(len(shard_bounds(there.job)))
    records = committed(folder, there.job, numbers=numbers, state=state) if numbers else {}
    if len(records) < len(numbers):
        return None
    return Outcome(there.job, finalize(folder, there, state=state), resumed_shards=len(records))


def nothing_ever(request: Request, source: Source, execution: Execution) -> Outcome | None:
    """Return the outcome of a task that comes after the last shard: it needs no bank; None for any other."""
    job = job_of(request, record_of(source), NO_MIXING)
    array_task = ArrayTask(execution.task_index, execution.task_count)
    return None if array_task.numbers(len(shard_bounds(job))) else Outcome(job)


def make(run: Run, listener: Listener, done: Callable[[], int]) -> Outcome:
    """Make the shards that a run is waiting for, telling a listener how many pictures ``done()`` says are done."""
    outcome = Outcome(run.opened.job, resumed_shards=len(run.records))
    for record in run.records.values():
        listener.detail(f"{record.name}: already present")
    if run.waiting:
        if cold := cold_kernels(run.opened.job):
            with run.opened.spent.timed("compiling"):
                compile_named(cold, listener, run.execution.jobs)
        prepare_pictures(run.opened, listener)
    bounds = shard_bounds(run.opened.job)
    total = sum(bounds[number][1] - bounds[number][0] for number in run.waiting)
    with watched(listener, "making copies", total, "pictures", done), contextlib.closing(make_missing(run)) as results:
        for result in results:
            listener.detail(summary_of(result))
            outcome.made_samples += result.record.samples
            outcome.made_shards += 1
            outcome.made_bytes += result.bytes
            for stage, seconds in result.seconds.items():
                outcome.stages[stage] = outcome.stages.get(stage, 0.0) + seconds
    return outcome


def summary_of(result: ShardResult) -> str:
    """Return in one line what became of a shard: its pictures, bytes, failures, and the seconds of work by stage."""
    record = result.record
    failed = "".join(f"; left out {f.source_key}: {f.reason}" for f in record.failures)
    stages = ", ".join(f"{stage} {seconds:.3f} s" for stage, seconds in result.seconds.items())
    return f"{record.name}: {record.samples} samples, {record.bytes} bytes, sha256 {record.sha256}; {stages}{failed}"
