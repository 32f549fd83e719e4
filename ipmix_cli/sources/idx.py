"""MNIST's IDX files as a source: pictures in one file, labels in another, gzipped or not."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.arrays import ArrayData, ArrayRows, FileRows, array_source, picture_layout
from ipmix_cli.sources.labels import check_count
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.unpack_cache import UnpackedRows, file_key
from ipmix_cli.storage.bounded import check_swelling
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.regular_file import open_regular

PIXELS = "pixels.raw"
SPLIT_WORDS = {"train": ("train",), "test": ("t10k", "test")}
UINT8 = 0x08
"""The only element type of published IDX sets of pictures."""


def looks_like_idx(path: Path) -> bool:
    """Tell whether a path is a file of pictures in IDX, or a folder with one."""
    return _is_images(path) if path.is_file() else any(_images_below(path))


def open_idx(spec: SourceSpec) -> ListedSource:
    """Open a folder of IDX files (or torchvision's, with them in ``raw``), or the file of pictures itself.

    Raises
    ------
    SourceError
        No file of labels beside the pictures', several sets in one folder, or damage.
    """
    given = Path(spec.input).absolute()
    images = given if given.is_file() else _images_of_split(given, spec.split)
    labels = _labels_beside(images)
    files = WatchedFiles.of([images, labels])
    shape = _shape(images)
    picture_layout(shape, str(images))
    label_shape = _shape(labels)
    if label_shape != shape[:1]:
        raise SourceError(
            f"{labels} holds labels of the shape {label_shape}, {images} {shape[0]} pictures",
            "fetch both again",
        )
    check_count(shape[0], str(images))
    data = ArrayData(
        format="idx",
        location=str(images),
        rows=_rows(images, shape),
        labels=np.frombuffer(b"".join(_content(labels, label_shape)), np.uint8),
        settings={"split": None if given.is_file() else spec.split},
        files=files,
    )
    return array_source(data, spec)


def unpack_idx(path: Path, folder: Path) -> None:
    """Write the pixels of a gzipped file into a folder."""
    with (folder / PIXELS).open("wb") as out:
        for piece in _content(path, _shape(path)):
            out.write(piece)


def _rows(path: Path, shape: tuple[int, ...]) -> ArrayRows:
    if path.suffix != ".gz":
        return FileRows(str(path), 4 + 4 * len(shape), shape)
    return UnpackedRows(str(path), file_key(path, "idx"), ("idx",), PIXELS, shape, unpack_idx)


def _shape(path: Path) -> tuple[int, ...]:
    """Return the shape that a file's header states, after a look at whether the file can hold it."""
    start = b"".join(_read(path, 20))
    if len(start) < 8 or start[:2] != b"\0\0" or start[2] != UINT8 or not 1 <= start[3] <= 4:
        raise SourceError(f"{path} is not an IDX file of 8-bit numbers", "fetch it again")
    if len(start) < 4 + 4 * start[3]:
        raise SourceError(f"{path} is cut short", "fetch it again")
    shape = struct.unpack(f">{start[3]}I", start[4 : 4 + 4 * start[3]])
    size = int(np.prod(shape, dtype=object))
    if path.suffix == ".gz":
        check_swelling(path, size)
    elif path.stat().st_size < 4 + 4 * len(shape) + size:
        raise SourceError(f"{path} is cut short: its header states {shape}", "fetch it again")
    return shape


def _content(path: Path, shape: tuple[int, ...]) -> Iterator[bytes]:
    """Yield the elements of a file, as bytes; raises SourceError where there are fewer than stated."""
    skip, left = 4 + 4 * len(shape), int(np.prod(shape, dtype=object))
    for piece in _read(path, skip + left):
        kept = piece[skip:]
        skip -= len(piece) - len(kept)
        left -= len(kept)
        yield kept
    if left:
        raise SourceError(f"{path} is cut short: {left} bytes are missing", "fetch it again")


def _read(path: Path, count: int) -> Iterator[bytes]:
    """Yield at most the first `count` bytes of a file, unzipped, in pieces."""
    try:
        with open_regular(path) as file, gzip.open(file) if path.suffix == ".gz" else file as stream:
            while count and (piece := stream.read(min(count, 2**20))):
                count -= len(piece)
                yield piece
    except (EOFError, OSError, zlib.error) as error:
        raise SourceError(f"{path} is cut short or damaged: {error}", "fetch it again") from error


def _is_images(path: Path) -> bool:
    name = path.name.lower()
    return "images" in name and "idx" in name and "ubyte" in name


def _images_below(folder: Path) -> Iterator[Path]:
    for place in (folder, folder / "raw", *sorted(folder.glob("*/raw"))):
        if place.is_dir():
            yield from sorted(path for path in place.iterdir() if path.is_file() and _is_images(path))


def _images_of_split(folder: Path, split: str) -> Path:
    words = SPLIT_WORDS.get(split, (split,))
    found = {path.with_suffix("") if path.suffix == ".gz" else path: path for path in _images_below(folder)}
    chosen = [path for path in found.values() if any(word in path.name for word in words)]
    if len(chosen) == 1:
        return chosen[0]
    there = ", ".join(path.name for path in found.values())
    what = "no file" if not chosen else "several files"
    raise SourceError(f"{folder} has {what} of pictures of the {split} split: {there}", "name one of them with --in")


def _labels_beside(images: Path) -> Path:
    stem = images.name.removesuffix(".gz")
    for name in (stem.replace("images", "labels").replace("idx3", "idx1"), stem.replace("images", "labels")):
        for path in (images.with_name(name), images.with_name(name + ".gz")):
            if path.is_file() and path != images:
                return path
    name = stem.replace("images", "labels").replace("idx3", "idx1")
    raise SourceError(f"there are no labels beside {images}", f"put {name} or {name}.gz in that folder")
