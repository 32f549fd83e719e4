"""Whether anomalies (pictures of no known class) get higher anomaly scores than usual pictures: AUROC, AUPR, FPR."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipmix_cli.errors import PredictionsError
from ipmix_cli.metrics.checks import checked_probabilities

Values = NDArray[np.float64]

RECALL = 0.95


class Counts(NamedTuple):
    """At each threshold, from the highest score to the lowest: how many anomalies and usual pictures are above it."""

    anomalies: Values
    usual: Values


def anomaly_scores(probabilities: ArrayLike) -> Values:
    """Return -max(probability) of each picture, (N,): the higher, the less sure the model is.

    Source: Hendrycks and Gimpel, ICLR 2017.

    Raises
    ------
    PredictionsError
    """
    highest: Values = checked_probabilities(probabilities).max(axis=1)
    return -highest


def auroc(anomalous: ArrayLike, usual: ArrayLike) -> float:
    """Return the probability that an anomaly scores higher than a usual picture; equal scores count half.

    Parameters
    ----------
    anomalous, usual : (N,), (M,) numbers
        Scores of the anomalies (the positives), and of pictures of known classes; higher is more anomalous.

    Raises
    ------
    PredictionsError
        For scores that are empty, not finite or no list.

    Examples
    --------
    >>> auroc([3.0, 2.0], [2.0, 1.0])
    0.875
    """
    return float(area_under_roc(threshold_counts(anomalous, usual)))


def area_under_roc(counts: Counts) -> Values:
    """Return the AUROC from counts (..., thresholds)."""
    new_usual = np.diff(counts.usual, axis=-1, prepend=0.0)
    below = counts.anomalies - np.diff(counts.anomalies, axis=-1, prepend=0.0) / 2
    area: Values = np.sum(new_usual * below, axis=-1) / (counts.anomalies[..., -1] * counts.usual[..., -1])
    return area


def aupr(anomalous: ArrayLike, usual: ArrayLike, *, base_rate: float | None = None) -> float:
    """Return the average precision at finding anomalies.

    It depends on the share of anomalies: chance gives their base rate. The papers keep it at 1/6.

    Parameters
    ----------
    anomalous, usual : (N,), (M,) numbers
        As in :func:`auroc`.
    base_rate : float, optional
        Weigh the anomalies as if they were this share of all pictures.  [default: N / (N + M)]

    Raises
    ------
    PredictionsError

    Examples
    --------
    >>> round(aupr([3.0, 1.0], [2.0]), 6)
    0.833333
    """
    counts = threshold_counts(anomalous, usual)
    return float(average_precision(counts, base_rate))


def average_precision(counts: Counts, base_rate: float | None = None) -> Values:
    """Return the average precision from counts (..., thresholds)."""
    anomalies, usual = counts
    weight: Values | float = 1.0
    if base_rate is not None:
        if not 0 < base_rate < 1:
            raise PredictionsError(f"the base rate of anomalies is {base_rate}", "give a share between 0 and 1")
        weight = base_rate / (1 - base_rate) * usual[..., -1:] / anomalies[..., -1:]
    flagged = anomalies * weight + usual
    precision = np.divide(anomalies * weight, flagged, out=np.zeros_like(flagged), where=flagged > 0)
    recall = anomalies / anomalies[..., -1:]
    total: Values = np.sum(np.diff(recall, axis=-1, prepend=0.0) * precision, axis=-1)
    return total


def fpr_at_recall(anomalous: ArrayLike, usual: ArrayLike, *, recall: float = RECALL) -> float:
    """Return the share of usual pictures that are flagged at the threshold whose recall of anomalies is nearest.

    Parameters
    ----------
    anomalous, usual : (N,), (M,) numbers
        As in :func:`auroc`.
    recall : float
        The share of anomalies to be found. Of two thresholds that are equally near the one that finds more counts.

    Raises
    ------
    PredictionsError

    Notes
    -----
    Source: ``fpr_and_fdr_at_recall`` of outlier exposure (Hendrycks, Mazeika and Dietterich, ICLR 2019). "FPR95" of
    other codes is the first threshold with a recall of 95 % or more, which differs by up to one step.

    Examples
    --------
    >>> fpr_at_recall([3.0, 2.0], [2.5, 1.0], recall=1.0)
    0.5
    """
    return float(nearest_fpr(threshold_counts(anomalous, usual), recall))


def nearest_fpr(counts: Counts, recall: float = RECALL) -> Values:
    """Return the false positive rate from counts (..., thresholds)."""
    anomalies, usual = counts
    found = anomalies / anomalies[..., -1:]
    distance = np.abs(found - recall)
    nearest = distance.min(axis=-1, keepdims=True)
    level = np.where(distance == nearest, found, -1.0).max(axis=-1, keepdims=True)  # of equally near ones the highest
    first = (found >= level).argmax(axis=-1)
    last = found.shape[-1] - 1 - (found <= level)[..., ::-1].argmax(axis=-1)
    place = np.where(level[..., 0] == 1, first, last)  # as published: of thresholds with one recall the last, below 1
    rates: Values = np.take_along_axis(usual, place[..., None], axis=-1)[..., 0] / usual[..., -1]
    return rates


def threshold_counts(anomalous: ArrayLike, usual: ArrayLike) -> Counts:
    """Return the counts at each distinct score, from the highest down.

    Raises
    ------
    PredictionsError
    """
    positives, negatives = _checked(anomalous, "anomalous"), _checked(usual, "usual")
    number, size = tie_groups(positives, negatives)
    ups = np.bincount(number[: len(positives)], minlength=size)
    downs = np.bincount(number[len(positives) :], minlength=size)
    return Counts(np.cumsum(ups).astype(np.float64), np.cumsum(downs).astype(np.float64))


def tie_groups(anomalous: Values, usual: Values) -> tuple[NDArray[np.int64], int]:
    """Return each score's rank from 0, the anomalies' first, and the number of ranks; equal scores share one."""
    distinct, number = np.unique(-np.concatenate([anomalous, usual]), return_inverse=True)
    return number.reshape(-1), len(distinct)


def _checked(scores: ArrayLike, name: str) -> Values:
    array = np.asarray(scores, dtype=np.float64)
    if array.ndim != 1 or not len(array):
        raise PredictionsError(f"{name}: expected a list of scores, got the shape {array.shape}", "give one a picture")
    if not np.isfinite(array).all():
        row = int(np.isfinite(array).argmin())
        raise PredictionsError(f"{name}: row {row} (from 0) is {array[row]}", "check why the model returns it")
    return array
