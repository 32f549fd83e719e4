"""Further fields of a source that are kept (``--keep``): each one's type, found while its values are read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import AnnotationSpec, Field
from ipmix_cli.errors import SourceError
from ipmix_cli.sources.annotated import Annotated, Column
from ipmix_cli.sources.label_text import readable
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.targets import plain

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
TAKEN = {
    *("key", "index", "label", "source_index", "source_key", "crop", "checksum", "clean", "aug", "size", "class"),
    *("second_label", "label_weight", "second_labels", "label_weights", "copies", "seed", "height", "width", "copy"),
    *("kept", "json", "cls", "txt", "image", "variant", "soft_label", "soft_labels"),
}
"""What data sets of ipmix, in any format, call columns and files of their own."""

MOST_FIELDS = 64
MOST_BYTES = 2**28
"""256 MiB: of all values of all kept fields of a source, held in memory."""

MOST_TEXT = 2**20  # characters of one value
LARGEST = 2**63 - 1


class KeptColumns:
    """The kept fields of a source while it is read, row by row.

    Parameters
    ----------
    where : str
        The file, for messages.
    names : sequence of str
    """

    def __init__(self, where: str, names: Sequence[str]) -> None:
        check_names(names)
        self.names = tuple(names)
        self._where = where
        self._values: list[list[Any]] = [[] for _ in names]
        self._bytes = 0

    def note(self, row: object, values: Sequence[object]) -> None:
        """Note the values of a row, in the order of the names."""
        for name, column, value in zip(self.names, self._values, values, strict=True):
            item = plain(value)
            if isinstance(item, str) and (len(item) > MOST_TEXT or "\0" in item):
                raise SourceError(f"{self._where}, {row}: the text of {name!r} cannot be stored", "leave out that row")
            self._bytes += 64 + (len(item) if isinstance(item, str | list | tuple | dict) else 0)
            column.append(item)
        if self._bytes > MOST_BYTES:
            raise SourceError(f"{self._where}: more than {MOST_BYTES >> 20} MiB are to be kept", "keep fewer fields")

    def added_to(self, labels: Annotated) -> Annotated:
        """Return labels with the kept fields beside them."""
        found = [column_of(name, values) for name, values in zip(self.names, self._values, strict=True)]
        return with_fields(labels, [one for one, _ in found], [column for _, column in found])


def with_fields(labels: Annotated, fields: Sequence[Field], columns: Sequence[Column]) -> Annotated:
    """Return labels with some fields beside them."""
    spec = AnnotationSpec(labels=labels.spec.labels, length=labels.spec.length, fields=tuple(fields))
    return Annotated(spec, labels.labels, tuple(columns))


def check_names(names: Sequence[str]) -> None:
    """Refuse names that a data set has for columns of its own, or that no format takes.

    Raises
    ------
    SourceError
    """
    for name in names:
        if not NAME.fullmatch(name) or name.lower() in TAKEN or re.fullmatch("aug[0-9]+", name):
            raise SourceError(
                f"no field can be kept under the name {name!r}, which data sets use themselves or cannot have",
                "rename the field in the source: letters, digits, _ and -, at most 64",
            )
    if len(names) > MOST_FIELDS or len({name.lower() for name in names}) < len(names):
        raise SourceError(f"{len(names)} fields are to be kept, or one twice", f"name each once, at most {MOST_FIELDS}")


def column_of(name: str, values: Sequence[Any]) -> tuple[Field, Column]:
    """Return a field and its column: whole numbers, numbers, arrays of one shape, text, or else JSON.

    Examples
    --------
    >>> column_of("n", [1, 2])[0], column_of("box", [[1, 2.5], [3, 4]])[0]
    (Field(name='n', dtype='int64', shape=()), Field(name='box', dtype='float64', shape=(2,)))
    >>> column_of("boxes", [[[1, 2]], []])[0].dtype
    'json'
    """
    if values and all(isinstance(value, str) for value in values):
        return Field(name=name, dtype="string"), Names.of(map(readable, values))
    numbers = _numbers(values)
    if numbers is not None:
        return array_column(name, numbers)
    return Field(name=name, dtype="json"), Names.of(_json(value) for value in values)


def array_column(name: str, values: NDArray[Any]) -> tuple[Field, Column]:
    """Return a field and its column for an array of numbers (N, ...)."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise SourceError(f"the field {name!r} has numbers that are not finite", "keep other fields, or leave out rows")
    kind = np.uint8 if values.dtype == np.uint8 and values.ndim > 1 else np.int64
    kept = values.astype(np.float64 if values.dtype.kind == "f" else kind)
    return Field(name=name, dtype=str(kept.dtype), shape=tuple(map(int, kept.shape[1:]))), kept


def _numbers(values: Sequence[Any]) -> NDArray[Any] | None:
    """Return values as an array where all are numbers, or lists of numbers, of one shape; whole ones of 64 bits."""
    if not values or any(value is None or isinstance(value, str | dict) for value in values):
        return None
    try:
        found = np.array(values)
    except (ValueError, OverflowError):
        return None
    if found.dtype.kind not in "iufb" or found.size == 0 or (found.dtype.kind == "u" and found.max() > LARGEST):
        return None
    return found


def _json(value: Any) -> str:
    """Return a value as JSON; text that is not UTF-8 has its bytes spelt out."""
    return readable(json.dumps(_finite(value), ensure_ascii=False, default=str))


def _finite(value: Any) -> Any:
    """Return a value in which numbers that are not finite are null, which JSON has instead."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return {str(key): _finite(item) for key, item in value.items()} if isinstance(value, dict) else value
