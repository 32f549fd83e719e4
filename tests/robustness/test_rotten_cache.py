"""A file in the cache that rotted is told from what was written, made anew, and said so."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numba.core import caching, dispatcher

from ipmix_cli.numba_cache import checked_cache
from ipmix_cli.numba_cache.jit import is_compiled, mark_compiled
from ipmix_cli.numba_cache.user_cache import CacheWarning
from ipmix_cli.pipeline.banks.pixel_map import open_pixels, write_pixels
from ipmix_cli.sources.unpack_cache import unpacked_folder
from tests.fixtures.forks import Done, Forks

MODULE = """
from ipmix_cli.numba_cache.jit import kernel

@kernel
def doubled(x):
    return x * 2
"""
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); import kernels_of_a_test as k; print(k.doubled(21))"


@pytest.fixture(scope="module")
def run(forks: Forks) -> Callable[[Path, Path], Done]:
    """Run the program with a cache, which is read when the module is imported."""

    def started(folder: Path, cache: Path) -> Done:
        environment = {**os.environ, "IPMIX_CACHE_DIR": str(cache)}
        return forks.run(["-c", PROGRAM, str(folder)], env=environment, timeout=120)

    return started


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 1
    path.write_bytes(content)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory, run) -> tuple[Path, Path]:
    """A module with one kernel, and a cache that holds it compiled."""
    folder, cache = tmp_path_factory.mktemp("module"), tmp_path_factory.mktemp("cache")
    (folder / "kernels_of_a_test.py").write_text(MODULE)
    assert run(folder, cache).stdout == "42\n"
    return folder, cache


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("position", [0, 20, 300, -1])
def test_a_flipped_bit_in_compiled_code_is_noticed_and_mended(run, compiled, suffix: str, position: int) -> None:
    folder, cache = compiled
    (path,) = cache.rglob(f"*{suffix}")
    flip(path, position)
    found = run(folder, cache)
    assert (found.returncode, found.stdout) == (0, "42\n"), found.stderr
    assert "was damaged and is made again" in found.stderr
    again = run(folder, cache)
    assert (again.returncode, again.stdout, again.stderr) == (0, "42\n", "")


@pytest.mark.parametrize("length", [0, 10, 100])
def test_compiled_code_that_was_cut_short_is_made_anew(run, compiled, length: int) -> None:
    folder, cache = compiled
    (path,) = cache.rglob("*.nbc")
    path.write_bytes(path.read_bytes()[:length])
    assert run(folder, cache).stdout == "42\n"
    assert run(folder, cache).stderr == ""


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_compiled_code_of_a_version_with_other_modules_is_made_anew(run, compiled, suffix: str) -> None:
    folder, cache = compiled
    (path,) = cache.rglob(f"*{suffix}")
    content = b"cipmix_cli.a_module_of_another_version\nsomething\n."  # a pickle that names it
    path.write_bytes(checked_cache._checksum(path.name, content) + content)
    assert run(folder, cache).stdout == "42\n"
    assert run(folder, cache).stderr == ""


def test_another_installation_of_the_same_version_finds_what_the_first_has_compiled(
    run, compiled, tmp_path: Path
) -> None:
    folder, cache = compiled
    run(folder, cache)
    there = {path: path.stat().st_mtime_ns for path in cache.rglob("*.nb?")}
    other = tmp_path / folder.name
    other.mkdir()
    (other / "kernels_of_a_test.py").write_text(MODULE)
    assert run(other, cache).stdout == "42\n"
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.nb?")} == there


def test_a_kernel_that_rotted_is_compiled_before_a_job_begins(run, compiled, monkeypatch) -> None:
    folder, cache = compiled
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(cache))
    run(folder, cache)
    mark_compiled(folder)
    assert is_compiled(folder)
    (path,) = cache.rglob("*.nbc")
    flip(path, 1000)
    with pytest.warns(CacheWarning):
        assert not is_compiled(folder)
    assert run(folder, cache).stdout == "42\n"


def test_one_functions_code_under_anothers_name_is_refused(compiled) -> None:
    _, cache = compiled
    (path,) = cache.rglob("*.nbc")
    other = path.with_name("another.1.nbc")
    other.write_bytes(path.read_bytes())
    with pytest.warns(CacheWarning):
        assert checked_cache.sound_content(other) is None
    other.unlink()


def test_a_damaged_file_makes_the_cache_of_a_folder_incomplete(run, compiled) -> None:
    folder, cache = compiled
    run(folder, cache)
    (path,) = cache.rglob("*.nbc")
    assert checked_cache.all_sound(path.parent)
    flip(path, 1000)
    with pytest.warns(CacheWarning):
        assert not checked_cache.all_sound(path.parent)
    assert not path.exists()


def test_numba_still_keeps_its_cache_as_we_override_it() -> None:
    """When this fails after numba was updated: compare `CheckedCacheFile` with numba's caching.py, and raise the bound
    of numba in pyproject.toml."""
    theirs = caching.IndexDataCacheFile
    for method in ("_load_index", "_save_index", "_load_data", "_save_data", "_dump", "_open_for_write", "_data_path"):
        assert callable(getattr(theirs, method, None)), f"numba's IndexDataCacheFile has no {method}"
    assert list(inspect.signature(theirs).parameters) == ["cache_path", "filename_base", "source_stamp"]
    source = inspect.getsource(theirs)
    for attribute in ("_index_path", "_version", "_source_stamp"):
        assert f"self.{attribute}" in source, f"numba's IndexDataCacheFile has no {attribute}"
    assert "self._cache_file = IndexDataCacheFile" in inspect.getsource(caching.Cache)
    assert "self._cache = FunctionCache" in inspect.getsource(dispatcher)


def test_a_flipped_bit_in_what_was_unpacked_is_noticed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path))

    def make(folder: Path) -> None:
        (folder / "pixels.raw").write_bytes(bytes(range(200)))

    folder = unpacked_folder("key", make)
    flip(folder / "pixels.raw", 77)
    with pytest.warns(CacheWarning):
        folder = unpacked_folder("key", make)
    assert (folder / "pixels.raw").read_bytes() == bytes(range(200))


def test_a_flipped_bit_in_resized_pictures_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.pixels"
    write_pixels(path, [np.arange(48, dtype=np.uint8).reshape(4, 4, 3)])
    assert open_pixels(path, 48) is not None
    flip(path, 5)
    with pytest.warns(CacheWarning):
        assert open_pixels(path, 48) is None
