"""The second samples of methods that mix labels: which ones some samples need, their pictures, and the mixed labels.

A second sample, or partner, can lie anywhere in the source. The main process draws the plans of a shard to know its
partners, and hands the worker the parts of the source that hold them, besides those of the shard itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import class_of
from ipmix_cli.grey import as_rgb
from ipmix_cli.methods.mixing_set import MixingSet
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.run.samples import too_small, views
from ipmix_cli.shards.shard import MixedLabel, ShardSample
from ipmix_cli.sources.source import BadSample, Part, Sample, Source
from ipmix_cli.stages import StageClock
from ipmix_cli.transform import Plans


@dataclass(frozen=True)
class Partners:
    """Second samples at hand: by their index, and why others cannot be had, by their picture's index in the source."""

    samples: dict[int, ShardSample] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)


def partners_of(job: Job, plans: Plans, indices: Sequence[int]) -> NDArray[np.int64]:
    """Return (N, V): the index of the second sample of each plan; the sample's own if there is none."""
    return job.transform.partners(plans, np.array(indices, np.int64), job.samples)


def drawn_partners(job: Job, indices: Sequence[int]) -> NDArray[np.int64]:
    """Return (N, V): the second samples of samples that are known by their indices alone."""
    assert job.size is not None, "a method that mixes labels is refused for pictures of many sizes"
    numbers = np.array(indices, np.int64)
    shapes = np.empty((0, 2), np.int32)
    plans = job.transform.plan(job.augment, job.size, job.seed, numbers, job.output.copies, shapes)
    return partners_of(job, plans, indices)


def partner_parts(job: Job, source: Source, indices: Sequence[int], left_out: Collection[int] = ()) -> tuple[Part, ...]:
    """Return the parts of a source that hold the second samples of these samples; nothing for other methods.

    Pictures of `left_out` are not touched: they killed workers.
    """
    if not job.transform.mixes_labels or not len(indices):
        return ()
    pictures = np.unique(drawn_partners(job, indices) // job.crop.crops)
    wanted = pictures[~np.isin(pictures, list(left_out))]
    runs = np.split(wanted, np.flatnonzero(np.diff(wanted) != 1) + 1)
    return tuple(source.part(int(run[0]), int(run[-1]) + 1) for run in runs if len(run))


def read_partners(
    job: Job, parts: Iterable[Part], clock: StageClock, quarantined: Collection[BadSample] = ()
) -> Partners:
    """Read second samples; those that cannot be read are kept with the reason."""
    found = Partners(failed={bad.index: bad.reason for bad in quarantined})
    for item in _items(parts, clock):
        if isinstance(item, BadSample):
            found.failed[item.index] = item.reason
        elif reason := too_small(item, job):
            found.failed[item.index] = reason
        else:
            found.samples.update((view.index, view) for view in views(job, item))
            clock.lap("resize")
    return found


def _items(parts: Iterable[Part], clock: StageClock) -> Iterator[Sample | BadSample]:
    for part in parts:
        yield from part.samples(clock)


def partner_pictures(job: Job, partners: Partners, plans: Plans, indices: Sequence[int]) -> MixingSet:
    """Return the pictures of second samples in the order of the plans: number n * V + v is that of plan (n, v)."""
    numbers = partners_of(job, plans, indices).reshape(-1)
    distinct, places = np.unique(numbers, return_inverse=True)
    return arranged([partners.samples[int(number)].picture for number in distinct], places.reshape(-1))


def arranged(pictures: Sequence[Picture], order: NDArray[np.int64]) -> MixingSet:
    """Return second samples' pictures as plans take them, in RGB: number i is picture number ``order[i]``."""
    coloured = [np.ascontiguousarray(as_rgb(one) if one.shape[-1] == 1 else one) for one in pictures]
    sizes = np.array([picture.size for picture in coloured], np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)[:-1]])
    shapes = np.array([picture.shape[:2] for picture in coloured], np.int32)
    return MixingSet(np.concatenate([picture.reshape(-1) for picture in coloured]), starts[order], shapes[order])


def with_mixed_labels(
    job: Job, samples: Sequence[ShardSample], partners: Partners
) -> tuple[list[ShardSample], dict[int, str]]:
    """Return the samples with the label of each copy, and why others cannot be made, by their picture's index.

    A sample fails with a second sample that cannot be read, and with it all crops of its picture.
    """
    if not samples:
        return [], {}
    assert job.size is not None
    indices = [sample.index for sample in samples]
    shapes = np.empty((0, 2), np.int32)
    plans = job.transform.plan(job.augment, job.size, job.seed, np.array(indices, np.int64), job.output.copies, shapes)
    numbers, weights = partners_of(job, plans, indices), job.transform.label_weights(plans)
    failed: dict[int, str] = {}
    for sample, row in zip(samples, numbers.tolist(), strict=True):
        for picture in {number // job.crop.crops for number in row if number not in partners.samples}:
            reason = partners.failed.get(picture, "it is not in the source")
            failed[sample.source_index] = f"its second sample, picture {picture}, cannot be read: {reason}"
    labelled = [
        dataclasses.replace(sample, mixed=_labels(partners, row, weight))
        for sample, row, weight in zip(samples, numbers.tolist(), weights.tolist(), strict=True)
        if sample.source_index not in failed
    ]
    return labelled, failed


def _labels(partners: Partners, row: list[int], weights: list[float]) -> tuple[MixedLabel, ...]:
    return tuple(
        MixedLabel(class_of(partners.samples[number].label), weight)
        for number, weight in zip(row, weights, strict=True)
    )
