"""Numba's cache of compiled code, with a checksum in each file: what rotted is compiled again, and never run.

Numba unpickles what it finds and runs it. One flipped bit gave other pixels without an error, or ended the process in
every later run. So each file begins with a checksum of its name and content, which is compared before anything is
unpickled. It tells rot, not forgery: whoever can write into the user's cache can run code as the user anyway.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import xxhash
from numba.core import caching

from ipmix_cli.numba_cache.user_cache import tell_damaged

CHECKSUM_BYTES = 16  # of xxh3_128
SUFFIXES = (".nbi", ".nbc")  # numba's names of an index and of compiled code

cache_file: Any = caching  # numba states few types


class CheckedCacheFile(cache_file.IndexDataCacheFile):  # type: ignore[misc]
    """The index and the compiled code of one function, each in a file that begins with its checksum.

    It overrides how `numba.core.caching.IndexDataCacheFile` reads and writes both.
    """

    def _load_index(self) -> dict[Any, str]:
        stored = _stored(Path(self._index_path))
        if stored is None:
            return {}
        version, stamp, overloads = stored
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        stored = _stored(Path(self._data_path(name)))
        if stored is None:
            raise OSError(f"{name} is not there, or damaged")  # numba then compiles the function, and saves it again
        return stored

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _write(self, path: str, values: Any) -> None:
        content = self._dump(values)
        with self._open_for_write(path) as file:
            file.write(_checksum(Path(path).name, content) + content)


def _stored(path: Path) -> Any:
    """Return what a file of the cache holds; None if it is not there, damaged, or of a version with other modules."""
    content = sound_content(path)
    try:
        return None if content is None else pickle.loads(content)
    except (ImportError, AttributeError):
        return None


def sound_content(path: Path) -> bytes | None:
    """Return what was written into a file of the cache; None where it is not there, or no longer what it was."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body = content[CHECKSUM_BYTES:]
    if content[:CHECKSUM_BYTES] == _checksum(path.name, body):
        return body
    tell_damaged(path)
    return None


def all_sound(folder: Path) -> bool:
    """Return whether every file of compiled code in a folder is what was written; damaged ones are removed."""
    sound = True
    for path in sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES):
        if sound_content(path) is None:
            sound = False
            path.unlink(missing_ok=True)
    return sound


def check_contents(dispatcher: Any, folder: Path) -> None:
    """Have a function that numba compiles with ``cache=True`` use a :class:`CheckedCacheFile` in a folder.

    The folder's name is a digest of the source. So neither the place nor the time of the source matters, at which numba
    would look: two environments with the same version of ipmix share what one of them has compiled.
    """
    cache = dispatcher._cache  # noqa: SLF001 - numba offers no other way to it
    cache._cache_file = CheckedCacheFile(  # noqa: SLF001
        cache_path=str(folder),
        filename_base=cache._impl.filename_base,  # noqa: SLF001
        source_stamp=folder.name,
    )


def _checksum(name: str, content: bytes) -> bytes:
    return xxhash.xxh3_128_digest(name.encode() + b"\0" + content)
