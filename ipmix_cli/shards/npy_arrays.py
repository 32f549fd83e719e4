"""The arrays of the npy layout: their shapes, and how they are put together from the pieces of shards.

A shard leaves a piece of each array, ``.ipmix/pieces/SHARD/ARRAY.npy``. When all shards are there, so that N is known,
the pieces become the arrays of the data set, and ``.ipmix/files/arrays.json`` says which rows are whose. A run that is
killed goes on with the pieces that are there; memory need hold one shard.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import mmap
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.codecs import REMEDY
from ipmix_cli.errors import SourceError, WriteError
from ipmix_cli.frames import sequences_in
from ipmix_cli.storage.folder import Folder, being_written
from ipmix_cli.storage.npy import array_in, header_of, mapped_array

PIECES = ".ipmix/pieces/"
INDEX = ".ipmix/files/arrays.json"
TITLE = "ipmix arrays 1"
LABELS, CLEAN_NAME = "labels.npy", "clean.npy"
MOST_INDEX = 1 << 26  # bytes


class MissingArrayError(SourceError):
    """A piece, or an array, is not there."""


@dataclass(frozen=True)
class ArrayLayout:
    """Which pictures stand in which array, and where.

    Parameters
    ----------
    places : tuple of (str, int)
        The array of each variant, and its number among the variants of that array.
    frames : bool
        Whether variants are frames: arrays are (N, F, H, W, 3) then, and (V * N, H, W, 3) otherwise.
    clean : bool
        Whether clean pictures are stored.
    size : tuple of int
        Height and width.
    """

    places: tuple[tuple[str, int], ...]
    frames: bool
    clean: bool
    size: tuple[int, int]

    @property
    def arrays(self) -> dict[str, int]:
        """How many variants each array holds, by its name."""
        counts: dict[str, int] = {}
        for name, _ in self.places:
            counts[name] = counts.get(name, 0) + 1
        return {**counts, **({CLEAN_NAME: 1} if self.clean else {})}

    def is_sequence(self, array: str) -> bool:
        """Return whether the frames of a sample stand together in an array."""
        return self.frames and array != CLEAN_NAME

    def shape(self, array: str, samples: int) -> tuple[int, ...]:
        """Return the shape of an array of so many samples."""
        count = self.arrays[array]
        return (samples, count, *self.size, 3) if self.is_sequence(array) else (count * samples, *self.size, 3)

    def block(self, array: str, values: NDArray[np.uint8], first: int, samples: int) -> NDArray[np.uint8]:
        """Return the rows of some samples as a view, (samples, V, H, W, 3)."""
        if self.is_sequence(array):
            return values[first : first + samples]
        count = self.arrays[array]
        by_variant = values.reshape(count, len(values) // count, *self.size, 3)
        return by_variant[:, first : first + samples].swapaxes(0, 1)

    def repeats(self) -> int:
        """Return how often the labels stand in labels.npy."""
        return 1 if self.frames else max((number for _, number in self.places), default=0) + 1


def layout_of(variants: Sequence[str], copies: int, clean: bool, size: tuple[int, int]) -> ArrayLayout:
    """Return the layout of a data set.

    Examples
    --------
    >>> layout_of(["fog.1", "fog.3", "snow.1"], 3, False, (32, 32)).places
    (('fog.npy', 0), ('fog.npy', 1), ('snow.npy', 0))
    """
    counts: dict[str, int] = {}
    places = []
    for variant in variants or [f"copies.{number}" for number in range(copies)]:
        name = f"{variant.partition('.')[0]}.npy"
        places.append((name, counts.get(name, 0)))
        counts[name] = counts.get(name, 0) + 1
    return ArrayLayout(tuple(places), bool(sequences_in(variants)), clean, size)


@dataclass(frozen=True)
class Piece:
    """What the arrays need to know of one shard: its name without a suffix, its list's sha256, and its samples."""

    shard: str
    sha256: str
    labels: tuple[int, ...]
    classes: int
    layout: ArrayLayout

    def name(self, array: str) -> str:
        """Return the name of its piece of an array."""
        return piece_name(self.shard, array)


def piece_name(shard: str, array: str) -> str:
    """Return the name of a shard's piece of an array."""
    return f"{PIECES}{shard}/{array}"


def index_of(pieces: Sequence[Piece]) -> dict[str, Any]:
    """Return which rows of the arrays are whose."""
    shards, first = {}, 0
    for piece in pieces:
        shards[piece.shard] = {"first": first, "samples": len(piece.labels), "sha256": piece.sha256}
        first += len(piece.labels)
    return {"title": TITLE, "samples": first, "shards": shards}


def read_index(content: bytes) -> dict[str, Any] | None:
    """Return an index from its file's content; None if it is damaged."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
        index = json.loads(content)
        rows = [(row["first"], row["samples"], row["sha256"]) for row in index["shards"].values()]
        whole = all(type(first) is int and type(samples) is int and first >= 0 <= samples for first, samples, _ in rows)
        if index["title"] == TITLE and type(index["samples"]) is int and whole:
            return dict(index)
    return None


def assemble(folder: Folder, pieces: Sequence[Piece]) -> None:
    """Make the arrays of a data set from the pieces of its shards, in order, and the index last.

    Rows of shards that have no pieces are taken from the arrays that are there. Every file appears whole, so that it
    can be done again after a kill, or by two processes at once.

    Raises
    ------
    SourceError
        If a piece is missing, or damaged.
    WriteError
    """
    for _ in range(2):
        there = set(folder.names(PIECES))
        index = read_index(folder.contents([INDEX], MOST_INDEX).get(INDEX, b""))
        if not there and index == index_of(pieces) and _are_there(folder, pieces):
            return
        try:
            _assemble(folder, pieces, there, index)
        except MissingArrayError as error:
            lost = error  # another process has done it, and cleared the pieces away
        else:
            return
    raise lost


def clear_pieces(folder: Folder) -> None:
    """Remove the pieces of shards, which the arrays hold now."""
    folder.remove(*folder.names(PIECES))
    path = folder.path(PIECES)
    if path is not None and path.is_dir():
        for below in (*path.iterdir(), path):
            with contextlib.suppress(OSError):
                below.rmdir()


def _are_there(folder: Folder, pieces: Sequence[Piece]) -> bool:
    names = {LABELS, *(name for piece in pieces for name in piece.layout.arrays)}
    return len(folder.sizes(names)) == len(names)


def _assemble(folder: Folder, pieces: Sequence[Piece], there: set[str], index: dict[str, Any] | None) -> None:
    wanted = index_of(pieces)
    if index is not None and _rows(index) != _rows(wanted):
        _take_apart(folder, pieces, there, index)
        there, index = set(folder.names(PIECES)), None
    filled = [piece for piece in pieces if piece.labels]
    layout = filled[0].layout if filled else None
    for array in () if layout is None else layout.arrays:
        assert layout is not None
        with _new_array(folder, array, layout.shape(array, wanted["samples"])) as values:
            before = None
            for piece in filled:
                first = wanted["shards"][piece.shard]["first"]
                target = layout.block(array, values, first, len(piece.labels))
                if index is None or piece.name(array) in there:
                    target[...] = _piece(folder, piece, array)
                    continue
                before = _array(folder, array) if before is None else before
                target[...] = layout.block(array, before, first, len(piece.labels))
    folder.write(LABELS, _labels(pieces))
    folder.write(INDEX, json.dumps(wanted).encode())


def _rows(index: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {shard: (row["first"], row["samples"]) for shard, row in index["shards"].items()}


def _take_apart(folder: Folder, pieces: Sequence[Piece], there: set[str], index: dict[str, Any]) -> None:
    """Make pieces of all shards from the arrays, since their rows move; the index goes when all are there."""
    for piece in pieces:
        for array in piece.layout.arrays if piece.labels else ():
            if piece.name(array) not in there:
                row = index["shards"][piece.shard]
                rows = piece.layout.block(array, _array(folder, array), row["first"], row["samples"])
                folder.write(piece.name(array), array_bytes(rows))
    folder.remove(INDEX)


def array_bytes(values: NDArray[Any]) -> memoryview:
    """Return the content of a .npy file."""
    target = io.BytesIO()
    np.lib.format.write_array(target, np.ascontiguousarray(values), version=(1, 0), allow_pickle=False)
    return target.getbuffer()


def _piece(folder: Folder, piece: Piece, array: str) -> NDArray[np.uint8]:
    values = _array(folder, piece.name(array))
    expected = (len(piece.labels), piece.layout.arrays[array], *piece.layout.size, 3)
    if values.shape != expected or values.dtype != np.uint8:
        raise SourceError(f"{folder.location}/{piece.name(array)} is {values.shape}, expected {expected}", REMEDY)
    return values


def _array(folder: Folder, name: str) -> NDArray[np.uint8]:
    """Return an array of the folder, mapped into memory where it is local."""
    path = folder.path(name)
    try:
        if path is None:
            return np.asarray(array_in(folder.read(name), f"{folder.location}/{name}"))
        return np.asarray(mapped_array(path))
    except FileNotFoundError as error:
        raise MissingArrayError(f"{folder.location}/{name} is missing", REMEDY) from error
    except (OSError, SourceError) as error:
        raise SourceError(f"cannot read {folder.location}/{name}: {error}", REMEDY) from error


def fetched_block(
    read: Callable[[int, int], bytes], layout: ArrayLayout, array: str, rows: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Return the rows of some samples of an array's file, (n, V, H, W, 3), reading no others.

    Parameters
    ----------
    read : callable
        ``read(offset, size)`` returns bytes of the file.
    layout : ArrayLayout
    array : str
    rows : tuple of int
        The first sample, how many of them, and how many samples the whole array holds.

    Raises
    ------
    ValueError, SourceError
        If the file is not such an array.
    """
    first, count, samples = rows
    head = header_of(read(0, 128), array)
    if head.shape != layout.shape(array, samples) or head.dtype != np.uint8:
        raise ValueError(f"it is {head.dtype} {head.shape}, which its list does not say")
    variants, picture = layout.arrays[array], int(np.prod(layout.size)) * 3
    if layout.is_sequence(array):
        data = read(head.size + first * variants * picture, count * variants * picture)
        return np.frombuffer(data, np.uint8).reshape(count, variants, *layout.size, 3)
    starts = [head.size + (number * samples + first) * picture for number in range(variants)]
    data = b"".join(read(start, count * picture) for start in starts)
    return np.frombuffer(data, np.uint8).reshape(variants, count, *layout.size, 3).swapaxes(0, 1)


@contextlib.contextmanager
def _new_array(folder: Folder, name: str, shape: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
    """Give an array that becomes a file of the folder when the block ends well."""
    path = folder.path(name)
    if path is not None:
        with being_written(path) as temporary, temporary.open("x+b") as file, _mapped(file, shape) as (values, content):
            yield values
            content.flush()
            os.fsync(file.fileno())
        return
    try:
        with tempfile.TemporaryFile() as file, _mapped(file, shape) as (values, content):
            yield values
            folder.write(name, memoryview(content))
    except OSError as error:
        raise WriteError(
            f"no temporary file for {name} in {tempfile.gettempdir()}: {error.strerror or error}",
            "free some space there, or name another folder with the variable TMPDIR",
        ) from error


@contextlib.contextmanager
def _mapped(file: Any, shape: tuple[int, ...]) -> Iterator[tuple[NDArray[np.uint8], mmap.mmap]]:
    """Give an array, and the content of the .npy file that it is mapped from; the disk has room for all of it."""
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    offset = file.tell()
    length = offset + int(np.prod(shape))
    file.flush()
    _reserve(file, length)
    content = mmap.mmap(file.fileno(), length)
    yield np.frombuffer(content, np.uint8, offset=offset).reshape(shape), content


def _reserve(file: Any, length: int) -> None:
    """Make a file so long, with room on the disk for all of it where the system can promise that.

    Without such room, writing to the mapped file would end the process.
    """
    try:
        os.posix_fallocate(file.fileno(), 0, length)
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise
        file.truncate(length)


def _labels(pieces: Sequence[Piece]) -> bytes:
    """Return labels.npy: bytes as CIFAR-10-C has them, if they can hold all classes."""
    own = np.concatenate([np.array(piece.labels, np.int64) for piece in pieces]) if pieces else np.zeros(0, np.int64)
    repeats = max((piece.layout.repeats() for piece in pieces), default=1)
    labels = np.tile(own, repeats)
    most = max((piece.classes for piece in pieces), default=0)
    fits = most <= 256 and labels.min(initial=0) >= 0 and labels.max(initial=0) < 256
    return bytes(array_bytes(labels.astype(np.uint8) if fits else labels))


def shard_of(list_name: str) -> str:
    """Return a shard's name from that of its list.

    Examples
    --------
    >>> shard_of(".ipmix/files/test-000003.jsonl")
    'test-000003'
    """
    return PurePosixPath(list_name).stem
