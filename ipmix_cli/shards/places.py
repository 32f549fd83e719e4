"""Where the pictures of a shard lie in its file, so that training reads them without the shard being open.

A format that can tell has a function ``places(path, location) -> Places | None`` in the table of writers; None says
that its pictures cannot be read by offset and length alone, as compressed chunks cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

CLEAN = -1


class Extents(Protocol):
    """The offset and the length in bytes of each stored picture."""

    def at(self, position: int, copy: int) -> tuple[int, int]:
        """Return offset and length of one picture: a copy by its number, the clean picture by -1."""
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

    def at(self, position: int, copy: int) -> tuple[int, int]:
        """Return offset and length of one picture."""
        return self.starts[copy] + position * self.steps[copy], self.length

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

    def at(self, position: int, copy: int) -> tuple[int, int]:
        """Return offset and length of one picture."""
        column = self.columns[copy]
        return int(self.offsets[position, column]), int(self.lengths[position, column])

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

    @property
    def nbytes(self) -> int:
        """How much memory this takes."""
        return self.labels.nbytes + self.indices.nbytes + self.extents.nbytes + 8 * len(self.labels)
