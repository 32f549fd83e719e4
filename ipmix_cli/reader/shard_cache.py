"""Shards from an object store or a web server, fetched into a bounded cache on this machine.

All processes of a machine share the cache: a shard is fetched once, by whoever needs it first. A fetch that is broken
off goes on where it stopped. When the cache is full, the shards unused for longest go. What lies there is compared with
its checksum once in every process, and fetched again if the disk has damaged it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from ipmix_cli.errors import SourceError, WriteError
from ipmix_cli.numba_cache.user_cache import tell_damaged, user_cache
from ipmix_cli.reader.contents import ShardEntry
from ipmix_cli.storage.folder import sha256_of, write_atomically, write_error, xxh3_of
from ipmix_cli.storage.object_store import RemoteFolder
from ipmix_cli.storage.regular_file import read_regular

BLOCK = 2**24  # bytes of one request: few round trips, and little lost when one fails
CACHE_GB = 50.0
PART = ".part"
MOST_CHECKSUM = 64  # bytes

_SOUND: set[tuple[Path, int]] = set()
"""The files that this process has compared with their checksums, with their inodes."""


class ShardCache:
    """The shards of one data set at a URL; small and picklable.

    Parameters
    ----------
    url : str
    root : str or Path, optional
        Where fetched shards lie; in the user's cache by default.
    most_gb : float
        What all shards below `root` may take, of all data sets; one shard is always kept.
    """

    def __init__(self, url: str, root: str | Path | None, most_gb: float) -> None:
        self._url, self._most = url, int(most_gb * 1e9)
        self._root = (user_cache() / "shards" if root is None else Path(root).expanduser()).absolute()
        self._place = self._root / hashlib.sha256(url.encode()).hexdigest()[:16]

    def path(self, entry: ShardEntry) -> Path:
        """Return the local path of a shard, which is fetched if it is not there.

        Raises
        ------
        SourceError
            If it is not in the store, or what has arrived is not what the manifest says.
        WriteError
            If it cannot be kept.
        """
        path = self._place / entry.name
        if not self._is_there(path, entry):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with _locked(path.with_name(f".{path.name}.lock")):
                    if not self._is_there(path, entry):
                        self._make_room(entry.bytes, path)
                        self._fetch(path, entry)
            except OSError as error:
                raise write_error(path, error) from error
        return path

    def _is_there(self, path: Path, entry: ShardEntry) -> bool:
        """Tell whether a shard is there and whole, and mark it as used; a damaged one is removed."""
        try:
            os.utime(path)
            found = path.stat()
        except FileNotFoundError:
            return False
        if found.st_size != entry.bytes:
            return False
        if (path, found.st_ino) not in _SOUND:
            if not _is_sound(path, entry):
                tell_damaged(path)
                path.unlink(missing_ok=True)
                return False
            _SOUND.add((path, found.st_ino))
        return True

    def _fetch(self, path: Path, entry: ShardEntry) -> None:
        part = path.with_name(f".{path.name}{PART}")
        folder = RemoteFolder(self._url)  # made here: a store's client must not be shared over a fork
        with part.open("ab") as file:
            if file.tell() > entry.bytes:
                file.truncate(0)
            while file.tell() < entry.bytes:
                start = file.tell()
                block = self._block(folder, entry, start, min(start + BLOCK, entry.bytes))
                file.write(block)
        if entry.sha256 and sha256_of(part) != entry.sha256:
            part.unlink()
            raise SourceError(
                f"{self._url}/{entry.name} does not match the manifest: its sha256 differs",
                f"type: ipmix validate {self._url}",
            )
        _keep_checksum(path, xxh3_of(part))
        part.replace(path)

    def _block(self, folder: RemoteFolder, entry: ShardEntry, start: int, stop: int) -> bytes:
        try:
            block = folder.read_range(entry.name, start, stop)
        except FileNotFoundError as error:
            raise SourceError(f"{self._url}/{entry.name} is missing", f"type: ipmix repair {self._url}") from error
        if len(block) != stop - start:
            raise SourceError(
                f"{self._url}/{entry.name} is cut off at byte {start + len(block)}", f"type: ipmix validate {self._url}"
            )
        return block

    def _make_room(self, needed: int, path: Path) -> None:
        """Remove the files unused for longest until there is room for another one."""
        kept: list[tuple[float, int, Path]] = []
        for other in self._root.rglob("*"):
            with contextlib.suppress(OSError):
                status = other.stat()
                if other.is_file() and not other.name.endswith(".lock") and other != path:
                    kept.append((status.st_mtime, status.st_size, other))
        total = sum(size for _, size, _ in kept)
        for _, size, other in sorted(kept):
            if total + needed <= self._most:
                break
            if path.name not in other.name:  # its own half
                with contextlib.suppress(OSError):
                    other.unlink()
                total -= size


def _is_sound(path: Path, entry: ShardEntry) -> bool:
    """Return whether a shard's file is what was fetched: by its own checksum, or if there is none, by its sha256."""
    try:
        known = read_regular(_checksum_path(path), MOST_CHECKSUM).decode("ascii", "replace")
    except OSError:
        known = ""
    checksum = xxh3_of(path)
    if checksum == known:
        return True
    if entry.sha256 and sha256_of(path) != entry.sha256:
        return False
    _keep_checksum(path, checksum)
    return True


def _checksum_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.xxh3")


def _keep_checksum(path: Path, checksum: str) -> None:
    with contextlib.suppress(WriteError):  # without it, the sha256 is computed the next time
        write_atomically(_checksum_path(path), checksum.encode())


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock among the processes of this machine."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
