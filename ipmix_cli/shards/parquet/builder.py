"""Parquet shards, built: one row a sample, with its pictures as Hugging Face stores images.

===========================  ==============================  ====================================================
column                       type                            content
===========================  ==============================  ====================================================
clean, aug0 .. aug{K-1}      struct<bytes, path>             the pictures, encoded, and a file name for each
label, index, source_index,  int64                           as in HDF5 shards
crop, height, width
key, source_key              string                          a source key that is not UTF-8 is a JSON string
checksum                     string                          see :mod:`ipmix_cli.shards.checksum`; hexadecimal, since
                                                             tensors of torch hold no uint64 as they hold int64
second_label, label_weight   list<int64>, list<double>       of methods that mix labels alone
soft_label                   list<list<float>>, (K, C)       if the weights of all C classes are asked for
===========================  ==============================  ====================================================

Labels of other kinds are ``label``, too: list<int64> of 0 and 1 for several classes a picture, double or list<double>
for numbers, string for text; without labels there is none. Each kept field is a column of its own name: int64, double,
a list of these, or string.

The file's metadata hold ``huggingface`` (the features, so that ``datasets`` needs no card), ``class_names``,
``ipmix_job``, and ``annotations`` if there is more than one class a picture. Row groups have about 8 MiB of pictures,
what a stream fetches at once, in which one picture is reached without another one being read. Nothing is compressed
again: the pictures are already.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from ipmix_cli.annotations import LABEL_TYPES, AnnotationSpec, class_of, columns, row_of
from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.picture import Bytes
from ipmix_cli.shards.class_order import distinct_names
from ipmix_cli.shards.encoded_rows import Row, RowBuilder, picture_columns, portable
from ipmix_cli.shards.parquet import thrift
from ipmix_cli.shards.parquet.columns import LISTS, PLAIN, RLE, Column, Leaf, page
from ipmix_cli.shards.parquet.thrift import BINARY, I32, I64, LIST, STRUCT, Field
from ipmix_cli.shards.shard import ShardSample, ShardSettings
from ipmix_cli.shards.soft_labels import soft_labels

SUFFIX = ".parquet"
MAGIC = b"PAR1"
VERSION = 2  # of the format: the one with logical types
CREATOR = b"ipmix version 1 (build 0)"  # of this layout, in the form that parquet-mr parses; not of the program
ROW_GROUP_BYTES = 2**23  # of pictures: what a stream fetches and holds at once
NUMBERS = ("index", "source_index", "crop", "height", "width")
TEXTS = ("key", "source_key", "checksum")
MOST_NAMED = 10_000  # classes whose names Hugging Face is told, as in the card
HUGGING_FACE, CLASS_NAMES, JOB, ANNOTATIONS = "huggingface", "class_names", "ipmix_job", "annotations"


def columns_of(settings: ShardSettings, classes: int) -> list[Column]:
    """Return the columns of a shard, in order; the number of classes matters to the weights of all classes alone."""
    found = [Column(name, "image") for name in picture_columns(settings)]
    beside = annotation_columns(settings.annotations)
    found += beside[: settings.annotations.labels in LABEL_TYPES]
    found += [Column(name, "int64") for name in NUMBERS] + [Column(name, "text") for name in TEXTS]
    if settings.mixed:
        found += [
            Column("second_label", "int64s", (settings.copies,)),
            Column("label_weight", "float64s", (settings.copies,)),
        ]
    if settings.soft_labels:
        found.append(Column("soft_label", "float32 tables", (settings.copies, classes)))
    return found + beside[settings.annotations.labels in LABEL_TYPES :]


def annotation_columns(spec: AnnotationSpec) -> list[Column]:
    """Return the columns of the label, if there is one, and of the kept fields."""
    found = []
    for name, dtype, shape in columns(spec):
        kind = "text" if dtype in {"string", "json"} else "float64" if dtype == "float64" else "int64"
        found.append(Column(name, f"{kind}s", shape[:1]) if shape else Column(name, kind))
    return found


@dataclass(frozen=True)
class Chunk:
    """Where the values of one column of one row group lie: the offset of its page, and its length with the header."""

    leaf: Leaf
    values: int
    offset: int
    length: int


class ParquetBuilder(RowBuilder):
    """Builds a Parquet shard; see :class:`ipmix_cli.shards.shard.ShardBuilder`."""

    def finish(self) -> list[tuple[str, Bytes]]:
        """Return the shard."""
        columns, file = columns_of(self._settings, len(self._attributes.get("class_names", ()))), bytearray(MAGIC)
        groups = []
        for rows in row_groups(self._rows):
            values = self._values(rows)
            chunks = [self._write(file, leaf, values[leaf.path]) for column in columns for leaf in column.leaves]
            groups.append((len(rows), chunks))
        footer = _footer(columns, groups, self._metadata(columns))
        file += footer + len(footer).to_bytes(4, "little") + MAGIC
        return [(self._name + SUFFIX, file)]

    def _write(self, file: bytearray, leaf: Leaf, values: Sequence[Any]) -> Chunk:
        offset, content = len(file), page(leaf, values)
        file += content
        return Chunk(leaf, len(values) * prod(leaf.shape), offset, len(content))

    def _values(self, rows: Sequence[Row]) -> dict[tuple[str, ...], Sequence[Any]]:
        """Return the values of each column of a row group, by its path."""
        samples = [row.sample for row in rows]
        found: dict[tuple[str, ...], Sequence[Any]] = {
            (name,): [getattr(sample, name) for sample in samples] for name in NUMBERS[:3]
        }
        found["height",], found["width",] = zip(*(row.size for row in rows), strict=True)
        found["key",] = [sample.key.encode() for sample in samples]
        found["source_key",] = [portable(sample.source_key).encode() for sample in samples]
        found["checksum",] = [b"%016x" % row.checksum for row in rows]
        suffix = CODECS[self._settings.encoding].suffix
        for place, name in enumerate(picture_columns(self._settings)):
            found[name, "bytes"] = [row.pictures[place] for row in rows]
            found[name, "path"] = [f"{sample.key}_{name}.{suffix}".encode() for sample in samples]
        if self._settings.mixed:
            for place, name in enumerate(("second_label", "label_weight")):
                found[name, "list", "element"] = [[pair[place] for pair in sample.mixed] for sample in samples]
        if self._settings.soft_labels:
            classes = len(self._attributes["class_names"])
            soft = [soft_labels(class_of(sample.label), sample.mixed, classes) for sample in samples]
            found["soft_label", "list", "element", "list", "element"] = soft
        return found | self._annotations(samples)

    def _annotations(self, samples: Sequence[ShardSample]) -> dict[tuple[str, ...], Sequence[Any]]:
        """Return the values of the columns of labels and kept fields, by their paths."""
        spec = self._settings.annotations
        rows = [row_of(sample.label, sample.fields, spec) for sample in samples]
        found: dict[tuple[str, ...], Sequence[Any]] = {}
        for place, column in enumerate(annotation_columns(spec)):
            values = [row[place] for row in rows]
            (leaf,) = column.leaves
            found[leaf.path] = [str(value).encode() for value in values] if column.kind == "text" else values
        return found

    def _metadata(self, columns: Sequence[Column]) -> dict[str, str]:
        names = list(self._attributes.get("class_names", ()))
        told = {HUGGING_FACE: json.dumps(hugging_face(columns, names)), CLASS_NAMES: json.dumps(names)}
        told |= {JOB: self._attributes.get("ipmix_job", "{}")}
        spec = self._settings.annotations
        return told if spec.plain else told | {ANNOTATIONS: json.dumps(spec.to_dict(), sort_keys=True)}


def row_groups(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield the rows of each group: as many as have 8 MiB of pictures."""
    start, held = 0, 0
    for position, row in enumerate(rows):
        held += sum(map(len, row.pictures))
        if held >= ROW_GROUP_BYTES or position + 1 == len(rows):
            yield rows[start : position + 1]
            start, held = position + 1, 0


def hugging_face(columns: Sequence[Column], class_names: Sequence[str]) -> dict[str, Any]:
    """Return what Hugging Face's ``datasets`` writes into the metadata of its own files: the features."""
    features: dict[str, Any] = {}
    for column in columns:
        kind, depth = element_of(column)
        feature: dict[str, Any] = {"_type": "Image"} if kind == "image" else {"dtype": kind, "_type": "Value"}
        for _ in range(depth):
            feature = {"feature": feature, "_type": "Sequence"}
        features[column.name] = feature
    if features.get("label", {}).get("dtype") == "int64" and 0 < len(class_names) <= MOST_NAMED:
        features["label"] = {"names": distinct_names(class_names), "_type": "ClassLabel"}
    return {"info": {"features": features}}


def element_of(column: Column) -> tuple[str, int]:
    """Return what a column's values are as Hugging Face calls it, and how many lists they stand in.

    >>> element_of(Column("soft_label", "float32 tables"))
    ('float32', 2)
    """
    kinds = {"text": "string", "int64s": "int64", "float64s": "float64", "float32 tables": "float32"}
    return kinds.get(column.kind, column.kind), LISTS.get(column.kind, (0, 0))[1]


def _footer(
    columns: Sequence[Column], groups: Sequence[tuple[int, Sequence[Chunk]]], metadata: dict[str, str]
) -> bytes:
    root = thrift.struct(Field(4, BINARY, b"schema"), Field(5, I32, len(columns)))
    pairs = [
        thrift.struct(Field(1, BINARY, name.encode()), Field(2, BINARY, value.encode()))
        for name, value in metadata.items()
    ]
    return thrift.struct(
        Field(1, I32, VERSION),
        Field(2, LIST, [root, *(element for column in columns for element in column.schema())], STRUCT),
        Field(3, I64, sum(rows for rows, _ in groups)),
        Field(4, LIST, [_row_group(number, *group) for number, group in enumerate(groups)], STRUCT),
        Field(5, LIST, pairs, STRUCT),
        Field(6, BINARY, CREATOR),
    )


def _row_group(number: int, rows: int, chunks: Sequence[Chunk]) -> bytes:
    total = sum(chunk.length for chunk in chunks)
    return thrift.struct(
        Field(1, LIST, [_column_chunk(chunk) for chunk in chunks], STRUCT),
        Field(2, I64, total),
        Field(3, I64, rows),
        Field(5, I64, chunks[0].offset),
        Field(6, I64, total),
        Field(7, thrift.I16, number) if number < 2**15 else Field(7, thrift.I16, None),
    )


def _column_chunk(chunk: Chunk) -> bytes:
    metadata = thrift.struct(
        Field(1, I32, chunk.leaf.kind),
        Field(2, LIST, [PLAIN, RLE], I32),
        Field(3, LIST, [name.encode() for name in chunk.leaf.path], BINARY),
        Field(4, I32, 0),
        Field(5, I64, chunk.values),
        Field(6, I64, chunk.length),
        Field(7, I64, chunk.length),
        Field(9, I64, chunk.offset),
    )
    return thrift.struct(Field(2, I64, chunk.offset), Field(3, STRUCT, metadata))
