"""The references of a column of variable length, read from where HDF5 keeps them: nothing is asked of a heap.

HDF5 stores a column of strings or of encoded pictures as references of 16 bytes each, contiguous or in chunks. Read
through h5py, each would be followed at once, however long the objects are, and however often one is referred to.
"""

from __future__ import annotations

import zlib

import h5py
import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.hdf5.heap import REFERENCE, Heap
from ipmix_cli.hdf5.safety import explained

CHECKSUM_BYTES = 4  # that fletcher32 adds


def column_references(column: h5py.Dataset, heap: Heap, location: str) -> NDArray[np.void]:
    """Return the references (N,) of a column of variable length, which `hdf5.safety.array` has let pass.

    Parameters
    ----------
    column : h5py.Dataset
        One-dimensional.
    heap : Heap
        Of its file.
    location : str
        What errors call it.

    Raises
    ------
    SourceError
        For another shape, a form that cannot be read without HDF5, or objects that are longer together than the file.
    """
    if column.ndim != 1:
        raise SourceError(
            f"{location} has the shape {column.shape}, not one element a picture", "store them as one column"
        )
    offset = column.id.get_offset()
    if column.chunks is not None:
        with explained(location):
            found = _chunked(column, location)
    elif offset is None and len(column):
        raise SourceError(f"{location} is stored in its header", "store it contiguous: h5repack -l CONTI")
    else:
        found = heap.references(offset or 0, len(column))
    heap.check_lengths(found)
    return found


def _chunked(column: h5py.Dataset, location: str) -> NDArray[np.void]:
    found = np.zeros(len(column), REFERENCE)
    length = column.chunks[0]
    for start in range(0, len(column), length):
        mask, stored = column.id.read_direct_chunk((start,))
        raw = _unfiltered(column, mask, bytes(stored), length * REFERENCE.itemsize, location)
        stop = min(start + length, len(column))
        found[start:stop] = np.frombuffer(raw, REFERENCE, stop - start)
    return found


def _unfiltered(column: h5py.Dataset, mask: int, data: bytes, size: int, location: str) -> bytes:
    """Return a chunk as it was before its filters, the last of which is undone first; raises SourceError."""
    settings = column.id.get_create_plist()
    for number in reversed(range(settings.get_nfilters())):
        code, _, values, _ = settings.get_filter(number)
        if mask >> number & 1:
            continue
        if code == h5py.h5z.FILTER_DEFLATE:
            data = zlib.decompressobj().decompress(data, size + CHECKSUM_BYTES)
        elif code == h5py.h5z.FILTER_FLETCHER32:
            data = data[:-CHECKSUM_BYTES]
        elif code == h5py.h5z.FILTER_SHUFFLE:
            data = _unshuffled(data, values[0])
        else:
            raise SourceError(f"{location} uses an unsupported compression", "store it with gzip, or without filters")
    if len(data) != size:
        raise SourceError(f"{location} has a chunk of {len(data)} bytes instead of {size}", "fetch the file again")
    return data


def _unshuffled(data: bytes, element: int) -> bytes:
    whole = len(data) // element * element
    return np.frombuffer(data, np.uint8, whole).reshape(element, -1).T.tobytes() + data[whole:]
