"""Shards from an object store or a web server, fetched into a bounded cache on this machine.

All processes of a machine share the cache: a shard is fetched once, by whoever needs it first. A fetch that is broken
off goes on where it stopped. When the cache is full, the shards unused for longest go.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from ipmix_cli.errors import SourceError
from ipmix_cli.numba_cache.user_cache import user_cache
from ipmix_cli.reader.contents import ShardEntry
from ipmix_cli.storage.folder import sha256_of, write_error
from ipmix_cli.storage.object_store import RemoteFolder

BLOCK = 2**24  # bytes of one request: few round trips, and little lost when one fails
CACHE_GB = 50.0
PART = ".part"


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
        """Tell whether a shard is there, and mark it as used."""
        try:
            os.utime(path)
            return path.stat().st_size == entry.bytes
        except FileNotFoundError:
            return False

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


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock among the processes of this machine."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
