"""The files of CIFAR-10 and CIFAR-100, python and binary version: their names and what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.cifar.pickles import read_pickle
from ipmix_cli.sources.labels import checked_labels

MAX_BATCH_BYTES = 256 * 2**20
"""CIFAR-100's training file, the largest, has 155 MB."""


@dataclass(frozen=True)
class Variant:
    """One published version of a CIFAR data set: its files, and where things are in them.

    `label_bytes` is the number of label bytes before each picture of the binary version, the wanted one last;
    0 for the python version. `labels` and `names` are the keys of the python version.
    """

    dataset: str
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    meta: str
    classes: int
    label_bytes: int
    labels: str = "labels"
    names: str = "label_names"

    def batches(self, split: str) -> tuple[str, ...]:
        """Return the files of a split."""
        return self.train if split == "train" else self.test


VARIANTS = (
    Variant(
        dataset="cifar10",
        folder="cifar-10-batches-py",
        train=tuple(f"data_batch_{number}" for number in range(1, 6)),
        test=("test_batch",),
        meta="batches.meta",
        classes=10,
        label_bytes=0,
    ),
    Variant(
        dataset="cifar10",
        folder="cifar-10-batches-bin",
        train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
        test=("test_batch.bin",),
        meta="batches.meta.txt",
        classes=10,
        label_bytes=1,
    ),
    Variant(
        dataset="cifar100",
        folder="cifar-100-python",
        train=("train",),
        test=("test",),
        meta="meta",
        classes=100,
        label_bytes=0,
        labels="fine_labels",
        names="fine_label_names",
    ),
    Variant(
        dataset="cifar100",
        folder="cifar-100-binary",
        train=("train.bin",),
        test=("test.bin",),
        meta="fine_label_names.txt",
        classes=100,
        label_bytes=2,
    ),
)


@dataclass(frozen=True)
class CifarBatch:
    """What one file holds: pixels as stored, and their labels."""

    pixels: NDArray[np.uint8]
    """uint8 (n, 3, 32, 32), a view of the file's bytes where that is possible."""
    labels: NDArray[np.int64]


def variant_of(names: set[str]) -> Variant | None:
    """Return the version that a folder's file names show, or None."""
    for variant in VARIANTS:
        found = {*variant.train, *variant.test} & names
        if found and (variant.meta in names or (len(found) > 1 and variant.classes == 10)):
            return variant
    return None


def read_batch(data: bytes, variant: Variant, where: str) -> CifarBatch:
    """Return the pixels and labels of one file.

    Raises
    ------
    SourceError
        Where the file is damaged, refused, or holds other shapes or labels than CIFAR's.
    """
    pixels, labels = (_binary_batch if variant.label_bytes else _python_batch)(data, variant, where)
    names = tuple(map(str, range(variant.classes)))
    return CifarBatch(pixels.reshape(-1, 3, 32, 32), checked_labels(labels, where, len(pixels), names))


def read_class_names(data: bytes, variant: Variant, where: str) -> tuple[str, ...]:
    """Return the class names that a meta file holds.

    Raises
    ------
    SourceError
        Where they are not as many as there are classes, or not text.
    """
    names: Any
    if variant.label_bytes:
        names = data[:100_000].decode("utf-8", "replace").split()
    else:
        names = read_pickle(data, where).get(variant.names)
        if isinstance(names, list):
            names = [name.decode("utf-8", "replace") if isinstance(name, bytes) else name for name in names]
    if not isinstance(names, list) or not all(isinstance(name, str) and 0 < len(name) < 200 for name in names):
        raise SourceError(f"{where}: a class name is not text", f"use the file of the published {variant.folder}")
    if len(set(names)) != variant.classes or not all(name.isprintable() for name in names):
        raise SourceError(
            f"{where} does not name {variant.classes} classes",
            f"use the file of the published {variant.folder}",
        )
    return tuple(names)


def _python_batch(data: bytes, variant: Variant, where: str) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    found = read_pickle(data, where)
    pixels, labels = found.get("data"), found.get(variant.labels)
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != 3072:
        raise SourceError(
            f"{where} holds no uint8 array 'data' of rows of 3072",
            f"use a file of the published {variant.folder}",
        )
    if isinstance(labels, list):
        labels = _whole_numbers(labels, where)
    if not isinstance(labels, np.ndarray):
        raise SourceError(f"{where} holds no {variant.labels!r}", f"use a file of the published {variant.folder}")
    return pixels, labels


def _whole_numbers(labels: list[Any], where: str) -> NDArray[np.int64]:
    for position, label in enumerate(labels):
        if type(label) is not int or not -(2**31) <= label < 2**31:
            raise SourceError(
                f"{where}: label {position} is not a whole number but {str(label)[:40]!r}"
                if isinstance(label, str | bytes | float | int)
                else f"{where}: label {position} is not a number",
                "number the classes from 0",
            )
    return np.array(labels, dtype=np.int64)


def _binary_batch(data: bytes, variant: Variant, where: str) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    record = variant.label_bytes + 3072
    if not data or len(data) % record:
        raise SourceError(
            f"{where} is cut short or damaged: {len(data)} bytes are no multiple of {record}",
            "fetch it again",
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, record)
    return records[:, variant.label_bytes :], records[:, variant.label_bytes - 1].astype(np.int64)
