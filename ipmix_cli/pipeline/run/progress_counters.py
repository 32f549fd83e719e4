"""How far each shard is: counters in a small memory-mapped file that workers write and the main process reads.

A worker that is killed leaves its counters behind, so that the main process can tell which picture it was busy with.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

IDLE = -1  # no picture is being read

_SLOT = np.dtype([("done", np.int64), ("busy", np.int64), ("started", np.int64)])


@dataclass(frozen=True)
class ProgressCounters:
    """Counters of `slots` shards in a file; picklable, one slot written by one worker at a time."""

    path: str
    slots: int

    def _open(self) -> NDArray[np.void]:
        return np.memmap(self.path, _SLOT, "r+", shape=(self.slots,))

    def progress(self, number: int) -> ShardProgress:
        """Return the counters of one shard, for the worker that makes it; on another machine nobody sees them."""
        try:
            return ShardProgress(self._open()[number : number + 1])
        except FileNotFoundError:
            return ShardProgress(None)

    def finished(self, number: int, pictures: int) -> None:
        """Say that a shard and its pictures are committed; its worker may be on another machine."""
        progress = ShardProgress(self._open()[number : number + 1])
        progress.done(pictures)
        progress.finish()

    def done(self) -> int:
        """Return how many pictures are done in all shards together."""
        return int(self._open()["done"].sum())

    def unfinished(self) -> list[int]:
        """Return the shards that were begun and not finished."""
        return [int(i) for i in np.flatnonzero(self._open()["started"] == 1)]

    def busy_with(self, number: int) -> int:
        """Return the source index of the picture that a shard's worker was reading, or IDLE."""
        counters = self._open()[number]
        return int(counters["busy"]) if counters["started"] == 1 else IDLE


class ShardProgress:
    """The counters of one shard."""

    def __init__(self, counters: NDArray[np.void] | None) -> None:
        own = np.zeros(1, _SLOT) if counters is None else np.asarray(counters)
        self._started, self._done, self._busy = (
            own["started"],
            own["done"],
            own["busy"],
        )  # views: written once a picture
        self._started[0] = 1
        self._done[0] = 0
        self._busy[0] = IDLE

    def reading(self, source_index: int) -> None:
        """Say which picture is about to be read; IDLE when all are."""
        self._busy[0] = source_index

    def done(self, pictures: int) -> None:
        """Say how many pictures of the shard are done."""
        self._done[0] = pictures

    def finish(self) -> None:
        """Say that the shard is committed."""
        self._started[0] = 2


@contextlib.contextmanager
def progress_counters(slots: int) -> Iterator[ProgressCounters]:
    """Make the counters of some shards; they are gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="ipmix-") as folder:
        path = Path(folder) / "counters"
        path.write_bytes(bytes(_SLOT.itemsize * max(slots, 1)))
        yield ProgressCounters(str(path), max(slots, 1))
