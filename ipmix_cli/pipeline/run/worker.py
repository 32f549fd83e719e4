"""Make one shard: the only function that runs in parallel. It reads, plans, applies, encodes and commits."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ipmix_cli.picture import Bytes
from ipmix_cli.pipeline.backends.overlapped_io import check_wanted, hand_over
from ipmix_cli.pipeline.banks.mixing import MixingHandle, check_bank
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.output.manifest import Failure, FileRecord, ShardRecord, shard_name
from ipmix_cli.pipeline.output.ownership import check_ownership
from ipmix_cli.pipeline.output.shard_records import write_record
from ipmix_cli.pipeline.run.partners import Partners, read_partners, with_mixed_labels
from ipmix_cli.pipeline.run.progress_counters import IDLE, ProgressCounters, ShardProgress
from ipmix_cli.pipeline.run.render import render_variants
from ipmix_cli.pipeline.run.samples import too_small, views
from ipmix_cli.shards.shard import ShardBuilder, ShardSample
from ipmix_cli.shards.writers import WRITERS
from ipmix_cli.sources.source import BadSample, Part, Sample
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.folder import Folder, open_folder

CHUNK_BYTES = 2**22  # of copies made in one call: enough to hide the call, few enough to stop soon and show progress


@dataclass(frozen=True, kw_only=True)
class ShardTask:
    """One shard to be made: small and picklable, so that it can go to any machine.

    `parts` together hold the pictures first .. stop but for those quarantined: these killed workers, and are not
    touched. `partners` hold the second samples of methods that mix labels.
    """

    job: Job
    number: int
    first: int
    stop: int
    parts: tuple[Part, ...]
    mixing: MixingHandle | None
    out: str
    class_names: tuple[str, ...]
    counters: ProgressCounters | None = None
    quarantined: tuple[BadSample, ...] = ()
    partners: tuple[Part, ...] = ()


@dataclass(frozen=True)
class ShardResult:
    """What a worker sends back: the record of its shard, the bytes of all its files, its seconds by stage."""

    record: ShardRecord
    bytes: int
    seconds: dict[str, float]


def make_shard(task: ShardTask) -> ShardResult:
    """Make one shard and commit it: the shard's file first, then its record.

    The bytes depend on the job and the pictures first .. stop alone.
    """
    clock = StageClock()
    progress = ShardProgress(None) if task.counters is None else task.counters.progress(task.number)
    record, files = build_shard(task, progress, clock)
    folder, job_digest = open_folder(task.out), task.job.digest()
    check_ownership(folder, job_digest)
    if task.mixing is not None:
        check_bank(task.mixing)
    hand_over()
    write_files(folder, files)
    write_record(folder, job_digest, record)
    clock.lap("write")
    progress.finish()
    return ShardResult(record, sum(memoryview(content).nbytes for _, content in files), clock.seconds)


def build_shard(
    task: ShardTask, progress: ShardProgress, clock: StageClock
) -> tuple[ShardRecord, Sequence[tuple[str, Bytes]]]:
    """Return a shard's record and its files, name and content, the shard itself last; nothing is written."""
    samples, failures = _read(task, progress, clock)
    partners = None
    if task.job.transform.mixes_labels:
        partners = read_partners(task.job, _noted(task.partners, progress), clock, task.quarantined)
        progress.reading(IDLE)
        keys = {sample.source_index: sample.source_key for sample in samples}
        samples, failed = with_mixed_labels(task.job, samples, partners)
        failures += [Failure(index, keys[index], reason) for index, reason in failed.items()]
        failures.sort(key=lambda failure: failure.source_index)
    files = _build(task, samples, partners, progress, clock).finish()
    clock.lap("encode")
    name, content = files[-1]
    expected = shard_name(task.job, task.number)
    assert name == expected, f"the builder of {task.job.output.format} calls its shard {name}, the table {expected}"
    record = ShardRecord(
        **dataclasses.asdict(FileRecord.of(name, content)),
        number=task.number,
        first=task.first,
        stop=task.stop,
        samples=len(samples),
        failures=tuple(failures),
    )
    clock.lap("checksum")
    return record, files


def _noted(parts: Sequence[Part], progress: ShardProgress) -> Iterator[Part]:
    """Yield parts; the counters say which picture each begins with."""
    for part in parts:
        check_wanted()
        progress.reading(part.start)
        yield part


def write_files(folder: Folder, files: Sequence[tuple[str, Bytes]]) -> None:
    """Write the files of a shard; the last one, the shard itself, says that the others are there."""
    *pictures, (name, content) = files
    folder.write_all(pictures)
    folder.write(name, content)


def _read(task: ShardTask, progress: ShardProgress, clock: StageClock) -> tuple[list[ShardSample], list[Failure]]:
    """Read and crop the pictures of a shard; those that cannot be read become failures."""
    samples: list[ShardSample] = []
    own = (bad for bad in task.quarantined if task.first <= bad.index < task.stop)
    failures = [Failure(bad.index, bad.key, bad.reason) for bad in own]
    for part in task.parts:
        for item in _announced(part, progress, clock):
            if isinstance(item, BadSample):
                failures.append(Failure(item.index, item.key, item.reason))
            elif reason := too_small(item, task.job):
                failures.append(Failure(item.index, item.key, reason))
            else:
                samples += views(task.job, item)
                clock.lap("resize")
    progress.reading(IDLE)
    return samples, sorted(failures, key=lambda failure: failure.source_index)


def _announced(part: Part, progress: ShardProgress, clock: StageClock) -> Iterator[Sample | BadSample]:
    """Yield the pictures of a part; the counters say, before each is read, which one it will be."""
    progress.reading(part.start)
    for item in part.samples(clock):
        check_wanted()
        yield item
        progress.reading(item.index + 1)


def _build(
    task: ShardTask, samples: list[ShardSample], partners: Partners | None, progress: ShardProgress, clock: StageClock
) -> ShardBuilder:
    """Fill a shard with the samples and their copies."""
    attributes = {"ipmix_job": json.dumps(task.job.to_dict()), "class_names": list(task.class_names)}
    name = f"{task.job.split}-{task.number:06d}"
    builder = WRITERS[task.job.output.format].builder(name, samples, task.job.output, attributes)
    clock.lap("encode")
    for start, stop in chunks([sample.picture.shape for sample in samples], task.job.output.stored_copies):
        out = builder.out(start, stop)
        clock.lap("encode")
        check_wanted()
        if task.job.output.stored_copies:
            render_variants(task.job, task.mixing, samples[start:stop], out, clock, partners)
        builder.add(start, out)
        clock.lap("encode")
        progress.done(stop // task.job.crop.crops)
    return builder


def chunks(shapes: Sequence[tuple[int, ...]], copies: int) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of runs of pictures of one shape, each small enough to stay in the cache."""
    start = 0
    while start < len(shapes):
        most = max(1, CHUNK_BYTES // (int(np.prod(shapes[start])) * max(copies, 1)))
        stop = start + 1
        while stop < len(shapes) and stop - start < most and shapes[stop] == shapes[start]:
            stop += 1
        yield start, stop
        start = stop
