"""Reading HDF5 shards sample by sample; raw pictures come straight from the file's bytes, without HDF5.

The file is checked and closed on opening where its pictures lie raw in it: a memory map then serves every
read, and may be inherited by a forked process.
"""

from __future__ import annotations

import contextlib
import json
import mmap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.formats.checksum import sample_checksum
from ipmix_cli.formats.codecs import REMEDY
from ipmix_cli.formats.hdf5 import NUMBERS, TEXTS
from ipmix_cli.formats.hdf5_safety import array, explained, open_file
from ipmix_cli.formats.shard import Bytes, StoredSample

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing from 3.11 on

Pictures = Callable[[int], Bytes]
"""Gives the stored bytes of one column of pictures by the sample's position."""


class HDF5View:
    """An HDF5 shard opened for reading; see :class:`ipmix_cli.formats.shard.ShardView`.

    Parameters
    ----------
    content : Path or bytes
        The file, or what is in it.
    location : str
        What errors call it.

    Raises
    ------
    SourceError
        Where it is damaged, or no shard, or refers to other files.
    """

    def __init__(self, content: Path | Bytes, location: str) -> None:
        self._location = location
        self._open = contextlib.ExitStack()
        self._pictures: dict[int, Pictures] = {}
        try:
            with explained(location):
                self._read(content)
        except BaseException:
            self.close()
            raise

    def _read(self, content: Path | Bytes) -> None:
        file = self._open.enter_context(open_file(content))
        self.attributes = {name: _setting(file.attrs[name]) for name in file.attrs}
        self._numbers = {name: self._column(file, name, "i8") for name in NUMBERS}
        self._checksums = self._column(file, "checksum", "u8")
        lengths = {len(column) for column in (*self._numbers.values(), self._checksums)}
        self._texts = {name: self._text(file, name) for name in TEXTS}
        columns = _picture_columns(file)
        found = {name: array(file, name, self._location) for name in columns}
        lengths |= {len(column) for column in (*self._texts.values(), *found.values())}
        if len(lengths) != 1:
            raise SourceError(f"{self._location} holds columns of several lengths: {sorted(lengths)}", REMEDY)
        self._length = lengths.pop()
        encoded = sum(name != "clean" for name in columns)
        self.copies = int(found["aug"].shape[1]) if "aug" in found else encoded
        self._sizes = self._picture_sizes(file, found)
        self._pictures = self._picture_readers(content, found)

    def _column(self, file: h5py.File, name: str, kind: str) -> NDArray[Any]:
        column = array(file, name, self._location)
        if column.ndim != 1 or column.dtype != np.dtype(kind):
            raise SourceError(f"{self._location}: {name!r} is {column.dtype} {column.shape}, not {kind} (N,)", REMEDY)
        return np.asarray(column[:])

    def _text(self, file: h5py.File, name: str) -> list[str]:
        column = array(file, name, self._location)
        if column.ndim != 1 or h5py.check_string_dtype(column.dtype) is None:
            raise SourceError(f"{self._location}: {name!r} is no column of text", REMEDY)
        return [text.decode("utf-8", "surrogateescape") for text in column[:]]

    def _picture_sizes(self, file: h5py.File, found: dict[str, h5py.Dataset]) -> NDArray[np.int64]:
        """Return the (height, width) of each sample's pictures, (N, 2)."""
        if "size" in file:
            sizes = array(file, "size", self._location)
            if sizes.shape != (self._length, 2):
                raise SourceError(f"{self._location}: 'size' is {sizes.shape}", REMEDY)
            return np.asarray(sizes[:], np.int64)
        shapes = {name: column.shape[-3:] for name, column in found.items()}
        if len(set(shapes.values())) != 1 or any(
            column.dtype != np.uint8 or column.ndim != (5 if name == "aug" else 4) for name, column in found.items()
        ):
            raise SourceError(f"{self._location}: the arrays of pictures have wrong shapes: {shapes}", REMEDY)
        return np.broadcast_to(np.array(found["aug"].shape[2:4]), (self._length, 2))

    def _picture_readers(self, content: Path | Bytes, found: dict[str, h5py.Dataset]) -> dict[int, Pictures]:
        """Return how the clean picture (-1) and each copy are read."""
        readers: dict[int, Pictures] = {}
        if "aug" not in found:
            for name, column in found.items():
                readers[-1 if name == "clean" else int(name[3:])] = _encoded(column)
            return readers
        arrays: dict[str, Any] = dict(found)
        if found["aug"].chunks is None:
            arrays = self._mapped(content, found)
        if "clean" in arrays:
            readers[-1] = _raw(arrays["clean"])
        for number in range(self.copies):
            readers[number] = _raw_copy(arrays["aug"], number)
        return readers

    def _mapped(self, content: Path | Bytes, found: dict[str, h5py.Dataset]) -> dict[str, NDArray[np.uint8]]:
        """Return arrays over the file's bytes instead of HDF5's, and close HDF5."""
        places = {name: (column.shape, column.id.get_offset() or 0) for name, column in found.items()}
        self._open.close()
        data: Any = content
        if isinstance(content, Path):
            with content.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return {name: np.ndarray(shape, np.uint8, data, offset) for name, (shape, offset) in places.items()}

    def __len__(self) -> int:
        return self._length

    def keys(self) -> Sequence[str]:
        """Return the samples' keys in order."""
        return self._texts["key"]

    def files(self) -> Sequence[str]:
        """Return no names: the shard holds all."""
        return ()

    def label(self, position: int) -> int:
        """Return the class number of one sample."""
        return int(self._numbers["label"][position])

    def size(self, position: int) -> tuple[int, int]:
        """Return the (height, width) of one sample's pictures."""
        height, width = self._sizes[position]
        return int(height), int(width)

    def stored(self, position: int, copy: int) -> Bytes:
        """Return one picture as it is stored: a copy by its number, the clean picture by -1.

        Raises
        ------
        BadSampleError
            Where there is no such picture, or it cannot be read.
        """
        if copy not in self._pictures:
            raise BadSampleError(f"{self._location} holds no {_called(copy)}", "ask for what the data set has")
        try:
            with explained(self._location):
                return self._pictures[copy](position)
        except BadSampleError:
            raise
        except SourceError as error:
            key = self._texts["key"][position]
            raise BadSampleError(f"{self._location}: {_called(copy)} of {key!r} is damaged: {error}", REMEDY) from error

    def sample(self, position: int) -> StoredSample:
        """Return one sample; raises BadSampleError where its pictures cannot be read."""
        clean = bytes(self.stored(position, -1)) if -1 in self._pictures else None
        copies = tuple(bytes(self.stored(position, number)) for number in range(self.copies))
        facts: dict[str, Any] = {name: int(column[position]) for name, column in self._numbers.items()}
        facts |= {name: column[position] for name, column in self._texts.items()}
        facts |= {"clean": clean, "copies": copies, "size": self.size(position)}
        stored = StoredSample(**facts, checksum=int(self._checksums[position]), expected=0)
        expected = sample_checksum(stored, stored.size, clean, copies)
        return StoredSample(**facts, checksum=stored.checksum, expected=expected)

    def __iter__(self) -> Iterator[StoredSample]:
        return (self.sample(position) for position in range(len(self)))

    def close(self) -> None:
        """Let go of the file."""
        self._pictures = {}
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _picture_columns(file: h5py.File) -> list[str]:
    """Return the names of the arrays that hold pictures."""
    columns = ["clean"] if "clean" in file else []
    if "aug" in file:
        return [*columns, "aug"]
    number = 0
    while f"aug{number}" in file:
        columns.append(f"aug{number}")
        number += 1
    return columns or ["aug"]


def _raw(pictures: Any) -> Pictures:
    return lambda position: np.ascontiguousarray(pictures[position]).reshape(-1).data


def _raw_copy(pictures: Any, number: int) -> Pictures:
    return lambda position: np.ascontiguousarray(pictures[position, number]).reshape(-1).data


def _encoded(column: h5py.Dataset) -> Pictures:
    return lambda position: np.ascontiguousarray(column[position], np.uint8).reshape(-1).data


def _called(copy: int) -> str:
    return "clean picture" if copy < 0 else f"copy {copy}"


def _setting(value: Any) -> Any:
    """Return an attribute as plain Python: text that is JSON of something with parts is parsed."""
    if isinstance(value, np.ndarray):
        return tuple(item if isinstance(item, str) else str(item) for item in value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, str) and value[:1] in {"{", "["}:
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(value)
    return value
