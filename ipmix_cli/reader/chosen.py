"""Which pictures of a sample each view shows: a function of seed, epoch and the sample's number alone."""

from __future__ import annotations

from dataclasses import dataclass

from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.shards.places import CLEAN

VIEWS = ("random", "fixed", "all", "clean", "triplet")
MASK = 2**64 - 1


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
    """

    view: str
    copy: int
    seed: int
    copies: int

    @property
    def stacked(self) -> bool:
        """Whether a sample is several pictures in one array."""
        return self.view in {"all", "triplet"}

    def check(self, location: str, clean: bool) -> None:
        """Refuse what a data set does not hold; raises UsageError."""
        check_name("view", self.view, VIEWS)
        if self.view in {"clean", "triplet"} and not clean:
            raise UsageError(
                f"{location} holds no clean pictures, which the view {self.view!r} needs",
                "make it again without --no-clean, or choose another view",
            )
        if self.view == "fixed" and not 0 <= self.copy < self.copies:
            raise UsageError(
                f"there is no copy {self.copy}: {location} holds {self.copies} copies",
                f"choose a copy from 0 to {self.copies - 1}",
            )
        if self.view == "triplet" and self.copies < 2:
            raise UsageError(
                f"{location} holds one copy of each picture, and a triplet needs two different ones",
                "make it again with --copies 2 or more, or choose another view",
            )

    def of(self, number: int, epoch: int) -> tuple[int, ...]:
        """Return the pictures of a sample that are shown in an epoch: copies by number, the clean picture as -1."""
        if self.view == "clean":
            return (CLEAN,)
        if self.view == "fixed":
            return (self.copy,)
        if self.view == "all":
            return tuple(range(self.copies))
        chance = mixed(self.seed, epoch, number)
        first = (chance >> 32) * self.copies >> 32
        if self.view == "random":
            return (first,)
        step = 1 + ((chance & 0xFFFFFFFF) * (self.copies - 1) >> 32)
        return CLEAN, first, (first + step) % self.copies


def mixed(seed: int, epoch: int, index: int) -> int:
    """Return 64 bits that follow from three numbers: splitmix64's finaliser after each (Steele et al., 2014).

    >>> mixed(0, 0, 0) != mixed(0, 1, 0) != mixed(0, 0, 1)
    True
    """
    state = 0
    for number in (seed, epoch, index):
        state = (state + number + 0x9E3779B97F4A7C15) & MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & MASK
        state ^= state >> 31
    return state
