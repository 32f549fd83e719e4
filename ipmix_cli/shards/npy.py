"""One ``CORRUPTION.npy`` for each corruption or perturbation, and ``labels.npy``: the files of CIFAR-10-C and -P.

``CORRUPTION.npy`` is (S * N, H, W, 3) uint8: all N pictures at the first severity, then at the next; ``labels.npy`` is
(S * N,), the labels as often. Sequences are (N, F, H, W, 3), with labels (N,). ``clean.npy`` is (N, H, W, 3), if clean
pictures are stored.

A shard is a list, ``.ipmix/files/NAME.jsonl``: a line on the layout, and a line for each sample. Its pictures stand in
pieces of the arrays until all shards are there, and in the arrays from then on; see
:mod:`ipmix_cli.shards.npy_arrays`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.codecs import REMEDY
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.picture import Bytes
from ipmix_cli.shards.beside import LISTS, folder_of
from ipmix_cli.shards.checksum import raw_checksum
from ipmix_cli.shards.class_folders import MOST_LIST
from ipmix_cli.shards.npy_arrays import (
    CLEAN_NAME,
    INDEX,
    LABELS,
    MOST_INDEX,
    ArrayLayout,
    Piece,
    array_bytes,
    assemble,
    fetched_block,
    layout_of,
    piece_name,
    read_index,
    shard_of,
)
from ipmix_cli.shards.places import CLEAN
from ipmix_cli.shards.shard import ShardSample, ShardSettings, ShardView, StoredSample
from ipmix_cli.storage.folder import Folder
from ipmix_cli.storage.npy import array_in, mapped_array
from ipmix_cli.storage.object_files import ranges_of
from ipmix_cli.storage.regular_file import read_regular

SUFFIX = ".jsonl"
TITLE = "ipmix npy 2"
FACTS = {"key": str, "index": int, "label": int, "source_index": int, "source_key": str, "crop": int, "checksum": str}
NAME = re.compile(r"[a-z0-9_]+\.npy")


class NpyBuilder:
    """Builds the pieces of a shard and its list; see :class:`ipmix_cli.shards.shard.ShardBuilder`."""

    def __init__(
        self, name: str, samples: Sequence[ShardSample], settings: ShardSettings, attributes: dict[str, Any]
    ) -> None:
        self._name, self._samples, self._settings = name, samples, settings
        self._classes = len(attributes.get("class_names", ()))
        shapes = {sample.picture.shape for sample in samples} or {(0, 0, 3)}
        assert len(shapes) == 1, "pictures of several sizes are refused before a shard is begun"
        self._shape = shapes.pop()
        self._layout = layout_of(settings.variants, settings.copies, settings.clean, self._shape[:2])
        self._pieces = {
            array: np.empty((len(samples), count, *self._shape), np.uint8)
            for array, count in self._layout.arrays.items()
        }
        self._lines: list[str] = []

    def out(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return an array (n, K, H, W, 3) for the copies of samples start..stop."""
        return np.empty((stop - start, self._settings.copies, *self._shape), np.uint8)

    def add(self, start: int, copies: NDArray[np.uint8]) -> None:
        """Put samples start.. and their copies into their places; samples come in order."""
        for variant, (array, number) in enumerate(self._layout.places):
            self._pieces[array][start : start + len(copies), number] = copies[:, variant]
        for sample, own in zip(self._samples[start:], copies, strict=False):
            clean = None
            if self._layout.clean:
                clean = np.ascontiguousarray(sample.picture)
                self._pieces[CLEAN_NAME][len(self._lines), 0] = clean
            checksum = f"{raw_checksum(sample, clean, np.ascontiguousarray(own)):016x}"
            facts = {name: getattr(sample, name) for name in FACTS if name != "checksum"}
            self._lines.append(json.dumps({**facts, "checksum": checksum}))

    def finish(self) -> list[tuple[str, Bytes]]:
        """Return the pieces, and the list last."""
        files: list[tuple[str, Bytes]] = []
        if self._samples:
            files = [(piece_name(self._name, array), array_bytes(piece)) for array, piece in self._pieces.items()]
        head = {
            "title": TITLE,
            "samples": len(self._samples),
            "size": list(self._shape[:2]),
            "places": [list(place) for place in self._layout.places],
            "frames": self._layout.frames,
            "clean": self._layout.clean,
            "classes": self._classes,
        }
        content = "".join(f"{line}\n" for line in [json.dumps(head), *self._lines]).encode()
        return [*files, (f"{LISTS}{self._name}{SUFFIX}", content)]


class NpyView(ShardView):
    """A shard's list opened for reading, with the arrays, or pieces of them, that hold its pictures.

    Parameters
    ----------
    content : Path or bytes
        The list. The arrays are looked for in the data set's folder, three levels above it; a list that is given as
        bytes has no arrays, only their facts, unless its location is a URL.
    location : str
        What errors call it.

    Raises
    ------
    SourceError
        Where it is damaged, or no such list.
    """

    attributes: dict[str, Any]

    def __init__(self, content: Path | Bytes, location: str) -> None:
        self.attributes = {}
        self._location = location
        self._folder = folder_of(content, location)
        self._shard = shard_of(content.name if isinstance(content, Path) else location)
        try:
            data = read_regular(content, MOST_LIST) if isinstance(content, Path) else bytes(content)
            head, *rows = [json.loads(line) for line in data.decode().splitlines()]
            self._read(head, rows)
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise SourceError(f"{location} is not a list of ipmix's arrays: {error}", REMEDY) from error
        self._sha256 = hashlib.sha256(data).hexdigest()
        self._rows_in_arrays = self._place_in_arrays()
        self._maps: dict[str, NDArray[np.uint8]] = {}
        self._stored_labels: NDArray[Any] | None = None

    def _read(self, head: Any, rows: list[Any]) -> None:
        if head["title"] != TITLE or head["samples"] != len(rows):
            raise ValueError("a title that does not fit, or an end that is missing")
        places = tuple((str(name), int(number)) for name, number in head["places"])
        size = int(head["size"][0]), int(head["size"][1])
        self._layout = ArrayLayout(places, bool(head["frames"]), bool(head["clean"]), size)
        self._classes = int(head["classes"])
        counts = {name: sorted(number for other, number in places if other == name) for name, _ in places}
        if any(numbers != list(range(len(numbers))) for numbers in counts.values()):
            raise ValueError("variants in no order")
        if not all(NAME.fullmatch(name) for name in self._layout.arrays):
            raise ValueError("a file name that is not an array's")
        if any({name: type(value) for name, value in row.items()} != FACTS for row in rows):
            raise ValueError("a sample with other fields than it should have")
        self._rows: list[dict[str, Any]] = rows
        if len({row["key"] for row in rows}) != len(rows):
            raise ValueError("a key that is there twice")
        self.copies = len(places)

    def _place_in_arrays(self) -> tuple[int, int] | None:
        """Return the shard's first row and the number of samples in the arrays; None if it has pieces of its own."""
        if self._folder is None:
            return None
        index = read_index(self._folder.contents([INDEX], MOST_INDEX).get(INDEX, b""))
        row = None if index is None else index["shards"].get(self._shard)
        if index is None or row is None or (row["sha256"], row["samples"]) != (self._sha256, len(self._rows)):
            return None
        arrays = {*self._layout.arrays, LABELS}
        if len(self._folder.sizes(arrays)) < len(arrays) and self._folder.names(piece_name(self._shard, "")):
            return None
        return row["first"], index["samples"]

    def piece(self) -> Piece:
        """Return what the arrays need to know of this shard."""
        labels = tuple(int(row["label"]) for row in self._rows)
        return Piece(self._shard, self._sha256, labels, self._classes, self._layout)

    def __len__(self) -> int:
        return len(self._rows)

    def keys(self) -> Sequence[str]:
        """Return the samples' keys in order."""
        return [row["key"] for row in self._rows]

    def files(self) -> Sequence[str]:
        """Return the names of the arrays, or of this shard's pieces of them."""
        if self._rows_in_arrays is not None:
            arrays = self._layout.arrays if self._rows_in_arrays[1] else ()
            return [*arrays, LABELS, INDEX]
        return [piece_name(self._shard, array) for array in self._layout.arrays] if self._rows else []

    def label(self, position: int) -> int:
        """Return the class number of one sample."""
        return int(self._rows[position]["label"])

    def size(self, position: int) -> tuple[int, int]:
        """Return the (height, width) of one sample's pictures."""
        del position
        return self._layout.size

    def stored(self, position: int, copy: int) -> Bytes:
        """Return the bytes of one picture in C order: a copy by its number, the clean picture by -1.

        Raises
        ------
        BadSampleError
            If there is no such picture, or it cannot be read.
        """
        name, number = self._place(copy)
        return bytes(self._block(name)[position, number].tobytes())

    def _place(self, copy: int) -> tuple[str, int]:
        if copy == CLEAN and self._layout.clean:
            return CLEAN_NAME, 0
        if not 0 <= copy < len(self._layout.places):
            raise BadSampleError(f"{self._location} holds no copy {copy}", "give a number that it has")
        return self._layout.places[copy]

    def _block(self, name: str) -> NDArray[np.uint8]:
        """Return this shard's pictures in an array, (n, V, H, W, 3), as a memory map."""
        if name in self._maps:
            return self._maps[name]
        if self._rows_in_arrays is None:
            shape: tuple[int, ...] = (len(self._rows), self._layout.arrays[name], *self._layout.size, 3)
            self._maps[name] = self._array(piece_name(self._shard, name), shape)
        else:
            first, samples = self._rows_in_arrays
            if self._folder is not None and self._folder.path(name) is None:
                self._maps[name] = self._fetched(f"{self._folder.location}/{name}", name, first, samples)
            else:
                whole = self._array(name, self._layout.shape(name, samples))
                self._maps[name] = self._layout.block(name, whole, first, len(self._rows))
        return self._maps[name]

    def _array(self, name: str, shape: tuple[int, ...] | None) -> NDArray[Any]:
        """Return an array of the folder as a memory map; its shape is the one that the lists tell."""
        if self._folder is None:
            raise BadSampleError(f"{self._location} is apart from its arrays", "open the list in its data set's folder")
        path, place = self._folder.path(name), f"{self._folder.location}/{name}"
        try:
            if path is None:
                array = array_in(self._folder.read(name), place)
            elif path.is_symlink() or not path.is_file():
                raise BadSampleError(f"{path} is missing, or no plain file", REMEDY)
            else:
                array = mapped_array(path)
        except (OSError, SourceError) as error:
            raise BadSampleError(f"cannot read {place}: {error}", REMEDY) from error
        if shape is not None and (array.shape != shape or array.dtype != np.uint8):
            raise BadSampleError(f"{place} is {array.dtype} {array.shape}, which its list does not say", REMEDY)
        return np.asarray(array)

    def _fetched(self, url: str, name: str, first: int, samples: int) -> NDArray[np.uint8]:
        """Return this shard's rows of an array in an object store, and no others."""
        try:
            with ranges_of(url) as read:
                return fetched_block(read, self._layout, name, (first, len(self._rows), samples))
        except (SourceError, ValueError, EOFError) as error:
            raise BadSampleError(f"cannot read {url}: {error}", REMEDY) from error

    def _check_label(self, position: int) -> None:
        """Compare a sample's labels in labels.npy with its own."""
        if self._rows_in_arrays is None:
            return
        first, samples = self._rows_in_arrays
        if self._stored_labels is None:
            stored = self._array(LABELS, None)
            if stored.shape != (samples * self._layout.repeats(),):
                raise BadSampleError(f"{LABELS} is {stored.shape}, which the lists do not say", REMEDY)
            self._stored_labels = stored.reshape(-1, samples)
        if not (self._stored_labels[:, first + position] == self.label(position)).all():
            raise BadSampleError(f"{LABELS} has another label than {self.label(position)}", REMEDY)

    def sample(self, position: int) -> StoredSample:
        """Return one sample; raises BadSampleError where an array is missing or another."""
        row = self._rows[position]
        self._check_label(position)
        clean = bytes(self.stored(position, CLEAN)) if self._layout.clean else None
        copies = tuple(bytes(self.stored(position, number)) for number in range(self.copies))
        identity = {name: row[name] for name in FACTS if name != "checksum"}
        bare = StoredSample(**identity, clean=clean, copies=copies, size=self._layout.size, checksum=0, expected=0)
        pictures = np.frombuffer(b"".join(copies), np.uint8).reshape(self.copies, *self._layout.size, 3)
        own = None if clean is None else np.frombuffer(clean, np.uint8)
        return replace(bare, checksum=int(row["checksum"], 16), expected=raw_checksum(bare, own, pictures))

    def close(self) -> None:
        """Let the arrays go."""
        self._maps.clear()
        self._stored_labels = None


def assemble_arrays(folder: Folder, lists: Sequence[str]) -> None:
    """Put the arrays of a data set together from its shards, given by their lists' names in order; raises SourceError.

    See :func:`ipmix_cli.shards.npy_arrays.assemble`.
    """
    pieces = []
    for name in lists:
        with NpyView(folder.read(name, MOST_LIST), f"{folder.location}/{name}") as view:
            pieces.append(view.piece())
    assemble(folder, pieces)
