"""Slow, obvious versions of the measures, written from the papers and checked against the authors' programs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rms(confidence: NDArray[np.float64], correct: NDArray[np.float64], size: int, leave_out_last: bool) -> float:
    order = np.argsort(confidence)
    confidence, correct = confidence[order], correct[order]
    bins = [[start, start + size] for start in range(0, len(order) // size * size, size)] or [[0, len(order)]]
    bins[-1][1] = len(order)
    total = 0.0
    for start, stop in bins[:-1] if leave_out_last else bins:
        gap = np.mean(confidence[start:stop]) - np.mean(correct[start:stop])
        total += (stop - start) / len(order) * gap**2
    return float(np.sqrt(total))


def flip(sequences: NDArray[np.int64], noise: bool, difficulty: int) -> float:
    means = []
    for frames in sequences:
        changes = []
        for first in range(1 if noise else difficulty):
            row = frames[first :: 1 if noise else difficulty]
            changes += [row[0 if noise else i - 1] != row[i] for i in range(1, len(row))]
        means.append(np.mean(changes))
    return float(np.mean(means))


def distance(scores: NDArray[np.float64], noise: bool, difficulty: int, zipf: bool) -> float:
    """Follow section 4.2 of the paper: the permutation between two rankings, and how far it moves the first five."""
    means = []
    for frames in scores:
        rankings = [sorted(range(len(row)), key=lambda c: (-row[c], c)) for row in frames]
        found = []
        for first in range(1 if noise else difficulty):
            some = rankings[first :: 1 if noise else difficulty]
            for i in range(1, len(some)):
                before, after = some[0 if noise else i - 1], some[i]
                sigma = [after.index(c) + 1 for c in before]
                found.append(_zipf(sigma) if zipf else _top5(sigma))
        means.append(np.mean(found))
    return float(np.mean(means))


def _top5(sigma: list[int]) -> int:
    total = 0
    for i in range(1, 6):
        low, high = min(i, sigma[i - 1]), max(i, sigma[i - 1])
        total += sum(1 for j in range(low + 1, high + 1) if 1 <= j - 1 <= 5)
    return total


def _zipf(sigma: list[int]) -> float:
    return sum(abs(1 / (i + 1) - 1 / s) / (i + 1) for i, s in enumerate(sigma))


def fpr(anomalous: NDArray[np.float64], usual: NDArray[np.float64], recall: float) -> float:
    """Walk through the thresholds from the one that finds all anomalies up, and keep the nearest."""
    best: tuple[float, float] | None = None
    thresholds = np.unique(np.concatenate([anomalous, usual]))
    complete = [t for t in thresholds if (anomalous >= t).all()]
    for threshold in [t for t in thresholds if t >= max(complete)]:
        found = np.sum(anomalous >= threshold) / len(anomalous)
        away = abs(found - recall)
        if best is None or away < best[0]:
            best = away, float(np.sum(usual >= threshold) / len(usual))
    assert best is not None
    return best[1]
