"""What the tests of shared jobs need: one small job, and the bytes of one plain run of it."""

from __future__ import annotations

from pathlib import Path

import pytest

PICTURES, SHARDS, COPIES = 140, 7, 2


@pytest.fixture(scope="session")
def options(cifar: Path, bank: Path) -> list[str]:
    """The options of a job of 7 shards, but for --out."""
    job = f"--limit {PICTURES} --samples-per-shard {PICTURES // SHARDS} --copies {COPIES} --quiet --jobs 1"
    return ["augment", "--in", "cifar10", "--data-dir", str(cifar), "--fractals", str(bank), *job.split()]


@pytest.fixture(scope="session")
def request_of(cifar: Path, bank: Path):
    """The same job for the library."""
    from ipmix_cli.pipeline.run.prepare import Request
    from ipmix_cli.shards.shard import ShardSettings
    from ipmix_cli.sources.source import SourceSpec

    return Request(
        source=SourceSpec(input="cifar10", data_dir=str(cifar)),
        fractals=str(bank),
        output=ShardSettings(copies=COPIES, encoding="auto"),
        samples_per_shard=PICTURES // SHARDS,
        limit=PICTURES,
    )


@pytest.fixture(scope="session")
def plain(request_of, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that one plain run makes."""
    from ipmix_cli.pipeline.run.augment import augment

    out = tmp_path_factory.mktemp("plain") / "out"
    augment(request_of, str(out))
    return out
