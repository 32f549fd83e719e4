"""A Hugging Face data set on the disk, as ``Dataset.save_to_disk`` writes it: Arrow streams, which pyarrow reads.

A folder holds ``state.json``, which names the files in order, and ``dataset_info.json``. A ``DatasetDict`` is a folder
of such folders, one for each split, with ``dataset_dict.json`` beside them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ipmix_cli.errors import SourceError
from ipmix_cli.extras import imported
from ipmix_cli.record import RecordError, decoded
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.arrow_messages import is_compressed
from ipmix_cli.sources.common_size import CommonSize
from ipmix_cli.sources.decoded import EncodedPictures
from ipmix_cli.sources.kept_fields import KeptColumns
from ipmix_cli.sources.labels import NO_LABELS, LabelRule, annotated_array, check_count, label_column, label_rule
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.parquet import (
    bytes_of,
    check_has_bytes,
    class_names_of,
    columns_of,
    file_content,
    is_number,
    leaf_of,
)
from ipmix_cli.sources.runs import cut_runs
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.split_names import SPLIT_NAMES
from ipmix_cli.sources.targets import Targets
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.regular_file import open_regular, read_regular
from ipmix_cli.storage.source_digest import digest_kind, source_digest

STATE, SPLITS = "state.json", "dataset_dict.json"
MOST_JSON = 2**26  # bytes


@dataclass(frozen=True)
class Rows:
    """The rows start .. stop of one file."""

    path: str
    start: int
    stop: int


@dataclass(frozen=True)
class SavedPart(EncodedPictures):
    """Runs of rows with their labels; `start` is the first one's index."""

    runs: tuple[Rows, ...]
    labels: Annotated
    start: int
    image: str
    alpha: str

    def encoded(self) -> Iterator[bytes]:
        """Yield the encoded pictures; files are mapped into memory, so that those before the first cost no read."""
        for run in self.runs:
            first = 0
            for batch in batches(run.path, (self.image,)):
                low, high = max(run.start - first, 0), min(run.stop - first, len(batch))
                if low < high:
                    for value in bytes_of(batch.column(0))[low:high]:
                        yield value.as_py() or b""
                first += len(batch)
                if first >= run.stop:
                    break
            if first < run.stop:
                raise SourceError(f"{run.path} has fewer rows than before", "restore it")

    def cut(self, start: int, stop: int) -> SavedPart:
        """Return the samples start..stop, with the runs of rows that hold them."""
        cuts = cut_runs((run.stop - run.start for run in self.runs), start, stop)
        runs = [
            Rows(self.runs[number].path, self.runs[number].start + low, self.runs[number].start + high)
            for number, low, high in cuts
        ]
        return SavedPart(tuple(runs), self.labels[start:stop], start, self.image, self.alpha)


def looks_like_saved(path: Path) -> bool:
    """Tell whether a path is a folder that ``save_to_disk`` wrote, of one split or of several."""
    return path.is_dir() and ((path / SPLITS).is_file() or ((path / STATE).is_file() and any(path.glob("*.arrow"))))


def open_saved(spec: SourceSpec) -> ListedSource:
    """Open a data set that ``save_to_disk`` wrote, or one split of several.

    Columns are found as in Parquet files: pictures as bytes or as ``{bytes, path}``; a path is never followed.

    Raises
    ------
    SourceError
        pyarrow is not installed, no such columns or split, or damage.
    """
    given = Path(spec.input).absolute()
    folder, split = _folder_of_split(given, spec.split)
    paths = _files(folder)
    files = WatchedFiles.of(paths)
    with _opened(str(paths[0])) as stream:
        schema = stream.schema
        image, label = columns_of(schema, spec, paths[0])
        column = leaf_of(schema, image, paths[0])
    counts = [sum(map(len, batches(str(path), (image,)))) for path in paths]
    check_count(sum(counts), str(given))
    rule = label_rule(spec)
    labels, class_names = _annotated(paths, schema, label, rule, spec.keep, sum(counts))
    if column != image:
        check_has_bytes(paths[0], image, next(batches(str(paths[0]), (image,)), None))
    runs = tuple(Rows(str(path), 0, count) for path, count in zip(paths, counts, strict=True) if count)
    whole = SavedPart(runs, labels, 0, image, spec.alpha)
    kind = digest_kind(sum(path.stat().st_size for path in paths))
    common = CommonSize()
    if kind == "content":
        deque(common.passing(whole.encoded()), maxlen=0)
    return ListedSource(
        format="arrow",
        location=str(given),
        class_names=class_names,
        size=common.value,
        digest=source_digest({"kind": kind}, class_names, labels, file_content(paths, kind)),
        settings={
            "split": split,
            "images_key": image,
            "labels_key": spec.labels_key if label is None else ",".join(label),
            **rule.settings(),
            "alpha": spec.alpha,
            "digest": kind,
        },
        whole=whole,
        files=files,
    )


def _folder_of_split(given: Path, split: str) -> tuple[Path, str]:
    """Return the folder that holds a split, and what the data set calls it."""
    if (given / SPLITS).is_file():
        there = _json(given / SPLITS).get("splits")
        names = [str(name) for name in there] if isinstance(there, list) else []
        for name in SPLIT_NAMES.get(split, (split,)):
            if name in names and "/" not in name and ".." not in name:
                return given / name, name
        raise SourceError(f"{given} has no {split} split; it has: {', '.join(names)[:200]}", "choose another --split")
    own = str(_json(given / STATE).get("_split") or split)
    if split not in {SourceSpec.split, own} and own not in SPLIT_NAMES.get(split, ()):
        raise SourceError(f"{given} holds the {own} split, not {split}", "leave out --split")
    return given, own


def _files(folder: Path) -> list[Path]:
    """Return the files of a data set in order, as its state names them."""
    state = _json(folder / STATE)
    if state.get("_indices_files") or state.get("_indices_data_files"):
        raise SourceError(
            f"{folder} holds an order of its rows beside them, as versions of datasets before 2.0 wrote it",
            "save it again: load_from_disk(..).flatten_indices().save_to_disk(NEW)",
        )
    try:
        names = [str(one["filename"]) for one in state["_data_files"]]
    except (KeyError, TypeError) as error:
        raise SourceError(f"{folder / STATE} names no files", "save the data set again") from error
    paths = [folder / name for name in names]
    bad = [path for path, name in zip(paths, names, strict=True) if Path(name).name != name or not path.is_file()]
    if bad or not paths:
        missing = bad[0] if bad else folder
        raise SourceError(f"{missing} is missing, or no file of the data set", "copy the whole folder again")
    return paths


def _json(path: Path) -> dict[str, Any]:
    try:
        found = decoded(read_regular(path, MOST_JSON))
    except (OSError, RecordError) as error:
        raise SourceError(f"cannot read {path}: {error}", "copy the whole folder again") from error
    return found if isinstance(found, dict) else {}


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """Open an Arrow stream; any error of pyarrow inside the block becomes a SourceError."""
    arrow, ipc = imported("pyarrow", "parquet"), imported("pyarrow.ipc", "parquet")
    try:
        with open_regular(path):  # no pipe, no device
            pass
        with arrow.memory_map(path) as file:
            if is_compressed(ipc.MessageReader.open_stream(file)):
                raise SourceError(f"{path} is compressed: it may unpack to any size", "save it with save_to_disk again")
            file.seek(0)
            with ipc.open_stream(file) as stream:
                yield stream
    except (arrow.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        line = " ".join(str(error).split())[:200]
        raise SourceError(f"{path} is damaged, or no Arrow stream: {line}", "copy it again") from error


def batches(path: str, columns: Sequence[str]) -> Iterator[Any]:
    """Yield the record batches of a file with some columns, each checked; raises SourceError for a damaged file."""
    with _opened(path) as stream:
        for batch in stream:
            chosen = batch.select(list(columns))
            chosen.validate(full=True)
            yield chosen


def _annotated(
    paths: Sequence[Path],
    schema: Any,
    columns: tuple[str, ...] | None,
    rule: LabelRule,
    keep: tuple[str, ...],
    rows: int,
) -> Targets:
    """Return the labels of all rows and the fields that are kept, and the class names."""
    found, names = _labels(paths, schema, columns, rule, rows)
    if not keep:
        return found, names
    kept = KeptColumns(str(paths[0].parent), keep)
    for row, values in _rows(paths, keep):
        kept.note(f"row {row}", values)
    return kept.added_to(found), names


def _labels(paths: Sequence[Path], schema: Any, columns: tuple[str, ...] | None, rule: LabelRule, rows: int) -> Targets:
    where = str(paths[0].parent)
    if columns is None or rule.reading == NO_LABELS:
        return annotated_array(None, where, rows, rule)
    where = f"{where}: {', '.join(columns)}"
    names = class_names_of(schema.metadata, columns[0]) if len(columns) == 1 else None
    if len(columns) == 1 and is_number(schema.field(columns[0]).type):
        parts = [batch.column(0) for path in paths for batch in batches(str(path), columns)]
        if not any(part.null_count for part in parts):
            values = np.concatenate([np.asarray(part.to_numpy(zero_copy_only=False)) for part in parts])
            return annotated_array(values, where, len(values), rule, names)
    column = label_column(where, rule, names, "row", columns)
    for row, cells in _rows(paths, columns):
        column.note(row, cells[0] if len(columns) == 1 else list(cells))
    return column.annotated()


def _rows(paths: Sequence[Path], names: Sequence[str]) -> Iterator[tuple[object, tuple[object, ...]]]:
    """Yield each row's number and its values in some columns."""
    row = 0
    for path in paths:
        for batch in batches(str(path), names):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield row, values
                row += 1
