"""Arrays of pictures with an array of labels as a source: what CIFAR, IDX, NPZ and HDF5 have in common.

A reader finds its two arrays (:func:`choose_arrays` knows their usual names), wraps the pictures in
:class:`ArrayRows` (picklable, reads a range of rows when asked, holds nothing open) and calls
:func:`array_source`, which checks shape, type and labels, digests, and returns the Source::

    def open_npz(spec):
        ...
        images_key, labels_key = choose_arrays(archive_names, spec, location)
        return array_source(
            ArrayData(format="npz", location=location, rows=FileRows(...), labels=labels,
                      settings={"images_key": images_key, "labels_key": labels_key}),
            spec,
        )
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.decode import check_pixels, without_alpha
from ipmix_cli.errors import SourceError
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.array_names import choose_arrays
from ipmix_cli.sources.kept_fields import array_column, check_names, column_of, with_fields
from ipmix_cli.sources.labels import NO_LABELS, annotated_array, label_rule
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import BadSample, Sample, SourceSpec
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.file_state import NO_FILES, WatchedFiles
from ipmix_cli.storage.regular_file import open_regular
from ipmix_cli.storage.source_digest import array_digest, digest_kind

__all__ = [
    "ArrayData",
    "ArrayPart",
    "ArrayRows",
    "ChainedRows",
    "FileRows",
    "array_source",
    "as_pictures",
    "blocks",
    "choose_arrays",
    "gone",
    "picture_layout",
]

BLOCK_BYTES = 4 * 2**20
"""ArrayRows are read this much at a time, so that memory does not grow with the part."""


class ArrayRows(Protocol):
    """The pictures of an array source, on the disk: picklable, small, nothing held open."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole array: pictures first."""
        ...

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the rows start..stop; raises SourceError where the file no longer has them."""
        ...


@dataclass(frozen=True)
class FileRows:
    """ArrayRows of uint8 that lie one after the other in a file, each after `skip` bytes of something else."""

    path: str
    offset: int
    shape: tuple[int, ...]
    skip: int = 0

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the rows start..stop; raises SourceError where the file is gone or shorter."""
        record = self.skip + int(np.prod(self.shape[1:]))
        try:
            with open_regular(self.path) as file:
                file.seek(self.offset + start * record)
                data = file.read((stop - start) * record)
        except OSError as error:
            raise gone(self.path, error.strerror or str(error)) from error
        if len(data) != (stop - start) * record:
            raise gone(self.path, "it is shorter than before")
        records = np.frombuffer(data, np.uint8).reshape(stop - start, record)
        return records[:, self.skip :].reshape(stop - start, *self.shape[1:])


@dataclass(frozen=True)
class ChainedRows:
    """The rows of several arrays, one after the other."""

    links: tuple[ArrayRows, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole array; all links share all but the first number."""
        return (sum(link.shape[0] for link in self.links), *self.links[0].shape[1:])

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the rows start..stop, touching only the links that hold them."""
        found, first = [], 0
        for link in self.links:
            low, high = max(start - first, 0), min(stop - first, link.shape[0])
            if low < high:
                found.append(link.read(low, high))
            first += link.shape[0]
        return found[0] if len(found) == 1 else np.concatenate(found)


@dataclass(frozen=True, kw_only=True)
class ArrayData:
    """What a reader found: the two arrays, and where.

    Parameters
    ----------
    format, location : str
        As in :class:`ipmix_cli.sources.source.Source`.
    rows : ArrayRows
        uint8; (N, H, W), (N, H, W, 1), (N, H, W, 3), (N, H, W, 4), or channels first.
    labels : array, optional
        As read: unchecked. None if there are none.
    class_names : tuple of str, optional
        None: the numbers 0.. of the labels.
    keys : Names, optional
        The pictures' names in the source; None: their numbers.
    settings : dict
        What of the spec decided the samples, as JSON.
    files : WatchedFiles
        The files that they lie in, as they were before anything of them was read.
    kept : dict of str to array
        Further fields that are kept, (N, ...).
    """

    format: str
    location: str
    rows: ArrayRows
    labels: NDArray[Any] | None
    class_names: tuple[str, ...] | None = None
    keys: Names | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    files: WatchedFiles = NO_FILES
    kept: dict[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class ArrayPart:
    """ArrayRows start.. of an array with their labels."""

    rows: ArrayRows
    layout: str
    alpha: str
    start: int
    labels: Annotated
    keys: Names | None

    def samples(self, clock: StageClock) -> Iterator[Sample | BadSample]:
        """Yield the samples in order, reading a few megabytes at a time."""
        for first, block in blocks(self.rows, self.start, self.start + len(self.labels)):
            clock.lap("read")
            pictures = as_pictures(block, self.layout, self.alpha)
            clock.lap("decode")
            for index, picture in enumerate(pictures, first):
                position = index - self.start
                yield Sample(index, self.key(position), picture, *self.labels.at(position))

    def key(self, position: int) -> str:
        """Return the name of the part's sample at a position."""
        return str(self.start + position) if self.keys is None else self.keys[position]

    def cut(self, start: int, stop: int) -> ArrayPart:
        """Return the samples start..stop."""
        keys = self.keys and self.keys.cut(start, stop)
        return dataclasses.replace(self, start=start, labels=self.labels[start:stop], keys=keys)


def array_source(data: ArrayData, spec: SourceSpec) -> ListedSource:
    """Check two arrays and make a source of them.

    Raises
    ------
    SourceError
        Where the pictures' shape or type, or the labels, are not what a labelled set of pictures has.
    """
    shape = data.rows.shape
    layout = picture_layout(shape, data.location)
    rule = label_rule(spec)
    given = None if rule.reading == NO_LABELS else data.labels
    labels, names = annotated_array(given, data.location, shape[0], rule, data.class_names)
    labels = with_arrays(labels, data.kept, data.location)
    kind = digest_kind(int(np.prod(shape, dtype=object)))
    description = {"kind": kind, "shape": list(shape)}
    height, width = shape[2:] if layout == "CHW" else shape[1:3]
    return ListedSource(
        format=data.format,
        location=data.location,
        class_names=names,
        size=(height, width),
        digest=array_digest(description, names, labels, lambda: _pixels(data.rows) if kind == "content" else ()),
        settings={**data.settings, **rule.settings(), "alpha": spec.alpha, "digest": kind},
        whole=ArrayPart(data.rows, layout, spec.alpha, 0, labels, data.keys),
        files=data.files,
    )


def with_arrays(labels: Annotated, kept: dict[str, NDArray[Any]], where: str) -> Annotated:
    """Return labels with arrays (N, ...) beside them as kept fields.

    Raises
    ------
    SourceError
        For an array that has not one row for each picture, and names that cannot be.
    """
    if not kept:
        return labels
    check_names(list(kept))
    found = []
    for name, values in kept.items():
        if not values.ndim or len(values) != len(labels):
            raise SourceError(
                f"{where}: {name!r} has the shape {values.shape}, and there are {len(labels)} pictures",
                "keep arrays with one row for each picture",
            )
        numbers = values.dtype.kind in "iufb"
        found.append(array_column(name, values) if numbers else column_of(name, _texts(values)))
    return with_fields(labels, [one for one, _ in found], [column for _, column in found])


def _texts(values: NDArray[Any]) -> list[Any]:
    return [text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text for text in values.tolist()]


def _pixels(rows: ArrayRows) -> Iterator[memoryview]:
    for _, block in blocks(rows, 0, rows.shape[0]):
        yield np.ascontiguousarray(block).reshape(-1).data


def blocks(rows: ArrayRows, start: int, stop: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield (number of the first row, rows) for start..stop, some megabytes at a time."""
    step = max(1, BLOCK_BYTES // int(np.prod(rows.shape[1:])))
    for first in range(start, stop, step):
        yield first, rows.read(first, min(first + step, stop))


def picture_layout(shape: tuple[int, ...], where: str, dtype: Any = np.uint8) -> str:
    """Return "HW" (grey), "HWC" or "CHW" for the shape of an array of pictures; refuse what is neither.

    Raises
    ------
    SourceError
        For a type other than uint8, no pictures, pictures over the pixel limit, or a shape that is ambiguous.

    Examples
    --------
    >>> picture_layout((50000, 3, 32, 32), "x.npz")
    'CHW'
    """
    _check_dtype(np.dtype(dtype), where)
    if len(shape) not in {3, 4} or min(shape) < 1:
        raise SourceError(
            f"{where}: an array of pictures has the shape (pictures, height, width, 3), this one has {shape}",
            "name the right array with --images-key, or store it in that shape",
        )
    if len(shape) == 3:
        layout, height, width = "HW", shape[1], shape[2]
    else:
        layout = _channel_layout(shape, where)
        height, width = shape[2:] if layout == "CHW" else shape[1:3]
    check_pixels(width, height, where)
    return layout


def _check_dtype(dtype: np.dtype[Any], where: str) -> None:
    if dtype == np.uint8:
        return
    scaled = " (multiply pictures in 0..1 by 255 and round)" if dtype.kind == "f" else ""
    raise SourceError(
        f"{where}: pictures must be 8-bit numbers (uint8), these are {dtype}",
        f"store them as uint8 values 0..255{scaled}, or name the right array with --images-key",
    )


def _channel_layout(shape: tuple[int, ...], where: str) -> str:
    last, first = shape[3] in {1, 3, 4}, shape[1] in {1, 3}
    if last and first and shape[1] == shape[3]:
        raise SourceError(
            f"{where}: in the shape {shape} the channels may come first or last",
            "store the pictures as (pictures, height, width, 3)",
        )
    if last:
        return "HWC"
    if first:
        return "CHW"
    raise SourceError(
        f"{where}: pictures have 1, 3 or 4 channels, first or last; this array has the shape {shape}",
        "store the pictures as (pictures, height, width, 3)",
    )


def as_pictures(block: NDArray[Any], layout: str, alpha: str) -> NDArray[np.uint8]:
    """Return rows of any layout as (n, H, W, 3) RGB in memory of its own, C-contiguous and writable.

    Examples
    --------
    >>> as_pictures(np.zeros((2, 5, 4), np.uint8), "HW", "white").shape
    (2, 5, 4, 3)
    """
    if layout == "HW":
        block = block[..., np.newaxis]
    elif layout == "CHW":
        block = np.moveaxis(block, 1, -1)
    if block.shape[-1] == 1:
        return np.repeat(block, 3, axis=-1)
    if block.shape[-1] == 4:
        return np.stack([without_alpha(picture, alpha) for picture in block])
    return np.array(block, dtype=np.uint8, order="C")


def gone(path: str, why: str) -> SourceError:
    """Return the error for a source that was there when it was listed."""
    return SourceError(f"cannot read {path}: {why}", "restore it, then repeat the same command")
