"""A list of paths and labels as a source: CSV (comma, semicolon or tab), or JSON-lines."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.image_files import FilePart, file_source
from ipmix_cli.sources.labels import MAX_CLASSES, checked_labels, default_class_names
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.storage.object_files import remote_text
from ipmix_cli.storage.object_store import is_remote
from ipmix_cli.storage.regular_file import open_regular

CSV, JSON_LINES = (".csv", ".tsv"), (".jsonl", ".ndjson")
PATH_NAMES = ("path", "file", "filename", "file_name", "filepath", "image", "img", "image_path")
LABEL_NAMES = ("label", "labels", "class", "target", "class_id")

MAX_LINE = 2**16
"""Characters: a path has 4096 at most; a file without line ends would fill the memory otherwise."""

Row = tuple[int, str, str]
"""Line number, path, label as text."""


def looks_like_list(path: Path) -> bool:
    """Tell whether a path is a file that is called .csv, .tsv, .jsonl or .ndjson."""
    return path.suffix.lower() in CSV + JSON_LINES and path.is_file()


def open_list(spec: SourceSpec) -> ListedSource:
    """Open a list of paths and labels.

    The columns (or fields) are found by their usual names, or named with `images_key` and `labels_key`; a CSV
    of two columns needs no header. Paths are taken from the list's own folder, or from `data_dir`, and may
    not leave it. Labels are whole numbers from 0; a `labels_key` that the user names may hold texts, which
    then are the classes, sorted.

    Raises
    ------
    SourceError
        Naming the line: a path outside, a label that is none, a column that is missing.
    """
    path = spec.input if is_remote(spec.input) else str(Path(spec.input).absolute())
    if spec.split != "train":
        raise SourceError(f"{path} is a list, which has no splits", "name that split's list, without --split")
    root = path.rpartition("/")[0] or "/"
    if spec.data_dir:
        root = spec.data_dir.rstrip("/") if is_remote(spec.data_dir) else str(Path(spec.data_dir).absolute())
    classes = _Classes(path, spec.labels_key is not None)
    names = Names.of(classes.noted(_below(root, row, path), row) for row in _rows(path, spec))
    labels, class_names = classes.finished(len(names))
    settings = {"images_key": spec.images_key, "labels_key": spec.labels_key}
    part = FilePart(root, names, labels, 0, spec.alpha)
    return file_source("list", part, class_names, settings, path)


class _Classes:
    """The labels of a list while it is read: each different text once, and a number for each row."""

    def __init__(self, where: str, texts_allowed: bool) -> None:
        self._where = where
        self._texts_allowed = texts_allowed
        self._known: dict[str, int] = {}
        self._numbers = array("q")

    def noted(self, name: str, row: Row) -> str:
        """Note a row's label, and pass its name on."""
        line, _, text = row
        number = self._known.get(text)
        if number is None:
            self._check(line, text)
            number = self._known[text] = len(self._known)
        self._numbers.append(number)
        return name

    def finished(self, count: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Return the labels and the class names."""
        numbers = np.array(self._numbers, dtype=np.int64)
        digits = [_is_number(text) for text in self._known]
        if not count or all(digits):
            values = np.array([int(text) for text in self._known], dtype=np.int64)
            labels = checked_labels(values[numbers] if count else numbers, self._where, count)
            return labels, default_class_names(labels)
        if any(digits):
            raise SourceError(f"{self._where}: some labels are numbers and some are text", "use one of both")
        names = tuple(sorted(self._known))
        ranks = {name: rank for rank, name in enumerate(names)}
        return np.array([ranks[text] for text in self._known])[numbers], names

    def _check(self, line: int, text: str) -> None:
        if _is_number(text):
            return
        if not self._texts_allowed or _like_a_number(text) or not text.strip() or not text.isprintable():
            raise SourceError(
                f"{self._where}, line {line}: the label {text[:60]!r} is not a whole number from 0",
                "number the classes from 0, or name a column of class names with --labels-key",
            )
        if len(self._known) >= MAX_CLASSES:
            raise SourceError(f"{self._where}, line {line}: too many classes", "check --labels-key")


def _is_number(text: str) -> bool:
    return re.fullmatch("[0-9]{1,9}", text) is not None


def _like_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text.strip().lower() in {"none", "null", "na", "n/a"}
    return True


def _rows(path: str, spec: SourceSpec) -> Iterator[Row]:
    read = _csv_rows if path.lower().endswith(CSV) else _json_rows
    try:
        with _opened(path) as file:
            yield from read(file, path, spec)
    except (csv.Error, UnicodeError) as error:
        raise SourceError(f"{path} is not a list of paths and labels: {error}", "check the file") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", "check its permissions") from error


def _opened(path: str) -> IO[str]:
    if is_remote(path):
        return remote_text(path)
    return io.TextIOWrapper(open_regular(path), encoding="utf-8-sig", errors="surrogateescape", newline="")


def _lines(file: IO[str], path: str) -> Iterator[str]:
    while line := file.readline(MAX_LINE):
        if len(line) >= MAX_LINE:
            raise SourceError(f"{path} has a line of {MAX_LINE} characters or more", "check that it is a list")
        yield line


def _csv_rows(file: IO[str], path: str, spec: SourceSpec) -> Iterator[Row]:
    lines = _lines(file, path)
    first = next(lines, "")
    delimiter = max(",;\t", key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    columns = _columns(header, path, spec)
    reader = csv.reader(lines, delimiter=delimiter)
    if columns is None:
        columns = (0, 1)
        yield _cells(header, columns, path, 1)
    for cells in reader:
        if cells:
            yield _cells(cells, columns, path, reader.line_num + 1)


def _columns(header: list[str], path: str, spec: SourceSpec) -> tuple[int, int] | None:
    """Return the numbers of the two columns, or None where the first line is data already."""
    known = [cell.strip() for cell in header]
    lower = [cell.lower() for cell in known]
    by_name = bool(spec.images_key or spec.labels_key or {*lower} & {*PATH_NAMES, *LABEL_NAMES})
    if len(header) == 2 and not by_name:
        return None
    images = _position(known, lower, spec.images_key, PATH_NAMES)
    labels = _position(known, lower, spec.labels_key, LABEL_NAMES)
    if images is None or labels is None or images == labels:
        raise SourceError(
            f"{path}: no column of {'paths' if images is None else 'labels'} among: {', '.join(known)[:200]}",
            "name the columns with --images-key and --labels-key",
        )
    return images, labels


def _position(known: list[str], lower: list[str], wanted: str | None, usual: tuple[str, ...]) -> int | None:
    if wanted is not None:
        return known.index(wanted) if wanted in known else None
    return next((lower.index(name) for name in usual if name in lower), None)


def _cells(cells: list[str], columns: tuple[int, int], path: str, line: int) -> Row:
    if len(cells) <= max(columns):
        raise SourceError(f"{path}, line {line}: only {len(cells)} columns", "check that line")
    return line, cells[columns[0]], cells[columns[1]].strip()


def _json_rows(file: IO[str], path: str, spec: SourceSpec) -> Iterator[Row]:
    for number, line in enumerate(_lines(file, path), 1):
        if not line.strip():
            continue
        record = _record(line, f"{path}, line {number}")
        name = _field(record, spec.images_key, PATH_NAMES)
        label = _field(record, spec.labels_key, LABEL_NAMES)
        if not isinstance(name, str) or isinstance(label, bool) or not isinstance(label, int | str):
            raise SourceError(
                f"{path}, line {number}: a path (text) and a label (a whole number) are expected, "
                f"not {str(name)[:60]!r} and {str(label)[:60]!r}",
                "check that line, or name the fields with --images-key and --labels-key",
            )
        yield number, name, str(label)


def _record(line: str, where: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where}: not JSON: {str(error)[:100]}", "check that line") from error
    if not isinstance(record, dict):
        raise SourceError(f"{where}: no object with path and label", "check that line")
    return record


def _field(record: dict[str, object], wanted: str | None, usual: tuple[str, ...]) -> object:
    if wanted is not None:
        return record.get(wanted)
    return next((record[name] for name in usual if name in record), None)


def _below(root: str, row: Row, path: str) -> str:
    """Return a row's path relative to the root, or refuse one that leaves it."""
    line, name, _ = row
    if name.startswith("/") or ".." in name or "\0" in name or not name:
        place = os.path.normpath(os.path.join(root, name))  # noqa: PTH118 (without following links)
        inside = place.startswith(os.path.join(root, "")) and not is_remote(root)  # noqa: PTH118
        if not name or "\0" in name or not inside:
            raise SourceError(
                f"{path}, line {line}: {name[:200]!r} is not below {root}",
                "name the folder that holds all pictures with --data-dir",
            )
        return os.path.relpath(place, root)
    return name
