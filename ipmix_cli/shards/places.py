"""Where the pictures of a shard lie in its file, so that training reads them without the shard being open.

A format that can tell has a function ``places(path, location) -> Places | None`` in the table of writers; None says
that its pictures cannot be read by offset and length alone, as compressed chunks cannot.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

CLEAN = -1


Extent = tuple[int, int, NDArray[np.uint8]]
"""The offset and the length in bytes of a stored picture, and the array that it is to be read into."""


class Extents(Protocol):
    """The offset and the length in bytes of each stored picture."""

    def each(
        self, positions: Sequence[int], chosen: Sequence[Sequence[int]], outs: Sequence[NDArray[np.uint8]]
    ) -> Iterator[Extent]:
        """Yield where the chosen pictures of samples lie, copies by number and the clean picture as -1.

        `outs` has an array (V, H, W, 3) for each sample.
        """
        ...

    def offsets_of(self, positions: NDArray[np.int64], chosen: NDArray[np.int64], length: int) -> NDArray[np.int64]:
        """Return the offsets (N, V) of the chosen pictures of samples; raises ValueError if one has another length."""
        ...

    def offsets_of_one(self, positions: NDArray[np.int64], copy: int, length: int) -> NDArray[np.int64]:
        """Return the offsets (N, 1) of one picture of each sample, the same copy of all; raises as `offsets_of`."""
        ...

    def end(self) -> int:
        """Return the first offset behind all pictures."""
        ...

    @property
    def nbytes(self) -> int:
        """How much memory this takes."""
        ...


@dataclass(frozen=True)
class RegularExtents:
    """Pictures of one length at regular distances, as in raw arrays.

    Parameters
    ----------
    starts, steps : dict of int to int
        By the copy's number: the offset of the first sample's picture, and the distance to the next sample's, in bytes.
    length : int
        Of each picture, in bytes.
    samples : int
    """

    starts: dict[int, int]
    steps: dict[int, int]
    length: int
    samples: int

    def each(
        self, positions: Sequence[int], chosen: Sequence[Sequence[int]], outs: Sequence[NDArray[np.uint8]]
    ) -> Iterator[Extent]:
        """Yield where the chosen pictures of samples lie."""
        starts, steps, length = self.starts, self.steps, self.length
        for position, copies, out in zip(positions, chosen, outs, strict=True):
            for row, copy in enumerate(copies):
                yield starts[copy] + position * steps[copy], length, out[row]

    def offsets_of(self, positions: NDArray[np.int64], chosen: NDArray[np.int64], length: int) -> NDArray[np.int64]:
        """Return the offsets (N, V) of the chosen pictures of samples; raises ValueError for another length."""
        if length != self.length:
            raise ValueError("pictures of another length")
        starts, steps = self._tables
        which = chosen - CLEAN
        return np.asarray(starts[which] + positions[:, None] * steps[which], np.int64)

    def offsets_of_one(self, positions: NDArray[np.int64], copy: int, length: int) -> NDArray[np.int64]:
        """Return the offsets (N, 1) of the same picture of each sample; raises ValueError for another length."""
        if length != self.length or copy not in self.starts:
            raise ValueError("pictures of another length, or none")
        return (positions * self.steps[copy] + self.starts[copy])[:, None]

    @functools.cached_property
    def _tables(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The starts and the steps by the copy's number + 1; a start far below 0 for pictures that are not there."""
        starts, steps = np.full(max(self.starts) + 2, -(2**62), np.int64), np.zeros(max(self.starts) + 2, np.int64)
        for copy, start in self.starts.items():
            starts[copy - CLEAN], steps[copy - CLEAN] = start, self.steps[copy]
        return starts, steps

    def end(self) -> int:
        """Return the first offset behind all pictures."""
        if not self.samples:
            return 0
        last = self.samples - 1
        return max(start + last * self.steps[copy] + self.length for copy, start in self.starts.items())

    @property
    def nbytes(self) -> int:
        """How much memory this takes, about."""
        return 200 * len(self.starts)


@dataclass(frozen=True)
class ListedExtents:
    """Pictures anywhere.

    Parameters
    ----------
    columns : dict of int to int
        The column of each copy's number in the arrays.
    offsets, lengths : ndarray of int64, (N, columns)
        In bytes.
    """

    columns: dict[int, int]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def each(
        self, positions: Sequence[int], chosen: Sequence[Sequence[int]], outs: Sequence[NDArray[np.uint8]]
    ) -> Iterator[Extent]:
        """Yield where the chosen pictures of samples lie."""
        for position, copies, out in zip(positions, chosen, outs, strict=True):
            offsets, lengths = self.offsets[position].tolist(), self.lengths[position].tolist()
            for row, copy in enumerate(copies):
                column = self.columns[copy]
                yield offsets[column], lengths[column], out[row]

    def offsets_of(self, positions: NDArray[np.int64], chosen: NDArray[np.int64], length: int) -> NDArray[np.int64]:
        """Return the offsets (N, V) of the chosen pictures of samples; raises ValueError for another length."""
        numbers, which = np.unique(chosen, return_inverse=True)
        columns = np.array([self.columns[copy] for copy in numbers.tolist()], np.int64)[which.reshape(chosen.shape)]
        if (self.lengths[positions[:, None], columns] != length).any():
            raise ValueError("pictures of another length")
        return self.offsets[positions[:, None], columns]

    def offsets_of_one(self, positions: NDArray[np.int64], copy: int, length: int) -> NDArray[np.int64]:
        """Return the offsets (N, 1) of the same picture of each sample; raises ValueError for another length."""
        return self.offsets_of(positions, np.full((len(positions), 1), copy), length)

    def end(self) -> int:
        """Return the first offset behind all pictures."""
        return int((self.offsets + self.lengths).max()) if self.offsets.size else 0

    @property
    def nbytes(self) -> int:
        """How much memory this takes."""
        return self.offsets.nbytes + self.lengths.nbytes


@dataclass(frozen=True)
class Places:
    """What training needs to know of a shard.

    Parameters
    ----------
    labels, indices : ndarray of int64, (N,)
        Class number of each sample, and its number in the data set before pictures were left out.
    sizes : ndarray of int32, (N, 2)
        Height and width of each sample's pictures.
    extents : Extents
    copies : int
        How many each sample has.
    """

    labels: NDArray[np.int64]
    indices: NDArray[np.int64]
    sizes: NDArray[np.int32]
    extents: Extents
    copies: int

    def __len__(self) -> int:
        return len(self.labels)

    @functools.cached_property
    def size(self) -> tuple[int, int] | None:
        """The height and width of all pictures; None if they differ, or there are none."""
        if not len(self.sizes) or (self.sizes != self.sizes[0]).any():
            return None
        return int(self.sizes[0, 0]), int(self.sizes[0, 1])

    @property
    def nbytes(self) -> int:
        """How much memory this takes."""
        return self.labels.nbytes + self.indices.nbytes + self.extents.nbytes + 8 * len(self.labels)
