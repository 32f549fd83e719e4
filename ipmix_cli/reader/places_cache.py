"""The offsets of a shard's pictures, cached for formats in which finding them needs the whole file.

A tar has its headers between the pictures. Workers that a loader starts again for every epoch, and every process
on a node, would read all of them again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from ipmix_cli.errors import WriteError
from ipmix_cli.numba_cache.user_cache import tell_damaged, user_cache
from ipmix_cli.reader.contents import ShardEntry
from ipmix_cli.shards.places import ListedExtents, Places
from ipmix_cli.storage.folder import write_atomically
from ipmix_cli.storage.npy import array_in
from ipmix_cli.storage.regular_file import read_regular

CHECKSUM_BYTES = 16
MOST_BYTES = 2**28
WORTH_KEEPING = 0.01  # seconds that a shard took; reading the cache takes less than a thousandth


def cached_places(entry: ShardEntry, path: Path, find: Callable[[Path, str], Places | None]) -> Places | None:
    """Return where the pictures of a shard lie: from the cache, or found out and then perhaps kept there."""
    kept = _cache_file(entry, path)
    if kept is not None:
        with contextlib.suppress(OSError):
            if (table := _checked(kept, read_regular(kept, MOST_BYTES))) is not None:
                return _unpacked(table)
    began = time.perf_counter()
    places = find(path, str(path))
    slow = time.perf_counter() - began > WORTH_KEEPING
    if kept is not None and slow and places is not None and isinstance(places.extents, ListedExtents):
        with contextlib.suppress(WriteError):
            write_atomically(kept, _with_checksum(kept, _npy(_packed(places, places.extents))))
    return places


def _cache_file(entry: ShardEntry, path: Path) -> Path | None:
    """Return the cache's file for a shard by its sha256, or None if the file is not as long as it should be."""
    try:
        whole = entry.sha256 and path.stat().st_size == entry.bytes
    except OSError:
        return None
    return user_cache() / "places" / f"{entry.sha256}.checked" if whole else None


def _with_checksum(path: Path, content: bytes) -> bytes:
    """Return what a file of the cache holds: the xxh3_128 of its name and its content, and the content."""
    return xxhash.xxh3_128_digest(path.name.encode() + content) + content


def _checked(path: Path, stored: bytes) -> NDArray[np.void] | None:
    """Return the table that a file of the cache holds; None, and a warning, if the file is damaged."""
    content = stored[CHECKSUM_BYTES:]
    if stored == _with_checksum(path, content):
        return array_in(content, str(path))
    tell_damaged(path)
    return None


def _packed(places: Places, extents: ListedExtents) -> NDArray[np.void]:
    copies = list(extents.columns)
    kind = np.dtype(
        [("label", "<i8"), ("index", "<i8"), ("size", "<i4", 2)]
        + [(f"{part}{copy}", "<i8") for copy in copies for part in ("offset", "length")]
    )
    table = np.empty(len(places), kind)
    table["label"], table["index"], table["size"] = places.labels, places.indices, places.sizes
    for column, copy in enumerate(copies):
        table[f"offset{copy}"], table[f"length{copy}"] = extents.offsets[:, column], extents.lengths[:, column]
    return table


def _unpacked(table: NDArray[np.void]) -> Places:
    names = table.dtype.names or ()
    copies = [int(name.removeprefix("offset")) for name in names if name.startswith("offset")]
    offsets = np.stack([table[f"offset{copy}"] for copy in copies], axis=1)
    lengths = np.stack([table[f"length{copy}"] for copy in copies], axis=1)
    columns = {copy: column for column, copy in enumerate(copies)}
    size = np.ascontiguousarray(table["size"])
    extents = ListedExtents(columns, offsets, lengths)
    return Places(table["label"].copy(), table["index"].copy(), size, extents, len([n for n in copies if n >= 0]))


def _npy(table: NDArray[np.void]) -> bytes:
    import io

    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    return buffer.getvalue()
