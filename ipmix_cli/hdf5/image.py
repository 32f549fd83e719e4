"""An HDF5 file as bytes in memory, whose large arrays never pass through HDF5.

h5py writes a file's skeleton into a :class:`SparseFile`: a few kilobytes of metadata, and arrays that have a
place but no content. The skeleton then becomes one flat buffer, and each array a numpy view of its place in
it. Nothing is copied, a full disk cannot crash HDF5 at exit, and the bytes are the same from run to run.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import WriteError

FORMAT_BOUNDS = (
    "v108",
    "v108",
)  # checksummed metadata, read by every HDF5 since 2008, and settled: no later variants
ALIGNMENT = 64  # bytes: a cache line, so that kernels store whole ones


class SparseFile(io.RawIOBase):
    """A file in memory that keeps only what was written to it, however far apart."""

    def __init__(self) -> None:
        self.pieces: list[tuple[int, bytes]] = []  # in the order in which they were written: later ones count
        self._place = 0
        self.length = 0

    def image(self) -> NDArray[np.uint8]:
        """Return the whole file, zeros where nothing was written; untouched pages take no memory yet."""
        buffer = np.zeros(self.length, np.uint8)
        self._overlay(buffer, 0)
        return buffer

    def _overlay(self, buffer: NDArray[np.uint8], start: int) -> None:
        for place, piece in self.pieces:
            low, high = max(place, start), min(place + len(piece), start + len(buffer))
            if low < high:
                buffer[low - start : high - start] = np.frombuffer(piece[low - place : high - place], np.uint8)

    def readable(self) -> bool:
        """Yes."""
        return True

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Return the place of the next read or write."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the place of the next read or write."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.length}[whence]
        return self._place

    def truncate(self, size: int | None = None) -> int:
        """Set the length."""
        self.length = self._place if size is None else size
        return self.length

    def write(self, data: Any) -> int:
        """Keep a piece."""
        piece = bytes(data)
        self.pieces.append((self._place, piece))
        self._place += len(piece)
        self.length = max(self.length, self._place)
        return len(piece)

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what was written, zeros between."""
        view = np.frombuffer(buffer, np.uint8)[: max(self.length - self._place, 0)]
        view[:] = 0
        self._overlay(view, self._place)
        self._place += len(view)
        return len(view)


@contextmanager
def new_file(target: io.RawIOBase | io.BytesIO) -> Iterator[h5py.File]:
    """Open `target` as an empty HDF5 file whose bytes depend on its content alone."""
    with h5py.File(target, "w", libver=FORMAT_BOUNDS, alignment_threshold=1024, alignment_interval=ALIGNMENT) as file:
        yield file


def reserve(file: h5py.File, name: str, shape: tuple[int, ...], dtype: str | np.dtype[Any]) -> int:
    """Give an array its place now and its content later; return its offset in bytes.

    An array without elements has no place: 0 is returned, where a view of no elements does no harm.

    Raises
    ------
    WriteError
        Where HDF5 gives no place to an array with elements.
    """
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_layout(h5py.h5d.CONTIGUOUS)
    settings.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    settings.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    settings.set_obj_track_times(False)
    kind = h5py.h5t.py_create(np.dtype(dtype))
    array = h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create_simple(shape), dcpl=settings)
    offset = array.get_offset()
    if offset is None and 0 not in shape:
        raise WriteError(f"HDF5 allocated no space for the dataset {name}", "please report this with your h5py version")
    return offset or 0


def place(image: NDArray[np.uint8], offset: int, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return the array that lies at an offset of a file's bytes, as a view."""
    return np.ndarray(shape, np.dtype(dtype), buffer=image.data, offset=offset)


def store(file: h5py.File, name: str, values: Any, **settings: Any) -> None:
    """Create an array with its content, without a time of creation."""
    file.create_dataset(name, data=values, track_times=False, **settings)
