"""What a source of labelled pictures is: a listing that hands out picklable parts for the workers to read.

A reader of a format is one function ``open_FORMAT(spec) -> Source``. The main process opens the source once
and lists it; each shard's :class:`Part` carries only what its own samples need, so that workers on other
machines list nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import AnnotationSpec, Label, Value
from ipmix_cli.picture import Picture
from ipmix_cli.stages import StageClock


@dataclass(frozen=True, kw_only=True)
class SourceSpec:
    """What the user says about a source.

    Parameters
    ----------
    input : str
        ``cifar10``, ``cifar100``, ``demo``, a path, or a URL.
    data_dir : str, optional
        Where named data sets are looked for, and downloaded to.
    input_format : str, optional
        A name of the table READERS; None finds it out by looking.
    split : {"train", "test"}
        For the formats that have splits.
    images_key, labels_key : str, optional
        Names of the arrays in HDF5 and NPZ, of the columns in lists and Parquet.
    label_field : str, optional
        The field of a WebDataset sample's JSON that holds the label.
    alpha : {"white", "drop"}
        Compose transparent pictures on white, or drop the alpha channel.
    labels_start : int
        The number of the first class, where labels are numbers: 1 where they are counted from 1.
    labels_as : {"auto", "numbers", "names", "multilabel", "real", "text"}
        What labels are where they could be two things, such as "007", and where they are no single class.
    classes_from : str, optional
        The classes in their order: a folder of class folders, or a file with one name a line.
    split_folder : str, optional
        The folder, below the input, whose sub folders are the classes.
    empty_classes : {"refuse", "keep", "skip"}
        What a class folder without pictures is: an error, a class all the same, or none.
    labels_separator : str, optional
        What stands between several labels in a cell of text.
    unlabelled : bool
        Whether no labels are read.
    keep : tuple of str
        Further fields that are kept.
    more : tuple of dict
        Sources behind this one, as plain values: those that a data set was extended by.
    max_picture_pixels : int, optional
        Larger pictures are refused before they are decoded; None for Pillow's default limit, 89,478,485.
    """

    input: str
    data_dir: str | None = None
    input_format: str | None = None
    split: str = "train"
    images_key: str | None = None
    labels_key: str | None = None
    label_field: str | None = None
    alpha: str = "white"
    labels_start: int = 0
    labels_as: str = "auto"
    classes_from: str | None = None
    split_folder: str | None = None
    empty_classes: str = "refuse"
    labels_separator: str | None = None
    unlabelled: bool = False
    keep: tuple[str, ...] = ()
    more: tuple[dict[str, Any], ...] = ()
    max_picture_pixels: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", tuple(self.keep))  # JSON has lists
        object.__setattr__(self, "more", tuple(self.more))

    @property
    def chain(self) -> list[SourceSpec]:
        """The first source, and those behind it; raises TypeError where a record names fields that do not exist."""
        return [dataclasses.replace(self, more=()), *(SourceSpec(**one) for one in self.more)]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a record; options that came later are left out where they have their defaults."""
        values = dataclasses.asdict(self)
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        kept = {name: value for name, value in values.items() if name not in LATER or value != defaults[name]}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}


LATER = (
    *("labels_start", "labels_as", "classes_from", "split_folder", "empty_classes", "max_picture_pixels"),
    *("labels_separator", "unlabelled", "keep", "more"),
)
"""Fields that older records do not have."""


@dataclass(frozen=True)
class Sample:
    """One picture of a source with its label; `index` is its place and `key` its name in the source.

    `fields` are those that are kept, in the order of the source's specification.
    """

    index: int
    key: str
    picture: Picture
    label: Label
    fields: tuple[Value, ...] = ()


@dataclass(frozen=True)
class BadSample:
    """A picture of a source that cannot be read, and why, in one line."""

    index: int
    key: str
    reason: str


class Part(Protocol):
    """The samples start..stop of a source, picklable, read by one worker."""

    @property
    def start(self) -> int:
        """The index of its first sample."""
        ...

    def samples(self, clock: StageClock) -> Iterator[Sample | BadSample]:
        """Yield the samples in order; laps of `clock` book "read" and "decode".

        A picture that cannot be read is yielded as a BadSample; only a source that is gone raises
        SourceError.
        """
        ...


class Source(Protocol):
    """A labelled list of pictures, opened and listed."""

    format: str
    """The name of its reader."""
    location: str
    """Where it is: an absolute path, a URL, or a name."""
    class_names: tuple[str, ...]
    size: tuple[int, int] | None
    """(H, W) of every picture, or None where they differ or only decoding would tell."""
    digest: str
    """sha256 in hexadecimal of the content: the same wherever a copy of the source lies."""
    settings: dict[str, Any]
    """What of the spec decided the samples (the split, the keys ...), as JSON."""
    root: str
    """The folder that keys start from; empty where keys are no paths."""
    notes: tuple[str, ...]
    """What a user should know of how it was read: a line each."""

    @property
    def annotations(self) -> AnnotationSpec:
        """Of which kind the labels are, and which fields are kept."""
        ...

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each sample; empty where labels are no classes."""
        ...

    def __len__(self) -> int: ...

    def key(self, index: int) -> str:
        """Return the name of one sample in the source."""
        ...

    def part(self, start: int, stop: int) -> Part:
        """Return the samples start..stop for one worker."""
        ...

    def check_unchanged(self) -> None:
        """Refuse a source of which a local file is no longer what it was when it was listed; raises SourceError."""
        ...
