"""Bootstrap replicates: figures for data sets drawn anew from the same pictures, with replacement.

Pictures are drawn, with all their variants, since variants of a picture are not independent. The draws follow from the
number of pictures alone: two models on the same pictures get the same draws, so that the replicates of their figures
can be subtracted one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.metrics.anomaly import Counts, area_under_roc, average_precision, nearest_fpr, tie_groups
from ipmix_cli.metrics.calibration import BIN_SIZE

Values = NDArray[np.float64]

BLOCK_VALUES = 4_000_000  # counts held at once: 32 MB
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

    def blocks(self) -> Iterator[Values]:
        """Yield how often each picture is in each of some data sets, (b, pictures)."""
        rng = np.random.Generator(np.random.Philox(key=[self.pictures, self.stream]))
        size = max(1, BLOCK_VALUES // self.pictures)
        for start in range(0, self.replicates, size):
            some = min(size, self.replicates - start)
            drawn = rng.integers(0, self.pictures, (some, self.pictures))
            drawn += np.arange(some)[:, None] * self.pictures
            yield np.bincount(drawn.reshape(-1), minlength=some * self.pictures).reshape(some, -1).astype(np.float64)

    def means(self, values: NDArray[np.generic]) -> Values:
        """Return the replicates (B, M) of the means of M columns of values (pictures, M)."""
        columns = np.asarray(values, dtype=np.float64)
        found = [counts @ columns / self.pictures for counts in self.blocks()]
        return np.concatenate(found) if found else np.empty((0, columns.shape[1]))

    def rms(self, confidence: Values, correct: Values) -> tuple[Values, Values]:
        """Return the replicates (B,) of the RMS calibration error, corrected and as published."""
        order = np.argsort(confidence, kind="stable")
        gaps = (confidence - correct)[order]
        starts = np.arange(max(self.pictures // BIN_SIZE, 1)) * BIN_SIZE
        sizes = np.diff(np.append(starts, self.pictures))
        found = [np.empty((0, 2))]
        for counts in self.blocks():
            times = counts[:, order].astype(np.intp).reshape(-1)
            drawn = np.repeat(np.tile(gaps, len(counts)), times).reshape(len(counts), self.pictures)
            squares = np.add.reduceat(drawn, starts, axis=1) ** 2 / sizes / self.pictures
            found.append(np.stack([squares.sum(axis=1), squares[:, :-1].sum(axis=1)], axis=1))
        table = np.sqrt(np.concatenate(found))
        return table[:, 0], table[:, 1]


def centred(value: float, replicates: Values) -> Estimate:
    """Return an estimate of a binned calibration error: its replicates are moved so that their mean is the figure.

    Drawing pictures anew adds noise to each bin, and the absolute or squared differences of all bins rise with it: the
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
        counts = Counts(np.cumsum(ups), np.cumsum(downs))
        found.append(
            [
                area_under_roc(counts),
                average_precision(counts),
                average_precision(counts, base_rate),
                nearest_fpr(counts),
            ]
        )
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _one_by_one(resampling: Resampling) -> Iterator[Values]:
    for block in resampling.blocks():
        yield from block
