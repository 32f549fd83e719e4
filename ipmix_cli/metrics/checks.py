"""What every measure asks of its input, with errors that name the row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipmix_cli.errors import PredictionsError

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from one: float16 with 1,000 classes is 0.0005 off."""

ROWS_AT_ONCE = 65536  # checked together, so that the checks of large files need little memory


def checked_scores(scores: ArrayLike, where: str = "scores", first: int = 0) -> NDArray[Any]:
    """Return scores (N, C), logits or probabilities, as they are; refuse other shapes, empty arrays, NaN and infinity.

    `first` is the number of the first row, for messages on a part of a larger array.

    Raises
    ------
    PredictionsError
        Naming `where` and the row, from 0.
    """
    array = np.asarray(scores)
    if array.dtype.kind not in "fiu" or array.ndim != 2:
        raise PredictionsError(
            f"{where}: expected numbers of the shape (pictures, classes), got {array.dtype} {array.shape}",
            "give one row of logits or probabilities for each picture",
        )
    if 0 in array.shape:
        raise PredictionsError(f"{where}: it is empty, {array.shape}", "give at least one picture and class")
    for start in range(0, len(array), ROWS_AT_ONCE):
        finite = np.isfinite(array[start : start + ROWS_AT_ONCE]).all(axis=1)
        if not finite.all():
            row = start + int(finite.argmin())
            raise PredictionsError(
                f"{where}: row {first + row} (from 0) holds {_first_strange(array[row])}",
                "check the model: mixed precision can overflow, and the mean of an empty array is NaN",
            )
    return array


def _first_strange(row: NDArray[Any]) -> str:
    column = int(np.isfinite(row).argmin())
    return f"{row[column]} in column {column}"


def checked_probabilities(
    probabilities: ArrayLike, where: str = "probabilities", first: int = 0
) -> NDArray[np.float64]:
    """Return probabilities (N, C) as float64; refuse negative ones, and rows that do not sum to one.

    Raises
    ------
    PredictionsError
        Naming `where` and the row, from 0.
    """
    array = np.asarray(checked_scores(probabilities, where, first), dtype=np.float64)
    lowest = array.min(axis=1)
    if lowest.min() < 0:
        row = int(lowest.argmin())
        raise PredictionsError(
            f"{where}: row {first + row} (from 0) holds the negative probability {lowest[row]:.6g}",
            "if these are logits, give --scores logits, or take their softmax",
        )
    sums = array.sum(axis=1)
    distance = np.abs(sums - 1)
    if distance.max() > SUM_TOLERANCE:
        row = int((distance > SUM_TOLERANCE).argmax())
        raise PredictionsError(
            f"{where}: the probabilities of row {first + row} (from 0) sum to {sums[row]:.6g}, not to one",
            "if these are logits, give --scores logits; if classes were masked, take the softmax afterwards",
        )
    return array


def checked_labels(labels: ArrayLike, pictures: int, classes: int, where: str = "labels") -> NDArray[np.int64]:
    """Return labels (N,) as int64; refuse a wrong count, fractions, and labels out of range.

    Raises
    ------
    PredictionsError
        Naming `where` and the row, from 0.
    """
    array = np.asarray(labels)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise PredictionsError(
            f"{where}: expected whole numbers of the shape (pictures,), got {array.dtype} {array.shape}",
            "give the number of the class, from 0, for each picture",
        )
    if len(array) != pictures:
        raise PredictionsError(
            f"{where}: {len(array):,} labels for {pictures:,} pictures", "give one label for each picture, in its order"
        )
    wrong = (array < 0) | (array >= classes)
    if wrong.any():
        row = int(wrong.argmax())
        raise PredictionsError(
            f"{where}: row {row} (from 0) has the label {array[row]}, the model has {classes} classes",
            f"labels are numbers from 0 to {classes - 1}; if the model was made for other classes, map or mask them",
        )
    return array.astype(np.int64)
