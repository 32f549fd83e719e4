"""Repair a finished data set: rebuild damaged files, and nothing else, to the bytes in the manifest."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ipmix_cli.errors import SourceError
from ipmix_cli.pipeline.backends.table import results
from ipmix_cli.pipeline.job import Execution, Job, segment_of
from ipmix_cli.pipeline.listener import Listener, watched
from ipmix_cli.pipeline.output.dataset import Dataset
from ipmix_cli.pipeline.output.finalize import small_files
from ipmix_cli.pipeline.output.manifest import MANIFEST, SECOND_COPY, FileRecord, Manifest, ShardRecord
from ipmix_cli.pipeline.output.resume import clear_state
from ipmix_cli.pipeline.run.prepare import OpenJob, changes, prepare_pictures, record_of, reopen
from ipmix_cli.pipeline.run.progress_counters import ProgressCounters, ShardProgress, progress_counters
from ipmix_cli.pipeline.run.schedule import task_for
from ipmix_cli.pipeline.run.worker import ShardTask, build_shard, write_files
from ipmix_cli.pipeline.verify.folder import check_folder
from ipmix_cli.pipeline.verify.problem import Problem
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.shards.writers import WRITERS
from ipmix_cli.sources.chained import ChainedSource
from ipmix_cli.sources.source import BadSample, SourceSpec
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.folder import open_folder

FOLDER_CODES = ("shard-extra", "file-missing", "file-damaged", "manifest-damaged")  # of check_folder, asked again


@dataclass(frozen=True, kw_only=True)
class RepairSource:
    """Where the source and the mixing pictures are now; None for where the manifest says."""

    source: SourceSpec | None = None
    fractals: str | None = None


@dataclass
class Repaired:
    """What a repair did: the files that it wrote, and the problems that are left."""

    written: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"written": self.written, "problems": [problem.to_dict() for problem in self.problems]}


@dataclass(frozen=True)
class Rebuild:
    """A shard to rebuild, and the record that it must match."""

    task: ShardTask
    record: ShardRecord


def repair(
    dataset: Dataset,
    origin: RepairSource | None = None,
    execution: Execution | None = None,
    listener: Listener | None = None,
) -> Repaired:
    """Rebuild the files of a data set that are not what the manifest says.

    The card, the list of errors and the copies of the manifest come from the manifest itself, shards from the source
    and the mixing pictures. A file is written only when its new content has the manifest's sha256.

    Parameters
    ----------
    dataset : Dataset
    origin : RepairSource, optional
        Where source and mixing pictures are, if they have moved.
    execution : Execution, optional
        How to run; one process by default.
    listener : Listener, optional
        Told of progress.

    Returns
    -------
    Repaired
        Problems are left where files do not belong in the folder (none is removed but temporary ones, and what runs
        that were killed have left in ``.ipmix``), and where a rebuilt shard has other bytes than the manifest knows.

    Raises
    ------
    SourceError
        If shards are bad, and the source or the mixing pictures are gone, or have changed.
    """
    origin, execution, listener = origin or RepairSource(), execution or Execution(), listener or Listener()
    clear_state(dataset.folder)
    report = validate(dataset, Checks(), execution, listener)
    places = {problem.shard for problem in report.problems}
    done = Repaired(restore_small_files(dataset))
    bad = [shard for shard in dataset.manifest.shards if shard.name in places]
    if bad:
        opened = open_origin(dataset.manifest, origin, listener, bad)
        for shard, good in rebuilt(dataset, opened, bad, execution, listener):
            if good:
                done.written.append(shard.name)
            else:
                done.problems.append(_other_bytes(dataset.manifest, shard))
        if (assemble := WRITERS[dataset.manifest.job.output.format].assemble) is not None:
            assemble(dataset.folder, [shard.name for shard in dataset.manifest.shards])
            clear_state(dataset.folder)
    done.problems += check_folder(dataset)
    told = {*done.written, *(problem.shard for problem in done.problems)}
    told.update(problem.shard for problem in report.problems if problem.code in FOLDER_CODES)
    done.problems += [problem for problem in report.problems if problem.shard not in told]
    return done


def restore_small_files(dataset: Dataset) -> list[str]:
    """Write the card, the list of errors and the manifests where they are not what they should be."""
    manifest, folder = dataset.manifest, dataset.folder
    small = small_files(manifest, manifest.shards)
    wanted = [(file.name, small[file.name]) for file in manifest.files if file.name in small]
    wanted = [(name, content) for name, content in wanted if FileRecord.of(name, content) in manifest.files]
    written = []
    for name, content in [*wanted, (SECOND_COPY, manifest.to_bytes()), (MANIFEST, manifest.to_bytes())]:
        if folder.contents([name]).get(name) != content:
            folder.write(name, content)
            written.append(name)
    return written


def open_origin(manifest: Manifest, origin: RepairSource, listener: Listener, bad: list[ShardRecord]) -> OpenJob:
    """Open the source and the mixing pictures; refuse those that are not what the shards were made from.

    Raises
    ------
    SourceError
        Naming what has changed.
    """
    opened = reopen(manifest, listener, origin.source, origin.fractals)
    if found := changes(opened):
        options = " and ".join({"source": "--source", "mixing": "--fractals"}[what] for what in found)
        reasons = "; ".join(found.values())
        raise SourceError(
            f"{len(bad)} shards are damaged, the first is {bad[0].name}, and they cannot be rebuilt: {reasons}",
            f"name what the data set was made from with {options}; or make the data set again with: ipmix augment "
            "--overwrite",
        )
    prepare_pictures(opened, listener)
    return opened


def rebuilt(
    dataset: Dataset, opened: OpenJob, bad: list[ShardRecord], execution: Execution, listener: Listener
) -> Iterator[tuple[ShardRecord, bool]]:
    """Rebuild shards; yield each, and whether it had the manifest's bytes and was written."""
    total = sum(shard.stop - shard.first for shard in bad)
    with (
        progress_counters(len(dataset.manifest.shards)) as counters,
        watched(listener, "repairing", total, "pictures", counters.done),
    ):
        tasks = [_task(dataset, opened, shard, counters) for shard in bad]
        yield from results(rebuild_shard, tasks, execution)


def _task(dataset: Dataset, opened: OpenJob, shard: ShardRecord, counters: ProgressCounters) -> Rebuild:
    """Return the task of a shard; pictures that failed when it was made are left out, even if they can be read now."""
    left_out = tuple(BadSample(failure.source_index, failure.source_key, failure.reason) for failure in shard.failures)
    task = task_for(opened, dataset.folder, shard.number, left_out, counters)
    return Rebuild(dataclasses.replace(task, job=job_when_made(opened, shard.number)), shard)


def job_when_made(opened: OpenJob, number: int) -> Job:
    """Return the job that a shard records: that of an extended data set as it was when the shard was made."""
    job, source = opened.job, opened.source
    segment = segment_of(job, number)
    if not isinstance(source, ChainedSource) or segment == len(job.segments) - 1:
        return job
    if segment == 0:
        return dataclasses.replace(job, source=record_of(source.sources[0]), segments=())
    chain = ChainedSource(source.sources[: segment + 1])
    return dataclasses.replace(job, source=record_of(chain), segments=job.segments[: segment + 1])


def rebuild_shard(this: Rebuild) -> tuple[ShardRecord, bool]:
    """Make one shard, and write it if it is the one that the manifest records."""
    progress = ShardProgress(None) if this.task.counters is None else this.task.counters.progress(this.task.number)
    record, files = build_shard(this.task, progress, StageClock())
    if record == this.record:
        write_files(open_folder(this.task.out), files)
    progress.finish()
    return this.record, record == this.record


def _other_bytes(manifest: Manifest, shard: ShardRecord) -> Problem:
    return Problem(
        "shard-damaged",
        "it is damaged, and rebuilding it gave another sha256 than the manifest's, so it was left unchanged",
        f"the data set was made by {manifest.tool}, perhaps with other versions of libraries (see ipmix --version): "
        "repair it with those, or make the data set again with: ipmix augment --overwrite",
        shard.name,
    )
