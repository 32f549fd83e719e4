"""CIFAR-10's python archive: ``cifar-10-batches-py/data_batch_1`` .., and ``batches.meta`` with the classes' names.

Each shard is a batch, a pickle of protocol 2 with the opcodes that Python 2 wrote, as the published files are: its
bytes depend on no version of numpy. Readers find ``data`` (M, 3072) uint8, a row for each picture with all of its reds,
then greens, then blues; ``labels`` and ``filenames``, lists of M; and ``batch_label``. A sample is K rows, or K + 1
with its clean picture first: ``KEY_clean.png, KEY_aug0.png ..``, all with its label. What ipmix knows beside that is
JSON under the key ``ipmix``, which other readers ignore.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import BadSampleError, WriteError
from ipmix_cli.picture import Bytes
from ipmix_cli.shards.checksum import raw_checksum
from ipmix_cli.shards.mapped_view import MappedView
from ipmix_cli.shards.places import CLEAN
from ipmix_cli.shards.sample_json import has_fields
from ipmix_cli.shards.shard import ShardSample, ShardSettings, StoredSample
from ipmix_cli.shards.small_files import Finished
from ipmix_cli.storage.memory_map import Sliceable

FOLDER, META = "cifar-10-batches-py/", "batches.meta"
SIDE = 32  # pixels: what CIFAR's readers take every row for
ROW = 3 * SIDE * SIDE  # bytes
TRAIN_BATCHES = 5  # as many as the published archive has, whose readers name them
NUMBERS = ("index", "label", "source_index", "crop")
STRINGS = ("key", "source_key", "checksum")

# protocol 2, an empty dictionary, its items: "data" is numpy's _reconstruct(ndarray, (0,), "b") with the state
# (1, (rows, 3072), dtype("u1", 0, 1) with the state (3, "|", None, None, None, -1, -1, 0), False, bytes)
ARRAY_HEAD = (
    b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01J%bM\x00\x0c\x86"
    b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T%b"
)
FACTS = b"tbU\x05ipmixT"  # the end of the array, and the key of a text of any length
END = b"u."


def batch_name(name: str) -> str:
    """Return the file of a shard, as CIFAR's readers call it.

    >>> batch_name("train-000000"), batch_name("test-000000"), batch_name("test-000001")
    ('cifar-10-batches-py/data_batch_1', 'cifar-10-batches-py/test_batch', 'cifar-10-batches-py/test_batch_2')
    """
    split, _, number = name.rpartition("-")
    if split == "train":
        return f"{FOLDER}data_batch_{int(number) + 1}"
    return f"{FOLDER}{split}_batch" + (f"_{int(number) + 1}" if int(number) else "")


def batches_of(split: str) -> int:
    """Return how many batches the archive has of a split."""
    return TRAIN_BATCHES if split == "train" else 1


class CifarBuilder:
    """Builds a batch in place; see :class:`ipmix_cli.shards.shard.ShardBuilder`."""

    def __init__(
        self, name: str, samples: Sequence[ShardSample], settings: ShardSettings, attributes: dict[str, Any]
    ) -> None:
        del attributes
        self._name, self._samples, self._settings = name, samples, settings
        self._each = settings.copies + settings.clean
        rows = len(samples) * self._each
        if rows * ROW >= 2**31:
            raise WriteError(f"a batch of {rows * ROW} bytes, and pickles of CIFAR hold 2 GiB", "give --shard-mb 1000")
        head = ARRAY_HEAD % (struct.pack("<i", rows), struct.pack("<i", rows * ROW))
        self._file = np.zeros(len(head) + rows * ROW, np.uint8)
        self._file[: len(head)] = np.frombuffer(head, np.uint8)
        self._rows = self._file[len(head) :].reshape(len(samples), self._each, 3, SIDE, SIDE)
        self._facts: list[list[Any]] = []

    def out(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return an array (n, K, H, W, 3) for the copies of samples start..stop."""
        return np.empty((stop - start, self._settings.copies, SIDE, SIDE, 3), np.uint8)

    def add(self, start: int, copies: NDArray[np.uint8]) -> None:
        """Put samples start.. and their copies into their rows; samples come in order."""
        assert start == len(self._facts), "samples are added in order"
        rows, clean = self._rows[start : start + len(copies)], self._settings.clean
        rows[:, int(clean) :] = np.moveaxis(copies, -1, 2)
        for row, sample, own in zip(rows, self._samples[start:], copies, strict=False):
            if clean:
                row[0] = np.moveaxis(sample.picture, -1, 0)
            picture = np.ascontiguousarray(sample.picture) if clean else None
            checksum = raw_checksum(sample, picture, np.ascontiguousarray(own))
            facts = [getattr(sample, name) for name in (*NUMBERS, *STRINGS[:2])]
            self._facts.append([*facts, f"{checksum:016x}"])

    def finish(self) -> list[tuple[str, Bytes]]:
        """Return the batch."""
        head = {"copies": self._settings.copies, "clean": self._settings.clean, "samples": self._facts}
        facts = json.dumps(head).encode()
        rest = FACTS + struct.pack("<i", len(facts)) + facts + _rest(self._name, head) + END
        return [(batch_name(self._name), b"".join([self._file.data, rest]))]


class CifarView(MappedView):
    """A batch that :class:`CifarBuilder` built, opened for reading; nothing of it is unpickled."""

    kind: ClassVar[str] = "a CIFAR batch"

    def _read(self) -> None:
        rows, start, stop = _array(self._data)
        rest = bytes(self._data[stop : len(self._data)])
        start_of_facts = len(FACTS) + 4
        end_of_facts = start_of_facts + int.from_bytes(rest[len(FACTS) : start_of_facts], "little")
        head = json.loads(rest[start_of_facts:end_of_facts])
        self.copies, self._has_clean = head["copies"], head["clean"]
        names = (*NUMBERS, *STRINGS)
        self._facts = [dict(zip(names, facts, strict=True)) for facts in head["samples"]]
        if not all(has_fields(facts, NUMBERS, STRINGS) for facts in self._facts):
            raise ValueError("samples with other facts than they should have")
        each = self.copies + self._has_clean
        if type(self.copies) is not int or self.copies < 0 or rows != len(self._facts) * each:
            raise ValueError("another number of rows than of pictures")
        name = _named(rest[end_of_facts:])
        if not rest.startswith(FACTS) or rest[end_of_facts:] != _rest(name, head) + END:
            raise ValueError("labels or file names that are not those of its samples")
        self._keys = [facts["key"] for facts in self._facts]
        if len(set(self._keys)) != len(self._keys):
            raise ValueError("a key that is there twice")
        self._start = start

    def __len__(self) -> int:
        return len(self._facts)

    def keys(self) -> Sequence[str]:
        """Return the samples' keys in order."""
        return self._keys

    def label(self, position: int) -> int:
        """Return the class number of one sample."""
        return int(self._facts[position]["label"])

    def size(self, position: int) -> tuple[int, int]:
        """Return the (height, width) of one sample's pictures."""
        del position
        return SIDE, SIDE

    def stored(self, position: int, copy: int) -> Bytes:
        """Return the bytes of one picture in C order, channels last: a copy by its number, the clean picture by -1.

        Raises
        ------
        BadSampleError
            If there is no such picture.
        """
        if not (0 <= copy < self.copies or (copy == CLEAN and self._has_clean)):
            raise BadSampleError(f"{self._location} holds no copy {copy}", "choose a copy that the data set has")
        row = position * (self.copies + self._has_clean) + copy + self._has_clean
        start = self._start + row * ROW
        planes = np.frombuffer(self._data[start : start + ROW], np.uint8).reshape(3, -1)
        return planes.T.tobytes()

    def sample(self, position: int) -> StoredSample:
        """Return one sample with both its checksums."""
        facts = self._facts[position]
        clean = bytes(self.stored(position, CLEAN)) if self._has_clean else None
        copies = tuple(bytes(self.stored(position, number)) for number in range(self.copies))
        identity = {name: facts[name] for name in (*NUMBERS, *STRINGS[:2])}
        bare = StoredSample(**identity, clean=clean, copies=copies, size=(SIDE, SIDE), checksum=0, expected=0)
        pictures = np.frombuffer(b"".join(copies), np.uint8).reshape(self.copies, SIDE, SIDE, 3)
        own = None if clean is None else np.frombuffer(clean, np.uint8)
        return replace(bare, checksum=int(facts["checksum"], 16), expected=raw_checksum(bare, own, pictures))


def cifar_meta(finished: Finished) -> dict[str, bytes]:
    """Return ``batches.meta``: the classes' names, and how many rows the largest batch has."""
    each = finished.output.copies + finished.output.clean
    most = max((shard.samples for shard in finished.shards), default=0) * each
    names = _list([_text(name) for name in finished.class_names])
    content = b"\x80\x02}(" + _text("num_cases_per_batch") + _number(most) + _text("label_names") + names
    return {FOLDER + META: content + _text("num_vis") + _number(ROW) + END}


def _array(data: Sliceable) -> tuple[int, int, int]:
    """Return how many rows a batch has, and where they begin and end."""
    length = len(ARRAY_HEAD) + 4  # two numbers of four bytes in the place of two marks of two
    head = bytes(data[:length])
    first = ARRAY_HEAD.index(b"%b")
    rows = int.from_bytes(head[first : first + 4], "little")
    if head != ARRAY_HEAD % (struct.pack("<i", rows), struct.pack("<i", rows * ROW)):
        raise ValueError("it does not begin as one")
    if length + rows * ROW > len(data):
        raise ValueError("it is cut off")
    return rows, length, length + rows * ROW


def _rest(name: str, head: dict[str, Any]) -> bytes:
    """Return what follows the facts: the batch's name, labels and file names; `name` is the shard's."""
    parts = [*(["clean"] if head["clean"] else []), *(f"aug{number}" for number in range(head["copies"]))]
    facts = [dict(zip((*NUMBERS, *STRINGS), values, strict=True)) for values in head["samples"]]
    labels = _list([_number(sample["label"]) for sample in facts for _ in parts])
    names = _list([_text(f"{sample['key']}_{part}.png") for sample in facts for part in parts])
    return _text("batch_label") + _text(name) + _text("labels") + labels + _text("filenames") + names


def _named(rest: bytes) -> str:
    """Return the name that a batch has in what follows its facts."""
    before = _text("batch_label") + b"U"
    return rest[len(before) + 1 : len(before) + 1 + rest[len(before)]].decode("ascii")


def _text(text: str) -> bytes:
    """Return text as Python 2 pickled it, or as unicode if it is not ASCII: readers are told latin1, or bytes."""
    if not text.isascii():
        data = text.encode("utf-8", "surrogatepass")
        return b"X" + struct.pack("<I", len(data)) + data
    data = text.encode()
    short = len(data) < 256
    return (b"U" + bytes([len(data)]) if short else b"T" + struct.pack("<i", len(data))) + data


def _number(number: int) -> bytes:
    if 0 <= number < 256:
        return b"K" + bytes([number])
    if 0 <= number < 2**16:
        return b"M" + struct.pack("<H", number)
    return b"J" + struct.pack("<i", number)


def _list(items: Sequence[bytes]) -> bytes:
    return b"](" + b"".join(items) + b"e"
