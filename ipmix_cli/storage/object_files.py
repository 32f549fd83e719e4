"""Files of a source that lie in an object store: tars by ranges, pictures many at a time, lists as text."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.storage.object_store import (
    ANSWER_SECONDS,
    REMEDY,
    RemoteFolder,
    State,
    file_system,
    is_remote,
    persist,
    state_in,
    within,
)
from ipmix_cli.storage.regular_file import open_regular

FIRST = 2**18  # bytes of a first request: some pictures, if only one is needed
BLOCK = 8 * 2**20  # bytes of the largest request: some eighty photographs, which follow each other in a tar
AT_ONCE = 64  # pictures that are fetched at a time: a store answers late, but many requests together


class RemoteFile:
    """A remote file as something to slice; it is fetched block by block, and the last block is kept.

    A block that follows the one before is twice as long, so that single pictures cost little and tars few requests.

    Raises
    ------
    SourceError
        If it is missing, cannot be read, is shorter than before, or its server does not tell its size.

    Attributes
    ----------
    state : State
        Of the moment when it was opened.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._files, self._path = file_system(url)
        facts = self._asked(lambda: self._files.info(self._path))
        if facts.get("size") is None:
            raise SourceError(f"cannot read {url}: its server does not tell its size", "fetch it to a disk first")
        self.state = state_in(facts)
        self._size = self.state[0]
        self._start, self._block, self._ahead = 0, b"", FIRST

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, key: slice, /) -> bytes:
        start, stop, _ = key.indices(self._size)
        if stop <= start:
            return b""
        if start < self._start or stop > self._start + len(self._block):
            end = self._start + len(self._block)
            follows = bool(self._block) and self._start <= start <= end + self._ahead
            self._ahead = min(2 * self._ahead, BLOCK) if follows else FIRST
            self._fetch(start, min(max(stop, start + self._ahead), self._size))
        return self._block[start - self._start : stop - self._start]

    def _fetch(self, start: int, stop: int) -> None:
        self._block = self._asked(lambda: self._whole(start, stop))
        self._start = start

    def _whole(self, start: int, stop: int) -> bytes:
        data: bytes = self._files.cat_file(self._path, start=start, end=stop)
        if len(data) == self._size > stop - start:
            raise OSError("its server sends whole files alone, and no ranges of them")
        if len(data) != stop - start:
            raise OSError(f"{len(data)} bytes came instead of {stop - start}")
        return data

    def _asked(self, question: Callable[[], Any]) -> Any:
        try:
            return persist(lambda: within(ANSWER_SECONDS, question))
        except Exception as error:
            raise SourceError(f"cannot read {self._url}: {type(error).__name__}: {error}", REMEDY) from error


@contextlib.contextmanager
def ranges_of(location: str, expected: State | None = None) -> Iterator[Callable[[int, int], bytes]]:
    """Open a file, local or remote, and give a function of (offset, size) that reads from it.

    A remote one has to be as expected before it is read and after, where that is given; raises SourceError.
    """
    if is_remote(location):
        remote = RemoteFile(location)
        check_remote(location, remote.state, expected)
        yield lambda offset, size: remote[offset : offset + size]
        check_remote(location, None if expected is None else RemoteFile(location).state, expected)
        return
    try:
        file = open_regular(location)
    except OSError as error:
        raise SourceError(f"cannot read {location}: {error.strerror or error}", "restore it") from error
    with file:
        yield lambda offset, size: os.pread(file.fileno(), size, offset)


def remote_tars(pattern: str, expand: Callable[[str], list[str]]) -> list[str]:
    """Return the tars that a URL stands for: one, ``NAME-{000..009}.tar``, or those right below a prefix."""
    if pattern.endswith(".tar"):
        return expand(pattern)
    folder = RemoteFolder(pattern)
    return [f"{folder.location}/{name}" for name in folder.names() if "/" not in name and name.endswith(".tar")]


def remote_text(url: str) -> IO[str]:
    """Return a remote list as lines of text."""
    remote = RemoteFile(url)
    return io.TextIOWrapper(io.BytesIO(remote[:]), encoding="utf-8-sig", errors="surrogateescape", newline="")


def check_remote(url: str, found: State | None, expected: State | None) -> None:
    """Refuse a remote file that is no longer what it was when it was listed; raises SourceError."""
    if expected is not None and found != expected:
        raise SourceError(
            f"{url} changed while the job ran",
            "put it back as it was and type the same command again; for the source as it is now choose another --out",
        )


def remote_states(root: str, names: Sequence[str]) -> list[State]:
    """Return the state of each file below a URL, (-1, -1) for one that is not there."""
    there = RemoteFolder(root).states(names)
    return [there.get(name, (-1, -1)) for name in names]


def remote_pictures(root: str, names: Sequence[str]) -> Iterator[bytes | BadSampleError]:
    """Yield the content of each file below a URL, or why it cannot be read; many are fetched at a time."""
    folder = RemoteFolder(root)
    for start in range(0, len(names), AT_ONCE):
        some = [names[number] for number in range(start, min(start + AT_ONCE, len(names)))]
        fetched = folder.attempts(some)
        for name in some:
            content = fetched[name]
            yield content if isinstance(content, bytes) else _again(folder, name)


def _again(folder: RemoteFolder, name: str) -> bytes | BadSampleError:
    try:
        return folder.read(name)
    except FileNotFoundError:
        return BadSampleError("it is not there", "repair or leave out that file, or allow for it with --max-errors")
