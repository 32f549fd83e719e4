"""One ``CORRUPTION.npy`` for each corruption, and ``labels.npy``: the files of CIFAR-10-C.

``CORRUPTION.npy`` is (S * N, H, W, 3) uint8: all N pictures at the first severity, then at the next; ``labels.npy`` is
(S * N,), the labels as often. ``clean.npy`` is (N, H, W, 3), if clean pictures are stored.

The whole data set is one shard, since N must be known before the first file can be laid out. Its arrays are temporary
files of the machine that makes it, mapped into memory, so memory need hold the clean pictures alone. The shard itself
is a list, ``.ipmix/files/NAME.jsonl``: a line with the sha256 of each array, and a line for each sample.
"""

from __future__ import annotations

import hashlib
import io
import json
import mmap
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.codecs import REMEDY
from ipmix_cli.errors import BadSampleError, SourceError, WriteError
from ipmix_cli.picture import Bytes
from ipmix_cli.shards.checksum import raw_checksum
from ipmix_cli.shards.class_folders import LISTS, MOST_LIST
from ipmix_cli.shards.places import CLEAN
from ipmix_cli.shards.shard import ShardSample, ShardSettings, ShardView, StoredSample

SUFFIX = ".jsonl"
TITLE = "ipmix npy 1"
LABELS, CLEAN_NAME = "labels.npy", "clean.npy"
FACTS = {"key": str, "index": int, "label": int, "source_index": int, "source_key": str, "crop": int, "checksum": str}
NAME = re.compile(r"[a-z0-9_]+\.npy")


def places_of(variants: Sequence[str], copies: int) -> list[tuple[str, int]]:
    """Return the array of each variant, and its number among the variants of that array.

    >>> places_of(["fog.1", "fog.3", "snow.1", "snow.3"], 4)
    [('fog.npy', 0), ('fog.npy', 1), ('snow.npy', 0), ('snow.npy', 1)]
    """
    counts: dict[str, int] = {}
    places = []
    for variant in variants or [f"copies.{number}" for number in range(copies)]:
        name = f"{variant.partition('.')[0]}.npy"
        places.append((name, counts.get(name, 0)))
        counts[name] = counts.get(name, 0) + 1
    return places


class MappedArray:
    """A .npy file being filled: an array, and the bytes of the whole file, in a temporary file without a name."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        head = io.BytesIO()
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(head, header)
        length = len(head.getvalue()) + int(np.prod(shape))
        try:
            with tempfile.TemporaryFile() as file:
                file.truncate(length)
                self._map = mmap.mmap(file.fileno(), length)
        except OSError as error:
            raise WriteError(
                f"no temporary file of {length} bytes in {tempfile.gettempdir()}: {error.strerror or error}",
                "free some space there, or name another folder with the variable TMPDIR",
            ) from error
        self._map[: len(head.getvalue())] = head.getvalue()
        self.content = memoryview(self._map)
        self.array = np.frombuffer(self._map, np.uint8, offset=len(head.getvalue())).reshape(shape)


class NpyBuilder:
    """Builds the arrays of a data set and their list; see :class:`ipmix_cli.shards.shard.ShardBuilder`."""

    def __init__(
        self, name: str, samples: Sequence[ShardSample], settings: ShardSettings, attributes: dict[str, Any]
    ) -> None:
        self._name, self._samples, self._settings = name, samples, settings
        self._classes = len(attributes.get("class_names", ()))
        shapes = {sample.picture.shape for sample in samples} or {(0, 0, 3)}
        assert len(shapes) == 1, "pictures of several sizes are refused before a shard is begun"
        self._shape = shapes.pop()
        self._places = places_of(settings.variants, settings.copies)
        self._arrays = {
            array: MappedArray((sum(array == other for other, _ in self._places) * len(samples), *self._shape))
            for array in dict.fromkeys(array for array, _ in self._places)
        }
        self._clean = MappedArray((len(samples), *self._shape)) if settings.clean else None
        self._lines: list[str] = []

    def out(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return an array (n, K, H, W, 3) for the copies of samples start..stop."""
        return np.empty((stop - start, self._settings.copies, *self._shape), np.uint8)

    def add(self, start: int, copies: NDArray[np.uint8]) -> None:
        """Put samples start.. and their copies into their places; samples come in order."""
        count = len(self._samples)
        for variant, (array, number) in enumerate(self._places):
            first = number * count + start
            self._arrays[array].array[first : first + len(copies)] = copies[:, variant]
        for sample, own in zip(self._samples[start:], copies, strict=False):
            clean = None
            if self._clean is not None:
                clean = np.ascontiguousarray(sample.picture)
                self._clean.array[len(self._lines)] = clean
            checksum = f"{raw_checksum(sample, clean, np.ascontiguousarray(own)):016x}"
            facts = {name: getattr(sample, name) for name in FACTS if name != "checksum"}
            self._lines.append(json.dumps({**facts, "checksum": checksum}))

    def finish(self) -> list[tuple[str, Bytes]]:
        """Return the arrays, and the list of them last."""
        files: list[tuple[str, Bytes]] = [(name, mapped.content) for name, mapped in self._arrays.items()]
        if self._clean is not None:
            files.append((CLEAN_NAME, self._clean.content))
        files.append((LABELS, self._labels()))
        head = {
            "title": TITLE,
            "samples": len(self._samples),
            "size": list(self._shape[:2]),
            "places": [list(place) for place in self._places],
            "clean": self._clean is not None,
            "files": {name: hashlib.sha256(content).hexdigest() for name, content in files},
        }
        content = "".join(f"{line}\n" for line in [json.dumps(head), *self._lines]).encode()
        return [*files, (f"{LISTS}{self._name}{SUFFIX}", content)]

    def _labels(self) -> bytes:
        """Return labels.npy: bytes as CIFAR-10-C has them, if they can hold all classes."""
        most = max((number for _, number in self._places), default=0) + 1
        labels = np.tile(np.array([sample.label for sample in self._samples], np.int64), most)
        fits = self._classes <= 256 and (labels.min(initial=0), labels.max(initial=0)) >= (0, 0)
        target = io.BytesIO()
        np.save(target, labels.astype(np.uint8) if fits and labels.max(initial=0) < 256 else labels)
        return target.getvalue()


class NpyView(ShardView):
    """The list of a data set's arrays opened for reading, with the arrays it names.

    Parameters
    ----------
    content : Path or bytes
        The list. The arrays are looked for in the data set's folder, three levels above it; a list that is given as
        bytes has no arrays, only their facts.
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
        self._root = content.absolute().parents[2] if isinstance(content, Path) else None
        try:
            if isinstance(content, Path):
                with content.open("rb") as file:
                    content = file.read(MOST_LIST)
            head, *rows = [json.loads(line) for line in bytes(content).decode().splitlines()]
            self._read(head, rows)
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise SourceError(f"{location} is not a list of ipmix's arrays: {error}", REMEDY) from error
        self._maps: dict[str, NDArray[np.uint8]] = {}

    def _read(self, head: Any, rows: list[Any]) -> None:
        if head["title"] != TITLE or head["samples"] != len(rows):
            raise ValueError("a title that does not fit, or an end that is missing")
        if not all(NAME.fullmatch(name) for name in head["files"]):
            raise ValueError("a file name that is not an array's")
        self._places = [(str(name), int(number)) for name, number in head["places"]]
        self._digests: dict[str, str] = dict(head["files"])
        self._size = int(head["size"][0]), int(head["size"][1])
        self._has_clean = bool(head["clean"])
        if not {name for name, _ in self._places} <= self._digests.keys():
            raise ValueError("variants without an array")
        if any({name: type(value) for name, value in row.items()} != FACTS for row in rows):
            raise ValueError("a sample with other fields than it should have")
        self._rows: list[dict[str, Any]] = rows
        if len({row["key"] for row in rows}) != len(rows):
            raise ValueError("a key that is there twice")
        self.copies = len(self._places)

    def __len__(self) -> int:
        return len(self._rows)

    def keys(self) -> Sequence[str]:
        """Return the samples' keys in order."""
        return [row["key"] for row in self._rows]

    def files(self) -> Sequence[str]:
        """Return the names of the arrays."""
        return list(self._digests)

    def label(self, position: int) -> int:
        """Return the class number of one sample."""
        return int(self._rows[position]["label"])

    def size(self, position: int) -> tuple[int, int]:
        """Return the (height, width) of one sample's pictures."""
        del position
        return self._size

    def stored(self, position: int, copy: int) -> Bytes:
        """Return the bytes of one picture in C order: a copy by its number, the clean picture by -1.

        Raises
        ------
        BadSampleError
            If there is no such picture, or it cannot be read.
        """
        name, number = self._place(copy)
        array = self._array(name)
        return bytes(array[number * len(self._rows) + position].tobytes())

    def _place(self, copy: int) -> tuple[str, int]:
        if copy == CLEAN and self._has_clean:
            return CLEAN_NAME, 0
        if not 0 <= copy < len(self._places):
            raise BadSampleError(f"{self._location} holds no copy {copy}", "give a number that it has")
        return self._places[copy]

    def _array(self, name: str) -> NDArray[np.uint8]:
        """Return an array as a memory map, whose shape is the one that the list tells."""
        if name in self._maps:
            return self._maps[name]
        if self._root is None:
            raise BadSampleError(
                f"{self._location} is not in the folder of its arrays", "open the list in its data set's folder"
            )
        path = self._root / name
        blocks = 1 if name == CLEAN_NAME else sum(name == other for other, _ in self._places)
        try:
            if path.is_symlink() or not path.is_file():
                raise BadSampleError(f"{path} is missing, or no plain file", REMEDY)
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise BadSampleError(f"cannot read {path}: {error}", REMEDY) from error
        if array.shape != (blocks * len(self._rows), *self._size, 3) or array.dtype != np.uint8:
            raise BadSampleError(f"{path} is {array.dtype} {array.shape}, which its list does not say", REMEDY)
        self._maps[name] = np.asarray(array)
        return self._maps[name]

    def sample(self, position: int) -> StoredSample:
        """Return one sample; raises BadSampleError where an array is missing or another."""
        row = self._rows[position]
        clean = bytes(self.stored(position, CLEAN)) if self._has_clean else None
        copies = tuple(bytes(self.stored(position, number)) for number in range(self.copies))
        identity = {name: row[name] for name in FACTS if name != "checksum"}
        bare = StoredSample(**identity, clean=clean, copies=copies, size=self._size, checksum=0, expected=0)
        pictures = np.frombuffer(b"".join(copies), np.uint8).reshape(self.copies, *self._size, 3)
        own = None if clean is None else np.frombuffer(clean, np.uint8)
        return replace(bare, checksum=int(row["checksum"], 16), expected=raw_checksum(bare, own, pictures))

    def close(self) -> None:
        """Let the arrays go."""
        self._maps.clear()
