"""Intervals of means over seeds, where all arms share one spread: three runs of an arm alone tell too little of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple, TypeAlias

import numpy as np
from scipy import stats

Runs: TypeAlias = Mapping[str, Mapping[int, float]]
"""One figure by arm and seed."""

LEVEL = 0.95


class Mean(NamedTuple):
    """A mean, and the half width of its 95 % interval: infinite where nothing says how far runs lie apart."""

    value: float
    half: float


class Spread:
    """How far the runs of a study lie apart in one figure.

    The deviation of runs around their arm's mean, and around the sum of an arm's effect and a seed's for differences
    that are paired by seed, is pooled over all arms, as in an analysis of variance; intervals are Student's t with the
    pooled degrees of freedom. They tell of the chance of training, not of the choice of test pictures, which all runs
    share.

    Parameters
    ----------
    runs : mapping of str to mapping of int to float
        The figure by arm and seed.
    """

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        values = [value for seeds in runs.values() for value in seeds.values()]
        arms = [arm for arm, seeds in runs.items() for _ in seeds]
        seeds = [seed for arm in runs.values() for seed in arm]
        self._within = _residual(values, arms)
        self._paired = _residual(values, arms, seeds)

    def mean(self, arm: str) -> Mean | None:
        """Return the mean of an arm; None for an arm without runs."""
        values = list(self.runs.get(arm, {}).values())
        return Mean(fmean(values), self._half(self._within, 1 / len(values))) if values else None

    def difference(self, arm: str, other: str) -> Mean | None:
        """Return the mean of an arm less that of another, over the seeds that both have; None where there are none."""
        one, two = self.runs.get(arm, {}), self.runs.get(other, {})
        both = one.keys() & two.keys()
        if not both or arm == other:
            return None
        return Mean(fmean(one[seed] - two[seed] for seed in both), self._half(self._paired, 2 / len(both)))

    def further_run(self) -> float:
        """Return how far a single further run may lie from the mean of its arm's runs, with 95 % probability."""
        runs = max(len(seeds) for seeds in self.runs.values())
        return self._half(self._within, 1 + 1 / runs)

    @staticmethod
    def _half(pooled: tuple[float, int], factor: float) -> float:
        """Return the half width for a variance of so many times the pooled one."""
        variance, freedom = pooled
        if freedom < 1:
            return float("inf")
        return float(stats.t.ppf((1 + LEVEL) / 2, freedom) * (variance * factor) ** 0.5)


def _residual(values: Sequence[float], *factors: Sequence[Hashable]) -> tuple[float, int]:
    """Return the variance that the factors' effects, added up, leave by least squares, and its degrees of freedom.

    Not every level of one factor need meet every level of another: an arm may lack seeds.
    """
    columns = [[float(label == level) for label in factor] for factor in factors for level in dict.fromkeys(factor)]
    effects, _, rank, _ = np.linalg.lstsq(np.transpose(columns), np.asarray(values), rcond=None)
    freedom = len(values) - int(rank)
    squares = float(np.sum((values - np.transpose(columns) @ effects) ** 2))
    return (squares / freedom if freedom > 0 else 0.0), freedom
