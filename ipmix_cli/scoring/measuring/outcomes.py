"""What became of each picture: whether it was wrong, how sure the model was, and its losses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import PredictionsError
from ipmix_cli.metrics.checks import checked_labels, checked_probabilities, checked_scores
from ipmix_cli.metrics.class_lists import IMAGENET_CLASSES, class_columns
from ipmix_cli.metrics.classification import log_losses, smallest_step, softmax, squared_distances
from ipmix_cli.scoring.reading.predictions import Scores

Values = NDArray[np.float64]

BLOCK_VALUES = 4_000_000  # scores held at once, as float64


@dataclass(frozen=True)
class Outcomes:
    """One value for each picture, (N,): 1 where wrong; the highest probability; losses. Without labels only the second.

    `labels` are those that count, after a class list.
    """

    where: str
    wrong: Values
    confidence: Values
    log_loss: Values
    squared: Values
    labels: NDArray[np.int64]
    classes: int

    @property
    def correct(self) -> Values:
        """1 where right, else 0."""
        return 1.0 - self.wrong


def outcomes(scores: Scores, class_list: str = "") -> Outcomes:
    """Return what became of each picture with a label.

    Raises
    ------
    PredictionsError
        Naming the file and the row.
    """
    columns = _columns(scores, class_list)
    pictures, classes = len(scores.values), _classes(scores, columns)
    labels = checked_labels(_listed(scores, columns), pictures, classes, f"{scores.where}: labels")
    found = np.empty((4, pictures))
    for rows, probabilities in _probability_blocks(scores, columns):
        truth = labels[rows]
        found[0, rows] = probabilities.argmax(axis=1) != truth
        found[1, rows] = probabilities.max(axis=1)
        found[2, rows] = log_losses(probabilities, truth, smallest_step(scores.values[:0]))
        found[3, rows] = squared_distances(probabilities, truth)
    return Outcomes(scores.where, found[0], found[1], found[2], found[3], labels, classes)


def confidences(scores: Scores, class_list: str = "") -> Values:
    """Return the highest probability of each picture, (N,), which needs no labels.

    Raises
    ------
    PredictionsError
        Naming the file and the row.
    """
    columns = _columns(scores, class_list)
    found = np.empty(len(scores.values))
    for rows, probabilities in _probability_blocks(scores, columns):
        found[rows] = probabilities.max(axis=1)
    return found


def usual_confidences(scores: Scores, class_list: str) -> Values:
    """Return the confidences of pictures of known classes: with a class list, of its classes' pictures alone.

    Raises
    ------
    PredictionsError
        Also where no picture is of a class of the list.
    """
    found = confidences(scores, class_list)
    if not class_list:
        return found
    inside = np.isin(np.asarray(scores.labels), class_columns(class_list))
    if not inside.any():
        raise PredictionsError(f"{scores.where}: no picture is of a class of {class_list}", "use ImageNet's labels")
    return found[inside]


def _columns(scores: Scores, class_list: str) -> NDArray[np.int64] | None:
    if not class_list:
        return None
    columns = class_columns(class_list)
    classes = scores.values.shape[-1]
    if classes not in {IMAGENET_CLASSES, len(columns)}:
        raise PredictionsError(
            f"{scores.where}: the class list {class_list} is of a model of 1,000 classes, this one has {classes}",
            "leave out --class-list",
        )
    return None if classes == len(columns) else columns


def _classes(scores: Scores, columns: NDArray[np.int64] | None) -> int:
    return int(scores.values.shape[-1]) if columns is None else len(columns)


def _listed(scores: Scores, columns: NDArray[np.int64] | None) -> NDArray[Any]:
    """Return the labels as numbers within the class list, if there is one: ImageNet's own numbers are mapped."""
    labels = np.asarray(scores.labels)
    if columns is None or labels.max(initial=0) < len(columns):
        return labels
    place = np.searchsorted(columns, labels).clip(0, len(columns) - 1)
    strange = columns[place] != labels
    if strange.any():
        row = int(strange.argmax())
        raise PredictionsError(
            f"{scores.where}: row {row} (from 0) has the label {labels[row]}, a class that is not in the list",
            "labels are numbers within the list, 0 to 199, or of ImageNet's 1,000 classes",
        )
    return place


def _probability_blocks(scores: Scores, columns: NDArray[np.int64] | None) -> Iterator[tuple[slice, Values]]:
    """Yield rows, as a slice, and their probabilities (n, C), masked by the columns and checked."""
    values = scores.values
    if values.ndim != 2:
        checked_scores(values, scores.where)
    are_probabilities = scores.are_probabilities()
    size = max(1, BLOCK_VALUES // max(values.shape[1], 1))
    for start in range(0, max(len(values), 1), size):
        some = values[start : start + size]
        check = checked_probabilities if are_probabilities else checked_scores
        checked = np.asarray(check(some, scores.where, start), dtype=np.float64)
        yield slice(start, start + len(some)), _probabilities(checked, are_probabilities, columns)


def _probabilities(block: Values, are_probabilities: bool, columns: NDArray[np.int64] | None) -> Values:
    if columns is not None:
        block = block[:, columns]
    if not are_probabilities:
        return softmax(block)
    if columns is None:
        return block
    sums = block.sum(axis=1, keepdims=True)
    masked: Values = np.divide(block, sums, out=np.full_like(block, 1 / len(columns)), where=sums > 0)
    return masked
