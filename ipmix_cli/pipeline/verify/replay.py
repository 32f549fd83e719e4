"""Rebuild samples from the source and the mixing pictures, and compare the stored ones with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.banks.mixing import MixingHandle
from ipmix_cli.pipeline.output.dataset import Dataset
from ipmix_cli.pipeline.output.manifest import Manifest, ShardRecord
from ipmix_cli.pipeline.run.partners import Partners, read_partners, with_mixed_labels
from ipmix_cli.pipeline.run.progress_counters import ProgressCounters, ShardProgress
from ipmix_cli.pipeline.run.render import render_variants
from ipmix_cli.pipeline.run.samples import views
from ipmix_cli.pipeline.verify.problem import Problem
from ipmix_cli.shards.shard import ShardSample, ShardSettings, ShardView, StoredSample
from ipmix_cli.sources.source import BadSample, Part
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.folder import open_folder

LOSSY_TOLERANCE = 2.0  # grey levels on average, between two encodings of one picture by different library versions


@dataclass(frozen=True)
class Replay:
    """Samples of one shard to be rebuilt; `copies` maps a sample's index to the copies to compare.

    With `whole` every sample's label and clean picture are compared too. `partners` hold the second samples of the
    samples to be rebuilt, for methods that mix labels.
    """

    location: str
    manifest: Manifest
    record: ShardRecord
    part: Part
    mixing: MixingHandle | None
    copies: dict[int, tuple[int, ...]]
    whole: bool
    position: int
    counters: ProgressCounters | None = None
    partners: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Replayed:
    """What replaying a shard found."""

    record: ShardRecord
    problems: tuple[Problem, ...]
    copies: int
    samples: int


def replay_shard(task: Replay) -> Replayed:
    """Compare the samples of one shard with what the source and the plans make of them."""
    progress = ShardProgress(None) if task.counters is None else task.counters.progress(task.position)
    dataset = Dataset(open_folder(task.location), task.manifest)
    try:
        with dataset.view(task.record) as view:
            problems = tuple(_differences(dataset, task, view, progress))
    except SourceError as error:
        remedy = f"type: ipmix repair {task.location}"
        problems = (Problem("shard-unreadable", error.message, remedy, task.record.name),)
    progress.finish()
    compared = task.record.samples if task.whole else 0
    return Replayed(task.record, problems, sum(map(len, task.copies.values())), compared)


def _differences(dataset: Dataset, task: Replay, view: ShardView, progress: ShardProgress) -> Iterator[Problem]:
    places = {key: position for position, key in enumerate(view.keys())}
    job = dataset.manifest.job
    partners = read_partners(job, task.partners, StageClock()) if job.transform.mixes_labels else None
    failed = {failure.source_index for failure in task.record.failures}
    done = 0
    for item in task.part.samples(StageClock()):
        if isinstance(item, BadSample):
            if item.index not in failed:
                yield _problem(task, "source-mismatch", f"the source's {item.key} cannot be read: {item.reason}", "")
            continue
        for sample in views(dataset.manifest.job, item):
            if task.whole or sample.index in task.copies:
                yield from _compare(_Shard(dataset, task, view, partners), places.get(sample.key), sample)
        done += 1
        progress.done(done)


@dataclass(frozen=True)
class _Shard:
    """A shard that is compared, with the second samples of its samples."""

    dataset: Dataset
    task: Replay
    view: ShardView
    partners: Partners | None


def _compare(shard: _Shard, position: int | None, sample: ShardSample) -> Iterator[Problem]:
    """Yield how one stored sample differs from the rebuilt one."""
    dataset, task = shard.dataset, shard.task
    if position is None:
        yield _problem(task, "sample-missing", "it is not in its shard", sample.key)
        return
    output = dataset.manifest.job.output
    try:
        stored = shard.view.sample(position)
        if (stored.label, stored.source_key) != (sample.label, sample.source_key):
            here, there = (f"{str(one.label)[:60]} of {one.source_key!r}" for one in (stored, sample))
            yield _problem(task, "source-mismatch", f"label {here}, source: {there}", sample.key)
        if stored.fields != sample.fields:
            yield _problem(task, "source-mismatch", "its kept fields are not the source's", sample.key)
        if stored.clean is not None and not same_picture(stored.clean, sample.picture, output):
            yield _problem(task, "source-mismatch", "its clean picture is not the source's", sample.key)
        wrong = _wrong_copies(shard, stored, sample)
        if wrong:
            yield _problem(task, "replay-mismatch", f"copies {wrong} are not what their plans make", sample.key)
    except BadSampleError as error:
        yield _problem(task, "sample-damaged", error.message, sample.key)


def _wrong_copies(shard: _Shard, stored: StoredSample, sample: ShardSample) -> list[int]:
    """Return the numbers of the chosen copies that differ, in pixels or in their labels."""
    dataset, task = shard.dataset, shard.task
    wanted = task.copies.get(sample.index, ())
    if not wanted or not stored.copies:  # copies that are not stored cannot differ from their plans
        return []
    job = dataset.manifest.job
    if shard.partners is not None:
        labelled, failed = with_mixed_labels(job, [sample], shard.partners)
        if failed or labelled[0].mixed != stored.mixed:
            return list(wanted)
    rebuilt = rebuilt_copies(dataset.manifest, task.mixing, sample, shard.partners)
    return [n for n in wanted if not same_picture(stored.copies[n], rebuilt[n], job.output)]


def rebuilt_copies(
    manifest: Manifest, mixing: MixingHandle | None, sample: ShardSample, partners: Partners | None = None
) -> NDArray[np.uint8]:
    """Return the copies (K, H, W, C) of one sample, made again."""
    out = np.empty((1, manifest.job.output.copies, *sample.picture.shape), np.uint8)
    render_variants(manifest.job, mixing, [sample], out, StageClock(), partners)
    copies: NDArray[np.uint8] = out[0]
    return copies


def same_picture(stored: bytes, picture: Picture, output: ShardSettings) -> bool:
    """Return whether a stored picture is this one: to the byte, or within the error of a lossy encoding."""
    codec = CODECS[output.encoding]
    size = (picture.shape[0], picture.shape[1])
    if codec.lossless:
        return bool(np.array_equal(codec.decode(stored, size, output.channels), picture))
    again = codec.encode(picture, output.quality)
    if again == stored:
        return True
    there, here = (codec.decode(data, size, output.channels) for data in (stored, again))
    difference = np.abs(there.astype(np.int16) - here)
    return bool(difference.mean() <= LOSSY_TOLERANCE)


def _problem(task: Replay, code: str, message: str, key: str) -> Problem:
    return Problem(code, message, f"type: ipmix repair {task.location}", task.record.name, key)
