"""Untrusted HDF5 files as a source: pictures and labels by their usual names, or by the user's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.hdf5.heap import REFERENCE, Heap
from ipmix_cli.hdf5.references import column_references
from ipmix_cli.hdf5.safety import array, explained, open_file
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.array_names import choose_arrays
from ipmix_cli.sources.arrays import ArrayData, ArrayRows, FileRows, array_source, picture_layout, with_arrays
from ipmix_cli.sources.common_size import CommonSize
from ipmix_cli.sources.decoded import EncodedPictures
from ipmix_cli.sources.labels import MAX_LABEL_BYTES, annotated_array, check_count, label_rule
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.source import Source, SourceSpec
from ipmix_cli.sources.transposed_rows import TransposedRows
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.memory_map import mapped
from ipmix_cli.storage.source_digest import digest_kind, framed, source_digest

MOST_NAMES = 1000
MOST_NAME_BYTES = 1 << 30  # of class names, at the worst: each refers to the largest object of the file


def open_hdf5(spec: SourceSpec) -> Source:
    """Open an HDF5 file of raw pictures, (N, H, W, 3) and the like, or of encoded ones.

    Encoded pictures are a column of variable-length bytes. Class names are taken from the attribute
    ``class_names`` where there is one.

    Raises
    ------
    SourceError
        No such arrays, arrays of another shape or type, a damaged file, or one that refers to other files.
    """
    path = Path(spec.input).absolute()
    files = WatchedFiles.of([path])
    with explained(str(path)), open_file(path) as file:
        images_key, labels_key = choose_arrays(_names(file), spec, str(path))
        pictures = array(file, images_key, str(path))
        names = _class_names(file, path)
        check_count(len(pictures), str(path))
        labels = None if labels_key is None else label_values(file, labels_key, len(pictures), path)
        kept = {name: named_values(array(file, name, str(path)), path, f"{path}: {name}") for name in spec.keep}
        settings = {"images_key": images_key, "labels_key": labels_key}
        if h5py.check_vlen_dtype(pictures.dtype) == np.uint8:
            heap = Heap(mapped(path, str(path)), str(path))
            references = column_references(pictures, heap, f"{path}: {images_key}")
            rule = label_rule(spec)
            known, class_names = annotated_array(labels, f"{path}: {labels_key}", len(pictures), rule, names)
            known = with_arrays(known, kept, str(path))
            whole = EncodedPart(str(path), references, 0, known, spec.alpha)
            source = encoded_source(whole, class_names, {**settings, **rule.settings(), "alpha": spec.alpha})
            source.files = files
            return source
        picture_layout(pictures.shape, f"{path}: {images_key}", pictures.dtype)
        rows = rows_of(pictures, path, images_key)
        if "MATLAB_class" in pictures.attrs:  # of a .mat file of version 7.3, which stores column by column
            rows, labels = (
                TransposedRows(rows),
                None if labels is None else labels.reshape(len(pictures), -1).squeeze(1),
            )
    data = ArrayData(
        format="hdf5",
        location=str(path),
        rows=rows,
        labels=labels,
        class_names=names,
        settings=settings,
        files=files,
        kept=kept,
    )
    return array_source(data, spec)


@dataclass(frozen=True)
class ChunkedRows:
    """Pictures that lie in chunks, compressed perhaps, so that only HDF5 can read them."""

    path: str
    name: str
    shape: tuple[int, ...]

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the rows start..stop; raises SourceError where the file no longer has them."""
        with explained(self.path), open_file(Path(self.path)) as file:
            found = array(file, self.name, self.path)
            if found.shape != self.shape:
                raise SourceError(f"{self.path}: {self.name!r} has changed", "restore it")
            return np.asarray(found[start:stop])


@dataclass(frozen=True)
class EncodedPart(EncodedPictures):
    """Pictures start.. of a column of variable-length bytes, with their labels.

    `references` (n,) say where in the file each lies: HDF5 itself reads none of them.
    """

    path: str
    references: NDArray[np.void]
    start: int
    labels: Annotated
    alpha: str

    def encoded(self) -> Iterator[bytes]:
        """Yield the encoded pictures."""
        heap = Heap(mapped(Path(self.path), self.path), self.path)
        return map(heap.get, self.references)

    def cut(self, start: int, stop: int) -> EncodedPart:
        """Return the samples start..stop."""
        references, labels = self.references[start:stop], self.labels[start:stop]
        return replace(self, references=references, start=start, labels=labels)


def encoded_source(whole: EncodedPart, class_names: tuple[str, ...], settings: dict[str, Any]) -> ListedSource:
    """Make a source of a column of encoded pictures, digested as the other kinds are."""
    kind = digest_kind(Path(whole.path).stat().st_size)
    common = CommonSize()
    content = map(framed, common.passing(whole.encoded())) if kind == "content" else ()
    digest = source_digest({"kind": kind}, class_names, whole.labels, content)
    return ListedSource(
        format="hdf5",
        location=whole.path,
        class_names=class_names,
        size=common.value,
        digest=digest,
        settings={**settings, "digest": kind},
        whole=whole,
    )


def _names(file: h5py.File) -> list[str]:
    """Return the names of the arrays in the root and in its groups; links are passed over."""
    found = []
    for name in list(file)[:MOST_NAMES]:
        if isinstance(file.get(name, getlink=True), h5py.HardLink):
            member = file[name]
            inner = list(member)[:MOST_NAMES] if isinstance(member, h5py.Group) else None
            found += [name] if inner is None else [f"{name}/{below}" for below in inner]
    return found


def label_values(file: h5py.File, name: str, count: int, path: Path) -> NDArray[Any]:
    """Return the labels as they are stored, if their number is that of the pictures and they are bearably many."""
    column, where = array(file, name, str(path)), f"{path}: {name}"
    rows = column.shape in {(count,), (count, 1), (1, count)}
    one_hot = len(column.shape) == 2 and column.shape[0] == count and column.dtype.kind in "iufb"
    if not rows and not one_hot:
        remedy = "name the array with one label for each picture with --labels-key"
        raise SourceError(f"{where}: {count} pictures, but labels of the shape {column.shape}", remedy)
    return named_values(column, path, where)


def named_values(column: h5py.Dataset, path: Path, where: str) -> NDArray[Any]:
    """Return an array of numbers or text that is bearably large."""
    size = column.nbytes
    if column.dtype.hasobject:  # references that HDF5 follows, each to the same object perhaps
        if h5py.check_string_dtype(column.dtype) is None:
            raise SourceError(f"{where} holds neither numbers nor text", "name another array: --labels-key, or --keep")
        heap = Heap(mapped(path, str(path)), str(path))
        size = column.size * heap.check()
        if size > MAX_LABEL_BYTES and column.ndim == 1:  # the longest object may be another column's, or but one
            size = int(column_references(column, heap, where)["length"].sum(dtype=np.int64))
    if size > MAX_LABEL_BYTES:
        raise SourceError(f"{where}: the values may be as large as {size} bytes", "store them as whole numbers")
    return np.asarray(column[()])


def _class_names(file: h5py.File, path: Path) -> tuple[str, ...] | None:
    if "class_names" not in file.attrs:
        return None
    stored = file.attrs.get_id("class_names")
    size = stored.get_storage_size()
    if stored.dtype.hasobject:  # references of 16 bytes, which HDF5 follows, each to the same object perhaps
        size = size // REFERENCE.itemsize * Heap(mapped(path, str(path)), str(path)).check()
    if size > MOST_NAME_BYTES:
        raise SourceError(
            f"{path}: class_names may be as large as {size} bytes", "store them as text of a fixed length: dtype 'S'"
        )
    found = file.attrs["class_names"]
    if not isinstance(found, np.ndarray) or found.ndim != 1 or not len(found):
        return None
    return tuple(item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in found)


def rows_of(pictures: h5py.Dataset, path: Path, name: str) -> ArrayRows:
    """Return an array of pictures as rows that are read without HDF5, if they lie one after the other."""
    offset = pictures.id.get_offset()
    if pictures.chunks is None and offset is not None:
        return FileRows(str(path), offset, pictures.shape)
    return ChunkedRows(str(path), name, pictures.shape)
