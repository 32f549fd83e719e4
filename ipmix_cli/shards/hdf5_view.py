"""Reading HDF5 shards sample by sample; raw pictures come straight from the file's bytes, without HDF5.

The file is checked and closed on opening where its pictures lie raw in it: a memory map then serves every
read, and may be inherited by a forked process.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import (
    LABEL_TYPES,
    Annotation,
    AnnotationSpec,
    Column,
    Label,
    Value,
    annotation_of,
    columns,
    nested,
)
from ipmix_cli.codecs.codecs import REMEDY
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.hdf5.heap import REFERENCE, Heap
from ipmix_cli.hdf5.safety import array, explained, open_file
from ipmix_cli.picture import Bytes
from ipmix_cli.record import RecordError, typed
from ipmix_cli.shards.checksum import sample_checksum
from ipmix_cli.shards.hdf5_builder import LABEL_WEIGHT, NUMBERS, SECOND_LABEL, SOFT_LABEL, STRINGS
from ipmix_cli.shards.places import CLEAN, ListedExtents, Places
from ipmix_cli.shards.shard import MixedLabel, ShardView, StoredSample
from ipmix_cli.storage.memory_map import mapped

Pictures = Callable[[int], Bytes]
"""Gives the stored bytes of one column of pictures by the sample's position."""


class HDF5View(ShardView):
    """An HDF5 shard opened for reading; see :class:`ipmix_cli.shards.shard.ShardView`.

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
        self._encoded_references: dict[int, NDArray[np.void]] = {}
        try:
            with explained(location):
                self._read(content)
        except BaseException:
            self.close()
            raise

    def _read(self, content: Path | Bytes) -> None:
        data = mapped(content, self._location)
        file = self._open.enter_context(open_file(content))
        fixed = [name for name in file.attrs if not file.attrs.get_id(name).dtype.hasobject]
        self.attributes = {name: _setting(file.attrs[name]) for name in fixed}  # no forged reference is followed
        self._heap = Heap(data, self._location)
        found = {name: array(file, name, self._location) for name in (*NUMBERS, *STRINGS, "checksum")}
        pictures = {name: array(file, name, self._location) for name in _picture_columns(file)}
        self._spec = self._annotation_spec()
        beside = {column: array(file, column.name, self._location) for column in columns(self._spec)}
        lengths = {len(column) for column in (*found.values(), *beside.values(), *pictures.values())}
        if len(lengths) != 1:
            raise self._wrong(f"columns of several lengths: {sorted(lengths)}")
        self._length = lengths.pop()
        self._numbers = {name: self._column(found[name], "i8") for name in NUMBERS}
        self._checksums = self._column(found["checksum"], "u8")
        self._strings = {name: self._text(found[name]) for name in STRINGS}
        self._beside = [self._annotation_column(column, values) for column, values in beside.items()]
        self._sizes = self._picture_sizes(file, pictures)
        self.copies = int(pictures["aug"].shape[1]) if "aug" in pictures else len(pictures.keys() - {"clean"})
        self._mixed = self._mixed_labels(file) if SECOND_LABEL in file else None
        self._soft = self._soft_labels(file) if SOFT_LABEL in file else None
        if _encoded(pictures):
            self._pictures = {_number(name): self._encoded(column) for name, column in pictures.items()}
        elif all(column.chunks is None for column in pictures.values()):
            self._pictures = self._raw({name: _in_place(data, column) for name, column in pictures.items()})
        else:
            self._pictures = self._raw(pictures)
            return
        self._open.close()

    def _annotation_spec(self) -> AnnotationSpec:
        """Return of which kind labels are, and which fields are kept."""
        stored = self.attributes.get("annotations")
        if stored is None:
            return AnnotationSpec()
        try:
            spec = typed(AnnotationSpec, stored)
        except RecordError as error:
            raise self._wrong(f"annotations that cannot be: {error}") from error
        if spec.labels not in (*LABEL_TYPES, "none"):
            raise self._wrong(f"labels of the kind {spec.labels!r}")
        return spec

    def _annotation_column(self, column: Column, stored: h5py.Dataset) -> NDArray[Any] | list[str]:
        """Return the values of a column of annotations."""
        if column.dtype in {"string", "json"}:
            return self._text(stored)
        if stored.shape[1:] != column.shape or stored.dtype != np.dtype(column.dtype) or stored.chunks:
            raise self._wrong(f"{column.name!r} as {stored.dtype} {stored.shape}, not {column.dtype} (N, ...)")
        return np.asarray(stored[()])

    def _column(self, column: h5py.Dataset, kind: str) -> NDArray[Any]:
        if column.ndim != 1 or column.dtype != np.dtype(kind) or column.chunks:
            raise self._wrong(f"{column.name!r} as {column.dtype} {column.shape}, not {kind} (N,)")
        return np.asarray(column[:])

    def _mixed_labels(self, file: h5py.File) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the second label of each copy and the weight of its sample's own, (N, K) each; copies or plans."""
        labels, weights = (array(file, name, self._location) for name in (SECOND_LABEL, LABEL_WEIGHT))
        shape = (self._length, self.copies or (labels.shape[1] if labels.ndim == 2 else 0))
        if labels.shape != shape or weights.shape != shape or (labels.dtype, weights.dtype) != (np.int64, np.float64):
            raise self._wrong(f"mixed labels as {labels.dtype} {labels.shape}, {weights.dtype} {weights.shape}")
        return np.asarray(labels[:]), np.asarray(weights[:])

    def _soft_labels(self, file: h5py.File) -> NDArray[np.float32]:
        """Return the weights of the classes of each copy, (N, K, C)."""
        weights = array(file, SOFT_LABEL, self._location)
        if self._mixed is None or weights.shape[:-1] != self._mixed[0].shape or weights.dtype != np.float32:
            raise self._wrong(f"{SOFT_LABEL!r} as {weights.dtype} {weights.shape}")
        return np.asarray(weights[:])

    def soft_labels(self, position: int) -> NDArray[np.float32] | None:
        """Return the weights of all classes, (K, C), of the copies of one sample; None if they are not stored."""
        return None if self._soft is None else self._soft[position]

    def mixed(self, position: int) -> tuple[MixedLabel, ...]:
        """Return the mixed label of each copy of one sample; nothing where labels are not mixed."""
        if self._mixed is None:
            return ()
        labels, weights = self._mixed
        return tuple(map(MixedLabel, labels[position].tolist(), weights[position].tolist()))

    def _text(self, column: h5py.Dataset) -> list[str]:
        if h5py.check_string_dtype(column.dtype) is None:
            raise self._wrong(f"{column.name!r} without text")
        return [self._heap.get(text).decode("utf-8", "surrogateescape") for text in self._references(column)]

    def _references(self, column: h5py.Dataset) -> NDArray[np.void]:
        """Return where the elements of a column of variable length are."""
        if column.ndim != 1 or column.id.get_storage_size() != len(column) * REFERENCE.itemsize or column.chunks:
            raise self._wrong(f"{column.name!r} in another form than ipmix writes")
        found = self._heap.references(column.id.get_offset() or 0, len(column))
        self._heap.check_lengths(found)
        return found

    def _picture_sizes(self, file: h5py.File, pictures: dict[str, h5py.Dataset]) -> NDArray[np.int64]:
        """Return the (height, width) of each sample's pictures, (N, 2)."""
        if _encoded(pictures):
            sizes = array(file, "size", self._location)
            if sizes.shape != (self._length, 2) or sizes.dtype != np.int32 or sizes.chunks:
                raise self._wrong(f"'size' as {sizes.dtype} {sizes.shape}")
            return np.asarray(sizes[:], np.int64)
        for name, column in pictures.items():
            if column.dtype != np.uint8 or column.ndim != (5 if name == "aug" else 4):
                raise self._wrong(f"{name!r} as {column.dtype} {column.shape}")
        if len({column.shape[-3:] for column in pictures.values()}) != 1:
            raise self._wrong("clean pictures and copies of different sizes")
        if next(iter(pictures.values())).shape[-1] != self.attributes.get("channels", 3):
            raise self._wrong("pictures with another number of channels than its settings say")
        return np.broadcast_to(np.array(next(iter(pictures.values())).shape[-3:-1], np.int64), (self._length, 2))

    def _encoded(self, column: h5py.Dataset) -> Pictures:
        if h5py.check_vlen_dtype(column.dtype) != np.uint8:
            raise self._wrong(f"{column.name!r} without encoded pictures")
        references = self._references(column)
        self._encoded_references[_number(column.name.strip("/"))] = references
        return lambda position: self._heap.get(references[position])

    def _raw(self, arrays: dict[str, Any]) -> dict[int, Pictures]:
        """Return the readers of raw pictures: numpy's arrays, or HDF5's."""

        def reader(copy: int) -> Pictures:
            if copy == CLEAN:
                return lambda position: np.ascontiguousarray(arrays["clean"][position]).reshape(-1).data
            return lambda position: np.ascontiguousarray(arrays["aug"][position, copy]).reshape(-1).data

        return {copy: reader(copy) for copy in range(0 if "clean" not in arrays else CLEAN, self.copies)}

    def _wrong(self, what: str) -> SourceError:
        return SourceError(f"{self._location} is not a shard of ipmix: it has {what}", REMEDY)

    def __len__(self) -> int:
        return self._length

    def keys(self) -> Sequence[str]:
        """Return the samples' keys in order."""
        return self._strings["key"]

    def label(self, position: int) -> Label:
        """Return the label of one sample: the number of its class, in most data sets."""
        return self._annotation(position).label

    def fields(self, position: int) -> tuple[Value, ...]:
        """Return the kept fields of one sample."""
        return self._annotation(position).fields

    def _annotation(self, position: int) -> Annotation:
        row = [one[position] if isinstance(one, list) else nested(one[position].tolist()) for one in self._beside]
        return annotation_of(row, self._spec)

    def size(self, position: int) -> tuple[int, int]:
        """Return the (height, width) of one sample's pictures."""
        height, width = self._sizes[position]
        return int(height), int(width)

    def stored(self, position: int, copy: int) -> Bytes:
        """Return one picture as it is stored: a copy by its number, the clean picture by -1.

        Raises
        ------
        BadSampleError
            If there is no such picture, or it cannot be read.
        """
        if copy not in self._pictures:
            raise BadSampleError(f"{self._location} holds no {_called(copy)}", "choose a copy that the data set has")
        try:
            with explained(self._location):
                return self._pictures[copy](position)
        except BadSampleError:
            raise
        except SourceError as error:
            key = self._strings["key"][position]
            raise BadSampleError(f"{self._location}: {_called(copy)} of {key!r} is damaged: {error}", REMEDY) from error

    def sample(self, position: int) -> StoredSample:
        """Return one sample; raises BadSampleError where its pictures cannot be read."""
        clean = bytes(self.stored(position, CLEAN)) if CLEAN in self._pictures else None
        copies = tuple(bytes(self.stored(position, number)) for number in range(self.copies))
        facts: dict[str, Any] = {name: int(column[position]) for name, column in self._numbers.items()}
        facts |= {name: column[position] for name, column in self._strings.items()}
        facts |= {"clean": clean, "copies": copies, "size": self.size(position), "mixed": self.mixed(position)}
        facts |= self._annotation(position)._asdict()
        stored = StoredSample(**facts, checksum=int(self._checksums[position]), expected=0)
        expected = sample_checksum(stored, stored.size, clean, copies)
        return StoredSample(**facts, checksum=stored.checksum, expected=expected)

    def places(self) -> Places:
        """Return where the encoded pictures lie in the file; raises SourceError where one is missing."""
        shape = (len(self), len(self._encoded_references))
        offsets, lengths = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for column, references in enumerate(self._encoded_references.values()):
            for position, reference in enumerate(references):
                offsets[position, column], lengths[position, column] = self._heap.place(reference)
        columns = {copy: column for column, copy in enumerate(self._encoded_references)}
        extents = ListedExtents(columns, offsets, lengths)
        return Places(self._classes(), self._numbers["index"], self._sizes.astype(np.int32), extents, self.copies)

    def _classes(self) -> NDArray[np.int64]:
        """Return the class of each sample; zeros where labels are no classes."""
        labels = self._beside[0] if self._spec.labels == "class" else np.zeros(len(self), np.int64)
        assert isinstance(labels, np.ndarray), "classes are numbers"
        return labels

    def close(self) -> None:
        """Let go of the file."""
        self._pictures = {}
        self._open.close()


def _picture_columns(file: h5py.File) -> list[str]:
    """Return the names of the arrays that hold pictures: ``aug``, or ``aug0``, ``aug1`` .., and ``clean``."""
    clean = ["clean"] if "clean" in file else []
    if clean and _setting(file.attrs.get("store", b"")) == "plans":
        return clean
    if "aug" in file or "aug0" not in file:
        return [*clean, "aug"]
    copies = sum(re.fullmatch("aug[0-9]+", name) is not None for name in file)
    return [*clean, *(f"aug{number}" for number in range(copies))]


def _encoded(pictures: dict[str, h5py.Dataset]) -> bool:
    """Tell whether pictures are stored as files are, not as arrays of pixels."""
    return all(column.dtype.hasobject for column in pictures.values())


def _number(name: str) -> int:
    return CLEAN if name == "clean" else int(name.removeprefix("aug"))


def _in_place(data: Any, column: h5py.Dataset) -> NDArray[np.uint8]:
    """Return an array over the file's own bytes; raises TypeError where they are too few."""
    return np.ndarray(column.shape, np.uint8, data, column.id.get_offset() or 0)


def _called(copy: int) -> str:
    return "clean picture" if copy == CLEAN else f"copy {copy}"


def _setting(value: Any) -> Any:
    """Return an attribute as plain Python."""
    if isinstance(value, np.ndarray):
        return tuple(_setting(item) for item in value.ravel())
    if isinstance(value, bytes | str):  # np.bytes_ too
        text = value if isinstance(value, str) else value.decode("utf-8", "replace")
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(text) if text[:1] in {"{", "["} else text
        return text
    return value.item() if isinstance(value, np.generic) else value
