"""Labels from strangers: whole numbers from 0, one for each picture, within the classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError

MAX_CLASSES = 100_000
"""More than any known set has; a label of a billion would otherwise make a billion class names."""


MAX_LABEL_BYTES = 2**28
"""256 MiB, as int64: 33 million pictures, twice ImageNet-21k; deflated or run-length labels may claim billions."""


def check_count(count: int, where: str) -> None:
    """Refuse more pictures than labels are held for in memory, before any label is read.

    Raises
    ------
    SourceError

    Examples
    --------
    >>> check_count(10**9, "x.h5")
    Traceback (most recent call last):
    ipmix_cli.errors.SourceError: x.h5 claims 1000000000 pictures, more than the 33554432 that a source may have
    """
    most = MAX_LABEL_BYTES // 8
    if count > most:
        raise SourceError(
            f"{where} claims {count} pictures, more than the {most} that a source may have",
            "split the source, and make a data set of each part",
        )


def checked_labels(
    labels: NDArray[Any], where: str, count: int, class_names: tuple[str, ...] | None = None
) -> NDArray[np.int64]:
    """Return labels as int64 (count,), or refuse them.

    Parameters
    ----------
    labels : array
        Integers, shape (N,) or (N, 1).
    where : str
        The file, for the message.
    count : int
        The number of pictures.
    class_names : tuple of str, optional
        When known, labels must be among them.

    Raises
    ------
    SourceError
        For text, fractions, NaN, one-hot rows, negatives, no such class, or not one for each picture.
    """
    labels = np.asarray(labels)
    check_count(count, where)
    _check_shape(labels, where, count)
    labels = labels.reshape(-1)
    if labels.dtype.kind not in "iu":
        raise SourceError(f"{where}: labels must be whole numbers from 0, {_what(labels)}", "number the classes from 0")
    low, high = int(labels.min()), int(labels.max())
    if low < 0:
        raise SourceError(f"{where}: label {low} is negative", "number the classes from 0")
    limit = MAX_CLASSES if class_names is None else len(class_names)
    if high >= limit:
        raise SourceError(
            f"{where}: label {high} is beyond the {limit} classes", "number the classes from 0, without gaps"
        )
    return labels.astype(np.int64)


def default_class_names(labels: NDArray[np.int64]) -> tuple[str, ...]:
    """Return "0", "1", .. for checked labels of classes whose names nobody gave.

    >>> default_class_names(np.array([2, 0]))
    ('0', '1', '2')
    """
    return tuple(str(label) for label in range(int(labels.max()) + 1))


def _check_shape(labels: NDArray[Any], where: str, count: int) -> None:
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise SourceError(
            f"{where}: labels have the shape {labels.shape}, which looks like one-hot rows",
            "store one whole number for each picture: labels.argmax(axis=1)",
        )
    if labels.ndim not in {1, 2} or len(labels) != count or labels.size != count:
        raise SourceError(
            f"{where}: {count} pictures, but labels of the shape {labels.shape}",
            "store one label for each picture, or name the right array with --labels-key",
        )
    if not count:
        raise SourceError(f"{where} holds no pictures", "choose another source")


def _what(labels: NDArray[Any]) -> str:
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        return f"but label {int(np.isnan(labels).argmax())} (from 0) is NaN"
    kinds = {"f": "fractions", "b": "true or false", "U": "text", "S": "text", "O": "objects"}
    return f"these are {kinds.get(labels.dtype.kind, 'something else')} ({labels.dtype})"
