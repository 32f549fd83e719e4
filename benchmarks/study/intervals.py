"""Intervals of means over seeds, where all arms share one spread: three runs of an arm alone tell too little of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import NamedTuple, TypeAlias

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

    The deviation of runs around their arm's mean, and that of paired differences of runs with the same seed, are pooled
    over all arms, as in an analysis of variance; intervals are Student's t with the pooled degrees of freedom. They
    tell of the chance of training, not of the choice of test pictures, which all runs share.

    Parameters
    ----------
    runs : mapping of str to mapping of int to float
        The figure by arm and seed.
    """

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self._within = _pooled(seeds.values() for seeds in runs.values())
        seeds = sorted({seed for arm in runs.values() for seed in arm})
        shared = [arm for arm in runs.values() if len(arm) == len(seeds)]
        centre = {seed: fmean(arm[seed] for arm in shared) for seed in seeds} if shared else {}
        residuals = [[arm[seed] - centre[seed] for seed in seeds] for arm in shared]
        self._paired = _pooled(residuals, arms_tied=True)

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


def _pooled(groups: Iterable[Iterable[float]], arms_tied: bool = False) -> tuple[float, int]:
    """Return the variance of values around their group's mean, and its degrees of freedom.

    Where groups are tied, the mean of each place over the groups has been taken away: it costs a group's freedom.
    """
    lists = [list(group) for group in groups]
    squares = sum((value - fmean(group)) ** 2 for group in lists for value in group)
    freedom = sum(len(group) - 1 for group in lists)
    if arms_tied and lists:
        freedom -= len(lists[0]) - 1
    return (squares / freedom if freedom > 0 else 0.0), freedom
