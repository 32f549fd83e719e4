"""A rehearsal at the size of ImageNet: 1.28 million pictures, ten copies of each, 10,000 shards; no cluster needed.

    python -m benchmarks.scale                       # the table of docs/scaling.md, in a minute or two
    python -m benchmarks.scale --pictures 100000000  # an internet-scale job: what does its driver need?

Planning, the tasks as they are sent to workers, the records of the shards, resuming, sealing and merging are the
program's own code. Only two things are played: the source makes its pictures on the fly, and the shards' files are
dropped. A few shards are made in full, by worker processes, to tell what all of them would take.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.crop import CropConfig
from ipmix_cli.methods.ipmix.presets import PRESETS
from ipmix_cli.methods.ipmix.transform import IPMIX
from ipmix_cli.picture import Bytes, Picture
from ipmix_cli.pipeline.backends.backend import Died, Done
from ipmix_cli.pipeline.backends.local import local_processes
from ipmix_cli.pipeline.backends.table import BACKENDS
from ipmix_cli.pipeline.banks.bank import BankSettings
from ipmix_cli.pipeline.banks.drawing import make_bank
from ipmix_cli.pipeline.banks.mixing import MixingHandle, open_bank, prepare_mixing
from ipmix_cli.pipeline.job import Execution, Job, MixingRecord, SourceRecord, shard_bounds
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.finalize import finalize
from ipmix_cli.pipeline.output.manifest import FileRecord, RecordedPlaces, ShardRecord, read_manifest, shard_name
from ipmix_cli.pipeline.output.ownership import take_ownership
from ipmix_cli.pipeline.output.resume import committed
from ipmix_cli.pipeline.output.shard_records import write_record
from ipmix_cli.pipeline.output.state import JobState, read_state, save_job_state
from ipmix_cli.pipeline.run.array_task import ArrayTask
from ipmix_cli.pipeline.run.prepare import OpenJob
from ipmix_cli.pipeline.run.progress_counters import ShardProgress, progress_counters
from ipmix_cli.pipeline.run.schedule import Run, make_missing
from ipmix_cli.pipeline.run.warmup import warm_up
from ipmix_cli.pipeline.run.worker import ShardResult, ShardTask, build_shard
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import Sample
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.folder import LocalFolder

SIDE, CLASSES, IN_FULL = 224, 1000, 4
T = TypeVar("T")


@dataclass(frozen=True)
class SimulatedPart:
    """Pictures start .. of the simulated source, made when they are read."""

    names: Names
    labels: NDArray[np.int64]
    start: int

    def samples(self, clock: StageClock) -> Iterator[Sample]:
        """Yield the samples in order."""
        for position, name in enumerate(self.names):
            index = self.start + position
            picture = simulated_picture(index)
            clock.lap("read")
            yield Sample(index, name, picture, int(self.labels[position]))


def simulated_picture(index: int) -> Picture:
    """Return waves, other ones for each index: they encode about as well as photographs."""
    across = np.linspace(0, 8 + index % 17, SIDE, dtype=np.float32)
    waves = np.sin(across[:, None, None] * np.arange(1, 4)) + np.cos(across[None, :, None] + index % 101)
    return np.ascontiguousarray((waves * 60 + 127).clip(0, 255).astype(np.uint8))


@dataclass
class SimulatedSource:
    """So many labelled pictures, named as ImageNet's are."""

    names: Names
    labels: NDArray[np.int64]
    format: str = "simulated"
    location: str = "simulated"
    class_names: tuple[str, ...] = tuple(f"n{number:08d}" for number in range(CLASSES))
    size: tuple[int, int] | None = (SIDE, SIDE)
    digest: str = hashlib.sha256(b"simulated").hexdigest()
    settings: dict[str, Any] = field(default_factory=dict)
    root: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def key(self, index: int) -> str:
        """Return the name of one sample."""
        return self.names[index]

    def part(self, start: int, stop: int) -> SimulatedPart:
        """Return the samples start..stop for one worker."""
        return SimulatedPart(self.names.cut(start, stop), self.labels[start:stop], start)


def simulated_source(pictures: int) -> SimulatedSource:
    """Return the source, listed as a folder of class folders would be."""
    labels = np.arange(pictures, dtype=np.int64) * CLASSES // pictures
    return SimulatedSource(Names.of(f"n{label:08d}/n{label:08d}_{i}.JPEG" for i, label in enumerate(labels)), labels)


class Discarding(LocalFolder):
    """A folder that keeps the small files and drops the shards, remembering their sizes."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.dropped: dict[str, int] = {}

    def write(self, name: str, data: Bytes) -> None:
        """Write a small file, or drop a shard."""
        if name.endswith(".tar"):
            self.dropped[name] = memoryview(data).nbytes
        else:
            super().write(name, data)

    def sizes(self, names: Collection[str]) -> dict[str, int]:
        """Return the sizes of those files that were written."""
        return {name: self.dropped[name] for name in names if name in self.dropped}


class Simulated:
    """A backend that sends every task, has a few made in full, and gives records like theirs for the others."""

    def __init__(self, folder: Discarding) -> None:
        self.folder = folder
        self.sent_bytes = 0
        self.full: list[tuple[ShardRecord, float]] = []

    def make_some(self, tasks: Sequence[ShardTask], jobs: int) -> None:
        """Make a few shards in full, by worker processes."""
        some = [tasks[position * len(tasks) // IN_FULL] for position in range(IN_FULL)]
        for event in local_processes(in_full, some, Execution(jobs=jobs)):
            assert isinstance(event, Done), "a worker died"
            self.full.append(event.result)

    def __call__(
        self,
        function: Callable[[Any], Any],  # noqa: ARG002 - every backend takes it
        tasks: Sequence[ShardTask],
        execution: Execution,
    ) -> Iterator[Done[ShardResult] | Died]:
        """Play the workers."""
        timed(f"make {IN_FULL} shards in full, twice", lambda: self.make_some(tasks, execution.jobs))
        began = time.perf_counter()
        size, digest = self.full[0][0].bytes, tasks[0].job.digest()
        for number in range(len(tasks)):
            task = tasks[number]
            self.sent_bytes += len(pickle.dumps(task))
            sha256 = hashlib.sha256(str(number).encode()).hexdigest()
            file = FileRecord(name=shard_name(task.job, task.number), bytes=size, sha256=sha256)
            record = ShardRecord(
                **vars(file), number=task.number, first=task.first, stop=task.stop, samples=task.stop - task.first
            )
            self.folder.dropped[record.name] = record.bytes
            write_record(self.folder, digest, record)
            yield Done(number, ShardResult(record, size, {}))
        told(f"send {len(tasks):,} tasks, write and take their records", began)


def in_full(task: ShardTask) -> tuple[ShardRecord, float]:
    """Make a shard in full, but for writing it; return its record and the seconds of the second, warm time."""
    for _ in range(2):
        began = time.perf_counter()
        record, _ = build_shard(task, ShardProgress(None), StageClock())
    return record, time.perf_counter() - began


def simulated_job(source: SimulatedSource, bank: Path, arguments: argparse.Namespace) -> OpenJob:
    """Return the job: ImageNet's preset, WebDataset shards of JPEG."""
    opened = open_bank(str(bank))
    mixing = MixingRecord(digest=opened.digest, pictures=len(opened.shapes))
    record = SourceRecord(
        format=source.format, digest=source.digest, pictures=len(source), size=source.size, settings=source.settings
    )
    job = Job(
        source=record,
        mixing=mixing,
        augment=PRESETS["imagenet"],
        crop=CropConfig(),
        output=ShardSettings(format="webdataset", encoding="jpeg", copies=arguments.copies),
        seed=0,
        samples_per_shard=-(-len(source) // arguments.shards),
        limit=None,
        plan_version=IPMIX.plan_version,
    )
    places = RecordedPlaces(source={"input": "simulated"}, fractals=str(bank))
    return OpenJob(job, places, source, MixingHandle(str(bank), mixing, job.augment.mixing_ratio))


def timed(what: str, function: Callable[[], T]) -> T:
    """Print how long a step takes, and the most memory that this process has had so far."""
    began = time.perf_counter()
    result = function()
    told(what, began)
    return result


def told(what: str, began: float) -> None:
    """Print how long a step has taken since it began."""
    print(f"{what:<58}{time.perf_counter() - began:>9.2f} s {memory_mb():>9.0f} MB", flush=True)


def memory_mb() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def rehearse(arguments: argparse.Namespace, scratch: Path) -> None:
    """Go through a job from the listing to the second merge."""
    bank = scratch / "bank.h5"
    for _ in make_bank(BankSettings(count=64, size=256, mix=(("ifs", 1.0), ("plasma", 1.0))), bank):
        pass
    for name in ("resize", "method ipmix"):
        warm_up(name)
    print(f"{'step':<58}{'time':>11} {'most memory':>12}")
    source = timed(f"list {arguments.pictures:,} pictures", lambda: simulated_source(arguments.pictures))
    opened = simulated_job(source, bank, arguments)
    count = len(timed("plan the shards", lambda: shard_bounds(opened.job)))
    prepare_mixing(opened.mixing, (SIDE, SIDE), Listener())
    folder = Discarding(str(scratch / "out"))
    backend = BACKENDS["simulated"] = Simulated(folder)
    take_ownership(folder, opened.job)
    save_job_state(
        folder, JobState(job=opened.job, places=opened.places, class_names=opened.class_names, max_errors="0")
    )
    execution = Execution(jobs=arguments.jobs, backend="simulated")
    run_all(opened, folder, execution, count)
    timed("see what is there, as a resumed run does", lambda: committed(folder, opened.job))
    share = ArrayTask(7, 1000).numbers(count)
    timed("the same for one task of 1,000", lambda: committed(folder, opened.job, numbers=share))
    manifest = timed("seal: card, manifest and its second copy", lambda: finalize(folder, opened))
    assert manifest is not None
    assert len(manifest.shards) == count
    remembered = read_state(folder).job_state
    assert remembered is not None
    assert timed("merge what is sealed already", lambda: finalize(folder, remembered)) == manifest
    timed("read the manifest", lambda: read_manifest(folder))
    print_costs(backend, folder, opened.job, count)


def run_all(opened: OpenJob, folder: Discarding, execution: Execution, count: int) -> None:
    """Run the job through the simulated workers."""
    with progress_counters(count) as counters:
        run = Run(opened, folder, execution, counters, {}, list(range(count)))
        for _ in make_missing(run):
            pass


def print_costs(backend: Simulated, folder: Discarding, job: Job, count: int) -> None:
    """Print what the whole job would be, from the shards that were made in full."""
    copies = job.samples * job.output.copies
    samples = sum(record.samples for record, _ in backend.full)
    seconds = sum(seconds for _, seconds in backend.full) / samples
    size = sum(record.bytes for record, _ in backend.full) / samples
    print(f"\n{count:,} shards, {copies:,} copies; from {len(backend.full)} shards made in full:")
    print(f"  {seconds * job.samples / 3600:,.1f} core-hours, {job.output.copies / seconds:,.0f} copies/s of one core")
    print(f"  {size * job.samples / 1e12:,.2f} TB, {size * job.samples / count / 1e6:,.1f} MB a shard")
    print(
        f"  manifest {(folder.size('manifest.json') or 0) / 1e6:,.1f} MB; tasks sent {backend.sent_bytes / 1e6:,.0f} MB"
    )
    print(f"most memory of the driver: {memory_mb():,.0f} MB")


def main() -> None:
    """Run the rehearsal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1_281_167)
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--shards", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ipmix-scale-") as scratch:
        rehearse(arguments, Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
