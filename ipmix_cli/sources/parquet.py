"""Parquet files as Hugging Face writes them as a source; pyarrow reads them and is an extra."""

from __future__ import annotations

import importlib
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.extras import imported
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.common_size import CommonSize
from ipmix_cli.sources.decoded import EncodedPictures
from ipmix_cli.sources.kept_fields import KeptColumns
from ipmix_cli.sources.labels import (
    MAX_LABEL_BYTES,
    NO_LABELS,
    LabelRule,
    annotated_array,
    check_count,
    label_column,
    label_rule,
)
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.parquet_files import files_below, files_of_split
from ipmix_cli.sources.runs import cut_runs
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.targets import Targets
from ipmix_cli.storage.bounded import MOST_EXPANSION, SLACK_BYTES, too_large
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.regular_file import open_regular
from ipmix_cli.storage.source_digest import digest_kind, framed, source_digest

IMAGE_NAMES = ("image", "img", "images", "picture")
LABEL_NAMES = ("label", "labels", "fine_label", "class")
BINARY = {"binary", "large_binary", "binary_view"}
BATCH = 32
"""Pictures read from a row group at a time, or fewer: together they are to have about `BATCH_BYTES`."""

BATCH_BYTES = 32 * 2**20

MOST_EACH = 64 * 2**20
"""Bytes of a picture, on average over a row group: pyarrow holds five copies of a value while it is read."""
LABEL_BATCH = 1024


@dataclass(frozen=True)
class RowGroup:
    """A run of rows of one file: rows skip..skip+count of its group."""

    path: str
    group: int
    skip: int
    count: int


@dataclass(frozen=True)
class ParquetPart(EncodedPictures):
    """Runs of rows with their labels; `start` is the first one's index."""

    groups: tuple[RowGroup, ...]
    labels: Annotated
    start: int
    column: str
    alpha: str

    def encoded(self) -> Iterator[bytes]:
        """Yield the encoded pictures, some tens of rows at a time."""
        for group in self.groups:
            with _opened(group.path) as file:
                skip, left = group.skip, group.count
                rows = _rows_at_once(file, group.group, self.column, group.path)
                for batch in file.iter_batches(rows, [group.group], [self.column]):
                    values = bytes_of(batch.column(0))[skip : skip + left]
                    skip, left = max(0, skip - len(batch)), left - len(values)
                    for value in values:
                        yield value.as_py() or b""
                if left:
                    raise SourceError(f"{group.path} has fewer rows than before", "restore it")

    def cut(self, start: int, stop: int) -> ParquetPart:
        """Return the samples start..stop, with the runs of rows that hold them."""
        cuts = cut_runs((group.count for group in self.groups), start, stop)
        groups = [
            RowGroup(self.groups[number].path, self.groups[number].group, self.groups[number].skip + low, high - low)
            for number, low, high in cuts
        ]
        return ParquetPart(tuple(groups), self.labels[start:stop], start, self.column, self.alpha)


def _rows_at_once(file: Any, group: int, column: str, path: str) -> int:
    """Return how many pictures of a row group fit in memory together; refuse one that swells without bound.

    Raises
    ------
    SourceError
    """
    facts = _column_facts(file, group, column)
    if facts.total_uncompressed_size > MOST_EXPANSION * facts.total_compressed_size + SLACK_BYTES:
        raise too_large(path)
    each = max(1, facts.total_uncompressed_size // max(1, facts.num_values))
    if each > MOST_EACH:
        raise SourceError(
            f"{path} holds pictures of {each} bytes on average, more than {MOST_EACH}", "store pictures as files"
        )
    return int(max(1, min(BATCH, BATCH_BYTES // each)))


def _column_facts(file: Any, group: int, column: str) -> Any:
    """Return what a file's footer says of one column of a row group."""
    row_group = file.metadata.row_group(group)
    for number in range(row_group.num_columns):
        if row_group.column(number).path_in_schema == column:
            return row_group.column(number)
    raise SourceError(f"the row group {group} has no column {column}", "fetch the file again")


def looks_like_parquet(path: Path) -> bool:
    """Tell whether a path is a .parquet file, or a folder with some in it or in its ``data``."""
    if path.is_file():
        return path.suffix == ".parquet"
    files = files_below(path)
    return bool(files) and not all(file.with_suffix(".tar").is_file() for file in files)  # img2dataset's, beside tars


def open_parquet(spec: SourceSpec) -> ListedSource:
    """Open a Parquet file, or the files of a split in a folder.

    The column of pictures holds encoded ones, as bytes or as ``{bytes, path}``; a path is never followed.
    Class names are taken from Hugging Face's description where there is one.

    Raises
    ------
    SourceError
        pyarrow is not installed, no such columns or split, or damage.
    """
    given = Path(spec.input).absolute()
    paths = [given] if given.is_file() else files_of_split(given, spec.split)
    files = WatchedFiles.of(paths)
    check_count(_row_count(paths), str(given))
    with _opened(str(paths[0])) as file:
        image, label = columns_of(file.schema_arrow, spec, paths[0])
        column = leaf_of(file.schema_arrow, image, paths[0])
    groups = tuple(group for path in paths for group in _groups(path))
    rule = label_rule(spec)
    labels, class_names = _annotated(paths, label, rule, spec.keep)
    _check_bytes(paths[0], image, column)
    kind = digest_kind(sum(path.stat().st_size for path in paths))
    whole = ParquetPart(groups, labels, 0, column, spec.alpha)
    common = CommonSize()
    if kind == "content":
        deque(common.passing(whole.encoded()), maxlen=0)
    return ListedSource(
        format="parquet",
        location=str(given),
        class_names=class_names,
        size=common.value,
        digest=source_digest({"kind": kind}, class_names, labels, file_content(paths, kind)),
        settings={
            "split": spec.split,
            "images_key": image,
            "labels_key": spec.labels_key if label is None else ",".join(label),
            **rule.settings(),
            "alpha": spec.alpha,
            "digest": kind,
        },
        whole=whole,
        files=files,
    )


@contextmanager
def _opened(path: str, words: str | None = None) -> Iterator[Any]:
    """Open a Parquet file; any error of pyarrow inside the block becomes a SourceError.

    Of the column `words`, if it is text, each different one is held only once.
    """
    arrow, parquet = imported("pyarrow", "parquet"), imported("pyarrow.parquet", "parquet")
    try:
        with open_regular(path) as stream:
            texts = words is not None and not arrow.types.is_nested(parquet.read_schema(stream).field(words).type)
        dictionary = {"read_dictionary": [words]} if texts else {}
        with open_regular(path) as stream, parquet.ParquetFile(stream, pre_buffer=False, **dictionary) as file:
            yield file
    except (arrow.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        line = " ".join(str(error).split())[:200]
        raise SourceError(f"{path} is damaged, or no Parquet file: {line}", "fetch it again") from error


def columns_of(schema: Any, spec: SourceSpec, path: Path) -> tuple[str, tuple[str, ...] | None]:
    """Return the column of pictures and those of labels; None for these if no labels are read."""
    image = spec.images_key or next((name for name in IMAGE_NAMES if name in schema.names), None)
    label = spec.labels_key or next((name for name in LABEL_NAMES if name in schema.names), None)
    missing = [name for name in spec.keep if name not in schema.names]
    if missing:
        raise SourceError(
            f"{path} has no column {missing[0]!r}; it has: {', '.join(schema.names)[:200]}", "keep columns that it has"
        )
    if spec.unlabelled and image in schema.names:
        return str(image), None
    several = spec.labels_as in {"multilabel", "real"} and label is not None and label not in schema.names
    labels = tuple(str(label).split(",")) if several else (str(label),)
    if image in schema.names and all(name in schema.names for name in labels):
        return str(image), labels
    raise SourceError(
        f"{path} has no columns of pictures and labels with usual names; it has: {', '.join(schema.names)[:200]}",
        "name them with --images-key and --labels-key",
    )


def leaf_of(schema: Any, image: str, path: Path) -> str:
    """Return the column that holds the encoded bytes."""
    kind = schema.field(image).type
    if str(kind) in BINARY:
        return image
    if str(kind).startswith("struct<") and any(part.name == "bytes" and str(part.type) in BINARY for part in kind):
        return f"{image}.bytes"
    raise SourceError(
        f"{path}: the column {image} holds {str(kind)[:80]}, not encoded pictures", "choose it with --images-key"
    )


def _check_bytes(path: Path, image: str, column: str) -> None:
    """Refuse a file whose first pictures are paths without bytes: a path is never followed."""
    if column == image:
        return
    with _opened(str(path)) as file:
        check_has_bytes(path, image, next(file.iter_batches(1, columns=[image]), None))


def check_has_bytes(path: Path, image: str, first: Any) -> None:
    """Refuse a first batch of pictures that are paths without bytes; raises SourceError."""
    row = first.column(0)[0].as_py() if first is not None and len(first) else None
    if isinstance(row, dict) and not row.get("bytes") and row.get("path"):
        raise SourceError(
            f"{path}: the column {image} holds paths and no pictures, such as {str(row['path'])[:200]!r}",
            "give --in a list of these paths and labels (CSV) with --data-dir, or embed the pictures: "
            "Dataset.push_to_hub does, and so does datasets.table.embed_table_storage",
        )


def bytes_of(column: Any) -> Any:
    """Return the encoded pictures of a column, which has them as bytes or as ``{bytes, path}``."""
    return column.field(0) if str(column.type).startswith("struct<") else column


def class_names_of(metadata: dict[bytes, bytes] | None, label: str) -> tuple[str, ...] | None:
    """Return the names that Hugging Face's description of the label column gives, if any."""
    try:
        feature = json.loads((metadata or {})[b"huggingface"])["info"]["features"][label]
        inner = feature[0] if isinstance(feature, list) else feature.get("feature", feature)  # of a list of classes
        names = inner["names"]
    except (KeyError, ValueError, TypeError, RecursionError, AttributeError, IndexError):
        return None
    return tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _groups(path: Path) -> Iterator[RowGroup]:
    with _opened(str(path)) as file:
        for group in range(file.num_row_groups):
            yield RowGroup(str(path), group, 0, file.metadata.row_group(group).num_rows)


def _row_count(paths: list[Path]) -> int:
    total = 0
    for path in paths:
        with _opened(str(path)) as file:
            total += file.metadata.num_rows
    return total


def _common_names(paths: list[Path], label: str) -> tuple[str, ...] | None:
    """Return the class names that the files' descriptions give; refuse files that number the classes differently."""
    found: dict[Path, tuple[str, ...] | None] = {}
    for path in paths:
        with _opened(str(path)) as file:
            found[path] = class_names_of(file.schema_arrow.metadata, label)
    first = found[paths[0]]
    for path, names in found.items():
        if names != first:
            raise SourceError(
                f"{paths[0]} and {path} have other class names in {label}: {_named(first)} and {_named(names)}",
                "give one of them to --in at a time, or write them again with one ClassLabel",
            )
    return first


def _named(names: tuple[str, ...] | None) -> str:
    return "none" if names is None else f"{', '.join(names)[:100]} ({len(names)})"


def _annotated(paths: list[Path], columns: tuple[str, ...] | None, rule: LabelRule, keep: tuple[str, ...]) -> Targets:
    """Return the labels of all files and the fields that are kept, and the class names."""
    labels, names = _labels(paths, columns, rule)
    if not keep:
        return labels, names
    kept = KeptColumns(str(paths[0]), keep)
    for row, values in _rows(paths, keep):
        kept.note(f"row {row}", values)
    return kept.added_to(labels), names


def _labels(paths: list[Path], columns: tuple[str, ...] | None, rule: LabelRule) -> Targets:
    """Return the labels of all files: in one array where they are numbers, else row by row."""
    if columns is None or rule.reading == NO_LABELS:
        return annotated_array(None, str(paths[0]), _row_count(paths), rule)
    where = f"{paths[0] if len(paths) == 1 else paths[0].parent}: {', '.join(columns)}"
    names = _common_names(paths, columns[0]) if len(columns) == 1 else None
    values = _numbers(paths, columns[0]) if len(columns) == 1 else None
    if values is not None:
        return annotated_array(values, where, len(values), rule, names)
    column = label_column(where, rule, names, "row", columns)
    for row, cells in _rows(paths, columns):
        column.note(row, cells[0] if len(columns) == 1 else list(cells))
    return column.annotated()


def _numbers(paths: list[Path], name: str) -> NDArray[Any] | None:
    """Return a column of all files as one array, if it holds numbers, and one in each row."""
    columns = []
    for path in paths:
        with _opened(str(path)) as file:
            if not is_number(file.schema_arrow.field(name).type):
                return None
            columns.append(file.read([name]).column(0))
            if columns[-1].null_count:
                return None
    return np.concatenate([np.asarray(column.to_numpy()) for column in columns])


def _rows(paths: list[Path], names: tuple[str, ...]) -> Iterator[tuple[object, tuple[object, ...]]]:
    """Yield each row's number and its values in some columns, a bearable number of rows at a time."""
    for path in paths:
        with _opened(str(path), names[0] if len(names) == 1 else None) as file:
            for group in range(file.num_row_groups):
                for name in names:
                    _check_label_size(file.metadata.row_group(group), name, path)
            row = 0
            for batch in file.iter_batches(LABEL_BATCH, columns=list(names)):
                columns = [_values(batch.column(batch.schema.get_field_index(name))) for name in names]
                for values in zip(*columns, strict=True):
                    yield (row if len(paths) == 1 else f"{row} of {path.name}"), values
                    row += 1


def _check_label_size(group: Any, label: str, path: Path) -> None:
    columns = [group.column(number) for number in range(group.num_columns)]
    if (
        sum(one.total_uncompressed_size for one in columns if one.path_in_schema.split(".")[0] == label)
        > MAX_LABEL_BYTES
    ):
        raise too_large(str(path))


def _values(column: Any) -> Iterator[object]:
    """Yield the values of a column; each different text of one is made once."""
    if not hasattr(column, "dictionary"):
        yield from column.to_pylist()
        return
    words = column.dictionary.to_pylist()
    yield from (None if index is None else words[index] for index in column.indices.to_pylist())


def is_number(kind: Any) -> bool:
    """Tell whether an Arrow type is one of numbers."""
    types = importlib.import_module("pyarrow.types")
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))


def file_content(paths: list[Path], kind: str) -> Iterator[bytes]:
    """Yield what a digest covers of files: their names and sizes, and of the kind "content" all their bytes."""
    for path in paths:
        yield framed(path.name.encode("utf-8", "surrogateescape")) + path.stat().st_size.to_bytes(8, "little")
        if kind == "content":
            with open_regular(path) as file:
                while piece := file.read(2**20):
                    yield piece
