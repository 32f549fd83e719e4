"""Data sets at URLs: fetched shard by shard into a bounded cache, resumed, and checked."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ipmix_cli import Request, ShardDataset, ShardSettings, SourceSpec, augment
from ipmix_cli.errors import SourceError
from ipmix_cli.numba_cache.user_cache import CacheWarning
from ipmix_cli.reader import places_cache, shard_cache
from ipmix_cli.reader.contents import ShardEntry
from ipmix_cli.reader.shard_cache import ShardCache

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, bank: Path) -> Path:
    out = tmp_path_factory.mktemp("remote") / "shards"
    output = ShardSettings(copies=2, format="webdataset", encoding="png")
    request = Request(source=SourceSpec(input="demo"), fractals=str(bank), output=output, limit=30, samples_per_shard=5)
    augment(request, str(out))
    return out


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    files = fsspec.filesystem("memory")
    files.put(str(folder), "/bucket/shards", recursive=True)
    yield "memory://bucket/shards"
    files.rm("/bucket", recursive=True)


def cached(root: Path) -> list[Path]:
    return sorted(root.rglob("train-*.tar"))


def size_of(folder: Path, name: str) -> int:
    return (folder / name).stat().st_size


def test_a_url_reads_as_the_folder_does(url: str, folder: Path, tmp_path: Path) -> None:
    there, here = ShardDataset(url, view="all", cache_dir=tmp_path), ShardDataset(folder, view="all")
    assert not cached(tmp_path)
    assert np.array_equal(there[7][0], here[7][0])
    assert len(cached(tmp_path)) == 1
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(there, here, strict=True))
    assert [path.read_bytes() for path in cached(tmp_path)] == [p.read_bytes() for p in sorted(folder.glob("*.tar"))]


def test_the_cache_is_bounded_and_the_oldest_go(url: str, folder: Path, tmp_path: Path) -> None:
    most = 2.5 * size_of(folder, "train-000000.tar")
    data = ShardDataset(url, view="clean", cache_dir=tmp_path, cache_gb=most / 1e9)
    for index in (0, 12, 25, 0, 29, 3):
        assert np.array_equal(data[index][0], ShardDataset(folder, view="clean")[index][0])
        assert sum(path.stat().st_size for path in cached(tmp_path)) <= most


def test_a_fetch_goes_on_where_it_was_broken_off(url: str, folder: Path, tmp_path: Path) -> None:
    shard = json.loads((folder / "manifest.json").read_text())["shards"][2]
    entry = ShardEntry(shard["name"], shard["samples"], shard["bytes"], shard["sha256"])
    cache = ShardCache(url, tmp_path, 1.0)
    content = (folder / entry.name).read_bytes()
    cache._place.mkdir(parents=True)
    (cache._place / f".{entry.name}.part").write_bytes(content[:1000])
    files = fsspec.filesystem("memory")
    files.pipe_file("/bucket/shards/" + entry.name, b"X" * 1000 + content[1000:])  # its beginning is not asked for
    assert cache.path(entry).read_bytes() == content


def test_what_is_damaged_or_missing_in_the_store_is_refused(url: str, tmp_path: Path) -> None:
    files = fsspec.filesystem("memory")
    name = "/bucket/shards/train-000001.tar"
    content = files.cat_file(name)
    data = ShardDataset(url, view="clean", cache_dir=tmp_path)
    for wrong in (content[:-1] + b"X", content[:-600]):
        files.pipe_file(name, wrong)
        with pytest.raises(SourceError):
            data[7]
        assert not cached(tmp_path)
    files.rm(name)
    with pytest.raises(SourceError, match="missing"):
        ShardDataset(url, view="clean", cache_dir=tmp_path / "other")[7]
    with pytest.raises(SourceError, match=r"manifest\.json"):
        ShardDataset("memory://bucket/nothing")


def test_a_web_server_will_do_and_loader_workers_share_the_cache(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    torch_data = pytest.importorskip("torch.utils.data")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        data = ShardDataset(f"http://127.0.0.1:{server.server_port}", view="clean", cache_dir=tmp_path)
        loader = torch_data.DataLoader(data, 7, num_workers=2, multiprocessing_context="spawn")
        found = np.concatenate([pictures.numpy() for pictures, _ in loader])
        server.shutdown()
    assert np.array_equal(found, ShardDataset(folder, view="clean")[:].pictures)
    assert len(cached(tmp_path)) == 6


@pytest.mark.parametrize("with_checksum", [True, False])
def test_a_flipped_bit_in_the_cache_is_noticed_by_the_next_process(
    with_checksum: bool, url: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ShardDataset(folder, view="all")[0][0]
    assert np.array_equal(ShardDataset(url, view="all", cache_dir=tmp_path)[0][0], expected)
    (path,) = cached(tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    if not with_checksum:
        path.with_name(f".{path.name}.xxh3").unlink()
    monkeypatch.setattr(shard_cache, "_SOUND", set())  # as a new process has it
    with pytest.warns(CacheWarning, match="made again"):
        assert np.array_equal(ShardDataset(url, view="all", cache_dir=tmp_path)[0][0], expected)
    assert path.read_bytes() == (folder / path.name).read_bytes()


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "pipe"])
def test_damaged_places_of_pictures_are_found_again(
    damage: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(places_cache, "WORTH_KEEPING", 0)
    expected = [(picture, label) for picture, label in ShardDataset(folder)]
    kept = sorted((tmp_path / "places").iterdir())
    assert len(kept) == 6
    content = kept[0].read_bytes()
    changed = bytearray(content)
    changed[-20] ^= 1
    kept[0].unlink()
    if damage == "pipe":
        os.mkfifo(kept[0])
    else:
        kept[0].write_bytes({"flipped": bytes(changed), "cut": content[:-9], "empty": b""}[damage])
    with contextlib.nullcontext() if damage == "pipe" else pytest.warns(CacheWarning):
        found = list(ShardDataset(folder))
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(found, expected, strict=True))
    assert damage == "pipe" or kept[0].read_bytes() == content
