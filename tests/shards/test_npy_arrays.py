"""Arrays are put together from pieces, whatever was interrupted before."""

from __future__ import annotations

import numpy as np
import pytest

from ipmix_cli.errors import SourceError
from ipmix_cli.shards.npy import NpyBuilder, assemble_arrays
from ipmix_cli.shards.npy_arrays import INDEX, PIECES, clear_pieces
from ipmix_cli.shards.shard import ShardSample, ShardSettings
from ipmix_cli.shards.writers import open_shard
from ipmix_cli.storage.folder import LocalFolder

CORRUPTIONS = ("fog.1", "fog.5", "snow.1", "snow.5")
FRAMES = ("tilt.frame00", "tilt.frame01", "snow.frame00", "snow.frame01")


def picture(index, variant):
    return np.full((2, 3, 3), index * 10 + variant, np.uint8)


def write_shard(folder, number, indices, variants):
    """Write the list and the pieces of a shard of some samples; return the list's name."""
    samples = [ShardSample(f"{n:08d}", n, n % 3, n, str(n), 0, picture(n, 9)) for n in indices]
    settings = ShardSettings(format="npy", copies=4, variants=variants, clean=True)
    builder = NpyBuilder(f"test-{number:06d}", samples, settings, {"class_names": ["a", "b", "c"]})
    if samples:
        out = builder.out(0, len(samples))
        out[:] = [[picture(n, variant) for variant in range(4)] for n in indices]
        builder.add(0, out)
    files = builder.finish()
    for name, content in files:
        folder.write(name, content)
    return files[-1][0]


def check(folder, lists, indices, variants):
    """Compare the arrays, and each sample of each shard, with what was written."""
    root = folder.root
    wanted = np.array([[picture(n, variant) for variant in range(4)] for n in indices], np.uint8)
    first, second = dict.fromkeys(variant.split(".")[0] for variant in variants)
    for name, variants_of in ((first, (0, 1)), (second, (2, 3))):
        array = np.load(root / f"{name}.npy")
        own = wanted[:, list(variants_of)]
        assert (array == (own if variants is FRAMES else np.concatenate([own[:, 0], own[:, 1]]))).all()
    labels = [n % 3 for n in indices]
    assert np.load(root / "labels.npy").tolist() == (labels if variants is FRAMES else labels * 2)
    assert (np.load(root / "clean.npy") == [picture(n, 9) for n in indices]).all()
    found = []
    for name in lists:
        with open_shard("npy", root / name) as view:
            assert INDEX in view.files()
            for sample in view:
                assert sample.checksum == sample.expected
                found.append(sample.index)
    assert found == list(indices)


@pytest.fixture(params=[CORRUPTIONS, FRAMES], ids=["corruptions", "frames"])
def made(request, tmp_path):
    """A folder, its variants, and the lists of three shards without picture 2; the arrays are there."""
    folder = LocalFolder(tmp_path)
    parts = enumerate([[0, 1], [3], [4, 5]])
    lists = [write_shard(folder, number, indices, request.param) for number, indices in parts]
    assemble_arrays(folder, lists)
    return folder, request.param, lists


def test_rows_stand_in_the_order_of_the_shards(made):
    folder, variants, lists = made
    check(folder, lists, [0, 1, 3, 4, 5], variants)
    clear_pieces(folder)
    assert not folder.names(PIECES)
    check(folder, lists, [0, 1, 3, 4, 5], variants)


def test_a_shard_with_more_samples_moves_the_rows_of_later_ones(made):
    folder, variants, lists = made
    clear_pieces(folder)
    write_shard(folder, 1, [2, 3], variants)
    assemble_arrays(folder, lists)
    check(folder, lists, range(6), variants)


@pytest.mark.parametrize("died_in", ["_assemble", "_new_array", "_labels"])
def test_rows_that_move_survive_a_death_in_the_middle(made, monkeypatch, died_in):
    folder, variants, lists = made
    clear_pieces(folder)
    write_shard(folder, 1, [2, 3], variants)
    calls = []

    def dies(*_):
        calls.append(died_in)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"ipmix_cli.shards.npy_arrays.{died_in}", dies)
        with pytest.raises(KeyboardInterrupt):
            assemble_arrays(folder, lists)
    assert calls == [died_in]
    assemble_arrays(folder, lists)
    check(folder, lists, range(6), variants)


def test_a_shard_without_samples_takes_no_rows(tmp_path):
    folder = LocalFolder(tmp_path)
    lists = [write_shard(folder, number, indices, CORRUPTIONS) for number, indices in enumerate([[0], [], [1]])]
    assemble_arrays(folder, lists)
    check(folder, lists, [0, 1], CORRUPTIONS)


def test_a_piece_that_is_missing_or_short_is_told(tmp_path):
    folder = LocalFolder(tmp_path)
    lists = [write_shard(folder, number, [number], CORRUPTIONS) for number in range(2)]
    (tmp_path / PIECES / "test-000001/fog.npy").unlink()
    with pytest.raises(SourceError, match=r"fog\.npy"):
        assemble_arrays(folder, lists)
    folder.write(f"{PIECES}test-000001/fog.npy", b"no array")
    with pytest.raises(SourceError, match=r"fog\.npy"):
        assemble_arrays(folder, lists)
