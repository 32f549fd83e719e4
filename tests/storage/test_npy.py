"""Arrays in numpy's own format are read as numpy reads them, or refused."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest

from ipmix_cli.errors import SourceError
from ipmix_cli.storage.npy import array_in, mapped_array

ARRAYS = {
    "pictures": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "Fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "text": np.array(["a", "long"]),
    "fields": np.array([(1, 2.5)], [("a", "<i8"), ("b", "<f4")]),
    "empty": np.zeros((0, 5), np.float32),
    "one number": np.array(7),
}


def stored(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def claiming(shape: str, descr: str = "'|u1'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_those_that_numpy_reads_and_cannot_be_written(name: str, tmp_path: Path) -> None:
    array = ARRAYS[name]
    (tmp_path / "a.npy").write_bytes(stored(array))
    for found in (mapped_array(tmp_path / "a.npy"), array_in(stored(array), "a")):
        assert found.dtype == array.dtype
        assert found.shape == array.shape
        assert np.array_equal(found, array)
        assert not found.flags.writeable


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an array",
        stored(np.arange(5))[:-1],
        claiming("(2**62,)"),
        claiming("(-1, 3)"),
        claiming("(0, 99999999999999999999)"),
        claiming("(1,) * 3"),
        claiming("(1,", "'|u1'"),
        claiming(str((1,) * 40)),
        claiming("(1,)", "'|O'"),
        claiming("(10**12,)".replace("10**12", "1" + 12 * "0")),
    ],
)
def test_what_is_no_array_or_a_damaged_one_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(SourceError):
        mapped_array(tmp_path / "a.npy")
    with pytest.raises(SourceError):
        array_in(content, "a")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.npy")
    with pytest.raises(OSError, match="not a regular file"):
        mapped_array(tmp_path / "a.npy")
