"""The columns of a Parquet shard: how a file describes each, and how its values lie in a page.

https://parquet.apache.org/docs/file-format/: pages of version 1, PLAIN values, no compression, no dictionaries. Every
field is optional and present, as Hugging Face's own files have them, so that definition levels are one run.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from operator import itemgetter
from typing import Any

import numpy as np

from ipmix_cli.shards.parquet import thrift
from ipmix_cli.shards.parquet.thrift import BINARY, I32, STRUCT, Field

INT64, FLOAT, DOUBLE, BYTE_ARRAY = 2, 4, 5, 6  # physical types
NUMBER_TYPES = {INT64: "<i8", FLOAT: "<f4", DOUBLE: "<f8"}
OPTIONAL, REPEATED = 1, 2
PLAIN, RLE = 0, 3
UTF8, LISTED = 0, 3  # converted types
LOGICAL_TEXT, LOGICAL_LIST = 1, 3  # fields of the union


@dataclass(frozen=True)
class Leaf:
    """A column of values as the file sees it.

    Parameters
    ----------
    path : tuple of str
        The names from the root of the schema on.
    kind : int
        The physical type.
    definition, repetition : int
        The highest levels.
    shape : tuple of int
        How many values each list has, in a column of lists; how many lists each has, and these values, in one of
        tables.
    """

    path: tuple[str, ...]
    kind: int
    definition: int = 1
    repetition: int = 0
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column as users see it: ``clean``, ``label`` ..; `kind` is one of KINDS, lists have a `shape`."""

    name: str
    kind: str
    shape: tuple[int, ...] = ()

    @property
    def leaves(self) -> list[Leaf]:
        """The columns of values that it consists of."""
        if self.kind == "image":
            return [Leaf((self.name, part), BYTE_ARRAY, 2) for part in ("bytes", "path")]
        if self.kind in LISTS:
            kind, depth = LISTS[self.kind]
            return [Leaf((self.name, *("list", "element") * depth), kind, 2 * depth + 1, depth, self.shape)]
        return [Leaf((self.name,), SCALARS[self.kind])]

    def schema(self) -> list[bytes]:
        """Return its elements of the file's schema."""
        if self.kind == "image":
            return [_group(self.name, 2), _element("bytes", BYTE_ARRAY), _text("path")]
        if self.kind in LISTS:
            kind, depth = LISTS[self.kind]
            names = (self.name, *["element"] * (depth - 1))
            return [*(group for name in names for group in _list_groups(name)), _element("element", kind)]
        if self.kind == "text":
            return [_text(self.name)]
        return [_element(self.name, SCALARS[self.kind])]


SCALARS = {"text": BYTE_ARRAY, "int64": INT64, "float64": DOUBLE}
LISTS = {"int64s": (INT64, 1), "float64s": (DOUBLE, 1), "float32 tables": (FLOAT, 2)}
"""The physical type of a list's numbers, and how many lists stand in each other."""

KINDS = ("image", *SCALARS, *LISTS)


def _element(name: str, kind: int, converted: int | None = None, logical: bytes | None = None) -> bytes:
    return thrift.struct(
        Field(1, I32, kind),
        Field(3, I32, OPTIONAL),
        Field(4, BINARY, name.encode()),
        Field(6, I32, converted),
        Field(10, STRUCT, logical),
    )


def _text(name: str) -> bytes:
    return _element(name, BYTE_ARRAY, UTF8, thrift.struct(Field(LOGICAL_TEXT, STRUCT, thrift.struct())))


def _group(
    name: str, children: int, repetition: int = OPTIONAL, converted: int | None = None, logical: bytes | None = None
) -> bytes:
    return thrift.struct(
        Field(3, I32, repetition),
        Field(4, BINARY, name.encode()),
        Field(5, I32, children),
        Field(6, I32, converted),
        Field(10, STRUCT, logical),
    )


def _list_groups(name: str) -> list[bytes]:
    logical = thrift.struct(Field(LOGICAL_LIST, STRUCT, thrift.struct()))
    outer = _group(name, 1, converted=LISTED, logical=logical)
    return [outer, _group("list", 1, repetition=REPEATED)]


def page(leaf: Leaf, values: Sequence[Any]) -> bytes:
    """Return the one page of a column chunk, with its header; values of a list column have its shape.

    The checksum is the one that other readers can be told to check: of zlib's crc32.
    """
    content = b"".join([levels(leaf, len(values)), _plain(leaf.kind, values)])
    count = len(values) * prod(leaf.shape)
    data_page = thrift.struct(Field(1, I32, count), Field(2, I32, PLAIN), Field(3, I32, RLE), Field(4, I32, RLE))
    crc = zlib.crc32(content)
    header = thrift.struct(
        Field(1, I32, 0),
        Field(2, I32, len(content)),
        Field(3, I32, len(content)),
        Field(4, I32, crc - 2**32 if crc >= 2**31 else crc),
        Field(5, STRUCT, data_page),
    )
    return header + content


def levels(leaf: Leaf, rows: int) -> bytes:
    """Return the levels that stand before the values of a page: which of them begin a list, and that all are there."""
    if not leaf.repetition:
        return _runs([(rows, leaf.definition)])
    one = [run for run in _repetitions(leaf.shape) if run[0] > 0] * rows
    runs = [(sum(count for count, _ in equal), number) for number, equal in groupby(one, itemgetter(1))]
    return _runs(runs) + _runs([(rows * prod(leaf.shape), leaf.definition)])


def _repetitions(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the repetition levels of a value, as (how many, level).

    >>> _repetitions((4,)), _repetitions((2, 3))
    ([(1, 0), (3, 1)], [(1, 0), (2, 2), (1, 1), (2, 2)])
    """
    if len(shape) == 1:
        return [(1, 0), (shape[0] - 1, 1)]
    return [(1, 0), (shape[1] - 1, 2), *[(1, 1), (shape[1] - 1, 2)] * (shape[0] - 1)]


def _runs(runs: Sequence[tuple[int, int]]) -> bytes:
    """Return levels of at most 8 bits as runs, with their length before them."""
    content = b"".join(thrift.varint(count << 1) + bytes([number]) for count, number in runs)
    return struct.pack("<I", len(content)) + content


def _plain(kind: int, values: Sequence[Any]) -> bytes:
    """Return values as PLAIN encoding has them: numbers, or bytes after their length."""
    if kind == BYTE_ARRAY:
        return b"".join(part for value in values for part in (struct.pack("<I", len(value)), value))
    return np.array(values, NUMBER_TYPES[kind]).tobytes()
