"""``meta.mat`` of ILSVRC's development kit: which class each of its numbers is.

The file holds an array of structures, ``synsets``, of which two fields are read: ``ILSVRC2012_ID`` and ``WNID``. An
array of structures is flags, dimensions, a name, the length of its fields' names, these names, and then an array for
each field of each structure.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.matlab import COMPRESSED, HEADER, MATRIX, NUMBERS, elements_of, inflated, part_at, tag_at
from ipmix_cli.storage.regular_file import open_regular

STRUCTURES = 2  # MATLAB's class of such arrays
CHARACTERS = {**NUMBERS, 16: "u1", 17: "u2"}  # of 8 bits, or of 16
NUMBER, NAME = "ILSVRC2012_ID", "WNID"
MOST_BYTES = 2**24  # 16 MiB: the published file has some 2 MB


def synsets(path: Path) -> dict[str, str]:
    """Return the classes by ILSVRC's numbers, both as text.

    Raises
    ------
    SourceError
        If it cannot be read, or holds no such structures.
    """
    try:
        with open_regular(path) as file:
            file.seek(HEADER)
            places = list(elements_of(file, path))
        for place, kind, length in places:
            if kind in {MATRIX, COMPRESSED}:
                found = _structures(_content(path, place, length, kind == COMPRESSED))
                if found:
                    return found
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}", "check the file") from error
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise SourceError(f"{path} is damaged: {error}", "fetch the development kit again") from error
    raise SourceError(f"{path} holds no structures with {NUMBER} and {NAME}", "fetch the development kit again")


def _content(path: Path, place: int, length: int, compressed: bool) -> bytes:
    """Return what an array consists of."""
    data = bytearray()
    for piece in inflated(path, place, length, compressed):
        data += piece
        if len(data) > MOST_BYTES:
            raise ValueError(f"an array of more than {MOST_BYTES} bytes")
    if not compressed:
        return bytes(data)
    kind, size, start = tag_at(bytes(data), 0)
    return bytes(data[start : start + size]) if kind == MATRIX else b""


def _structures(data: bytes) -> dict[str, str]:
    """Return the names by number of an array of structures; nothing for another array."""
    flags, place = part_at(data, 0)
    if not flags or flags[0] != STRUCTURES:
        return {}
    sizes, place = part_at(data, place)
    _, place = part_at(data, place)
    width, place = part_at(data, place)
    names, place = part_at(data, place)
    step = max(1, int(np.frombuffer(width, "<i4")[0]))
    fields = [names[at : at + step].split(b"\0")[0].decode("ascii") for at in range(0, len(names), step)]
    if not {NUMBER, NAME} <= {*fields}:
        return {}
    found = {}
    for _ in range(min(int(np.prod(np.frombuffer(sizes, "<i4"), dtype=object)), len(data) // 8)):
        values = {}
        for field in fields:
            element, place = part_at(data, place)
            values[field] = element
        found[str(int(_values(values[NUMBER], NUMBERS)[0]))] = _text(values[NAME])
    return found


def _values(data: bytes, kinds: dict[int, str]) -> NDArray[np.int64]:
    """Return the numbers of an array, or the codes of its characters."""
    place = 0
    for _ in range(3):  # flags, dimensions, name
        _, place = part_at(data, place)
    kind, length, start = tag_at(data, place)
    return np.frombuffer(data[start : start + length], f"<{kinds[kind]}").astype(np.int64)


def _text(data: bytes) -> str:
    """Return the text of an array of characters."""
    return "".join(map(chr, _values(data, CHARACTERS).tolist()))
