"""From pictures of a source to samples: one for each crop."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ipmix_cli.crop import apply_crop, plan_crop
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
    for crop in range(job.crop.crops):
        index = sample.index * job.crop.crops + crop
        shape = (sample.picture.shape[0], sample.picture.shape[1])
        plan = plan_crop(job.crop, shape, job.seed, sample.index, crop)
        picture = sample.picture if plan is None else apply_crop(sample.picture, plan)
        yield ShardSample(
            f"{index:08d}", index, sample.label, sample.index, sample.key, crop, picture, fields=sample.fields
        )


def sample_indices(job: Job, first: int, stop: int, left_out: Collection[int] = ()) -> list[int]:
    """Return the indices of the samples of pictures first .. stop of the source, but for some pictures."""
    pictures = (number for number in range(first, stop) if number not in left_out)
    return [picture * job.crop.crops + crop for picture in pictures for crop in range(job.crop.crops)]
