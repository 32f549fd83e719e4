"""The sha256 of large content that is opened again and again: remembered under a checksum ten times as fast.

The memory lies in the user's cache. It is found by the content itself (its xxh3_128), never by a name or a time, so a
file that changed is never taken for what it was; an entry that is not whole is not used.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import xxhash

from ipmix_cli.errors import WriteError
from ipmix_cli.numba_cache.user_cache import tell_damaged, writable_folder
from ipmix_cli.storage.folder import being_written
from ipmix_cli.storage.regular_file import read_regular

MOST_ENTRY = 1024  # bytes: two digests


def cached_sha256(pieces: Callable[[], Iterable[bytes | memoryview]]) -> str:
    """Return the sha256, in hexadecimal, of the pieces together.

    Parameters
    ----------
    pieces : callable
        Gives the content from its beginning, at each call: once where it is known, else twice.
    """
    checksum = xxhash.xxh3_128()
    for piece in pieces():
        checksum.update(piece)
    folder = writable_folder("digests")
    place = None if folder is None else folder / checksum.hexdigest()
    known = None if place is None else _recall(place)
    if known is not None:
        return known
    digest = hashlib.sha256()
    for piece in pieces():
        digest.update(piece)
    if place is not None:
        with contextlib.suppress(WriteError):  # a full disk: it is computed again the next time
            _store(place, digest.hexdigest())
    return digest.hexdigest()


def _store(place: Path, digest: str) -> None:
    with being_written(place) as temporary:
        temporary.write_text(_entry(place, digest))


def _recall(place: Path) -> str | None:
    try:
        entry = read_regular(place, MOST_ENTRY).decode("ascii", "replace")
    except OSError:
        return None
    digest = entry.partition(" ")[0]
    if entry == _entry(place, digest):
        return digest
    tell_damaged(place)
    return None


def _entry(place: Path, digest: str) -> str:
    return f"{digest} {xxhash.xxh3_128_hexdigest(f'{place.name} {digest}'.encode())}\n"
