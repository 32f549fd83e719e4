"""From samples to pixels: draw the plans of a job, and let its transform apply them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.grey import as_grey, as_rgb
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.banks.mixing import MixingHandle, cached_mixing_set, mixing_subset, resized_shapes
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.run.partners import Partners, partner_pictures
from ipmix_cli.shards.shard import ShardSample
from ipmix_cli.stages import StageClock
from ipmix_cli.transform import MixingPictures, Plans, Size

RGB = 3  # channels
NO_SHAPES = np.empty((0, 2), np.int32)


def plans_of(
    job: Job, mixing: MixingHandle | None, size: Size, indices: Sequence[int], copies: Sequence[int] | None = None
) -> Plans:
    """Draw the plans (N, V) of the samples with these indices, all of (H, W) = `size`: of all copies, or of some."""
    shapes = NO_SHAPES if mixing is None else resized_shapes(mixing, size)
    if copies is not None:
        numbers, chosen = np.array(indices, np.int64), np.array([copies] * len(indices), np.int64)
        return job.transform.plan_chosen(job.augment, size, job.seed, numbers, chosen, shapes)
    return _drawn(job, size, indices, shapes)


def plans_without_mixing(job: Job, size: Size, indices: Sequence[int]) -> Plans:
    """Draw the plans of samples without opening mixing pictures: all but where these are cropped is as it will be."""
    return _drawn(job, size, indices, np.tile(np.array([size], np.int32), (job.mixing.pictures, 1)))


def _drawn(job: Job, size: Size, indices: Sequence[int], shapes: NDArray[np.int32]) -> Plans:
    numbers = np.array(indices, np.int64)
    return job.transform.plan(job.augment, size, job.seed, numbers, job.output.copies, shapes)


def render_variants(
    job: Job,
    mixing: MixingHandle | None,
    samples: Sequence[ShardSample],
    out: Picture,
    clock: StageClock,
    partners: Partners | None = None,
) -> None:
    """Fill `out` (n, V, H, W, C) with the variants of n samples of one size; `partners` are the second samples."""
    size = (samples[0].picture.shape[0], samples[0].picture.shape[1])
    indices = [sample.index for sample in samples]
    plans = plans_of(job, mixing, size, indices)
    clock.lap("plan")
    workspace = workspace_of(job, size)
    used = mixing_for(job, mixing, size, plans)
    if partners is not None:
        used = partner_pictures(job, partners, plans, indices)
    for start, stop in _of_one_size(samples):
        pictures = np.stack([shown_by(sample) for sample in samples[start:stop]])
        apply_plans(job, pictures, plans[start:stop], used, out[start:stop], workspace)
    clock.lap("apply")


def apply_plans(
    job: Job, pictures: Picture, plans: Plans, mixing: MixingPictures | None, out: Picture, workspace: Any
) -> None:
    """Fill `out` (N, V, H, W, C) with what plans make of `pictures` (N, H, W, C); methods work in RGB alone."""
    if out.shape[-1] == RGB:
        job.transform.apply(pictures, plans, mixing, job.augment, out, workspace)
        return
    coloured = np.empty((*out.shape[:-1], RGB), np.uint8)
    job.transform.apply(as_rgb(pictures), plans, mixing, job.augment, coloured, workspace)
    out[:] = as_grey(coloured)


def shown_by(sample: ShardSample) -> Picture:
    """Return what a method takes pixels from: the picture, or the larger one that it is the centre of."""
    return sample.picture if sample.surroundings is None else sample.surroundings


def _of_one_size(samples: Sequence[ShardSample]) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of runs whose surroundings have one size; all samples where there are none."""
    start = 0
    for stop in range(1, len(samples) + 1):
        if stop == len(samples) or shown_by(samples[stop]).shape != shown_by(samples[start]).shape:
            yield start, stop
            start = stop


def mixing_for(job: Job, mixing: MixingHandle | None, size: Size, plans: Plans) -> MixingPictures | None:
    """Return the mixing pictures that plans need, resized: all of them, or those of the plans where sizes differ."""
    if mixing is None:
        return None
    if job.size is not None:
        return cached_mixing_set(mixing, size)
    return mixing_subset(mixing, size, job.transform.mixing_used(plans))


_memory = threading.local()


def workspace_of(job: Job, size: Size) -> Any:
    """Return this thread's memory to work in: the one of the last size and settings is kept."""
    key = (job.method, job.augment, size)
    if getattr(_memory, "key", None) != key:
        _memory.key, _memory.workspace = key, job.transform.workspace(size, job.augment)
    return _memory.workspace
