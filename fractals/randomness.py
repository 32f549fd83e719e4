"""The one stream of chance that belongs to one attempt at one picture.

Philox keyed by numpy's `SeedSequence` with a spawn key: attempts and pictures never share a stream, whatever
the seed (`default_rng([1])` and `default_rng([1, 0])` would). Only raw 64-bit words are taken from numpy, so
no release of numpy can change what is drawn from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from fractals import elementary

T = TypeVar("T")


class RandomStream:
    """A stream of random numbers, rounded to seven digits so that they survive being written as JSON.

    Parameters
    ----------
    seed : int
        Seed of the whole bank, at least 0.
    *spawn_key : int
        Which stream of this seed: picture number, attempt, purpose.
    """

    def __init__(self, seed: int, *spawn_key: int) -> None:
        self._generator = np.random.Philox(np.random.SeedSequence(entropy=seed, spawn_key=spawn_key))
        self._words: list[int] = []

    def word(self) -> int:
        """Return 63 random bits."""
        if not self._words:
            self._words = self._generator.random_raw(64).tolist()[::-1]
        return self._words.pop() >> 1

    def unit(self) -> float:
        """Return a number in [0, 1) with all its 53 bits."""
        return (self.word() >> 10) * 2.0**-53

    def uniform(self, low: float, high: float) -> float:
        """Return a number between `low` and `high`."""
        return float(f"{low + (high - low) * self.unit():.7g}")

    def log_uniform(self, low: float, high: float) -> float:
        """Return a number between `low` and `high` whose logarithm is uniform."""
        ends = elementary.log(float(low)), elementary.log(float(high))
        return float(f"{elementary.exp(ends[0] + (ends[1] - ends[0]) * self.unit()):.7g}")

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + (self.word() >> 31) * (high - low + 1) // 2**32

    def flag(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.unit() < probability

    def choose(self, items: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """Return one of the items, with equal chances or with these relative weights."""
        if weights is None:
            return items[self.integer(0, len(items) - 1)]
        point = self.unit() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            point -= weight
            if point < 0:
                return item
        return max(zip(weights, items, strict=True), key=lambda pair: pair[0])[1]

    def seed(self) -> int:
        """Return a 48-bit seed for a kernel's own stream (exact in JSON readers that know only doubles)."""
        return self.word() >> 15
