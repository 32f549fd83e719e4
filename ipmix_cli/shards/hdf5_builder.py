"""HDF5 shards: raw pictures that kernels write into the file's own bytes, or encoded or compressed ones.

========================  =======================  ====================================================
array                     shape                    content
========================  =======================  ====================================================
clean                     (N, H, W, 3) uint8       the clean pictures; absent without them
aug                       (N, K, H, W, 3) uint8    their copies
label, index              (N,) int64               class number; number of the sample in the data set
key                       (N,) string              name of the sample, unique in the data set
source_index, source_key  (N,) int64, (N,) string  which picture of the source it is
crop                      (N,) int64               which crop of that picture
checksum                  (N,) uint64              see :mod:`ipmix_cli.shards.checksum`
========================  =======================  ====================================================

Labels of other kinds are ``label``, too: (N, C) uint8 for several classes a picture, (N,) or (N, D) float64 for
numbers, (N,) string for text; without labels there is none. Each kept field is an array of its own name.

Grey pictures have one channel: ``clean`` is (N, H, W, 1).

Encoded pictures are ``clean`` and ``aug0`` .. ``aug{K-1}``, each (N,) of variable-length bytes, with ``size``
(N, 2) int32 for their heights and widths: one column a copy, because Hugging Face reads no table of
variable-length bytes. Compressed ones have the raw shapes in chunks of one picture. Settings and class names
are the file's attributes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import Column, Value, class_of, columns, row_of
from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.hdf5.image import SparseFile, new_file, place, reserve, store
from ipmix_cli.picture import Bytes
from ipmix_cli.record import record_of
from ipmix_cli.shards.checksum import raw_checksum, sample_checksum
from ipmix_cli.shards.shard import ShardSample, ShardSettings
from ipmix_cli.shards.soft_labels import soft_labels

SUFFIX = ".h5"
CLASS_NAMES = "class_names"
NUMBERS = ("index", "source_index", "crop")
STRINGS = ("key", "source_key")
SECOND_LABEL, LABEL_WEIGHT, SOFT_LABEL = "second_label", "label_weight", "soft_label"
PICTURE_BYTES = h5py.vlen_dtype(np.uint8)


def builder(
    name: str, samples: Sequence[ShardSample], settings: ShardSettings, attributes: dict[str, Any]
) -> RawBuilder | PackedBuilder:
    """Return the builder of an HDF5 shard; see :class:`ipmix_cli.shards.shard.ShardBuilder`."""
    plain = settings.encoding == "raw" and settings.compression == "none"
    return (RawBuilder if plain else PackedBuilder)(name, samples, settings, attributes)


class RawBuilder:
    """Builds a shard of raw pictures in place: `out` gives views of the file's own bytes."""

    def __init__(
        self, name: str, samples: Sequence[ShardSample], settings: ShardSettings, attributes: dict[str, Any]
    ) -> None:
        self._name, self._samples = name, samples
        shape = _common_shape(samples, settings)
        file = SparseFile()
        with new_file(file) as skeleton:
            _describe(skeleton, samples, settings, attributes)
            shapes: dict[str, tuple[tuple[int, ...], str]] = {"checksum": ((len(samples),), "<u8")}
            if settings.stored_copies:
                shapes = {"aug": ((len(samples), settings.stored_copies, *shape), "u1"), **shapes}
            if settings.clean:
                shapes["clean"] = ((len(samples), *shape), "u1")
            offsets = {name: reserve(skeleton, name, *kind) for name, kind in shapes.items()}
        self._image = file.image()
        arrays = {name: place(self._image, offsets[name], *kind) for name, kind in shapes.items()}
        self._clean, self._checksums = arrays.get("clean"), arrays["checksum"]
        self._copies = arrays.get("aug", np.empty((len(samples), 0, *shape), np.uint8))

    def out(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the place of the copies of samples start..stop in the shard, (n, K, H, W, 3)."""
        return self._copies[start:stop]

    def add(self, start: int, copies: NDArray[np.uint8]) -> None:
        """Complete samples start.. whose copies have been written to `copies`."""
        own = self._copies[start : start + len(copies)]
        if not np.may_share_memory(own, copies):
            own[:] = copies
        for position, sample in enumerate(self._samples[start : start + len(copies)], start):
            if self._clean is not None:
                self._clean[position] = sample.picture
            clean = None if self._clean is None else sample.picture
            self._checksums[position] = raw_checksum(sample, clean, self._copies[position])

    def finish(self) -> list[tuple[str, Bytes]]:
        """Return the shard."""
        return [(self._name + SUFFIX, self._image.data)]


class PackedBuilder:
    """Builds a shard of encoded pictures, or of raw ones compressed one by one."""

    def __init__(
        self, name: str, samples: Sequence[ShardSample], settings: ShardSettings, attributes: dict[str, Any]
    ) -> None:
        self._name, self._samples, self._settings, self._attributes = name, samples, settings, attributes
        self._encode = CODECS[settings.encoding].batch_encoder(settings.quality)
        self._stored: list[tuple[bytes | None, list[bytes]]] = []
        self._checksums: list[int] = []

    def out(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return an array (n, K, H, W, 3) for the copies of samples start..stop."""
        return np.empty((stop - start, self._settings.stored_copies, *self._samples[start].picture.shape), np.uint8)

    def add(self, start: int, copies: NDArray[np.uint8]) -> None:
        """Encode samples start.. with their copies; samples come in order."""
        assert start == len(self._stored), "samples are added in order"
        for sample, own in zip(self._samples[start:], copies, strict=False):
            clean = bytes(self._encode(sample.picture)[0]) if self._settings.clean else None
            encoded = [bytes(copy) for copy in self._encode(own)] if len(own) else []
            height, width = own.shape[1:3]
            self._stored.append((clean, encoded))
            self._checksums.append(sample_checksum(sample, (height, width), clean, encoded))

    def finish(self) -> list[tuple[str, Bytes]]:
        """Return the shard."""
        target = io.BytesIO()
        with new_file(target) as file:
            _describe(file, self._samples, self._settings, self._attributes)
            store(file, "checksum", np.array(self._checksums, np.uint64))
            (self._store_compressed if self._settings.encoding == "raw" else self._store_encoded)(file)
        return [(self._name + SUFFIX, target.getbuffer())]

    def _store_encoded(self, file: h5py.File) -> None:
        sizes = [sample.picture.shape[:2] for sample in self._samples]
        store(file, "size", np.array(sizes, np.int32).reshape(-1, 2))
        if self._settings.clean:
            _store_bytes(file, "clean", [clean for clean, _ in self._stored if clean is not None])
        for number in range(self._settings.stored_copies):
            _store_bytes(file, f"aug{number}", [copies[number] for _, copies in self._stored])

    def _store_compressed(self, file: h5py.File) -> None:
        shape = _common_shape(self._samples, self._settings)
        if self._settings.stored_copies:
            copies = b"".join(copy for _, copies in self._stored for copy in copies)
            self._store_chunks(file, "aug", copies, (len(self._samples), self._settings.stored_copies, *shape))
        if self._settings.clean:
            clean = b"".join(clean for clean, _ in self._stored if clean is not None)
            self._store_chunks(file, "clean", clean, (len(self._samples), *shape))

    def _store_chunks(self, file: h5py.File, name: str, pixels: bytes, shape: tuple[int, ...]) -> None:
        pictures = np.frombuffer(pixels, np.uint8).reshape(shape)
        one = (1,) * (len(shape) - 3) + shape[-3:]
        filters = {"chunks": one, "compression": self._settings.compression, **_level(self._settings)}
        store(file, name, pictures, **(filters if pictures.size else {}))  # HDF5 has no chunks of nothing


def _level(settings: ShardSettings) -> dict[str, Any]:
    return {"compression_opts": 1} if settings.compression == "gzip" else {}


def _store_bytes(file: h5py.File, name: str, pictures: Sequence[bytes]) -> None:
    column = np.empty(len(pictures), object)
    for number, data in enumerate(pictures):
        column[number] = np.frombuffer(data, np.uint8)
    store(file, name, column, dtype=PICTURE_BYTES)


def _describe(
    file: h5py.File, samples: Sequence[ShardSample], settings: ShardSettings, attributes: dict[str, Any]
) -> None:
    """Write all that is known before the pictures."""
    for name, value in {**record_of(settings), **attributes}.items():
        as_strings = name == CLASS_NAMES and settings.names == "strings"
        file.attrs[name] = _strings(value) if as_strings else _attribute(value)
    spec = settings.annotations
    rows = [row_of(sample.label, sample.fields, spec) for sample in samples]
    for number, column in enumerate(columns(spec)):
        _store_column(file, column, [row[number] for row in rows])
    for name in NUMBERS:
        store(file, name, np.array([getattr(sample, name) for sample in samples], np.int64))
    if settings.mixed:
        pairs = np.array([sample.mixed for sample in samples], np.float64).reshape(-1, settings.copies, 2)
        store(file, SECOND_LABEL, pairs[..., 0].astype(np.int64))
        store(file, LABEL_WEIGHT, pairs[..., 1])
    if settings.soft_labels:
        shape = len(samples), settings.copies, len(attributes["class_names"])
        soft = [soft_labels(class_of(sample.label), sample.mixed, shape[2]) for sample in samples]
        store(file, SOFT_LABEL, np.array(soft, np.float32).reshape(shape))
    for name in STRINGS:
        _store_column(file, Column(name, "string", ()), [getattr(sample, name) for sample in samples])


def _store_column(file: h5py.File, column: Column, values: Sequence[Value]) -> None:
    """Write an array of numbers (N, ...), or text (N,); JSON is text, too."""
    if column.dtype in {"string", "json"}:
        strings = [str(text).encode("utf-8", "surrogateescape") for text in values]
        store(file, column.name, np.array(strings, object), dtype=h5py.string_dtype())
    else:
        store(file, column.name, np.array(values, column.dtype).reshape(len(values), *column.shape))


def _attribute(value: Any) -> Any:
    """Return what HDF5 stores for a setting: text of fixed length, and JSON for what has parts but lists of text."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        names = [item.encode() for item in value]
        return np.array(names, h5py.string_dtype("utf-8", max(1, *map(len, names), 1)))
    if isinstance(value, dict | list | tuple) or value is None:
        value = json.dumps(value, sort_keys=True)
    if isinstance(value, str):
        text = value.encode()
        return np.array(text, h5py.string_dtype("utf-8", max(1, len(text))))
    return value


def _strings(names: Sequence[str]) -> NDArray[Any]:
    """Return names as text of variable length, which h5py reads as strings."""
    return np.array([name.encode("utf-8", "surrogateescape") for name in names], h5py.string_dtype())


def _common_shape(samples: Sequence[ShardSample], settings: ShardSettings) -> tuple[int, ...]:
    """Return the one shape (H, W, C) of all pictures; (0, 0, C) without pictures."""
    shapes = {sample.picture.shape for sample in samples} or {(0, 0, settings.channels)}
    assert len(shapes) == 1, "raw pictures of several sizes are refused before a shard is begun"
    return shapes.pop()
