"""How many samples a shard holds, where the user does not say: by the bytes that are stored.

Few and large shards suit network file systems and object stores; enough of them feed all workers, of this program and
of a loader. Whatever is decided is recorded with the job as samples per shard.
"""

from __future__ import annotations

from ipmix_cli.pipeline.job import FEWEST_SHARDS, Job, shard_count
from ipmix_cli.shards.writers import WRITERS

SHARD_MB = 200
ENOUGH = 64  # shards, so that as many workers have something to do
MOST_CLEAN = 2**30  # bytes of raw clean pictures, which a worker holds at once

STORED_SHARE = {"raw": 1.0, "png": 0.7, "webp": 0.5, "jpeg": 0.25}
"""Stored bytes over raw ones, about: photographs of 32 to 224 px and their copies."""


def samples_per_shard(job: Job, shard_mb: int | None) -> int | None:
    """Return how many samples a shard of a job is to hold, or None for the job's own rule (64 MiB of raw pictures).

    That rule stays where it gives few shards: 16 to 64. A format that has a number of batches of its own keeps to it.

    Parameters
    ----------
    job : Job
        Without samples per shard.
    shard_mb : int, optional
        Stored megabytes of a shard that the user asked for; about 200 by default.
    """
    height, width = job.size or (256, 256)  # a guess for pictures of many sizes
    picture_bytes = height * width * job.output.channels
    batches = WRITERS[job.output.format].batches
    if batches is not None and shard_mb is None:
        most = MOST_CLEAN // (picture_bytes * (job.output.stored_copies + job.output.clean))
        return max(1, min(-(-job.samples // batches(job.split)), most))
    stored = picture_bytes * (job.output.stored_copies + job.output.clean) * STORED_SHARE[job.output.encoding]
    needed = max(
        -(-job.samples * stored // ((shard_mb or SHARD_MB) * 1e6)), -(-job.samples * picture_bytes // MOST_CLEAN)
    )
    if shard_mb is None and shard_count(job) <= ENOUGH:
        return None
    shards = max(int(needed), FEWEST_SHARDS if shard_mb else ENOUGH)
    return max(1, job.samples // shards)
