"""MATLAB's ``.mat`` files (version 5 to 7) as a source: arrays of numbers, such as SVHN's ``X`` and ``y``.

Of version 7.3, which is HDF5, :mod:`ipmix_cli.sources.hdf5` reads. Only arrays of numbers are looked at: no objects, no
cells, no functions. MATLAB stores column by column, so that (H, W, 3, N) is (N, 3, W, H) in C's order.

The file is a header of 128 bytes and elements, each with a tag: its type, and how many bytes follow. An array is an
element of elements: flags, dimensions, name, numbers; mostly it is deflated.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.array_names import choose_arrays
from ipmix_cli.sources.arrays import ArrayData, ArrayRows, array_source, picture_layout
from ipmix_cli.sources.labels import MAX_LABEL_BYTES, check_count
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.transposed_rows import TransposedRows
from ipmix_cli.sources.unpack_cache import UnpackedRows, file_key
from ipmix_cli.storage.bounded import check_swelling, too_large
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.regular_file import open_regular

HEADER, TAG = 128, 8  # bytes
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
COMPLEX = 0x0800
MOST_ARRAYS = 1000
MOST_DIMENSIONS = 8
MOST_START = 4096  # bytes of an array before its numbers: flags, dimensions and a name
PIXELS = "pixels.raw"
SVHN = ("train_32x32.mat", "test_32x32.mat", "extra_32x32.mat")
"""Files in which the digit 0 has the label 10."""


@dataclass(frozen=True)
class MatArray:
    """An array of numbers in a file.

    Parameters
    ----------
    place, length : int
        Of its element's content in the file, in bytes.
    compressed : bool
    skip : int
        Bytes before its numbers, once it is inflated.
    shape : tuple of int
        As MATLAB has it.
    stored : str
        numpy's type of the numbers as they are stored, which may be narrower than the array's own.
    """

    place: int
    length: int
    compressed: bool
    skip: int
    shape: tuple[int, ...]
    stored: str

    @property
    def nbytes(self) -> int:
        """The length of its numbers in bytes."""
        return int(np.prod(self.shape, dtype=object)) * np.dtype(self.stored).itemsize


def looks_like_matlab(path: Path) -> bool:
    """Tell whether a path is a file that is called .mat and is not HDF5."""
    if path.suffix.lower() != ".mat" or not path.is_file():
        return False
    try:
        with open_regular(path) as file:
            return file.read(10) == b"MATLAB 5.0"
    except OSError:
        return False


def open_matlab(spec: SourceSpec) -> ListedSource:
    """Open a .mat file of pictures, (H, W, 3, N) or (H, W, N) uint8, and labels.

    Raises
    ------
    SourceError
        No such arrays, of another shape or type, or a damaged file, or one that swells without bound.
    """
    path = Path(spec.input).absolute()
    files = WatchedFiles.of([path])
    arrays = arrays_of(path)
    images_key, labels_key = choose_arrays(arrays, spec, str(path))
    images = arrays[images_key]
    shape = images.shape[::-1]
    if images.stored != "u1":
        picture_layout(shape, f"{path}: {images_key}", np.dtype(images.stored))
    check_count(shape[0], str(path))
    data = ArrayData(
        format="matlab",
        location=str(path),
        rows=_rows(path, images, shape),
        labels=None if labels_key is None else _labels(path, arrays[labels_key], labels_key),
        settings={"images_key": images_key, "labels_key": labels_key},
        files=files,
        kept={name: _field(path, arrays, name, shape[0]) for name in spec.keep},
    )
    return array_source(data, spec)


def _rows(path: Path, images: MatArray, shape: tuple[int, ...]) -> ArrayRows:
    key = f"{images.place}"
    parts = ("matlab", key)
    unpack = partial(unpack_array, array=images)
    return TransposedRows(UnpackedRows(str(path), file_key(path, *parts), parts, PIXELS, shape, unpack))


def unpack_array(path: Path, folder: Path, array: MatArray) -> None:
    """Write the numbers of an array into a folder."""
    left = array.nbytes
    with (folder / PIXELS).open("wb") as out:
        for piece in _numbers(path, array):
            out.write(piece)
            left -= len(piece)
    if left:
        raise SourceError(f"{path} is {left} bytes too short", "fetch it again")


def _labels(path: Path, array: MatArray, name: str) -> NDArray[Any]:
    values = _small(path, array, name)
    if values.ndim == 2 and 1 in values.shape:
        values = values.reshape(-1)
    return values % 10 if path.name in SVHN and values.size and 1 <= values.min() <= values.max() == 10 else values


def _field(path: Path, arrays: dict[str, MatArray], name: str, count: int) -> NDArray[Any]:
    if name not in arrays:
        raise SourceError(f"{path} has no array {name!r}; it has: {', '.join(arrays)[:200]}", "keep one of them")
    values = _small(path, arrays[name], name)
    return values.reshape(-1) if values.shape == (1, count) else values


def _small(path: Path, array: MatArray, name: str) -> NDArray[Any]:
    """Return a whole array in MATLAB's shape."""
    if array.nbytes > MAX_LABEL_BYTES:
        raise too_large(f"{path}: {name}")
    data = b"".join(_numbers(path, array))
    if len(data) != array.nbytes:
        raise SourceError(f"{path}: {name} is shorter than its dimensions say", "fetch it again")
    return np.frombuffer(data, f"<{array.stored}").reshape(array.shape, order="F")


def _numbers(path: Path, array: MatArray) -> Iterator[bytes]:
    """Yield the bytes of an array's numbers, a piece at a time."""
    skip, left = array.skip, array.nbytes
    for piece in inflated(path, array.place, array.length, array.compressed):
        part = piece[skip : skip + left]
        skip, left = max(0, skip - len(piece)), left - len(part)
        if part:
            yield part
        if not left:
            return


def inflated(path: Path, place: int, length: int, compressed: bool) -> Iterator[bytes]:
    """Yield the content of an element, some kilobytes at a time, whatever it swells to."""
    inflate = zlib.decompressobj()
    try:
        with open_regular(path) as file:
            file.seek(place)
            while length and (data := file.read(min(length, 2**16))):
                length -= len(data)
                if not compressed:
                    yield data
                    continue
                while data:
                    yield inflate.decompress(data, 2**20)
                    data = inflate.unconsumed_tail
    except (OSError, zlib.error) as error:
        raise SourceError(f"{path} is damaged: {error}", "fetch it again") from error


def arrays_of(path: Path) -> dict[str, MatArray]:
    """Return the arrays of numbers in a file, by name.

    Raises
    ------
    SourceError
        If it is damaged, or of another version.
    """
    found: dict[str, MatArray] = {}
    try:
        with open_regular(path) as file:
            start = file.read(HEADER)
            if len(start) < HEADER or start[126:128] != b"IM":
                raise SourceError(
                    f"{path} is no MATLAB file of version 5 to 7 in the usual byte order",
                    "save it again in MATLAB with -v7, or write the arrays with numpy.savez",
                )
            for place, kind, length in elements_of(file, path):
                array = _array(path, place, length, kind == COMPRESSED) if kind in {MATRIX, COMPRESSED} else None
                if array is not None:
                    found[array[0]] = array[1]
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}", "check the file") from error
    return found


def elements_of(file: IO[bytes], path: Path) -> Iterator[tuple[int, int, int]]:
    """Yield the place, the type and the length of each element of a file."""
    end = file.seek(0, 2)
    place = HEADER
    for _ in range(MOST_ARRAYS):
        if place + TAG > end:
            return
        file.seek(place)
        kind, length = struct.unpack("<II", file.read(TAG))
        if place + TAG + length > end:
            raise SourceError(f"{path} is cut short", "fetch it again")
        yield place + TAG, kind, length
        place += TAG + length + (0 if kind == COMPRESSED else -length % 8)


def _array(path: Path, place: int, length: int, compressed: bool) -> tuple[str, MatArray] | None:
    """Return the name and the description of one array; None for what holds no real numbers."""
    start = b""
    for piece in inflated(path, place, length, compressed):
        start += piece[: MOST_START - len(start)]
        if len(start) >= MOST_START:
            break
    try:
        return _described(path, start, (place, length, compressed))
    except (struct.error, IndexError, ValueError) as error:
        raise SourceError(f"{path} is damaged: an array begins wrongly", "fetch it again") from error


def _described(path: Path, start: bytes, where: tuple[int, int, bool]) -> tuple[str, MatArray] | None:
    place = TAG if where[2] else 0  # a deflated element holds a whole element, with its tag
    if where[2] and struct.unpack_from("<I", start)[0] != MATRIX:
        return None
    flags, place = part_at(start, place)
    bits = int(struct.unpack_from("<I", flags)[0])
    if bits & 0xFF not in CLASSES or bits & COMPLEX:
        return None
    sizes, place = part_at(start, place)
    shape = tuple(int(size) for size in np.frombuffer(sizes, "<i4"))
    name, place = part_at(start, place)
    kind, length, place = tag_at(start, place)
    if not 2 <= len(shape) <= MOST_DIMENSIONS or min(shape) < 0 or kind not in NUMBERS:
        return None
    array = MatArray(where[0], where[1], where[2], place, shape, NUMBERS[kind])
    if length != array.nbytes:
        raise SourceError(f"{path}: {name!r} has other dimensions than numbers", "fetch it again")
    check_swelling(path, array.nbytes)
    return name.decode("latin-1"), array


def tag_at(data: bytes, place: int) -> tuple[int, int, int]:
    """Return the type and the length of an element inside an array, and where its content begins."""
    kind, length = struct.unpack_from("<II", data, place)
    if kind >> 16:  # a small element: type and length in four bytes, the content in the next four
        return kind & 0xFFFF, kind >> 16, place + 4
    return kind, length, place + TAG


def part_at(data: bytes, place: int) -> tuple[bytes, int]:
    """Return the content of an element inside an array, and where the next one begins."""
    _, length, content = tag_at(data, place)
    if content + length > len(data):
        raise ValueError("an element that is longer than what begins an array")
    after = content + length if content == place + TAG else place + TAG
    return data[content : content + length], after + -after % 8
