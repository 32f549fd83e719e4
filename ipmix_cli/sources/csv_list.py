"""A list of paths and labels as a source: CSV (comma, semicolon or tab), or JSON-lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.image_files import FilePart, file_source
from ipmix_cli.sources.kept_fields import KeptColumns
from ipmix_cli.sources.label_text import meaning_of, shown
from ipmix_cli.sources.labels import label_column, label_rule
from ipmix_cli.sources.list_paths import ListPaths
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.targets import TargetColumn, Targets
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

Row = tuple[int, str, object, tuple[object, ...]]
"""Line number, path, label as it stands there, fields that are kept."""


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
    wanted = Wanted.of(spec)
    noted = _Noted(label_column(path, rule, columns=wanted.labels), KeptColumns(path, spec.keep))
    names = Names.of(noted.path(row, paths) for row in _rows(path, wanted, paths))
    labels, class_names = noted.annotated()
    settings = {"images_key": spec.images_key, "labels_key": spec.labels_key, **rule.settings()}
    part = FilePart(root, names, labels, 0, spec.alpha)
    source = file_source("list", part, class_names, settings, path)
    if paths.respelt:
        source.notes = (*source.notes, f"{paths.respelt:,} paths were found with slashes, or with an extension added")
    return source


@dataclass(frozen=True)
class Wanted:
    """Which columns or fields are read.

    `images` and `labels` are the user's names, None and empty where the usual ones are looked for; `unlabelled` says
    that no labels are read.
    """

    images: str | None
    labels: tuple[str, ...]
    keep: tuple[str, ...]
    unlabelled: bool

    @classmethod
    def of(cls, spec: SourceSpec) -> Wanted:
        """Return what a spec asks for; ``--labels-key a,b`` names several columns."""
        several = spec.labels_as in {"multilabel", "real"}
        key = spec.labels_key
        labels = () if key is None else tuple(key.split(",")) if several else (key,)
        return cls(spec.images_key, labels, spec.keep, spec.unlabelled)


@dataclass(frozen=True)
class _Noted:
    """The labels and the kept fields of the lines that were read."""

    labels: TargetColumn
    kept: KeptColumns

    def path(self, row: Row, paths: ListPaths) -> str:
        """Note what a line says of its picture, and return its path below the root."""
        line, name, label, fields = row
        self.labels.note(line, label)
        self.kept.note(f"line {line}", fields)
        return paths.relative(line, name)

    def annotated(self) -> Targets:
        """Return the labels and kept fields, and the class names."""
        labels, names = self.labels.annotated()
        return self.kept.added_to(labels) if self.kept.names else labels, names


def _rows(path: str, wanted: Wanted, paths: ListPaths) -> Iterator[Row]:
    try:
        with _opened(path) as file:
            if path.lower().endswith(CSV):
                yield from _csv_rows(file, path, wanted, paths)
            else:
                yield from _json_rows(file, path, wanted)
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


def _csv_rows(file: IO[str], path: str, wanted: Wanted, paths: ListPaths) -> Iterator[Row]:
    lines = _lines(file, path)
    first, skipped = next(lines, ""), 1
    if re.fullmatch(r"sep=.\s*", first):  # Excel's own line on the delimiter
        first, skipped = next(lines, ""), 2
    delimiter = max(",;\t", key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    columns = _columns(header, path, wanted)
    reader = csv.reader(lines, delimiter=delimiter)
    if columns is None:
        columns = _Columns(0, () if wanted.unlabelled else (1,), ())
        row = columns.row(header, path, skipped)
        _check_data(row, path, paths, wanted.unlabelled)
        yield row
    for cells in reader:
        if cells:
            yield columns.row(cells, path, reader.line_num + skipped)


def _check_data(row: Row, path: str, paths: ListPaths, unlabelled: bool) -> None:
    """Refuse a first line that may be a header: neither is its label a number, nor is its file there."""
    line, name, label, _ = row
    if (unlabelled or meaning_of(label).kind != "number") and not paths.is_there(name):
        raise SourceError(
            f"{path}, line {line}: neither usual names of columns, nor a picture below {paths.root} and its label: "
            f"{shown(name)}, {shown(str(label))}",
            "name the columns with --images-key and --labels-key, or the folder of the pictures with --data-dir",
        )


@dataclass(frozen=True)
class _Columns:
    """The numbers of the columns that are read."""

    images: int
    labels: tuple[int, ...]
    keep: tuple[int, ...]

    def row(self, cells: list[str], path: str, line: int) -> Row:
        """Return what stands in a line; raises SourceError for one that is too short."""
        if len(cells) <= max(self.images, *self.labels, *self.keep):
            raise SourceError(f"{path}, line {line}: only {len(cells)} columns", "check that line")
        found = [cells[column].strip() for column in self.labels]
        label: object = found[0] if len(found) == 1 else found
        return line, cells[self.images], label, tuple(cells[column] for column in self.keep)


def _columns(header: list[str], path: str, wanted: Wanted) -> _Columns | None:
    """Return the numbers of the columns, or None where the first line is data already."""
    known = [cell.strip() for cell in header]
    lower = [cell.lower() for cell in known]
    named = bool(wanted.images or wanted.labels or wanted.keep)
    by_name = named or bool({*lower} & {*PATH_NAMES, *LABEL_NAMES})
    if len(header) == (1 if wanted.unlabelled else 2) and not by_name:
        return None
    images = _position(known, lower, wanted.images, PATH_NAMES)
    labels = (
        [] if wanted.unlabelled else [_position(known, lower, name, LABEL_NAMES) for name in wanted.labels or (None,)]
    )
    keep = [_position(known, lower, name, ()) for name in wanted.keep]
    lacking = _lacking(images, labels, keep, wanted)
    if images is None or lacking:
        raise SourceError(
            f"{path}: no column of {lacking} among: {', '.join(known)[:200]}",
            "name the columns with --images-key and --labels-key",
        )
    return _Columns(images, tuple(at for at in labels if at is not None), tuple(at for at in keep if at is not None))


def _lacking(images: int | None, labels: list[int | None], keep: list[int | None], wanted: Wanted) -> str:
    """Return what no column holds, in words; nothing where all are there."""
    if images is None:
        return "paths"
    if None in labels or images in labels:
        return "labels"
    missing = next((name for name, at in zip(wanted.keep, keep, strict=True) if at is None), None)
    return "" if missing is None else f"the field {missing}"


def _position(known: list[str], lower: list[str], wanted: str | None, usual: tuple[str, ...]) -> int | None:
    if wanted is not None:
        return known.index(wanted) if wanted in known else None
    return next((lower.index(name) for name in usual if name in lower), None)


def _json_rows(file: IO[str], path: str, wanted: Wanted) -> Iterator[Row]:
    for number, line in enumerate(_lines(file, path), 1):
        if not line.strip():
            continue
        record = _record(line, f"{path}, line {number}")
        name = _field(record, wanted.images, PATH_NAMES)
        labels = [_field(record, one, LABEL_NAMES) for one in wanted.labels or (None,)]
        label = labels[0] if len(labels) == 1 else labels
        if not isinstance(name, str) or (None in labels and not wanted.unlabelled):
            raise SourceError(
                f"{path}, line {number}: a path (text) and a label are expected, not {str(name)[:60]!r} and "
                f"{str(label)[:60]!r}",
                "check that line, or name the fields with --images-key and --labels-key",
            )
        missing = next((field for field in wanted.keep if field not in record), None)
        if missing is not None:
            raise SourceError(f"{path}, line {number}: no field {missing!r}", "keep fields that every line has")
        yield number, name, label, tuple(record[field] for field in wanted.keep)


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
