"""Add pictures to a finished data set: further shards behind those that are there, which keep their bytes.

The job becomes one of several sources in a row, whose shards are planned source by source. The folder stays a finished
data set of the old job until the new manifest is written.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import AnnotationSpec
from ipmix_cli.errors import OtherJobError, SourceError, UnfinishedError, UsageError
from ipmix_cli.pipeline.job import Execution, Job
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.manifest import Manifest, RecordedPlaces
from ipmix_cli.pipeline.output.resume import committed
from ipmix_cli.pipeline.output.state import OutputState, read_state
from ipmix_cli.pipeline.run.array_task import ArrayTask
from ipmix_cli.pipeline.run.augment import Outcome, fill, told_classes
from ipmix_cli.pipeline.run.estimate import CostEstimate, cost_of
from ipmix_cli.pipeline.run.places import lasting_source
from ipmix_cli.pipeline.run.prepare import OpenJob, open_source_at, record_of, reopened_mixing
from ipmix_cli.pipeline.run.schedule import ExistingOutput
from ipmix_cli.shards.writers import WRITERS
from ipmix_cli.sources.chained import CHAINED, ChainedSource, chained_digest, chained_settings
from ipmix_cli.sources.source import Part, Source, SourceSpec
from ipmix_cli.storage.apart import check_apart
from ipmix_cli.storage.folder import open_folder


@dataclass
class StoredSource:
    """What a data set was made from so far: as the manifest records it, without its pictures."""

    manifest: Manifest
    root: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        job = self.manifest.job
        self.format, self.digest, self.size = job.source.format, job.source.digest, job.source.size
        self.location = str(self.manifest.places.source.get("input", ""))
        self.class_names = self.manifest.class_names
        self.settings: dict[str, Any] = dict(job.source.settings)

    @property
    def annotations(self) -> AnnotationSpec:
        """Of which kind the labels are, and which fields are kept."""
        return self.manifest.job.source.annotations

    @property
    def labels(self) -> NDArray[np.int64]:
        """Not at hand."""
        raise SourceError(f"the labels of {self.location} are not read again", "ask the shards")

    def __len__(self) -> int:
        return self.manifest.job.pictures

    def key(self, index: int) -> str:
        """Return a picture's number."""
        return str(index)

    def part(self, start: int, stop: int) -> Part:
        """Refuse: shards that are there are not made again."""
        raise SourceError(
            f"pictures {start} to {stop - 1} are those of shards that are missing or damaged",
            "type ipmix repair first",
        )

    def check_unchanged(self) -> None:
        """Do nothing: it is not read."""


def extend(
    out: str,
    spec: SourceSpec,
    execution: Execution | None = None,
    listener: Listener | None = None,
) -> Outcome:
    """Add the pictures of a source to a data set, or finish an extension that was begun.

    Parameters
    ----------
    out : str
        The folder of a finished data set, or of one whose extension was interrupted.
    spec : SourceSpec
        The further source; its classes are those of the data set, by name.
    execution, listener
        As of :func:`ipmix_cli.pipeline.run.augment.augment`.

    Raises
    ------
    UnfinishedError, OtherJobError
        If the folder is not finished, or is being extended by another source.
    SourceError, UsageError
        If the source does not fit the data set, or such a data set cannot be extended.
    """
    execution, listener, began = execution or Execution(), listener or Listener(), time.perf_counter()
    state = read_state(open_folder(out))
    manifest = _finished(state, out)
    source = open_source_at(spec, listener)
    check_apart(out, source.location, "--in")
    classes = told_classes(source, None, listener)
    if _was_added(manifest.job, source):
        outcome = Outcome(manifest.job, manifest, resumed_shards=len(manifest.shards))
    else:
        opened = extended(manifest, source, lasting_source(spec, source), listener)
        _check_begun(state, manifest.job, opened.job, out)
        outcome = fill(opened, out, execution, ExistingOutput(), listener)
        task = ArrayTask(execution.task_index, execution.task_count)
        outcome.resumed_shards -= len(task.numbers(len(manifest.shards)))  # those of the data set before
        outcome.spent = opened.spent
    outcome.classes, outcome.notes = classes, source.notes
    outcome.seconds = time.perf_counter() - began
    return outcome


def estimate_extension(
    out: str,
    spec: SourceSpec,
    execution: Execution | None = None,
    listener: Listener | None = None,
) -> CostEstimate:
    """Say what adding the pictures of a source would cost, without adding them; of these alone.

    Raises
    ------
    IpmixError
        As :func:`extend`.
    """
    execution, listener = execution or Execution(), listener or Listener()
    folder = open_folder(out)
    state = read_state(folder)
    manifest = _finished(state, out)
    source = open_source_at(spec, listener)
    check_apart(out, source.location, "--in")
    if _was_added(manifest.job, source):
        raise UsageError(f"the pictures of {source.location} are in {out} already", "name further pictures with --in")
    opened = extended(manifest, source, lasting_source(spec, source), listener)
    _check_begun(state, manifest.job, opened.job, out)
    alone = dataclasses.replace(manifest.job, source=record_of(source), segments=())
    cost = cost_of(OpenJob(alone, opened.places, source, opened.mixing), folder, execution, listener)
    there = 0
    if state.job == opened.job:
        there = max(0, len(committed(folder, opened.job, state=state)) - len(manifest.shards))
    return dataclasses.replace(cost, there=there)


def _finished(state: OutputState, out: str) -> Manifest:
    if state.manifest is None:
        raise UnfinishedError(
            f"{out} is not a finished data set", f"finish it first; `ipmix status {out}` names the command"
        )
    return state.manifest


def _was_added(job: Job, source: Source) -> bool:
    """Return whether a source is the last one that was added."""
    digests = job.source.settings.get(CHAINED)
    return isinstance(digests, list) and len(digests) > 1 and digests[-1] == source.digest


def _check_begun(state: OutputState, old: Job, new: Job, out: str) -> None:
    if state.job not in (None, old, new):
        raise OtherJobError(
            f"{out} is being extended by another source", f"finish that first; `ipmix status {out}` names the command"
        )


def extended(manifest: Manifest, source: Source, place: dict[str, Any], listener: Listener) -> OpenJob:
    """Return the job of a data set with a further source behind its own, ready to run.

    Raises
    ------
    SourceError, UsageError
        If the source does not fit, or such a data set cannot be extended.
    """
    job = manifest.job
    check_extensible(job)
    before = StoredSource(manifest)
    chain = ChainedSource([before, source])
    digests = [*_digests(job), source.digest]
    if job.output.encoding == "raw" and job.crop.size is None and source.size != job.source.size:
        raise SourceError(
            f"{source.location} has pictures of another size than the data set's {job.source.size}",
            "give a source of that size: raw arrays have one",
        )
    chain.settings, chain.digest = chained_settings(job.source.settings, digests), chained_digest(digests)
    record = dataclasses.replace(
        job.source,
        format=CHAINED,
        digest=chain.digest,
        pictures=len(chain),
        size=chain.size,
        settings=chain.settings,
    )
    segments = (*(job.segments or (job.pictures,)), len(source))
    more = (*manifest.places.source.get("more", ()), place)
    places = RecordedPlaces(source={**manifest.places.source, "more": list(more)}, fractals=manifest.places.fractals)
    new = dataclasses.replace(job, source=record, segments=segments)
    return OpenJob(new, places, chain, reopened_mixing(manifest, listener))


def _digests(job: Job) -> Iterator[Any]:
    found = job.source.settings.get(CHAINED)
    yield from found if isinstance(found, list) else [job.source.digest]


def check_extensible(job: Job) -> None:
    """Refuse to extend data sets whose old shards would not be what the new job makes.

    Raises
    ------
    UsageError
    """
    anew = "make a data set of its own from the further pictures"
    writer = WRITERS[job.output.format]
    if writer.assemble is not None or writer.batches is not None:
        raise UsageError(f"{job.output.format} has a fixed number of files", anew)
    if job.transform.mixes_labels:
        raise UsageError(f"{job.method} draws second samples from the whole source, which would be another one", anew)
    if job.limit is not None:
        raise UsageError(f"it was made with --limit {job.limit}, of a part of its source", anew)
    if job.plan_version != job.drawn_version:
        raise UsageError(
            f"its plans are of version {job.plan_version}, this ipmix draws version {job.drawn_version}",
            "extend it with the version of ipmix-cli that the manifest names as its tool",
        )
