"""What HDF5 keeps of variable length, read from the file's bytes by ourselves.

HDF5 (2.0 and before) never returns from a heap in which zeros stand where an object should begin, as after a hole in
a file. So columns of text or of encoded pictures are read here: each element is a reference to an object in a
collection of the file's global heap (HDF5 File Format Specification, section III.E). That is also several times as
fast, and needs no open file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.storage.memory_map import Sliceable

REFERENCE = np.dtype([("length", "<u4"), ("place", "<u8"), ("number", "<u4")])
MAGIC = b"GCOL\x01\0\0\0"
HEADER = 16  # bytes, of a collection and of an object


MOST_OBJECTS = 1 << 16  # of a collection: they are numbered with 16 bits
OBJECT = np.dtype([("number", "<u2"), ("start", "<u8"), ("size", "<u8")])


class Heap:
    """The objects of variable length of one file.

    All that it does takes time and memory in proportion to the file: collections that lie one in another, which no
    program writes, are refused as soon as more objects have been met than the file has room for.
    """

    def __init__(self, data: Sliceable, location: str) -> None:
        self._data, self._location = data, location
        self._collections: dict[int, NDArray[np.void]] = {}
        self._left = len(data) // HEADER + MOST_OBJECTS

    def references(self, offset: int, count: int) -> NDArray[np.void]:
        """Return the references of a column that lies at an offset."""
        raw = bytes(self._data[offset : offset + count * REFERENCE.itemsize])
        if len(raw) != count * REFERENCE.itemsize:
            raise self._damaged("a column is cut off")
        return np.frombuffer(raw, REFERENCE)

    def check_lengths(self, references: NDArray[np.void]) -> None:
        """Refuse references whose objects are longer together than the file: they would be read again and again."""
        total = int(references["length"].sum(dtype=np.int64))
        if total > len(self._data):
            raise self._damaged(f"a column refers to {total} bytes in a file of {len(self._data)}")

    def get(self, reference: np.void) -> bytes:
        """Return one object; raises SourceError if it is missing."""
        start, length = self.place(reference)
        return bytes(self._data[start : start + length])

    def place(self, reference: np.void) -> tuple[int, int]:
        """Return where an object lies, and its length; raises SourceError if it is missing."""
        length, place, number = reference.item()
        if not length:
            return 0, 0
        if place not in self._collections:
            self._collections[place] = self._collection(place)
        objects = self._collections[place]
        position = int(np.searchsorted(objects["number"], number)) if number < MOST_OBJECTS else len(objects)
        if position == len(objects) or objects["number"][position] != number or length > objects["size"][position]:
            raise self._damaged("an object is missing")
        return int(objects["start"][position]), length

    def check(self) -> int:
        """Walk every collection in the file, and return the size of the largest object.

        Raises SourceError where HDF5 might never return from a collection.
        """
        step, place, largest = 1 << 24, 0, 0
        while place < len(self._data):
            piece = bytes(self._data[place : place + step + len(MAGIC)])
            found = piece.find(MAGIC)
            while found >= 0:
                largest = max(largest, int(self._collection(place + found)["size"].max(initial=0)))
                found = piece.find(MAGIC, found + 1)
            place += step
        return largest

    def _collection(self, place: int) -> NDArray[np.void]:
        """Return where the objects of a collection lie, and how long they are, sorted by number."""
        head = bytes(self._data[place : place + HEADER])
        if len(head) != HEADER or head[:8] != MAGIC:
            raise self._damaged("no heap where one should be")
        objects = np.array(list(self._objects(place, int.from_bytes(head[8:], "little"))), OBJECT)
        objects = objects[np.argsort(objects["number"], kind="stable")]
        if (objects["number"][1:] == objects["number"][:-1]).any():
            raise self._damaged("a heap has two objects of one number")
        return objects

    def _objects(self, place: int, length: int) -> Iterator[tuple[int, int, int]]:
        """Yield the number, place and size of each object of a collection of this many bytes."""
        end = place + length
        place += HEADER
        for _ in range(MOST_OBJECTS):
            self._left -= 1
            if self._left < 0:
                raise self._damaged("heaps lie one in another")
            if not place + HEADER <= end <= len(self._data):
                break
            number, size = struct.unpack("<H6xQ", self._data[place : place + HEADER])
            if number == 0:  # what is left is free; its size counts its own header
                if place + size != end:
                    raise self._damaged("a heap has a hole")
                return
            yield number, place + HEADER, size
            place += HEADER + size + -size % 8
        if not place <= end <= len(self._data) or end - place >= HEADER:
            raise self._damaged("a heap is cut off")

    def _damaged(self, what: str) -> SourceError:
        return SourceError(f"{self._location} is damaged: {what}", "fetch it again, or have it rebuilt")
