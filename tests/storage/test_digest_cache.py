"""A remembered sha256 is that of the content at hand, whatever became of the memory."""

from __future__ import annotations

import hashlib

import pytest

from ipmix_cli.numba_cache.user_cache import CacheWarning
from ipmix_cli.storage.digest_cache import cached_sha256


@pytest.fixture
def memory(monkeypatch, tmp_path):
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path))
    return tmp_path / "digests"


def sha256(*pieces: bytes) -> str:
    return hashlib.sha256(b"".join(pieces)).hexdigest()


def test_what_is_known_is_read_once_and_gives_the_same(memory):
    readings = []

    def pieces():
        readings.append(1)
        return [b"shape", memoryview(b"pixels")]

    assert cached_sha256(pieces) == sha256(b"shape", b"pixels")
    assert len(readings) == 2
    assert cached_sha256(pieces) == sha256(b"shape", b"pixels")
    assert len(readings) == 3
    assert len(list(memory.iterdir())) == 1


def test_other_content_is_never_taken_for_what_was_known(memory):
    cached_sha256(lambda: [b"a" * 1000])
    assert cached_sha256(lambda: [b"a" * 999, b"b"]) == sha256(b"a" * 999 + b"b")
    assert len(list(memory.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"0" * 64, b"\xff" * 100, None])
def test_a_rotten_memory_is_not_used(memory, damage):
    cached_sha256(lambda: [b"a"])
    (entry,) = memory.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(whole.replace(whole[:1], b"x") if damage is None else damage)
    with pytest.warns(CacheWarning):
        assert cached_sha256(lambda: [b"a"]) == sha256(b"a")
    assert entry.read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_only_time(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    assert cached_sha256(lambda: [b"a"]) == sha256(b"a")
