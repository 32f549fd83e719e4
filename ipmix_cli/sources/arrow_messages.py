"""What an Arrow stream's messages say of themselves, read without pyarrow's help, which would unpack them.

A message begins with a table in the FlatBuffers format: an offset to its list of fields, and the fields. The body of a
record batch may be compressed; pyarrow then unpacks all columns at once, however large they say that they are. The
library `datasets` writes no such streams, so that they are refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

HEADER_TYPE, HEADER = 1, 2  # fields of a message
DICTIONARY, RECORDS = 2, 3  # types of its header
DATA = 1  # the field of a dictionary that holds its record batch
COMPRESSION = 3  # the field of a record batch


def is_compressed(messages: Iterable[Any]) -> bool:
    """Return whether one of pyarrow's messages has a compressed body.

    Raises
    ------
    ValueError
        If a message is damaged.
    """
    try:
        return any(_is_compressed(memoryview(message.metadata)) for message in messages)
    except (struct.error, IndexError) as error:
        raise ValueError(f"a message is damaged: {error}") from error


def _is_compressed(metadata: memoryview) -> bool:
    root = _offset(metadata, 0)
    kind = _field(metadata, root, HEADER_TYPE)
    place = _field(metadata, root, HEADER)
    if kind is None or place is None or metadata[kind] not in {DICTIONARY, RECORDS}:
        return False
    table = _offset(metadata, place)
    if metadata[kind] == DICTIONARY:
        place = _field(metadata, table, DATA)
        if place is None:
            return False
        table = _offset(metadata, place)
    return _field(metadata, table, COMPRESSION) is not None


def _offset(data: memoryview, place: int) -> int:
    """Return where an offset, which counts from its own place, leads to."""
    return place + int(struct.unpack_from("<I", data, place)[0])


def _field(data: memoryview, table: int, number: int) -> int | None:
    """Return the place of a table's field; None if it is absent."""
    fields = table - int(struct.unpack_from("<i", data, table)[0])
    slot = 4 + 2 * number
    if fields < 0 or slot >= struct.unpack_from("<H", data, fields)[0]:
        return None
    offset = int(struct.unpack_from("<H", data, fields + slot)[0])
    return table + offset if offset else None
