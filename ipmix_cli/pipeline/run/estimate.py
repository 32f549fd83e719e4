"""What a job would cost, from a few samples made for real; nothing is written to its folder."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from ipmix_cli.pipeline.job import Execution, Job, shard_bounds
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.resume import committed
from ipmix_cli.pipeline.output.state import read_state
from ipmix_cli.pipeline.run.partners import partner_parts
from ipmix_cli.pipeline.run.prepare import OpenJob, Request, check_places, open_job, prepare_pictures
from ipmix_cli.pipeline.run.progress_counters import ShardProgress
from ipmix_cli.pipeline.run.samples import sample_indices
from ipmix_cli.pipeline.run.warmup import compile_kernels
from ipmix_cli.pipeline.run.worker import ShardTask, build_shard
from ipmix_cli.shards.writers import WRITERS
from ipmix_cli.sources.class_summary import label_summary
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.folder import Folder, open_folder

PLACES = 8  # all over the source: its pictures may not be alike
LONG_ENOUGH = 1.0  # seconds of work that are measured
MOST_MEASURED = 4096  # pictures


@dataclass(frozen=True)
class Measurement:
    """Some samples made for real: how many, their bytes as shard files, and the seconds of one worker's work."""

    samples: int
    bytes: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class CostEstimate:
    """What a job would cost.

    `bytes` is the size of all shards, `seconds` the work of one worker on this machine for all of them, writing not
    counted; `there` counts shards that are there already; `free` is the space at the folder, None where unlimited.
    `other_job` says that the folder holds another job, so that the run would be refused. `classes` and `notes` are as
    in :class:`ipmix_cli.pipeline.run.augment.Outcome`.
    """

    job: Job
    shards: int
    bytes: int
    seconds: float
    measured: int
    there: int
    free: int | None
    other_job: bool
    jobs: int
    classes: str
    notes: tuple[str, ...]

    @property
    def missing(self) -> int:
        """How many shards are to be made."""
        return self.shards - self.there

    @property
    def needed(self) -> int:
        """How many bytes are to be written; pieces of arrays are written again when they are put together."""
        assembled = WRITERS[self.job.output.format].assemble is not None and self.missing > 0
        return self.bytes * self.missing // self.shards + (self.bytes if assembled else 0)

    @property
    def fits(self) -> bool:
        """Whether the space suffices."""
        return self.free is None or self.needed <= self.free

    def wall_seconds(self, tasks: int = 1) -> float:
        """Return how long this many tasks take on machines like this one: as long as the task with most shards."""
        mine = -(-self.missing // tasks)
        rounds = -(-mine // self.jobs)
        return rounds * self.seconds / self.shards


def estimate(
    request: Request, out: str, execution: Execution | None = None, listener: Listener | None = None
) -> CostEstimate:
    """Say what a job would cost, without making it.

    Raises
    ------
    IpmixError
        As :func:`ipmix_cli.pipeline.run.augment.augment` for a source or a bank that cannot be read.
    """
    execution, listener = execution or Execution(), listener or Listener()
    folder = open_folder(out)
    state = read_state(folder)
    opened = open_job(request, listener, execution.jobs, state=state)
    check_places(request, opened.source, out)
    ours = state.recorded == opened.job.to_dict()
    cost = cost_of(opened, folder, execution, listener)
    there = len(committed(folder, opened.job, state=state)) if ours else 0
    return dataclasses.replace(cost, there=there, other_job=state.recorded is not None and not ours)


def cost_of(opened: OpenJob, folder: Folder, execution: Execution, listener: Listener) -> CostEstimate:
    """Say what an open job would cost in a folder that holds nothing of it."""
    compile_kernels(listener, opened.job, execution.jobs)
    prepare_pictures(opened, listener)
    job, shards = opened.job, len(shard_bounds(opened.job))
    few, many = measured(opened)
    each, fixed = _cost(few, many, job.output.encoding == "raw")
    return CostEstimate(
        job=job,
        shards=shards,
        bytes=round(each * job.samples + fixed * shards),
        seconds=many.seconds / max(many.samples, 1) * job.samples,
        measured=many.samples,
        there=0,
        free=free_space(folder.path("shard")),
        other_job=False,
        jobs=execution.jobs,
        classes=label_summary(opened.source, job.pictures),
        notes=opened.source.notes,
    )


def measured(opened: OpenJob) -> tuple[Measurement, Measurement]:
    """Make a few samples, then more until that takes long enough to be measured; return the first and the last."""
    few = _made(opened, 1)  # the first call also pays for what is loaded only once
    each, many = 1, _made(opened, 1)
    while many.seconds < LONG_ENOUGH and each * PLACES < min(MOST_MEASURED, opened.job.pictures):
        each *= 4
        many = _made(opened, each)
    return few, many


def _made(opened: OpenJob, each: int) -> Measurement:
    """Make the samples of some pictures at each of a few places all over the source."""
    count = opened.job.pictures
    edges = [place * count // PLACES for place in range(PLACES + 1)]
    runs = [(first, min(first + each, stop)) for first, stop in itertools.pairwise(edges) if first < stop]
    task = ShardTask(
        job=opened.job,
        number=0,
        first=0,
        stop=count,
        parts=tuple(opened.source.part(first, stop) for first, stop in runs),
        mixing=opened.mixing,
        out="",
        class_names=opened.class_names,
        partners=partner_parts(
            opened.job, opened.source, [index for run in runs for index in sample_indices(opened.job, *run)]
        ),
    )
    began = time.perf_counter()
    record, files = build_shard(task, ShardProgress(None), StageClock())
    return Measurement(record.samples, sum(memoryview(data).nbytes for _, data in files), time.perf_counter() - began)


def _cost(few: Measurement, many: Measurement, even: bool) -> tuple[float, float]:
    """Return the bytes of each sample, and, where samples are `even`, the bytes that a shard has beside them."""
    if not even or many.samples <= few.samples:
        return many.bytes / max(many.samples, 1), 0.0
    each = (many.bytes - few.bytes) / (many.samples - few.samples)
    return each, max(many.bytes - each * many.samples, 0.0)


def free_space(path: Path | None) -> int | None:
    """Return the bytes that are free where a file is to be; None where the place has no bounds, or none that tell."""
    for folder in () if path is None else path.parents:
        with contextlib.suppress(OSError):
            return shutil.disk_usage(folder).free
    return None
