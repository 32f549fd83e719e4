"""Parquet shards that :mod:`ipmix_cli.shards.parquet.builder` laid out, read at any sample without pyarrow."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import PLAIN, Annotation, AnnotationSpec, Label, Value, annotation_of, nested
from ipmix_cli.errors import BadSampleError
from ipmix_cli.picture import Bytes
from ipmix_cli.record import typed
from ipmix_cli.shards.checksum import sample_checksum
from ipmix_cli.shards.encoded_rows import own_text
from ipmix_cli.shards.mapped_view import MappedView
from ipmix_cli.shards.parquet.builder import (
    ANNOTATIONS,
    CLASS_NAMES,
    MAGIC,
    NUMBERS,
    annotation_columns,
    columns_of,
)
from ipmix_cli.shards.parquet.columns import BYTE_ARRAY, NUMBER_TYPES, Leaf, levels
from ipmix_cli.shards.parquet.thrift import Reader, Struct
from ipmix_cli.shards.places import CLEAN, ListedExtents, Places
from ipmix_cli.shards.shard import MixedLabel, ShardSettings, StoredSample
from ipmix_cli.storage.memory_map import Sliceable

MOST_FOOTER = 2**28  # bytes
PICTURE = re.compile(r"clean|aug(0|[1-9][0-9]{0,5})")


@dataclass
class _Places:
    """Offsets and lengths of the values of a column of bytes."""

    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]


class ParquetView(MappedView):
    """A Parquet shard opened for reading; see :class:`ipmix_cli.shards.shard.ShardView`."""

    kind: ClassVar[str] = "a Parquet shard"

    def _read(self) -> None:
        footer = _footer(self._data)
        texts = {pair[1].decode(): pair[2].decode() for pair in footer[5]}
        self.attributes = {CLASS_NAMES: tuple(json.loads(texts[CLASS_NAMES]))}
        names = [element[4].decode() for element in footer[2]]
        self._columns = {name: column for column, name in enumerate(filter(PICTURE.fullmatch, names))}
        self._has_clean = "clean" in self._columns
        self.copies = len(self._columns) - self._has_clean
        self._mixed, self._has_soft = "second_label" in names, "soft_label" in names
        stored = json.loads(texts.get(ANNOTATIONS, "null"))
        self._spec = PLAIN if stored is None else typed(AnnotationSpec, stored)
        settings = ShardSettings(
            clean=self._has_clean,
            copies=self.copies or _mixed_copies(footer),
            store="pixels" if self.copies else "plans",
            mixed=self._mixed,
            soft_labels=self._has_soft,
            annotations=self._spec,
        )
        columns = columns_of(settings, len(self.attributes[CLASS_NAMES]))
        self._leaves = [leaf for column in columns for leaf in column.leaves]
        if names != ["schema", *(Reader(part).struct()[4].decode() for one in columns for part in one.schema())]:
            raise ValueError(f"its columns are {names[:8]} ..")
        groups = [self._group(group) for group in footer[4]]
        self._length = sum(rows for rows, _ in groups)
        if self._length != footer[3]:
            raise ValueError("row groups that do not add up")
        self._join([found for _, found in groups])

    def _group(self, group: Struct) -> tuple[int, dict[tuple[str, ...], Any]]:
        """Return how many rows a group has, and its values: numbers as arrays, bytes as their places."""
        rows = group[3]
        if not 0 < rows <= len(self._data) // 8 or len(group[1]) != len(self._leaves):
            raise ValueError("a row group of another form")
        found = {
            leaf.path: self._chunk(leaf, chunk[3], rows) for leaf, chunk in zip(self._leaves, group[1], strict=True)
        }
        return rows, found

    def _chunk(self, leaf: Leaf, chunk: Struct, rows: int) -> Any:
        reader = Reader(self._data, chunk[9])
        header = reader.struct()
        start, stop = reader.place, reader.place + header[2]
        count = header[5][1]
        good = chunk[4] == 0 and header[1] == 0 and count == rows * prod(leaf.shape) and chunk[9] + chunk[7] == stop
        if not good or not 4 * count < stop - start:
            raise ValueError(f"the column {'.'.join(leaf.path)} in another form than ipmix writes")
        before = levels(leaf, rows)
        start += len(before)
        if stop > len(self._data) or bytes(self._data[start - len(before) : start]) != before:
            raise ValueError(f"the column {'.'.join(leaf.path)} is cut off, or lacks values")
        if leaf.kind == BYTE_ARRAY:
            return _byte_places(self._data, start, stop, count)
        dtype = np.dtype(NUMBER_TYPES[leaf.kind])
        if stop - start != dtype.itemsize * count:
            raise ValueError(f"the column {'.'.join(leaf.path)} has another length")
        return np.frombuffer(bytes(self._data[start:stop]), dtype).reshape(rows, *leaf.shape)

    def _join(self, groups: Sequence[dict[tuple[str, ...], Any]]) -> None:
        """Put the groups' values together."""

        def numbers(*path: str) -> NDArray[Any]:
            return np.concatenate([group[path] for group in groups]) if groups else np.zeros(0, np.int64)

        def places(*path: str) -> _Places:
            found = [group[path] for group in groups] or [_Places(np.zeros(0, np.int64), np.zeros(0, np.int64))]
            return _Places(np.concatenate([p.offsets for p in found]), np.concatenate([p.lengths for p in found]))

        self._numbers = {name: numbers(name) for name in NUMBERS}
        self._beside = []
        for beside in annotation_columns(self._spec):
            (leaf,) = beside.leaves
            text = leaf.kind == BYTE_ARRAY
            self._beside.append(list(self._texts(places(*leaf.path))) if text else numbers(*leaf.path))
        self._checksums = [int(text, 16) for text in self._texts(places("checksum"))]
        self._keys = list(self._texts(places("key")))
        self._source_keys = [own_text(text) for text in self._texts(places("source_key"))]
        pictures = [places(name, "bytes") for name in self._columns]
        shape = (self._length, len(pictures))
        self._offsets, self._lengths = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for column, found in enumerate(pictures):
            self._offsets[:, column], self._lengths[:, column] = found.offsets, found.lengths
        sizes = np.stack([self._numbers["height"], self._numbers["width"]], axis=1)
        if len(sizes) and (sizes.min() < 0 or sizes.max() >= 2**31):
            raise ValueError("pictures of sizes that cannot be")
        self._sizes = sizes.astype(np.int32)
        if len(set(self._keys)) != len(self._keys):
            raise ValueError("a key that is there twice")
        if self._mixed:
            self._pairs = numbers("second_label", "list", "element"), numbers("label_weight", "list", "element")
        if self._has_soft:
            self._soft = numbers("soft_label", "list", "element", "list", "element")

    def _texts(self, places: _Places) -> Iterator[str]:
        for offset, length in zip(places.offsets.tolist(), places.lengths.tolist(), strict=True):
            yield bytes(self._data[offset : offset + length]).decode()

    def __len__(self) -> int:
        return self._length

    def keys(self) -> Sequence[str]:
        """Return the samples' keys in order."""
        return self._keys

    def label(self, position: int) -> Label:
        """Return the label of one sample: the number of its class, in most data sets."""
        return self._annotation(position).label

    def fields(self, position: int) -> tuple[Value, ...]:
        """Return the kept fields of one sample."""
        return self._annotation(position).fields

    def _annotation(self, position: int) -> Annotation:
        row = [one[position] if isinstance(one, list) else nested(one[position].tolist()) for one in self._beside]
        return annotation_of(row, self._spec)

    def mixed(self, position: int) -> tuple[MixedLabel, ...]:
        """Return the mixed label of each copy of one sample; nothing if labels are not mixed."""
        if not self._mixed:
            return ()
        labels, weights = self._pairs
        return tuple(map(MixedLabel, labels[position].tolist(), weights[position].tolist()))

    def soft_labels(self, position: int) -> NDArray[np.float32] | None:
        """Return the weights of all classes of each copy, (K, C); None if they are not stored."""
        return self._soft[position] if self._has_soft else None

    def size(self, position: int) -> tuple[int, int]:
        """Return the (height, width) of one sample's pictures."""
        height, width = self._sizes[position].tolist()
        return height, width

    def stored(self, position: int, copy: int) -> Bytes:
        """Return one picture as it is stored: a copy by its number, the clean picture by -1.

        Raises
        ------
        BadSampleError
            If there is no such picture.
        """
        column = self._columns.get("clean" if copy == CLEAN else f"aug{copy}")
        if column is None:
            raise BadSampleError(f"{self._location} holds no copy {copy}", "choose a copy that the data set has")
        offset, length = int(self._offsets[position, column]), int(self._lengths[position, column])
        return bytes(self._data[offset : offset + length])

    def sample(self, position: int) -> StoredSample:
        """Return one sample with both its checksums."""
        clean = bytes(self.stored(position, CLEAN)) if self._has_clean else None
        copies = tuple(bytes(self.stored(position, number)) for number in range(self.copies))
        facts: dict[str, Any] = {name: int(self._numbers[name][position]) for name in NUMBERS[:3]}
        facts |= self._annotation(position)._asdict()
        size = self.size(position)
        stored = StoredSample(
            **facts,
            key=self._keys[position],
            source_key=self._source_keys[position],
            clean=clean,
            copies=copies,
            size=size,
            checksum=self._checksums[position],
            expected=0,
            mixed=self.mixed(position),
        )
        return replace(stored, expected=sample_checksum(stored, size, clean, copies))

    def places(self) -> Places:
        """Return where the pictures lie in the file."""
        numbers = {CLEAN if name == "clean" else int(name[3:]): column for name, column in self._columns.items()}
        extents = ListedExtents(numbers, self._offsets, self._lengths)
        classes = self._beside[0] if self._spec.labels == "class" else np.zeros(len(self), np.int64)
        return Places(np.asarray(classes), self._numbers["index"], self._sizes, extents, self.copies)


def parquet_places(path: Path, location: str) -> Places:
    """Return where the pictures of a Parquet shard lie; raises SourceError if it is damaged, or no shard."""
    with ParquetView(path, location) as view:
        return view.places()


def _footer(data: Sliceable) -> Struct:
    """Return the file's metadata."""
    length = len(data)
    if length < 12 or bytes(data[:4]) != MAGIC or bytes(data[length - 4 : length]) != MAGIC:
        raise ValueError("it does not begin and end as Parquet")
    footer = int.from_bytes(data[length - 8 : length - 4], "little")
    if footer > min(length - 12, MOST_FOOTER):
        raise ValueError("a footer that is longer than the file")
    return Reader(bytes(data[length - 8 - footer : length - 8])).struct()


def _byte_places(data: Sliceable, start: int, stop: int, count: int) -> _Places:
    """Return where values of bytes lie, each of which has its length before it."""
    offsets, lengths = np.zeros(count, np.int64), np.zeros(count, np.int64)
    unpack = struct.Struct("<I").unpack
    for number in range(count):
        (length,) = unpack(data[start : start + 4])
        offsets[number], lengths[number] = start + 4, length
        start += 4 + length
        if start > stop:
            raise ValueError("values that are cut off")
    if start != stop:
        raise ValueError("bytes behind the last value")
    return _Places(offsets, lengths)


def _mixed_copies(footer: Struct) -> int:
    """Return of how many copies a file without copies has mixed labels: plans alone are stored then."""
    for group in footer[4][:1]:
        for chunk in group[1]:
            if list(chunk[3][3]) == [b"second_label", b"list", b"element"]:
                return int(chunk[3][5] // max(group[3], 1))
    return 0
