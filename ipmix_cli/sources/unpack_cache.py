"""Where the raw pixels of a compressed source lie, so that workers read the rows they need and no others.

A compressed archive is unpacked once into the user's cache (``$IPMIX_CACHE_DIR`` or ``~/.cache/ipmix``), under a name
made from its content. A worker on another machine, or one that finds it gone, unpacks it again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.numba_cache.user_cache import tell_damaged
from ipmix_cli.sources.arrays import FileRows, gone
from ipmix_cli.storage.folder import write_error
from ipmix_cli.storage.regular_file import open_regular, read_regular

KEEP_SECONDS = 14 * 24 * 3600
"""What nobody used for two weeks is removed when something new is unpacked."""

PREFIX = "v2-"
"""Changes when the layout of what is unpacked changes."""

CHECKSUMS = "checksums"
MOST_CHECKSUMS = 2**16  # bytes


def unpacked_folder(key: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of what `make` writes for a key, made now if it is not there.

    Parameters
    ----------
    key : str
        Names the content: the same key must always mean the same files.
    make : callable
        Gets an empty folder to write into. When it raises, nothing is kept.

    Raises
    ------
    SourceError
        No room, or no place to write.
    """
    root = unpack_root()
    folder = root / (PREFIX + key)
    if folder.is_dir():
        if _is_sound(folder):
            with contextlib.suppress(OSError):
                os.utime(folder)
            return folder
        tell_damaged(folder)
        shutil.rmtree(folder, ignore_errors=True)
    _forget_old(root)
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=root, ignore_cleanup_errors=True) as fresh:
            make(Path(fresh))
            (Path(fresh) / CHECKSUMS).write_text(_checksums(Path(fresh)))
            with contextlib.suppress(OSError):  # another process was first: its folder holds the same
                Path(fresh).rename(folder)
    except OSError as error:
        reason = write_error(root, error)
        raise SourceError(f"cannot unpack into {root}: {error.strerror or error}", reason.remedy) from error
    return folder


def _is_sound(folder: Path) -> bool:
    """Return whether an unpacked folder holds what was unpacked; in one process it is read through once."""
    try:
        facts = tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.iterdir()))
        return _was_sound(folder, facts)
    except OSError:
        return False


@functools.lru_cache(maxsize=64)
def _was_sound(folder: Path, _facts: tuple[tuple[str, int, int], ...]) -> bool:
    return read_regular(folder / CHECKSUMS, MOST_CHECKSUMS).decode("ascii", "replace") == _checksums(folder)


def _checksums(folder: Path) -> str:
    """Return the name and xxh3_128 of each file in a folder, but for the file that holds these lines."""
    lines = []
    for path in sorted(folder.iterdir()):
        if path.name != CHECKSUMS:
            checksum = xxhash.xxh3_128()
            with open_regular(path) as file:
                while piece := file.read(2**20):
                    checksum.update(piece)
            lines.append(f"{checksum.hexdigest()}  {path.name}\n")
    return "".join(lines)


def file_key(path: Path, *parts: str) -> str:
    """Return a key for what is unpacked from a file: its sha256, and what else decides the result."""
    digest = hashlib.sha256("\0".join(parts).encode() + b"\0")
    try:
        with open_regular(path) as file:
            while piece := file.read(2**20):
                digest.update(piece)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", "check the file and its permissions") from error
    return digest.hexdigest()


def unpack_root() -> Path:
    """Return the private folder that compressed sources are unpacked into.

    Raises
    ------
    SourceError
        Where neither the user's cache nor the temporary folder can be written.
    """
    from ipmix_cli.numba_cache.user_cache import writable_folder

    folder = writable_folder("unpacked")
    if folder is None:
        raise SourceError("there is no place to unpack a compressed source", "set IPMIX_CACHE_DIR to a writable folder")
    return folder


def _forget_old(root: Path) -> None:
    oldest = time.time() - KEEP_SECONDS
    for folder in root.iterdir():
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class UnpackedRows:
    """ArrayRows of uint8 in a file that `unpack` writes from a compressed one.

    Parameters
    ----------
    archive : str
        Path of the compressed file.
    key : str
        Its :func:`file_key`, over the same `parts`.
    parts : tuple of str
        What else decides what is unpacked.
    file : str
        Name of the unpacked file.
    shape : tuple of int
        Of the rows in it.
    unpack : callable
        A function of a module, or a partial of one: gets the archive's path and the folder to write into.
    """

    archive: str
    key: str
    parts: tuple[str, ...]
    file: str
    shape: tuple[int, ...]
    unpack: Callable[[Path, Path], object]

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the rows start..stop; raises SourceError where the archive is gone or another one."""
        folder = unpacked_folder(self.key, self._unpack)
        return FileRows(str(folder / self.file), 0, self.shape).read(start, stop)

    def _unpack(self, folder: Path) -> None:
        archive = Path(self.archive)
        if file_key(archive, *self.parts) != self.key:
            raise gone(self.archive, "it has changed")
        self.unpack(archive, folder)
