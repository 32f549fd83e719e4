"""STL-10's binary files as a source: ``train_X.bin``, ``train_y.bin`` and ``class_names.txt``, in ``stl10_binary``.

Pictures are 3 x 96 x 96 bytes each, column by column; labels are a byte each, counted from 1. ``unlabeled_X.bin``
has no labels: ``--split unlabeled --unlabelled`` reads it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.arrays import ArrayData, FileRows, array_source
from ipmix_cli.sources.labels import check_count
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.transposed_rows import TransposedRows
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.regular_file import read_regular

FOLDER = "stl10_binary"
PICTURE = (3, 96, 96)
SPLITS = {"train": "train", "test": "test", "val": "test", "unlabeled": "unlabeled", "unlabelled": "unlabeled"}
MOST_LABELS = 2**20  # bytes; the published sets have 8,000 at most
MOST_NAMES = 2**12


def looks_like_stl10(path: Path) -> bool:
    """Tell whether a path is a folder with STL-10's files, or with their folder."""
    return path.is_dir() and any((place / "train_X.bin").is_file() for place in (path, path / FOLDER))


def open_stl10(spec: SourceSpec) -> ListedSource:
    """Open a split of STL-10.

    Raises
    ------
    SourceError
        If a file is missing, or of another length than pictures have, or a label is none of the classes.
    """
    given = Path(spec.input).absolute()
    folder = given / FOLDER if (given / FOLDER).is_dir() else given
    split = SPLITS.get(spec.split)
    if split is None:
        raise SourceError(f"STL-10 has no {spec.split} split", "give --split train, test or unlabeled")
    if split == "unlabeled" and not spec.unlabelled:
        raise SourceError(f"{folder}: the unlabeled split has no labels", "give --unlabelled with it")
    images, labels = folder / f"{split}_X.bin", folder / f"{split}_y.bin"
    needed = [images] if spec.unlabelled else [images, labels]
    missing = next((path for path in needed if not path.is_file()), None)
    if missing is not None:
        raise SourceError(f"there is no {missing}", "put STL-10's files together, or choose another --split")
    files = WatchedFiles.of(needed)
    count, rest = divmod(images.stat().st_size, int(np.prod(PICTURE)))
    if rest or not count:
        raise SourceError(f"{images} is not a whole number of pictures of 96x96 pixels", "fetch it again")
    check_count(count, str(images))
    names = None if spec.unlabelled else _class_names(folder / "class_names.txt")
    data = ArrayData(
        format="stl10",
        location=str(folder),
        rows=TransposedRows(FileRows(str(images), 0, (count, *PICTURE))),
        labels=None if names is None else _labels(labels, len(names)),
        class_names=names,
        settings={"split": spec.split},
        files=files,
    )
    return array_source(data, spec)


def _labels(path: Path, classes: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return labels from 0; in the file they are counted from 1."""
    found = np.frombuffer(_content(path, MOST_LABELS), np.uint8).astype(np.int64) - 1
    if len(found) and not 0 <= found.min() <= found.max() < classes:
        raise SourceError(f"{path} has labels that are not 1 to {classes}", "fetch it again")
    return found


def _class_names(path: Path) -> tuple[str, ...]:
    try:
        names = tuple(_content(path, MOST_NAMES).decode().split())
    except UnicodeError as error:
        raise SourceError(f"{path} is not a list of class names", "fetch it again") from error
    if not names:
        raise SourceError(f"{path} names no classes", "fetch it again")
    return names


def _content(path: Path, most: int) -> bytes:
    try:
        return read_regular(path, most)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}", "put STL-10's files together") from error
