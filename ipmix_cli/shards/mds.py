"""MDS shards, for MosaicML's StreamingDataset: samples with named columns, and an ``index.json`` of all shards.

A file is: the number of samples N and N + 1 offsets (uint32), the columns as JSON, and the samples; a sample is the
lengths of its columns of variable length (uint32) and then their values, columns in the order of their names:

=====================================  ================================  =============================================
column                                 encoding                          content
=====================================  ================================  =============================================
clean, aug0 .. aug{K-1}                png, jpeg, bytes (of WebP), or    the pictures
                                       ndarray:uint8:H,W,C
label, index, source_index, crop,      int                               as in HDF5 shards
height, width
key, source_key                        str                               a source key that is not UTF-8 is JSON
checksum                               str                               in hexadecimal, see ``checksum.py``:
                                                                         torch's collation takes no uint64
second_label, label_weight             ndarray:int64:K, ndarray:float64  of methods that mix labels alone
soft_label                             ndarray:float32:K,C               if the weights of all C classes are asked for
=====================================  ================================  =============================================

Labels of other kinds are ``label``, too: ndarray:uint8:C for several classes a picture, float64 or ndarray:float64:D
for numbers, str for text; without labels there is none. Each kept field is a column of its own name: int, float64, an
ndarray, str or json. The shard's own description of its columns, not the index, says so under ``annotations``.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import (
    PLAIN,
    Annotation,
    AnnotationSpec,
    Label,
    Value,
    annotation_of,
    class_of,
    nested,
    row_of,
)
from ipmix_cli.annotations import Column as AnnotationColumn
from ipmix_cli.annotations import columns as annotation_columns
from ipmix_cli.codecs.codecs import REMEDY
from ipmix_cli.errors import BadSampleError, WriteError
from ipmix_cli.picture import Bytes
from ipmix_cli.record import typed
from ipmix_cli.shards.checksum import sample_checksum
from ipmix_cli.shards.encoded_rows import Row, RowBuilder, own_text, picture_columns, portable
from ipmix_cli.shards.mapped_view import MappedView
from ipmix_cli.shards.places import CLEAN, ListedExtents, Places
from ipmix_cli.shards.shard import MixedLabel, ShardSettings, StoredSample
from ipmix_cli.shards.small_files import Finished
from ipmix_cli.shards.soft_labels import soft_labels

SUFFIX = ".mds"
INDEX = "index.json"
NUMBERS = ("index", "source_index", "crop", "height", "width")
TEXTS = ("key", "source_key", "checksum")
SOFT = "soft_label"
MIXED = {"second_label": "int64", "label_weight": "float64"}
ANNOTATIONS = "annotations"
VARYING = {"string": "str", "json": "json"}
PICTURES = {"png": "png", "jpeg": "jpeg", "webp": "bytes"}
PICTURE = re.compile(r"clean|aug(0|[1-9][0-9]{0,5})")
LARGEST = 2**32 - 1  # offsets are of 32 bits


class Column(NamedTuple):
    """A column: its name, its encoding as MDS calls it, and its length in bytes; None for one that varies."""

    name: str
    encoding: str
    size: int | None


def columns_of(settings: ShardSettings, size: tuple[int, int] | None, classes: int) -> list[Column]:
    """Return the columns of a shard in the order of their names.

    `size` (H, W) matters to raw pictures alone, the number of classes to the weights of all classes.

    >>> [column.name for column in columns_of(ShardSettings(copies=1, encoding="png"), None, 0)][:4]
    ['aug0', 'checksum', 'clean', 'crop']
    """
    height, width = size or (0, 0)
    channels = settings.channels
    raw = Column("", f"ndarray:uint8:{height},{width},{channels}", height * width * channels)
    picture = Column("", PICTURES[settings.encoding], None) if settings.encoding != "raw" else raw
    columns = [picture._replace(name=name) for name in picture_columns(settings)]
    columns += [annotation_column(*column) for column in annotation_columns(settings.annotations)]
    columns += [Column(name, "int", 8) for name in NUMBERS] + [Column(name, "str", None) for name in TEXTS]
    if settings.mixed:
        copies = settings.copies
        columns += [Column(name, f"ndarray:{kind}:{copies}", 8 * copies) for name, kind in MIXED.items()]
    if settings.soft_labels:
        columns.append(Column(SOFT, f"ndarray:float32:{settings.copies},{classes}", 4 * settings.copies * classes))
    return sorted(columns)


def annotation_column(name: str, dtype: str, shape: tuple[int, ...]) -> Column:
    """Return the column of a label or of a kept field.

    >>> annotation_column("box", "float64", (4,)), annotation_column("caption", "string", ())
    (Column(name='box', encoding='ndarray:float64:4', size=32), Column(name='caption', encoding='str', size=None))
    """
    if dtype in VARYING:
        return Column(name, VARYING[dtype], None)
    if not shape:
        return Column(name, {"int64": "int"}.get(dtype, dtype), np.dtype(dtype).itemsize)
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return Column(name, f"ndarray:{dtype}:{','.join(map(str, shape))}", size)


def description(columns: Sequence[Column]) -> dict[str, Any]:
    """Return what a shard, and the index, say of the columns."""
    return {
        "column_encodings": [column.encoding for column in columns],
        "column_names": [column.name for column in columns],
        "column_sizes": [column.size for column in columns],
        "compression": None,
        "format": "mds",
        "hashes": [],
        "size_limit": None,
        "version": 2,
    }


class MdsBuilder(RowBuilder):
    """Builds an MDS shard; see :class:`ipmix_cli.shards.shard.ShardBuilder`."""

    @property
    def _classes(self) -> int:
        return len(self._attributes.get("class_names", ()))

    def finish(self) -> list[tuple[str, Bytes]]:
        """Return the shard.

        Raises
        ------
        WriteError
            If it is larger than 4 GiB, which MDS cannot hold.
        """
        size = self._rows[0].size if self._rows else None
        columns = columns_of(self._settings, size, self._classes)
        told, spec = description(columns), self._settings.annotations
        told |= {} if spec.plain else {ANNOTATIONS: spec.to_dict()}
        config = json.dumps(told, sort_keys=True).encode()
        samples = [self._sample(row, columns) for row in self._rows]
        first = 4 + 4 * (len(samples) + 1) + len(config)
        offsets = first + np.cumsum([0, *map(len, samples)])
        if offsets[-1] > LARGEST:
            raise WriteError(f"a shard of {offsets[-1]} bytes, and MDS has offsets of 32 bits", "give --shard-mb 1000")
        head = struct.pack("<I", len(samples)) + offsets.astype("<u4").tobytes() + config
        return [(self._name + SUFFIX, b"".join([head, *samples]))]

    def _sample(self, row: Row, columns: Sequence[Column]) -> bytes:
        values = self._values(row)
        lengths = [len(values[column.name]) for column in columns if column.size is None]
        return struct.pack(f"<{len(lengths)}I", *lengths) + b"".join(values[column.name] for column in columns)

    def _values(self, row: Row) -> dict[str, bytes]:
        sample, (height, width) = row.sample, row.size
        numbers = {"height": height, "width": width} | {name: getattr(sample, name) for name in NUMBERS[:3]}
        values = {name: struct.pack("<q", number) for name, number in numbers.items()}
        values |= dict(zip(picture_columns(self._settings), row.pictures, strict=True))
        values |= {"key": sample.key.encode(), "source_key": portable(sample.source_key).encode()}
        values["checksum"] = b"%016x" % row.checksum
        for place, (name, kind) in enumerate(MIXED.items() if self._settings.mixed else ()):
            values[name] = np.array([pair[place] for pair in sample.mixed], kind).tobytes()
        if self._settings.soft_labels:
            values[SOFT] = soft_labels(class_of(sample.label), sample.mixed, self._classes).astype("<f4").tobytes()
        spec = self._settings.annotations
        for column, value in zip(annotation_columns(spec), row_of(sample.label, sample.fields, spec), strict=True):
            text = column.dtype in VARYING
            values[column.name] = (
                str(value).encode() if text else np.array(value, f"<{np.dtype(column.dtype).str[1:]}").tobytes()
            )
        return values


class MdsView(MappedView):
    """An MDS shard that :class:`MdsBuilder` built, opened for reading at any sample."""

    kind: ClassVar[str] = "an MDS shard"

    def _read(self) -> None:
        data = self._data
        self._length = int.from_bytes(bytes(data[:4]), "little")
        first = 4 + 4 * (self._length + 1)
        if first > len(data):
            raise ValueError("it is cut off")
        offsets = np.frombuffer(bytes(data[4:first]), "<u4").astype(np.int64)
        if offsets[-1] != len(data) or offsets[0] < first or (np.diff(offsets) < 0).any():
            raise ValueError("offsets that cannot be")
        config = json.loads(bytes(data[first : offsets[0]]))
        self._spec = typed(AnnotationSpec, config[ANNOTATIONS]) if ANNOTATIONS in config else PLAIN
        self._beside = annotation_columns(self._spec)
        self._columns = _columns(config, self._beside)
        self._order = {name: column for column, name in enumerate(self._columns)}
        pictures = [name for name in self._columns if PICTURE.fullmatch(name)]
        self.copies = len(pictures) - ("clean" in pictures)
        self._is_mixed = "second_label" in self._columns
        settings = ShardSettings(
            clean="clean" in pictures,
            copies=self.copies,
            mixed=self._is_mixed,
            soft_labels=SOFT in self._columns,
            encoding="png",
            annotations=self._spec,
        )
        if set(self._columns) != {column.name for column in columns_of(settings, None, 0)}:
            raise ValueError(f"its columns are {list(self._columns)[:8]} ..")
        self._starts, self._lengths = self._places_of(offsets)
        self._keys = [self._text(position, "key") for position in range(self._length)]
        if len(set(self._keys)) != self._length:
            raise ValueError("a key that is there twice")

    def _places_of(self, offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where each column of each sample begins, and its length in bytes, (N, columns) each."""
        sizes = list(self._columns.values())
        varying = [number for number, size in enumerate(sizes) if size is None]
        lengths = np.tile(np.array([size or 0 for size in sizes], np.int64), (self._length, 1))
        head, data = struct.Struct(f"<{len(varying)}I"), self._data
        for position, offset in enumerate(offsets[:-1].tolist()):
            lengths[position, varying] = head.unpack(data[offset : offset + head.size])
        starts = offsets[:-1, None] + head.size + np.cumsum(lengths, axis=1) - lengths
        if (starts[:, -1] + lengths[:, -1] != offsets[1:]).any():
            raise ValueError("a sample of another length than its columns")
        return starts, lengths

    def _value(self, position: int, name: str) -> bytes:
        column = self._order[name]
        start, length = int(self._starts[position, column]), int(self._lengths[position, column])
        return bytes(self._data[start : start + length])

    def _text(self, position: int, name: str) -> str:
        return self._value(position, name).decode()

    def _number(self, position: int, name: str) -> int:
        (number,) = struct.unpack("<q", self._value(position, name))
        return int(number)

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
        return annotation_of([self._beside_value(position, column) for column in self._beside], self._spec)

    def _beside_value(self, position: int, column: AnnotationColumn) -> Value:
        if column.dtype in VARYING:
            return self._text(position, column.name)
        values = np.frombuffer(self._value(position, column.name), f"<{np.dtype(column.dtype).str[1:]}")
        return nested(values.reshape(column.shape).tolist())

    def mixed(self, position: int) -> tuple[MixedLabel, ...]:
        """Return the mixed label of each copy of one sample; nothing if labels are not mixed."""
        if not self._is_mixed:
            return ()
        labels, weights = (np.frombuffer(self._value(position, name), kind) for name, kind in MIXED.items())
        return tuple(map(MixedLabel, labels.tolist(), weights.tolist()))

    def soft_labels(self, position: int) -> NDArray[np.float32] | None:
        """Return the weights of all classes of each copy, (K, C); None if they are not stored.

        Raises
        ------
        BadSampleError
            If they are no table of K rows.
        """
        if SOFT not in self._columns:
            return None
        weights = np.frombuffer(self._value(position, SOFT), np.uint8)
        if weights.size == 0 or weights.size % (4 * self.copies):
            raise BadSampleError(f"{self._location}: {SOFT} is no table of {self.copies} rows", REMEDY)
        return weights.view("<f4").reshape(self.copies, -1)

    def size(self, position: int) -> tuple[int, int]:
        """Return the (height, width) of one sample's pictures."""
        return self._number(position, "height"), self._number(position, "width")

    def stored(self, position: int, copy: int) -> Bytes:
        """Return one picture as it is stored: a copy by its number, the clean picture by -1.

        Raises
        ------
        BadSampleError
            If there is no such picture.
        """
        name = "clean" if copy == CLEAN else f"aug{copy}"
        if name not in self._columns:
            raise BadSampleError(f"{self._location} holds no copy {copy}", "choose a copy that the data set has")
        return self._value(position, name)

    def sample(self, position: int) -> StoredSample:
        """Return one sample with both its checksums; raises BadSampleError if its text is damaged."""
        clean = bytes(self.stored(position, CLEAN)) if "clean" in self._columns else None
        copies = tuple(bytes(self.stored(position, number)) for number in range(self.copies))
        try:
            source_key = own_text(self._text(position, "source_key"))
            checksum = int(self._text(position, "checksum"), 16)
        except ValueError as error:
            raise BadSampleError(f"{self._location}: sample {self._keys[position]!r}: {error}", REMEDY) from error
        size = self.size(position)
        stored = StoredSample(
            key=self._keys[position],
            index=self._number(position, "index"),
            label=self.label(position),
            fields=self.fields(position),
            source_index=self._number(position, "source_index"),
            source_key=source_key,
            crop=self._number(position, "crop"),
            clean=clean,
            copies=copies,
            size=size,
            checksum=checksum,
            expected=0,
            mixed=self.mixed(position),
        )
        return replace(stored, expected=sample_checksum(stored, size, clean, copies))

    def places(self) -> Places:
        """Return where the pictures lie in the file."""
        positions, order = range(self._length), self._order
        columns = [order[name] for name in order if PICTURE.fullmatch(name)]
        numbers = [CLEAN if name == "clean" else int(name[3:]) for name in order if PICTURE.fullmatch(name)]
        extents = ListedExtents(
            {copy: column for column, copy in enumerate(numbers)}, self._starts[:, columns], self._lengths[:, columns]
        )
        return Places(
            np.array([self.label(place) if self._spec.labels == "class" else 0 for place in positions], np.int64),
            np.array([self._number(position, "index") for position in positions], np.int64),
            np.array([self.size(position) for position in positions], np.int64).astype(np.int32).reshape(-1, 2),
            extents,
            self.copies,
        )


def mds_places(path: Path, location: str) -> Places:
    """Return where the pictures of an MDS shard lie; raises SourceError if it is damaged, or no shard."""
    with MdsView(path, location) as view:
        return view.places()


def mds_index(finished: Finished) -> dict[str, bytes]:
    """Return ``index.json``, which StreamingDataset opens a data set by; shards without samples are left out."""
    same = description(columns_of(finished.output, finished.size, len(finished.class_names)))
    shards = [
        same
        | {"raw_data": {"basename": shard.name, "bytes": shard.bytes, "hashes": {}}, "samples": shard.samples}
        | {"zip_data": None}
        for shard in finished.shards
        if shard.samples
    ]
    return {INDEX: json.dumps({"shards": shards, "version": 2}, sort_keys=True).encode()}


def _columns(config: Any, beside: Sequence[AnnotationColumn]) -> dict[str, int | None]:
    """Return the length of each column by its name, from what a shard says of its columns."""
    names, encodings, sizes = config["column_names"], config["column_encodings"], config["column_sizes"]
    numbers: dict[str, int | None] = dict.fromkeys(NUMBERS, 8)
    own = {column.name: annotation_column(*column) for column in beside}
    numbers |= {name: column.size for name, column in own.items()}
    texts = {*TEXTS, *(name for name, column in own.items() if column.size is None)}
    for name, encoding, size in zip(names, encodings, sizes, strict=True):
        varies = name in texts or (name not in own and encoding in PICTURES.values())
        if size != numbers.get(name, size) or (size is None) != varies or (size or 0) < 0:
            raise ValueError(f"the column {name!r}")
    if names != sorted(set(names)):
        raise ValueError("columns that are there twice, or in another order")
    return dict(zip(names, sizes, strict=True))
