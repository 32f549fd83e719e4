"""Disks that are full, or read-only, or hold something else: a clear error, nothing half-written, and then the same."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipmix_cli.errors import WriteError
from ipmix_cli.numba_cache.user_cache import CacheWarning
from ipmix_cli.pipeline.banks import mixing
from ipmix_cli.pipeline.banks.bank import BankSettings
from ipmix_cli.pipeline.banks.drawing import make_bank
from ipmix_cli.pipeline.inspect.status import status
from ipmix_cli.pipeline.run.augment import augment

LIMIT = 50_000  # bytes: less than a shard of ten raw pictures with two copies


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size; the system calls it EFBIG, as it calls a full disk ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of half a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount file systems")
    yield place
    subprocess.run(["umount", place], check=True)


def resize(place: Path, size: str) -> None:
    """Give a file system another size, or make it read-only."""
    subprocess.run(["mount", "-o", f"remount,{size}", place], check=True)


def visible(folder: Path) -> set[str]:
    """Return the names of files that are not hidden."""
    return {path.name for path in folder.glob("*") if not path.name.startswith(".")}


@pytest.mark.parametrize("kind", ["hdf5", "webdataset", "files"])
def test_a_full_disk_is_an_error_and_with_more_space_the_same_command_finishes(
    kind, made, small_request, small_disk, tmp_path, digests
):
    request = small_request(kind, limit=240)
    augment(request, str(tmp_path / "whole"))
    with pytest.raises(WriteError, match="No space left on device") as caught:
        augment(request, str(small_disk / "out"))
    assert "free some space" in caught.value.remedy
    assert not list(small_disk.rglob("*.part"))
    assert not visible(small_disk / "out") & {"manifest.json", "README.md"}
    for name in visible(small_disk / "out") - {"train"}:
        assert (small_disk / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    resize(small_disk, "size=30m")
    augment(request, str(small_disk / "out"))
    assert digests(small_disk / "out") == digests(tmp_path / "whole")


def test_a_disk_that_is_full_when_the_manifest_is_written_loses_nothing(made, unseal, small_disk, digests):
    resize(small_disk, "size=4m")
    page, refused = 4096, 0
    for free in range(12):
        out = made("hdf5").copy(small_disk / "out")
        unseal(out)
        (out / "README.md").unlink()
        with (small_disk / "filler").open("wb") as filler:
            filler.write(bytes((os.statvfs(small_disk).f_bavail - free) * page))
        try:
            augment(made("hdf5").request, str(out))
        except WriteError:
            refused += 1
            assert not (out / "manifest.json").exists()
            assert status(str(out)).done == 4
        (small_disk / "filler").unlink()
        augment(made("hdf5").request, str(out))
        assert digests(out) == made("hdf5").digests
    assert 2 <= refused < 12


def test_the_program_ends_cleanly_where_the_system_limits_the_size_of_files(ipmix, made, cifar, bank, tmp_path):
    options = ["--data-dir", cifar, "--limit", 40, "--samples-per-shard", 10, "--copies", 2, "--fractals", bank]
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        words = ["augment", "--in", "cifar10", *options, "--jobs", jobs, "--out", out]
        done = ipmix(*words, check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)))
        assert done.returncode == 1, done.stderr
        assert "File too large" in done.stderr
        assert "ulimit -f" in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 3, done.stderr
        assert visible(out) == set()
        assert not list(out.rglob("*.part"))


def test_a_full_disk_under_the_cache_changes_no_byte(made, monkeypatch, small_disk, tmp_path, digests):
    monkeypatch.setattr(mixing, "user_cache", lambda: small_disk)
    monkeypatch.setattr(mixing, "private_temporary_folder", lambda: None)
    mixing.cached_mixing_set.cache_clear()
    resize(small_disk, "size=64k")
    augment(made("hdf5").request, str(tmp_path / "out"))
    mixing.cached_mixing_set.cache_clear()
    assert digests(tmp_path / "out") == made("hdf5").digests
    assert not [path for path in small_disk.rglob("*") if path.is_file()]


def test_a_rotten_map_of_mixing_pictures_is_noticed_and_made_again(made, monkeypatch, tmp_path, digests):
    monkeypatch.setattr(mixing, "user_cache", lambda: tmp_path / "cache")
    for harm in (lambda content: content[:-1000], lambda content: content[:5000] + bytes(64) + content[5064:]):
        mixing.cached_mixing_set.cache_clear()
        augment(made("hdf5").request, str(tmp_path / "first"))
        (cached,) = (tmp_path / "cache" / "mixing").iterdir()
        cached.write_bytes(harm(cached.read_bytes()))
        mixing.cached_mixing_set.cache_clear()
        shutil.rmtree(tmp_path / "first")
        with pytest.warns(CacheWarning):
            augment(made("hdf5").request, str(tmp_path / "first"))
        assert digests(tmp_path / "first") == made("hdf5").digests
    mixing.cached_mixing_set.cache_clear()


@pytest.mark.parametrize(("name", "kind"), [("bank.h5", "hdf5"), ("bank", "png")])
def test_a_full_disk_under_a_bank_leaves_nothing(name, kind, small_disk):
    settings = BankSettings(count=60, size=64, mix=(("plasma", 1.0),))
    with pytest.raises(WriteError, match="No space left"):
        for _ in make_bank(settings, small_disk / name, format_name=kind):
            pass
    assert list(small_disk.iterdir()) == []


def test_a_read_only_place_is_said_to_be_one(made, small_disk, ipmix):
    (small_disk / "empty").mkdir()
    resize(small_disk, "size=30m")
    made("hdf5").copy(small_disk / "done")
    made("hdf5").copy(small_disk / "begun")
    (small_disk / "begun" / "train-000002.h5").unlink()
    resize(small_disk, "ro")
    try:
        for place in ("new", "empty", "begun"):
            with pytest.raises(WriteError, match="Read-only file system") as caught:
                augment(made("hdf5").request, str(small_disk / place))
            assert "--out" in caught.value.remedy
        assert ipmix("validate", small_disk / "done").stdout.splitlines()[-1] == "PASS"
        assert ipmix("status", small_disk / "done").stdout.splitlines()[-2] == "finished"
        augment(made("hdf5").request, str(small_disk / "done"))  # nothing is left to do, so nothing is written
    finally:
        resize(small_disk, "rw")


def test_a_place_that_is_a_file_is_said_to_be_one(made, tmp_path):
    (tmp_path / "file").write_text("mine")
    for place in ("file", "file/below"):
        with pytest.raises(WriteError, match="file"):
            augment(made("hdf5").request, str(tmp_path / place))
    assert (tmp_path / "file").read_text() == "mine"
