"""Opening HDF5 files of unknown origin: nothing outside of the file is read.

Refused are links to other files, virtual arrays, arrays stored in other files, filters that would load a
plug-in, arrays larger than what is stored of them can mean, and arrays of which chunks were never written, which HDF5
would fill with zeros. What HDF5 itself raises on a damaged file becomes a
SourceError.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from ipmix_cli.errors import IpmixError, SourceError
from ipmix_cli.picture import Bytes
from ipmix_cli.storage.bounded import MOST_EXPANSION, SLACK_BYTES
from ipmix_cli.storage.regular_file import check_regular

# What h5py makes of HDF5's complaints about damaged files, by where the damage is.
H5PY_ERRORS = (
    OSError,
    RuntimeError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
)

FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_LZF, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
MOST_DEFLATED = 1032  # times: what deflate makes of zeros
MOST_EMPTY = 2**31  # bytes of nearly empty arrays: some ten seconds to inflate, of which one chunk is held at a time
MOST_CHUNK = 1 << 28  # 256 MiB: one chunk is unpacked at once


@contextmanager
def explained(location: str) -> Iterator[None]:
    """Turn any exception of h5py on a damaged file into a SourceError that names the file."""
    try:
        yield
    except IpmixError:
        raise
    except H5PY_ERRORS as error:
        raise SourceError(
            f"{location} is not a readable HDF5 file: {' '.join(str(error).split()) or type(error).__name__}",
            "it is damaged or not what its name says: fetch or build it again",
        ) from error


def open_file(content: Path | Bytes) -> h5py.File:
    """Open a file, or the bytes of one, for reading only."""
    if isinstance(content, Path):
        check_regular(content)
        return h5py.File(content, "r", locking=False)
    return h5py.File(io.BytesIO(content), "r")


def array(file: h5py.File, name: str, location: str) -> h5py.Dataset:
    """Return an array of the file's root after the checks above.

    Raises
    ------
    SourceError
        If the array is missing or refused; says which and why.
    """
    parts = [part for part in name.split("/") if part]
    group = file
    for part in parts[:-1]:
        group = _own(group, part, location)
    found = _own(group, parts[-1], location) if parts else None
    if not isinstance(found, h5py.Dataset):
        raise SourceError(f"{location} has no array {name!r}", f"it has: {', '.join(_names(file))}")
    if reason := refusal(found, file.id.get_filesize()):
        raise SourceError(
            f"{location}: the array {name!r} {reason}",
            "do not use files from untrusted origins; of your own, make one without filters or links: "
            f"h5repack -f NONE {location} NEW.h5",
        )
    return found


def _own(group: h5py.Group, name: str, location: str) -> h5py.Group | h5py.Dataset | None:
    """Return a member of a group that lies in the same file; None if there is none."""
    if not isinstance(group, h5py.Group) or name not in group:
        return None
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise SourceError(f"{location}: {name!r} is a link", "copy what it points to into the file (h5repack, h5copy)")
    return group[name]


def _names(file: h5py.File) -> list[str]:
    return sorted(file)[:20]


def refusal(found: h5py.Dataset, file_bytes: int) -> str | None:
    """Return why an array is not to be read, or None."""
    settings = found.id.get_create_plist()
    layout = settings.get_layout()
    if settings.get_external_count() or layout not in {
        h5py.h5d.COMPACT,
        h5py.h5d.CONTIGUOUS,
        h5py.h5d.CHUNKED,
    }:
        return "is stored in other files"
    if any(settings.get_filter(i)[0] not in FILTERS for i in range(settings.get_nfilters())):
        return "needs a filter plug-in"
    if found.dtype.hasobject and h5py.check_ref_dtype(found.dtype):
        return "holds references"
    return _oversized(found, file_bytes) or _unwritten(found)


def _oversized(found: h5py.Dataset, file_bytes: int) -> str | None:
    """Return in words that an array claims more than what is stored of it can mean, or None."""
    claimed, stored = found.size * found.dtype.itemsize, found.id.get_storage_size()
    if found.chunks is None:
        if claimed > file_bytes or stored < claimed:
            return f"claims {claimed} bytes, and {stored} are stored of it in a file of {file_bytes}"
    elif stored > file_bytes or claimed > _most_bytes(stored) or _chunk_bytes(found) > MOST_CHUNK:
        return f"claims {claimed} bytes, more than {stored} stored ones can mean"
    return None


def _most_bytes(stored: int) -> int:
    """Return how many bytes stored ones may stand for: pictures that are nearly empty deflate as far as a bomb does.

    >>> _most_bytes(10**6) // 10**6, _most_bytes(10**7) // 10**6, _most_bytes(10**8) // 10**6
    (1099, 2147, 20067)
    """
    return SLACK_BYTES + max(MOST_EXPANSION * stored, min(MOST_DEFLATED * stored, MOST_EMPTY - SLACK_BYTES))


def _unwritten(found: h5py.Dataset) -> str | None:
    """Return in words that HDF5 would fill parts of an array with zeros, or None."""
    missing = 0 if found.chunks is None else _chunks(found) - found.id.get_num_chunks()
    return f"has {missing} chunks that were never written" if missing > 0 else None


def _chunks(found: h5py.Dataset) -> int:
    """Return how many chunks an array has."""
    return math.prod(-(-length // chunk) for length, chunk in zip(found.shape, found.chunks or (), strict=True))


def _chunk_bytes(found: h5py.Dataset) -> int:
    size = found.dtype.itemsize
    for length in found.chunks or ():
        size *= length
    return int(size)
