"""The labels and the kept fields of many samples: cheap to hold, to cut and to send to a worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import Annotation, AnnotationSpec, Label, Value, nested
from ipmix_cli.sources.name_table import Names

Column = NDArray[Any] | Names
"""A value for each sample: numbers (N, ...), or text."""

CLASSES = AnnotationSpec()


@dataclass(frozen=True)
class Annotated:
    """What stands beside samples: `labels` (N, ...), and a column for each field of `spec`.

    Without labels, `labels` is an empty array (N, 0).

    Examples
    --------
    >>> found = Annotated(AnnotationSpec(labels="real"), np.array([0.5, 2.0]))
    >>> found[1:2].at(0)
    Annotation(label=2.0, fields=())
    """

    spec: AnnotationSpec
    labels: Column
    kept: tuple[Column, ...] = ()

    @classmethod
    def of_classes(cls, labels: NDArray[np.int64]) -> Annotated:
        """Return samples that have one class each, and nothing else."""
        return cls(CLASSES, labels)

    @classmethod
    def without_labels(cls, count: int) -> Annotated:
        """Return samples that have no labels."""
        return cls(AnnotationSpec(labels="none"), np.empty((count, 0), np.uint8))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: slice) -> Annotated:
        start, stop, _ = which.indices(len(self))
        return Annotated(self.spec, cut(self.labels, start, stop), tuple(cut(one, start, stop) for one in self.kept))

    def at(self, position: int) -> Annotation:
        """Return what stands beside one sample."""
        return Annotation(self.label(position), tuple(value_at(column, position) for column in self.kept))

    def label(self, position: int) -> Label:
        """Return the label of one sample."""
        return None if self.spec.labels == "none" else value_at(self.labels, position)

    def tolist(self) -> list[Label]:
        """Return all labels."""
        return [self.label(position) for position in range(len(self))]

    @property
    def classes(self) -> NDArray[np.int64]:
        """The class of each sample; empty where labels are no classes."""
        if self.spec.labels == "class" and isinstance(self.labels, np.ndarray):
            return self.labels
        return np.zeros(0, np.int64)

    def description(self) -> dict[str, Any]:
        """Return what a digest covers beside the values; nothing for plain classes."""
        return {} if self.spec.plain else {"annotations": self.spec.to_dict()}

    def content(self) -> Iterator[bytes]:
        """Yield the values as bytes, those of a column framed by what :meth:`description` says."""
        for column in (self.labels, *self.kept):
            if isinstance(column, Names):
                for text in column.encoded():
                    yield len(text).to_bytes(8, "little") + text
            else:
                little = column.astype(column.dtype.newbyteorder("<"), copy=False)
                yield np.ascontiguousarray(little).tobytes()


def cut(column: Column, start: int, stop: int) -> Column:
    """Return the values start..stop of a column."""
    return column.cut(start, stop) if isinstance(column, Names) else column[start:stop]


def value_at(column: Column, position: int) -> Value:
    """Return one value of a column, as Python's own numbers and text."""
    if isinstance(column, Names):
        return column[position]
    return nested(column[position].tolist())
