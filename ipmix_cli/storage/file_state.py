"""What a file was like when it was listed: its size, the time of its last change, its inode.

A source that is overwritten while a job runs would give shards that are not what its digest names. So each file is
looked at again when it is read, and all of them once more before the manifest is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.storage.temporary import machine

States = NDArray[np.int64]
"""(n, 3): the size in bytes, the time of the last change in ns, and the inode of each file; -1 for one not there."""

Name = str | bytes | Path


def states_of(paths: Iterable[Name], count: int) -> States:
    """Return the states of files, in order."""
    numbers = (number for path in paths for number in _state(path))
    return np.fromiter(numbers, np.int64, 3 * count).reshape(-1, 3)


def _state(path: Name) -> tuple[int, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - of bytes too, and a Path costs more than the question
    except (OSError, ValueError):
        return -1, -1, -1
    return found.st_size, found.st_mtime_ns, found.st_ino & 0x7FFFFFFFFFFFFFFF


def check_state(path: Name, expected: NDArray[np.int64], where: str) -> None:
    """Refuse a file that is no longer what it was when it was listed on the machine `where`.

    On another machine only the size is compared: a copy there has other times and inodes.

    Raises
    ------
    SourceError
        Naming the file.
    """
    found = _state(path)
    if found[0] != expected[0] or (where == machine() and found != tuple(expected.tolist())):
        raise SourceError(
            f"{os.fsdecode(path)} changed while the job ran",
            "restore it and repeat the same command, or choose another --out for the changed source",
        )


@dataclass(frozen=True)
class WatchedFiles:
    """Files with their states when they were listed, and on which machine; picklable."""

    paths: tuple[str, ...] = ()
    states: tuple[tuple[int, ...], ...] = ()
    where: str = ""

    @classmethod
    def of(cls, paths: Sequence[Name]) -> WatchedFiles:
        """Return files as they are now: before anything of them is read."""
        states = tuple(map(tuple, states_of(paths, len(paths)).tolist()))
        return cls(tuple(map(os.fsdecode, paths)), states, machine())

    def check(self) -> None:
        """Refuse files that are no longer what they were; raises SourceError."""
        for path, state in zip(self.paths, self.states, strict=True):
            check_state(path, np.array(state), self.where)

    def fingerprint(self) -> str:
        """Return a short text that differs as soon as a file does."""
        return xxhash.xxh3_64_hexdigest(repr((self.paths, self.states)).encode("utf-8", "surrogateescape"))


NO_FILES = WatchedFiles()
"""Of a source that is drawn, or lies in an object store."""
