"""Bootstrap replicates: figures for data sets resampled from the same pictures, with replacement.

Pictures are drawn, with all their variants, since variants of a picture are not independent. The draws follow from the
number of pictures alone: two models on the same pictures get the same draws, so that the replicates of their figures
can be subtracted one by one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.metrics import anomaly
from ipmix_cli.metrics.anomaly import area_under_roc, average_precision, nearest_fpr, tie_groups
from ipmix_cli.metrics.calibration import BIN_SIZE

Values = NDArray[np.float64]
Counts = NDArray[np.uint8]
"""How often a picture was drawn; a picture is drawn once on average, and never 255 times."""

BLOCK_VALUES = 4_000_000  # drawn at once: 32 MB
CACHED_VALUES = 200_000_000  # counts of a byte each, drawn once for all variants of a set
LEVEL = (2.5, 97.5)
"""Percentiles of the replicates that bound a 95 % interval (Efron and Tibshirani, 1993)."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its bootstrap replicates (B,), none of them if no interval is wanted."""

    value: float
    replicates: Values

    def interval(self) -> tuple[float, float] | None:
        """Return the bounds of the 95 % interval; None without replicates."""
        if not len(self.replicates):
            return None
        low, high = np.percentile(self.replicates, LEVEL)
        return float(low), float(high)

    def less(self, other: Estimate) -> Estimate:
        """Return the difference from another model's figure on the same pictures, paired replicate by replicate."""
        count = min(len(self.replicates), len(other.replicates))
        return Estimate(self.value - other.value, self.replicates[:count] - other.replicates[:count])


@dataclass(frozen=True)
class Resampling:
    """`replicates` data sets of as many pictures as there are; `stream` tells independent ones apart."""

    pictures: int
    replicates: int
    stream: int = 0

    def blocks(self) -> Iterator[Counts]:
        """Yield how often each picture is in each of some data sets, uint8 (b, pictures)."""
        if self.pictures * self.replicates <= CACHED_VALUES:
            yield from _cached_blocks(self)
        else:
            yield from _drawn(self)

    def means(self, values: NDArray[np.generic]) -> Values:
        """Return the replicates (B, M) of the means of M columns of values (pictures, M)."""
        columns = np.asarray(values, dtype=np.float64)
        found = [counts.astype(np.float64) @ columns / self.pictures for counts in self.blocks()]
        return np.concatenate(found) if found else np.empty((0, columns.shape[1]))

    def rms(self, confidence: Values, correct: Values) -> tuple[Values, Values]:
        """Return the replicates (B,) of the RMS calibration error, corrected and as published."""
        if not self.replicates:
            return np.empty(0), np.empty(0)
        from ipmix_cli.scoring.measuring.binned import fill_squares  # which loads a compiler

        order = np.argsort(confidence, kind="stable")
        gaps = (confidence - correct)[order]
        table = np.empty((self.replicates, 2))
        row = 0
        for counts in self.blocks():
            fill_squares(counts, order, gaps, BIN_SIZE, table[row : row + len(counts)])
            row += len(counts)
        table = np.sqrt(np.maximum(table, 0.0))
        return table[:, 0], table[:, 1]


def _drawn(resampling: Resampling) -> Iterator[Counts]:
    pictures = resampling.pictures
    rng = np.random.Generator(np.random.Philox(key=[pictures, resampling.stream]))
    size = max(1, BLOCK_VALUES // pictures)
    for start in range(0, resampling.replicates, size):
        some = min(size, resampling.replicates - start)
        drawn = rng.integers(0, pictures, (some, pictures))
        drawn += np.arange(some)[:, None] * pictures
        yield np.bincount(drawn.reshape(-1), minlength=some * pictures).reshape(some, -1).astype(np.uint8)


@functools.lru_cache(maxsize=2)
def _cached_blocks(resampling: Resampling) -> tuple[Counts, ...]:
    return tuple(_drawn(resampling))


def centred(value: float, replicates: Values) -> Estimate:
    """Return an estimate of a binned calibration error: its replicates are moved so that their mean is the figure.

    Resampling adds noise to each bin, and the absolute or squared differences of all bins rise with it: the
    replicates lie above the figure, some even whole intervals. Their spread is right.
    """
    return Estimate(value, np.maximum(replicates - replicates.mean() + value, 0.0) if len(replicates) else replicates)


def anomaly_replicates(anomalous: Values, usual: Values, replicates: int, base_rate: float) -> Values:
    """Return the replicates (B, 4) of AUROC, AUPR, AUPR at a base rate, and the false positive rate."""
    number, size = tie_groups(anomalous, usual)
    found = []
    draws = zip(
        _one_by_one(Resampling(len(anomalous), replicates, stream=1)),
        _one_by_one(Resampling(len(usual), replicates)),
        strict=True,
    )
    for of_anomalies, of_usual in draws:
        ups = np.bincount(number[: len(anomalous)], weights=of_anomalies, minlength=size)
        downs = np.bincount(number[len(anomalous) :], weights=of_usual, minlength=size)
        counts = anomaly.Counts(np.cumsum(ups), np.cumsum(downs))
        found.append(
            [
                area_under_roc(counts),
                average_precision(counts),
                average_precision(counts, base_rate),
                nearest_fpr(counts),
            ]
        )
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _one_by_one(resampling: Resampling) -> Iterator[Counts]:
    for block in resampling.blocks():
        yield from block
