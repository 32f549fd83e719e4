"""Raw pictures of a batch come out of mapped shards as they do one by one, and a shard that is cut off is no crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipmix_cli.errors import SourceError
from ipmix_cli.reader import ShardDataset


@pytest.fixture(scope="module", params=["hdf5", "mds"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: Any, ipmix: Callable[..., Any], bank: Path) -> Path:
    out = tmp_path_factory.mktemp("mapped") / request.param
    size = ("--limit", 60, "--copies", 3, "--samples-per-shard", 20, "--jobs", 1)
    ipmix("augment", "--in", "demo", "--fractals", bank, "--out", out, "--format", request.param, *size)
    return out


@pytest.mark.parametrize("view", ["random", "all", "clean", "triplet"])
def test_a_batch_is_its_samples(folder: Path, view: str) -> None:
    data = ShardDataset(folder, view=view, seed=3)
    for numbers in (np.random.default_rng(0).permutation(60).tolist(), list(range(20, 40))[::-1], [7] * 20):
        batch = data.__getitems__(numbers)
        assert isinstance(batch.pictures, np.ndarray)
        assert batch.pictures.flags.writeable
        for number, (pictures, label) in zip(numbers, batch, strict=True):
            assert np.array_equal(pictures, data[number][0])
            assert label == data[number][1]


def test_a_shard_that_is_cut_off_while_it_is_read_is_an_error(folder: Path) -> None:
    data = ShardDataset(folder, view="all")
    data.__getitems__(list(range(60)))
    path = sorted(folder.glob("train-000001.*"))[0]
    content = path.read_bytes()
    try:
        with path.open("r+b") as file:
            file.truncate(len(content) // 2)
        with pytest.raises(SourceError, match="cut off"):
            data.__getitems__(list(range(60)))
    finally:
        path.write_bytes(content)
