"""Files of predictions: arrays of scores, labels and keys from NPY, NPZ, HDF5, Parquet and CSV."""

from __future__ import annotations

import csv
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import PredictionsError, SourceError
from ipmix_cli.extras import imported
from ipmix_cli.scoring.reading.column_names import KEY_NAMES, LABEL_NAMES, check_scores, preferred
from ipmix_cli.storage.bounded import check_swelling
from ipmix_cli.storage.memory_map import mapped
from ipmix_cli.storage.npy import mapped_array

SCORE_NAMES = ("logits", "probabilities", "probs", "scores", "predictions", "outputs", "arr_0")
DAMAGED = (  # what numpy, zipfile, csv and pyarrow raise on damaged files; a header's text goes to Python's tokenizer
    *(
        OSError,
        SourceError,
        ValueError,
        EOFError,
        KeyError,
        TypeError,
        OverflowError,
        SyntaxError,
        NotImplementedError,
        RuntimeError,
    ),
    *(tokenize.TokenError, struct.error, csv.Error, zipfile.BadZipFile, zlib.error, SourceError),
)
MOST_TEXT = 4096  # characters: as long as a path
VALUE_BYTES = 8  # of a number once it is read; run-length coding stores a billion equal ones in a few bytes
PROBABILITY_NAMES = ("probabilities", "probs")

Array = NDArray[Any]


@dataclass(frozen=True)
class Arrays:
    """What a file of predictions holds: scores (N, C) or (S, F, C), labels (N,) and keys (N,) of text, if there.

    `kind` is "logits" or "probabilities" if the array's name says so, else empty.
    """

    scores: Array | None
    labels: Array | None = None
    keys: Array | None = None
    kind: str = ""


def read_arrays(path: Path) -> Arrays:
    """Read a file of predictions; what its arrays or columns are is told by their names.

    Raises
    ------
    PredictionsError
        For no such file, one of another kind, and one that is damaged.
    """
    if not path.is_file():
        raise PredictionsError(f"there is no file {path}", "name a file of predictions")
    reader = FORMATS.get(path.suffix.lower())
    if reader is None:
        raise PredictionsError(f"{path}: files of the kind {path.suffix!r} are not read", f"use {', '.join(FORMATS)}")
    try:
        return reader(path)
    except DAMAGED as error:
        raise PredictionsError(f"{path} cannot be read: {error}", "it is damaged, or not what its name says") from error


def _npy(path: Path) -> Arrays:
    """Read one array: scores, or labels or keys when it is a list."""
    array = mapped_array(path)
    if array.ndim > 1 and array.dtype.kind == "f":
        return Arrays(array, kind=_kind_of_name(path.stem))
    return Arrays(None, keys=array) if array.dtype.kind in "US" else Arrays(None, labels=array)


def _npz(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as members:
        check_swelling(path, sum(member.file_size for member in members.infolist()))
        if (bad := members.testzip()) is not None:  # numpy reads no stored member to its checksum
            raise ValueError(f"the checksum of {bad!r} is wrong")
    with np.load(path, allow_pickle=False) as archive:

        def read(name: str) -> Array:
            found = archive[name]
            if not isinstance(found, np.ndarray):
                raise TypeError(f"{name!r} is no array")
            return found

        return _named(archive.files, read)


def _hdf5(path: Path) -> Arrays:
    from ipmix_cli.hdf5 import safety
    from ipmix_cli.hdf5.heap import Heap
    from ipmix_cli.hdf5.references import column_references

    with safety.explained(str(path)), safety.open_file(path) as file:

        def read(name: str) -> Array:
            found = safety.array(file, name, str(path))
            if found.dtype.kind == "O":  # of variable length: many may share one object of gigabytes
                heap = Heap(mapped(path, str(path)), str(path))
                heap.check()
                column_references(found, heap, f"{path}: {name}")
            return _texts(found.asstr()[()].tolist()) if found.dtype.kind in "OS" else np.array(found[()])

        return _named(list(file), read)


def _named(names: Iterable[str], read: Callable[[str], Array]) -> Arrays:
    """Choose among arrays by their names; a single one holds the scores."""
    known = list(names)
    score = preferred(SCORE_NAMES, known) or (known[0] if len(known) == 1 else None)
    if score is None:
        raise ValueError(f"none of its arrays ({', '.join(known[:20])}) is called {', '.join(SCORE_NAMES[:4])}")
    label, key = preferred(LABEL_NAMES, known), preferred(KEY_NAMES, known)
    return Arrays(
        read(score),
        None if label is None else read(label),
        None if key is None else _texts(read(key).tolist()),
        _kind_of_name(score),
    )


def _kind_of_name(name: str) -> str:
    if name.lower() in PROBABILITY_NAMES:
        return "probabilities"
    return "logits" if name.lower() == "logits" else ""


def _parquet(path: Path) -> Arrays:
    parquet = imported("pyarrow.parquet", "parquet")
    facts = parquet.read_metadata(path)
    groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
    values = sum(group.column(number).num_values for group in groups for number in range(group.num_columns))
    check_swelling(path, VALUE_BYTES * values)
    table = parquet.read_table(path)
    names = table.column_names
    nested = [name for name in names if "list" in str(table.schema.field(name).type)]
    if nested:

        def read(name: str) -> Array:
            column = table.column(name)
            return np.array(column.to_pylist()) if name in nested else np.asarray(column.to_numpy())

        return _named(names, read)
    return _columns(names, [np.asarray(table.column(name).to_numpy()) for name in names])


def _csv(path: Path) -> Arrays:
    """Read a table with a column for each class, and maybe a label and a key, told by its first line."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    if not rows:
        raise ValueError("it is empty")
    names = rows[0]
    if all(_is_number(name) for name in names):
        columns = len(names)
        names = [f"score{number}" for number in range(columns)] if columns > 1 else ["label"]
        rows = [names, *rows]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise ValueError(f"line {number} has {len(row)} columns, the first line has {len(names)}")
    return _columns(names, [_texts(column) for column in zip(*rows[1:], strict=True)])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(names: list[str], columns: list[Array]) -> Arrays:
    """Return a table's columns as arrays: all that are neither label nor key are the classes' scores, in order."""
    label, key = preferred(LABEL_NAMES, names), preferred(KEY_NAMES, names)
    if len(set(names)) != len(names):
        raise ValueError("two of its columns have the same name: leave one out")
    check_scores([name for name in names if name not in {label, key}])
    scores = [_numbers(column, name) for name, column in zip(names, columns, strict=True) if name not in {label, key}]
    found = {name: column for name, column in zip(names, columns, strict=True) if name in {label, key}}
    labels = None if label is None else _whole(found[label], label)
    kind = "probabilities" if names and any(name.lower().startswith("prob") for name in names) else ""
    return Arrays(
        np.stack(scores, axis=1) if scores else None,
        labels,
        None if key is None else _texts(found[key].tolist()),
        kind or ("logits" if any(name.lower().startswith("logit") for name in names) else ""),
    )


def _texts(values: Sequence[Any]) -> Array:
    """Return texts as an array, in which each takes as much memory as the longest."""
    texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]
    if (longest := max(map(len, texts), default=0)) > MOST_TEXT:
        raise ValueError(f"a text of {longest:,} characters is longer than a key or a number is")
    return np.array(texts, dtype=np.str_)


def _numbers(column: Array, name: str) -> Array:
    try:
        return column.astype(np.float64)
    except ValueError:
        for row, value in enumerate(column):
            if not _is_number(str(value)):
                raise ValueError(f"column {name!r}, row {row} (from 0) is {value!r}, no number") from None
        raise


def _whole(column: Array, name: str) -> Array:
    numbers = column if column.dtype.kind in "iu" else _numbers(column, name)
    if numbers.dtype.kind == "f" and not (numbers == np.round(numbers)).all():
        row = int((numbers != np.round(numbers)).argmax())
        raise ValueError(f"column {name!r}, row {row} (from 0) is {column[row]}, no whole number")
    return numbers.astype(np.int64)


FORMATS: dict[str, Callable[[Path], Arrays]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".parquet": _parquet,
    ".csv": _csv,
}
