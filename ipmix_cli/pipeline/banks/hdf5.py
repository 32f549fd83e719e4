"""A bank as one HDF5 file: pictures of any number in constant memory, and a full disk is an ordinary error.

h5py lays the file out on a stand-in that keeps only what is written to it: every dataset gets its place, none
is filled. The few kilobytes of structure and then each picture go into the real file as plain bytes. So HDF5
never touches the disk: a full one cannot crash it at exit, and the bytes are the same from run to run.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ipmix_cli.hdf5.image import SparseFile, reserve
from ipmix_cli.storage.folder import being_written

TEXT = 2048  # bytes for the recipe of a picture: the longest seen has about 1,200
REASONS = 256


Columns = Mapping[str, tuple[tuple[int, ...], "np.dtype[Any]"]]


@dataclass(frozen=True)
class BankFile:
    """A bank being written: where the rows of each dataset lie in the file."""

    file: io.RawIOBase
    columns: Columns
    offsets: Mapping[str, int]

    def write(self, index: int, row: Mapping[str, Any]) -> None:
        """Write the values of picture `index`: one for each dataset, by name."""
        for name, (shape, kind) in self.columns.items():
            value = row[name]
            assert not isinstance(value, bytes) or len(value) <= kind.itemsize, "numpy would cut a long text"
            data = np.asarray(value, kind).tobytes()
            assert len(data) == math.prod(shape[1:]) * kind.itemsize, (name, len(data))
            put(self.file, self.offsets[name] + index * len(data), data)


@contextlib.contextmanager
def bank_file(
    path: Path, shape: tuple[int, int], settings: Mapping[str, Any], class_names: list[str] | None = None
) -> Iterator[BankFile]:
    """Give a bank to write to; it appears under `path` when the block ends well, and is gone if it fails.

    Parameters
    ----------
    path : Path
        The file; one that is there is replaced.
    shape : tuple of int
        (number of pictures, size).
    settings : Mapping
        Strings, numbers, or what is stored as JSON: the file's attributes.
    class_names : list of str or None
        Given, the bank is labelled and has a dataset `labels`.

    Raises
    ------
    WriteError
        When the disk is full, or the place cannot be written.
    """
    columns = _columns(*shape, labelled=class_names is not None)
    names = {} if class_names is None else {"class_names": class_names}
    structure, offsets, end = _laid_out(columns, {**settings, **names})
    with being_written(path) as temporary, temporary.open("wb", buffering=0) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, end)  # a full disk is told before the work
        for offset, data in structure:
            put(file, offset, data)
        yield BankFile(file, columns, offsets)
        file.truncate(end)
        os.fsync(file.fileno())


def put(file: io.RawIOBase, offset: int, data: bytes) -> None:
    """Write all the bytes at a place; an unbuffered file may take them in parts."""
    file.seek(offset)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _columns(count: int, size: int, *, labelled: bool) -> Columns:
    columns = {
        "images": ((count, size, size, 3), np.dtype("u1")),
        "params": ((count,), np.dtype(f"S{TEXT}")),
        "family": ((count,), np.dtype("S16")),
        "attempts": ((count,), np.dtype("<i4")),
        "rejected": ((count,), np.dtype(f"S{REASONS}")),
    }
    return columns | ({"labels": ((count,), np.dtype("<i8"))} if labelled else {})


def _laid_out(columns: Columns, attributes: Mapping[str, Any]) -> tuple[list[tuple[int, bytes]], dict[str, int], int]:
    """Return the structure as (offset, bytes) pieces, the place of each dataset, the length of the file."""
    stand_in = SparseFile()
    with h5py.File(stand_in, "w", libver=("v110", "v110"), track_order=False) as file:
        offsets = {name: reserve(file, name, shape, kind) for name, (shape, kind) in columns.items()}
        for key, value in attributes.items():
            file.attrs[key] = _attribute(value)
    return stand_in.pieces, offsets, stand_in.length


def _attribute(value: Any) -> Any:
    """Return what HDF5 stores: names as an array of text, what else has parts as JSON."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return np.array([item.encode() for item in value])
    return value if isinstance(value, str | int | float) else json.dumps(value)
