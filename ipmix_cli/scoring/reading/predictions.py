"""What a model said about the pictures of a set, checked, and brought into one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import PredictionsError, check_name
from ipmix_cli.metrics.checks import SUM_TOLERANCE

ROLES = ("labelled", "corrupted", "sequences", "anomalies", "attacked")
"""What a set of predictions is for. The labelled set called "clean" is the one that others are compared with."""

KINDS = ("auto", "logits", "probabilities")

SAMPLED_ROWS = 1000  # looked at to tell logits from probabilities

Array = NDArray[Any]
Keys = NDArray[np.str_]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The scores of one list of pictures, as they were read.

    Parameters
    ----------
    where : str
        The file, for messages.
    values : (N, C) or, for sequences, (S, F, C) floats
        May be mapped from the disk.
    keys : (N,) text, optional
    labels : (N,) integers, optional
    kind : {"auto", "logits", "probabilities"}
    """

    where: str
    values: Array
    keys: Keys | None = None
    labels: Array | None = None
    kind: str = "auto"

    def are_probabilities(self) -> bool:
        """Tell whether these are probabilities: by what was said, else by a look at them.

        Raises
        ------
        PredictionsError
            For numbers from 0 to 1 whose rows do not sum to one, which could be either.
        """
        if self.kind != "auto":
            return self.kind == "probabilities"
        rows = self.values.reshape(-1, self.values.shape[-1])
        some = np.asarray(rows[:: max(len(rows) // SAMPLED_ROWS, 1)], dtype=np.float64)
        if not np.isfinite(some).all() or some.min() < 0 or some.max() > 1 + SUM_TOLERANCE:
            return False
        near = np.abs(some.sum(axis=1) - 1) <= SUM_TOLERANCE
        if near.all():
            return True
        row = int(near.argmin()) * max(len(rows) // SAMPLED_ROWS, 1)
        raise PredictionsError(
            f"{self.where}: all numbers are from 0 to 1, but row {row} (from 0) does not sum to one",
            "give their kind with --scores logits or --scores probabilities",
        )


@dataclass(frozen=True, kw_only=True)
class PredictionSet:
    """A model's predictions on one data set.

    Parameters
    ----------
    name : str
        Such as "clean", "corrupted", "imagenet-r", "svhn".
    role : str
        One of :data:`ROLES`.
    variants : mapping of str to Scores
        One called "" for a plain list; CORRUPTION.SEVERITY; or a perturbation of sequences.
    data_digest : str
        sha256 of the data set, if it is known.
    size : (int, int), optional
        Height and width of its pictures, if known.
    class_list : str
        A name of ``ipmix_cli.metrics.CLASS_LISTS``, or empty: the columns that count.
    notes : tuple of str
        What a reader of the figures must know.
    """

    name: str
    role: str
    variants: Mapping[str, Scores]
    data_digest: str = ""
    size: tuple[int, int] | None = None
    class_list: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("role of predictions", self.role, ROLES)


@dataclass(frozen=True, kw_only=True)
class ModelPredictions:
    """All predictions of one model, by the set's name."""

    name: str
    where: str
    sets: Mapping[str, PredictionSet]
    facts: Mapping[str, Any] = field(default_factory=dict)


def with_labels(scores: Scores, labels: Scores | None) -> Scores:
    """Return scores with labels: their own, else those of a list of labels, by key if both have keys, else in order.

    Raises
    ------
    PredictionsError
        For no labels at all, another number, keys that have none or several, and labels of its own that are others
        than those of the list.
    """
    if scores.labels is not None:
        if labels is not None and _comparable(scores, labels):
            _check_same_labels(scores, with_labels(replace(scores, labels=None), labels), labels.where)
        return scores
    if labels is None or labels.labels is None:
        raise PredictionsError(f"{scores.where}: there are no labels", "give them with --labels FILE")
    if scores.keys is not None and labels.keys is not None:
        place = positions(labels.keys, scores.keys, labels.where, scores.where)
        return replace(scores, labels=np.asarray(labels.labels)[place])
    if len(labels.labels) != len(scores.values):
        raise PredictionsError(
            f"{scores.where}: {len(scores.values):,} predictions, but {len(labels.labels):,} labels in {labels.where}",
            "give one label for each prediction, in the same order, or keys in both",
        )
    return replace(scores, labels=labels.labels)


def _comparable(scores: Scores, labels: Scores) -> bool:
    """Tell whether a list of labels is of the same pictures: it may be for another set of the same model."""
    if labels.labels is None:
        return False
    if scores.keys is not None and labels.keys is not None:
        return bool(np.isin(scores.keys, labels.keys).all())
    return len(labels.labels) == len(scores.values)


def positions(keys: Keys, wanted: Keys, where: str, wanted_where: str) -> NDArray[np.int64]:
    """Return where each wanted key stands among `keys`.

    Raises
    ------
    PredictionsError
        For keys that occur more than once, and wanted ones that are missing.
    """
    check_unique(keys, where)
    order = np.argsort(keys, kind="stable")
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found = order[place]
    missing = keys[found] != wanted
    if missing.any():
        first = str(wanted[int(missing.argmax())])
        raise PredictionsError(
            f"{where}: {missing.sum():,} of {len(wanted):,} pictures of {wanted_where} are missing, such as {first!r}",
            "make the predictions for all pictures of the set",
        )
    return found.astype(np.int64)


def check_unique(keys: Keys, where: str) -> None:
    """Refuse keys that occur more than once.

    Raises
    ------
    PredictionsError
    """
    distinct, counts = np.unique(keys, return_counts=True)
    if len(distinct) != len(keys):
        doubled = distinct[counts > 1]
        raise PredictionsError(
            f"{where}: {len(doubled):,} pictures occur more than once, such as {str(doubled[0])!r}",
            "keep one prediction for each picture",
        )


def in_order_of(scores: Scores, first: Scores) -> Scores:
    """Return scores in the order of others' keys; in their own if either has none.

    Raises
    ------
    PredictionsError
        Where the pictures are not the same, or a picture has another label.
    """
    if scores.keys is not None and first.keys is not None:
        if not np.array_equal(scores.keys, first.keys):
            place = positions(scores.keys, first.keys, scores.where, first.where)
            if len(scores.keys) != len(first.keys):
                raise PredictionsError(
                    f"{scores.where}: {len(scores.keys):,} pictures, {first.where} has {len(first.keys):,}",
                    "compare predictions of the same pictures",
                )
            labels = None if scores.labels is None else np.asarray(scores.labels)[place]
            scores = replace(scores, values=scores.values[place], keys=first.keys, labels=labels)
    elif len(scores.values) != len(first.values):
        raise PredictionsError(
            f"{scores.where}: {len(scores.values):,} predictions, {first.where} has {len(first.values):,}",
            "make the predictions for the same pictures, in the same order",
        )
    _check_same_labels(scores, first)
    return scores


def _check_same_labels(scores: Scores, first: Scores, where: str = "") -> None:
    if scores.labels is None or first.labels is None:
        return
    mine, others = np.asarray(scores.labels).reshape(-1), np.asarray(first.labels).reshape(-1)
    if len(mine) != len(others):
        raise PredictionsError(
            f"{scores.where}: {len(mine):,} labels, {where or first.where} has {len(others):,}",
            "give one label for each prediction",
        )
    other = mine != others
    if other.any():
        row = int(other.argmax())
        raise PredictionsError(
            f"{scores.where}: row {row} (from 0) has the label {mine[row]}, in {where or first.where} it is "
            f"{others[row]}",
            "these are pictures of another data set, or in another order",
        )


def stacked(scores: Scores, corruption: str, severities: Sequence[int]) -> dict[str, Scores]:
    """Cut scores of all severities of a corruption, one after the other as CIFAR-10-C has them, into variants.

    Raises
    ------
    PredictionsError
        If their number is not a multiple.
    """
    count, rest = divmod(len(scores.values), len(severities))
    if rest:
        raise PredictionsError(
            f"{scores.where}: {len(scores.values):,} predictions are not {len(severities)} severities of equally many",
            "name the severity: CORRUPTION.SEVERITY.npy or --severity",
        )
    parts = {}
    for number, severity in enumerate(severities):
        rows = slice(number * count, (number + 1) * count)
        parts[f"{corruption}.{severity}"] = replace(
            scores,
            where=f"{scores.where}, severity {severity}",
            values=scores.values[rows],
            keys=None if scores.keys is None else scores.keys[rows],
            labels=None if scores.labels is None else scores.labels[rows],
        )
    return parts
