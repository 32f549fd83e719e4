"""A picture's file is read whole, whatever its size is said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipmix_cli.sources.image_files import read_picture_file


@pytest.mark.parametrize("size", [0, 1, 8191, 8192, 8193, 300_000])
def test_a_file_is_read_whole(size: int, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(bytes(range(256)) * (size // 256) + bytes(size % 256))
    assert read_picture_file(path) == path.read_bytes()


def test_a_file_that_states_no_size_is_read_whole() -> None:
    """Some file systems make up their files as they are read."""
    path = Path("/proc/version")
    if not path.exists():
        pytest.skip("no such file system here")
    assert path.stat().st_size == 0
    assert read_picture_file(path) == path.read_bytes() != b""
