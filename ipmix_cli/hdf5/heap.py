"""What HDF5 keeps of variable length, read from the file's bytes by ourselves.

HDF5 (2.0 and before) never returns from a heap in which zeros stand where an object should begin, as after a hole in
a file. So columns of text or of encoded pictures are read here: each element is a reference to an object in a
collection of the file's global heap (HDF5 File Format Specification, section III.E). That is also several times as
fast, and needs no open file.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.storage.memory_map import Sliceable

REFERENCE = np.dtype([("length", "<u4"), ("place", "<u8"), ("number", "<u4")])
MAGIC = b"GCOL\x01\0\0\0"
HEADER = 16  # bytes, of a collection and of an object


class Heap:
    """The objects of variable length of one file."""

    def __init__(self, data: Sliceable, location: str) -> None:
        self._data, self._location = data, location
        self._collections: dict[int, dict[int, tuple[int, int]]] = {}

    def references(self, offset: int, count: int) -> NDArray[np.void]:
        """Return the references of a column that lies at an offset."""
        raw = bytes(self._data[offset : offset + count * REFERENCE.itemsize])
        if len(raw) != count * REFERENCE.itemsize:
            raise self._damaged("a column is cut off")
        return np.frombuffer(raw, REFERENCE)

    def get(self, reference: np.void) -> bytes:
        """Return one object; raises SourceError where it is not there."""
        start, length = self.place(reference)
        return bytes(self._data[start : start + length])

    def place(self, reference: np.void) -> tuple[int, int]:
        """Return where an object lies, and its length; raises SourceError where it is not there."""
        length, place, number = reference.item()
        if not length:
            return 0, 0
        if place not in self._collections:
            self._collections[place] = self._collection(place)
        start, size = self._collections[place].get(number, (0, 0))
        if length > size:
            raise self._damaged("an object is missing")
        return start, length

    def check(self) -> None:
        """Walk every collection in the file; raises SourceError where HDF5 might never return from one."""
        step, place = 1 << 24, 0
        while place < len(self._data):
            piece = bytes(self._data[place : place + step + len(MAGIC)])
            found = piece.find(MAGIC)
            while found >= 0:
                self._collection(place + found)
                found = piece.find(MAGIC, found + 1)
            place += step

    def _collection(self, place: int) -> dict[int, tuple[int, int]]:
        """Return where the objects of a collection lie, and how long they are, by number."""
        head = bytes(self._data[place : place + HEADER])
        if len(head) != HEADER or head[:8] != MAGIC:
            raise self._damaged("no heap where one should be")
        end = place + int.from_bytes(head[8:], "little")
        objects: dict[int, tuple[int, int]] = {}
        place += HEADER
        while place + HEADER <= end <= len(self._data):
            number, size = struct.unpack("<H6xQ", self._data[place : place + HEADER])
            if number == 0:  # what is left is free; its size counts its own header
                if place + size != end:
                    raise self._damaged("a heap has a hole")
                return objects
            objects[number] = (place + HEADER, size)
            place += HEADER + size + -size % 8
        if not place <= end <= len(self._data) or end - place >= HEADER:
            raise self._damaged("a heap is cut off")
        return objects

    def _damaged(self, what: str) -> SourceError:
        return SourceError(f"{self._location} is damaged: {what}", "fetch it again, or have it rebuilt")
