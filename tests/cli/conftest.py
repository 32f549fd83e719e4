"""What the commands' tests look at: a small finished data set."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shards(bank: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 60 demo pictures with three copies of each, in four shards."""
    from ipmix_cli import Request, ShardSettings, SourceSpec, augment

    folder = tmp_path_factory.mktemp("shards") / "shards"
    output = ShardSettings(encoding="auto", copies=3)
    request = Request(
        source=SourceSpec(input="demo"), fractals=str(bank), output=output, limit=60, samples_per_shard=15, seed=5
    )
    augment(request, str(folder))
    return folder
