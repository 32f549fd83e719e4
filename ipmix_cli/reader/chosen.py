"""Which pictures of a sample each view shows: a function of seed, epoch and the sample's number alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.randomness import GOLDEN, MASK, scramble, scramble_all
from ipmix_cli.shards.places import CLEAN

VIEWS = ("random", "fixed", "all", "clean", "triplet")


@dataclass(frozen=True)
class Choice:
    """What of a sample is shown.

    Parameters
    ----------
    view : str
        One of VIEWS.
    copy : int
        Of the view "fixed".
    seed : int
    copies : int
        How many there are to choose from.
    fresh : bool
        Whether every epoch has copies of its own, so that none has to be chosen.
    only : tuple of int
        Of the view "all": these copies, in this order; empty for all.
    """

    view: str
    copy: int
    seed: int
    copies: int
    fresh: bool = False
    only: tuple[int, ...] = ()

    @property
    def stacked(self) -> bool:
        """Whether a sample is several pictures in one array."""
        return self.view in {"all", "triplet"}

    def check(self, location: str, clean: bool) -> None:
        """Refuse what a data set does not hold; raises UsageError."""
        check_name("view", self.view, VIEWS)
        what = "fresh=True" if self.fresh else f"the view {self.view!r}"
        if (self.fresh or self.view in {"clean", "triplet"}) and not clean:
            raise UsageError(
                f"{location} holds no clean pictures, which {what} needs",
                "make it again without --no-clean, or choose another view",
            )
        if self.view == "fixed" and not 0 <= self.copy < self.copies:
            raise UsageError(
                f"there is no copy {self.copy}: {location} holds {self.copies} copies",
                f"choose a copy from 0 to {self.copies - 1}",
            )
        if self.only and (self.view != "all" or not all(0 <= copy < self.copies for copy in self.only)):
            raise UsageError(
                f"copies {list(self.only)} of the view {self.view!r}: {location} holds {self.copies} copies",
                f'choose from 0 to {self.copies - 1}, with view="all"',
            )
        if self.view == "triplet" and self.copies < 2 and not self.fresh:
            raise UsageError(
                f"{location} holds one copy of each picture, and a triplet needs two different ones",
                "make it again with --copies 2 or more, or choose another view",
            )

    @property
    def renders(self) -> bool:
        """Whether copies are shown, and not clean pictures alone."""
        return self.view != "clean"

    def of(self, number: int, epoch: int) -> tuple[int, ...]:
        """Return the pictures of one sample that are shown in an epoch, as :meth:`of_all` does."""
        if self.fresh or self.view not in {"random", "triplet"}:
            return tuple(self.of_all([number], epoch)[0].tolist())
        word = mixed(self.seed, epoch, number)
        first = (word >> 32) * self.copies >> 32
        if self.view == "random":
            return (first,)
        step = 1 + ((word & 0xFFFFFFFF) * (self.copies - 1) >> 32)
        return CLEAN, first, (first + step) % self.copies

    def of_all(self, numbers: Sequence[int], epoch: int) -> NDArray[np.int64]:
        """Return the pictures of samples that are shown in an epoch, (N, V): copies by number, the clean one as -1."""
        count = len(numbers)
        if self.view in {"clean", "fixed"}:
            return np.full((count, 1), CLEAN if self.view == "clean" else self.copy, np.int64)
        if self.view == "all":
            return np.tile(np.array(self.only, np.int64) if self.only else np.arange(self.copies), (count, 1))
        if self.fresh:
            return np.tile([0] if self.view == "random" else [CLEAN, 0, 1], (count, 1))
        word = mixed_all(self.seed, epoch, np.array(numbers, np.uint64))
        half, low, copies = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(self.copies)
        first = ((word >> half) * copies >> half).astype(np.int64)
        if self.view == "random":
            return first[:, None]
        step = 1 + ((word & low) * np.uint64(self.copies - 1) >> half).astype(np.int64)
        return np.stack([np.full(count, CLEAN), first, (first + step) % self.copies], axis=1)


def mixed(seed: int, epoch: int, index: int) -> int:
    """Return 64 bits that follow from three numbers: SplitMix64's finaliser after each.

    >>> mixed(0, 0, 0) != mixed(0, 1, 0) != mixed(0, 0, 1)
    True
    """
    state = 0
    for number in (seed, epoch, index):
        state = scramble((state + number + GOLDEN) & MASK)
    return state


def mixed_all(seed: int, epoch: int, indices: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return :func:`mixed` of many indices.

    >>> int(mixed_all(5, 7, np.array([9], np.uint64))[0]) == mixed(5, 7, 9)
    True
    """
    state = np.zeros(len(indices), np.uint64)
    for number in (np.uint64(seed & MASK), np.uint64(epoch & MASK), indices):
        state = scramble_all(state + number + np.uint64(GOLDEN))
    return state
