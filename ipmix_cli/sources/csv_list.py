"""A list of paths and labels as a source: CSV (comma, semicolon or tab), or JSON-lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.image_files import FilePart, file_source
from ipmix_cli.sources.label_text import meaning_of, shown
from ipmix_cli.sources.labels import LabelColumn, label_rule
from ipmix_cli.sources.list_paths import ListPaths
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.storage.object_files import remote_text
from ipmix_cli.storage.object_store import is_remote
from ipmix_cli.storage.regular_file import open_regular

CSV, JSON_LINES = (".csv", ".tsv"), (".jsonl", ".ndjson")
PATH_NAMES = (
    *("path", "file", "filename", "file_name", "filepath", "image", "img", "image_path"),
    *("image_id", "imageid", "image_name", "file_path", "fname", "id"),
)
LABEL_NAMES = (
    *("label", "labels", "class", "target", "class_id"),
    *("classid", "class_name", "classname", "label_name", "category"),
)

MAX_LINE = 2**16
"""Characters: a path has 4096 at most; a file without line ends would fill the memory otherwise."""

Row = tuple[int, str, object]
"""Line number, path, label as it stands there."""


def looks_like_list(path: Path) -> bool:
    """Tell whether a path is a file that is called .csv, .tsv, .jsonl or .ndjson."""
    return path.suffix.lower() in CSV + JSON_LINES and path.is_file()


def open_list(spec: SourceSpec) -> ListedSource:
    """Open a list of paths and labels.

    The columns (or fields) are found by their usual names, or named with `images_key` and `labels_key`; a CSV
    of two columns needs no header. Paths are taken from the list's own folder, or from `data_dir`, and may
    not leave it (:class:`ipmix_cli.sources.list_paths.ListPaths`). Labels follow the one rule of
    :mod:`ipmix_cli.sources.labels`.

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
    rule, paths = label_rule(spec), ListPaths(root, path)
    column = LabelColumn(path, rule)
    names = Names.of(_noted(row, column, paths) for row in _rows(path, spec, paths))
    labels, class_names = column.finished()
    settings = {"images_key": spec.images_key, "labels_key": spec.labels_key, **rule.settings()}
    part = FilePart(root, names, labels, 0, spec.alpha)
    source = file_source("list", part, class_names, settings, path)
    if paths.respelt:
        source.notes = (*source.notes, f"{paths.respelt:,} paths were found with slashes, or with an extension added")
    return source


def _noted(row: Row, column: LabelColumn, paths: ListPaths) -> str:
    """Note a row's label, and return its path below the root."""
    line, name, label = row
    column.note(line, label)
    return paths.relative(line, name)


def _rows(path: str, spec: SourceSpec, paths: ListPaths) -> Iterator[Row]:
    try:
        with _opened(path) as file:
            if path.lower().endswith(CSV):
                yield from _csv_rows(file, path, spec, paths)
            else:
                yield from _json_rows(file, path, spec)
    except (csv.Error, UnicodeError) as error:
        raise SourceError(f"{path} is not a list of paths and labels: {error}", "check the file") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", "check its permissions") from error


def _opened(path: str) -> IO[str]:
    if is_remote(path):
        return remote_text(path)
    file = open_regular(path)
    utf_16 = file.read(2) in {b"\xff\xfe", b"\xfe\xff"}  # as Excel's "Unicode text"
    file.seek(0)
    encoding, errors = ("utf-16", "strict") if utf_16 else ("utf-8-sig", "surrogateescape")
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")


def _lines(file: IO[str], path: str) -> Iterator[str]:
    while line := file.readline(MAX_LINE):
        if len(line) >= MAX_LINE:
            raise SourceError(f"{path} has a line of {MAX_LINE} characters or more", "check that it is a list")
        yield line


def _csv_rows(file: IO[str], path: str, spec: SourceSpec, paths: ListPaths) -> Iterator[Row]:
    lines = _lines(file, path)
    first, skipped = next(lines, ""), 1
    if re.fullmatch(r"sep=.\s*", first):  # Excel's own line on the delimiter
        first, skipped = next(lines, ""), 2
    delimiter = max(",;\t", key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    columns = _columns(header, path, spec)
    reader = csv.reader(lines, delimiter=delimiter)
    if columns is None:
        columns = (0, 1)
        row = _cells(header, columns, path, skipped)
        _check_data(row, path, paths)
        yield row
    for cells in reader:
        if cells:
            yield _cells(cells, columns, path, reader.line_num + skipped)


def _check_data(row: Row, path: str, paths: ListPaths) -> None:
    """Refuse a first line that may be a header: neither is its label a number, nor is its file there."""
    line, name, label = row
    if meaning_of(label).kind != "number" and not paths.is_there(name):
        raise SourceError(
            f"{path}, line {line}: neither usual names of columns, nor a picture below {paths.root} and its label: "
            f"{shown(name)}, {shown(str(label))}",
            "name the columns with --images-key and --labels-key, or the folder of the pictures with --data-dir",
        )


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
        if not isinstance(name, str) or label is None:
            raise SourceError(
                f"{path}, line {number}: a path (text) and a label are expected, not {str(name)[:60]!r} and "
                f"{str(label)[:60]!r}",
                "check that line, or name the fields with --images-key and --labels-key",
            )
        yield number, name, label


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
