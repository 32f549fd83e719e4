"""Shards are sized by the bytes that are stored, with enough of them for the workers, and the size is of the job."""

from __future__ import annotations

import pytest

from ipmix_cli import Request, ShardSettings, SourceSpec
from ipmix_cli.pipeline.job import Job, MixingRecord, SourceRecord, shard_count
from ipmix_cli.pipeline.run.prepare import job_of

RAW_BYTES = {"raw": 1.0, "jpeg": 0.25}


def job(pictures: int, side: int, encoding: str = "raw", copies: int = 10, **options: object) -> Job:
    source = SourceRecord(format="npz", digest="0" * 64, pictures=pictures, size=(side, side), settings={})
    output = ShardSettings(encoding=encoding, copies=copies)
    request = Request(source=SourceSpec(input="x"), output=output, **options)
    return job_of(request, source, MixingRecord(digest="0" * 64, pictures=1))


def stored_mb(job: Job) -> float:
    side = job.source.size[0]
    raw = job.samples * side * side * 3 * (job.output.copies + 1)
    return raw * RAW_BYTES[job.output.encoding] / shard_count(job) / 1e6


@pytest.mark.parametrize(("encoding", "most"), [("raw", 11_000), ("jpeg", 2_800)])
def test_a_large_data_set_has_shards_of_about_200_mb(encoding: str, most: int) -> None:
    imagenet = job(1_281_167, 224, encoding)
    assert 190 <= stored_mb(imagenet) <= 201
    assert shard_count(imagenet) <= most


@pytest.mark.parametrize("pictures", [10, 300, 50_000])
def test_small_data_sets_keep_the_shards_and_the_job_they_had(pictures: int) -> None:
    cifar = job(pictures, 32)
    assert cifar.samples_per_shard is None
    assert shard_count(cifar) == min(pictures, max(16, -(-pictures * 11 * 3072 // 2**26)))


def test_between_small_and_large_there_are_64_shards() -> None:
    assert shard_count(job(20_000, 64)) == 41
    assert shard_count(job(40_000, 64)) == 64
    assert shard_count(job(100_000, 96)) == 154


def test_the_size_is_an_option_that_the_job_records() -> None:
    asked = job(50_000, 32, shard_mb=50)
    assert asked.samples_per_shard is not None
    assert 48 <= stored_mb(asked) <= 50
    assert shard_count(job(100, 32, shard_mb=500)) == 17  # 6 samples each, at most
    assert job(50_000, 32, samples_per_shard=100).samples_per_shard == 100


def test_a_recorded_job_keeps_its_shards() -> None:
    before = job(1_000_000, 224, recorded=job(1, 2))
    assert before.samples_per_shard is None
