"""Thrift's compact protocol, as far as the headers and the footer of a Parquet file need it, in both directions.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
MOST_DEPTH = 8  # FileMetaData > RowGroup > ColumnChunk > ColumnMetaData > a list of text
MOST_VARINT = 10  # bytes of 64 bits

Struct = dict[int, Any]
"""A struct that was read: values by the numbers of their fields."""


class Field(NamedTuple):
    """A field to be written: its number, its type, and its value; of a list, the type of its items too."""

    number: int
    kind: int
    value: Any
    items: int = 0


def struct(*fields: Field) -> bytes:
    """Return a struct; fields come in the order of their numbers, those of the value None are left out.

    >>> struct(Field(1, I32, 5), Field(3, BINARY, b"ab")).hex()
    '150a2802616200'
    """
    out, last = bytearray(), 0
    for number, kind, value, items in fields:
        if value is None:
            continue
        step = number - last
        out += bytes([step << 4 | kind]) if step <= 15 else bytes([kind]) + _zigzag(number)
        out += b"" if kind in (TRUE, FALSE) else _value(kind, value, items)
        last = number
    return bytes(out + b"\0")


def _value(kind: int, value: Any, items: int) -> bytes:
    if kind == BYTE:
        return bytes([value])
    if kind in (I16, I32, I64):
        return _zigzag(value)
    if kind == BINARY:
        return varint(len(value)) + bytes(value)
    if kind == LIST:
        return _list(items, value)
    assert kind == STRUCT, "no other type is written"
    return bytes(value)


def _list(items: int, values: Sequence[Any]) -> bytes:
    count = len(values)
    head = bytes([count << 4 | items]) if count < 15 else bytes([0xF0 | items]) + varint(count)
    return head + b"".join(_value(items, value, 0) for value in values)


def varint(number: int) -> bytes:
    """Return a number from 0 as groups of 7 bits, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _zigzag(number: int) -> bytes:
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


class Reader:
    """Reads structs from bytes that may be damaged or forged.

    Parameters
    ----------
    data : bytes-like
    place : int
        Where the first struct begins; afterwards, where the next one does.
    """

    def __init__(self, data: Any, place: int = 0) -> None:
        self._data, self.place = data, place

    def struct(self, depth: int = 0) -> Struct:
        """Return the next struct.

        Raises
        ------
        ValueError
            If it is damaged.
        """
        if depth > MOST_DEPTH:
            raise ValueError("thrift that is nested too deeply")
        fields: Struct = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._zigzag()
            fields[number] = kind == TRUE if kind in (TRUE, FALSE) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind == BYTE:
            return self._byte()
        if kind in (I16, I32, I64):
            return self._zigzag()
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind == LIST:
            return self._list(depth)
        if kind == STRUCT:
            return self.struct(depth + 1)
        raise ValueError(f"a thrift value of the type {kind}")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count, kind = head >> 4, head & 15
        count = self._varint() if count == 15 else count
        if count > len(self._data) - self.place:
            raise ValueError("a thrift list that is longer than the file")
        return [self._value(kind, depth + 1) for _ in range(count)]

    def _byte(self) -> int:
        if not 0 <= self.place < len(self._data):
            raise ValueError("thrift that is cut off")
        self.place += 1
        return int(self._data[self.place - 1])

    def _bytes(self, count: int) -> bytes:
        self.place += count
        if self.place > len(self._data):
            raise ValueError("thrift that is cut off")
        return bytes(self._data[self.place - count : self.place])

    def _varint(self) -> int:
        number = 0
        for position in range(MOST_VARINT):
            byte = self._byte()
            number |= (byte & 0x7F) << 7 * position
            if byte < 0x80:
                return number
        raise ValueError("a thrift number of more than 64 bits")

    def _zigzag(self) -> int:
        number = self._varint()
        return -(number + 1 >> 1) if number & 1 else number >> 1
