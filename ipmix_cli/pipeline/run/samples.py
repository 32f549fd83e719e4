"""From pictures of a source to samples: one for each crop."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from ipmix_cli.crop import apply_crop, centre_of, plan_crop, with_surroundings
from ipmix_cli.grey import as_grey, as_rgb
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.job import Job
from ipmix_cli.shards.shard import ShardSample
from ipmix_cli.sources.source import Sample

SMALLEST_SIDE = 2  # pixels


def too_small(sample: Sample, job: Job) -> str:
    """Return why a picture is too small to be mixed, if it stays as small as it is; empty if it is not."""
    height, width = sample.picture.shape[:2]
    if min(height, width) >= SMALLEST_SIDE or job.crop.size is not None:
        return ""
    return f"{width}x{height} pixels: each side needs {SMALLEST_SIDE} at least"


def views(job: Job, sample: Sample) -> Iterator[ShardSample]:
    """Yield the samples that one picture becomes: one for each crop."""
    grey = job.output.channels == 1
    shown = as_rgb(as_grey(sample.picture)) if grey else sample.picture
    for crop in range(job.crop.crops):
        index = sample.index * job.crop.crops + crop
        surroundings, picture = _cropped(job, shown, sample.index, crop)
        yield ShardSample(
            f"{index:08d}",
            index,
            sample.label,
            sample.index,
            sample.key,
            crop,
            np.ascontiguousarray(picture[..., :1]) if grey else picture,
            fields=sample.fields,
            surroundings=surroundings,
        )


def _cropped(job: Job, picture: Picture, index: int, crop: int) -> tuple[Picture | None, Picture]:
    """Return one crop of a picture, after the larger picture that it is the centre of, if the method needs that."""
    if job.has_surroundings:
        assert job.crop.size is not None, "the crop has a size"
        whole = with_surroundings(picture, job.crop.size)
        return whole, np.ascontiguousarray(centre_of(whole, (job.crop.size, job.crop.size)))
    plan = plan_crop(job.crop, (picture.shape[0], picture.shape[1]), job.seed, index, crop)
    return None, picture if plan is None else apply_crop(picture, plan)


def sample_indices(job: Job, first: int, stop: int, left_out: Collection[int] = ()) -> list[int]:
    """Return the indices of the samples of pictures first .. stop of the source, but for some pictures."""
    pictures = (number for number in range(first, stop) if number not in left_out)
    return [picture * job.crop.crops + crop for picture in pictures for crop in range(job.crop.crops)]
