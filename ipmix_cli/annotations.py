"""What stands beside a picture: its label, of one of five kinds, and further fields of its source."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

LABEL_KINDS = ("class", "none", "multilabel", "real", "text")
"""One class a picture, no labels, any number of classes, numbers to regress to, and captions."""

WITH_CLASSES = ("class", "multilabel")
"""The kinds of labels that say what a picture shows."""

KINDS_IN_WORDS = {
    "class": "classes",
    "none": "no labels",
    "multilabel": "several classes a picture",
    "real": "real numbers",
    "text": "text",
}

PLACES = ("box", "mask", "segment", "polygon", "keypoint", "landmark", "joint", "heatmap", "depth", "flow")
"""Words in the names of fields that say where in a picture something is."""

FIELD_TYPES = ("int64", "float64", "uint8", "string", "json")

Value = int | float | str | tuple[Any, ...] | None
"""A number, text, or an array as nested tuples."""

Label = Value
"""Class number; None; a 0 or 1 for each class; a float or a tuple of floats; text."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field that is kept.

    Parameters
    ----------
    name : str
    dtype : {"int64", "float64", "uint8", "string", "json"}
        ``json`` is text that holds a value of any shape.
    shape : tuple of int
        Of one sample's value; empty for a single one.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))  # JSON has lists

    @property
    def is_place(self) -> bool:
        """Whether it says where in a picture something is: an array of pixels, or called a box, mask, keypoint ...

        >>> [Field(name=name, dtype="json").is_place for name in ("bbox", "gt_boxes", "SegMask", "caption", "id")]
        [True, True, True, False, False]
        """
        name = re.sub("[^a-z]", "", self.name.lower())
        return len(self.shape) > 1 or any(word in name for word in PLACES)


@dataclass(frozen=True, kw_only=True)
class AnnotationSpec:
    """What stands beside every picture of a source, or of a data set.

    Parameters
    ----------
    labels : {"class", "none", "multilabel", "real", "text"}
    length : int, optional
        Classes of a multilabel, or numbers of a target that is a vector.
    fields : tuple of Field
        Those that are kept.
    """

    labels: str = "class"
    length: int | None = None
    fields: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        fields = tuple(one if isinstance(one, Field) else Field(**one) for one in self.fields)
        object.__setattr__(self, "fields", fields)
        if self.labels not in LABEL_KINDS or any(field.dtype not in FIELD_TYPES for field in fields):
            raise ValueError(f"labels of the kind {self.labels}, or fields of types, that do not exist")

    @classmethod
    def of(cls, values: AnnotationSpec | Mapping[str, Any]) -> AnnotationSpec:
        """Return a specification, of the plain values of a record perhaps."""
        return values if isinstance(values, AnnotationSpec) else cls(**values)

    @property
    def plain(self) -> bool:
        """Whether there is one class a picture, and nothing else."""
        return self == PLAIN

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return dataclasses.asdict(self)


PLAIN = AnnotationSpec()
"""One class a picture, and nothing else."""


class Annotation(NamedTuple):
    """The label of one sample, and its fields in the order of the specification."""

    label: Label
    fields: tuple[Value, ...] = ()


class Column(NamedTuple):
    """A column of a table of samples: its name, its type, and the shape of one value."""

    name: str
    dtype: str
    shape: tuple[int, ...]


LABEL_TYPES = {"class": "int64", "multilabel": "uint8", "real": "float64", "text": "string"}
LABEL = "label"


def columns(spec: AnnotationSpec) -> list[Column]:
    """Return the columns of a table of samples that hold their annotations: the label first, if there is one.

    >>> columns(AnnotationSpec(labels="real", length=2))
    [Column(name='label', dtype='float64', shape=(2,))]
    """
    shape = () if spec.length is None else (spec.length,)
    label = [Column(LABEL, LABEL_TYPES[spec.labels], shape)] if spec.labels in LABEL_TYPES else []
    return [*label, *(Column(field.name, field.dtype, field.shape) for field in spec.fields)]


def row_of(label: Label, fields: tuple[Value, ...], spec: AnnotationSpec) -> list[Value]:
    """Return the values of one sample in the order of :func:`columns`."""
    return [*([label] if spec.labels in LABEL_TYPES else []), *fields]


def annotation_of(row: Sequence[Value], spec: AnnotationSpec) -> Annotation:
    """Return the label and the fields that :func:`row_of` put into a row."""
    return Annotation(row[0], tuple(row[1:])) if spec.labels in LABEL_TYPES else Annotation(None, tuple(row))


def fits(label: Label, spec: AnnotationSpec, classes: int) -> bool:
    """Return whether a label is of the kind that a specification says, for so many classes.

    >>> fits(3, AnnotationSpec(), 10), fits((1, 0), AnnotationSpec(labels="multilabel", length=2), 2)
    (True, True)
    """
    parts = label if isinstance(label, tuple) else (label,)
    if spec.labels == "none":
        return label is None
    if spec.labels == "text":
        return isinstance(label, str)
    if isinstance(label, tuple) != (spec.length is not None) or len(parts) != (spec.length or 1):
        return False
    if spec.labels == "real":
        return all(isinstance(part, float) and math.isfinite(part) for part in parts)
    most = classes - 1 if spec.labels == "class" else 1
    return all(isinstance(part, int) and 0 <= part <= most for part in parts)


def classes_of(label: Label) -> list[int]:
    """Return the classes that a label names: one, those with a 1, or none.

    >>> classes_of(3), classes_of((0, 1, 1)), classes_of(0.5)
    ([3], [1, 2], [])
    """
    if isinstance(label, tuple):
        return [place for place, one in enumerate(label) if one == 1 and isinstance(one, int)]
    return [label] if isinstance(label, int) else []


def class_of(label: Label) -> int:
    """Return a label that is the number of a class; what holds nothing else is refused before it is made."""
    assert isinstance(label, int), f"{label!r} is no class"
    return label


def canonical(value: Value) -> str:
    """Return a value as text that no other value has, for checksums.

    Examples
    --------
    >>> canonical(3), canonical(None), canonical("a b"), canonical((1.0, 2.5))
    ('3', '-', '3:a b', '[0x1.0000000000000p+0 0x1.4000000000000p+1]')
    """
    if isinstance(value, tuple):
        return f"[{' '.join(map(canonical, value))}]"
    if isinstance(value, str):
        return f"{len(value.encode('utf-8', 'surrogateescape'))}:{value}"
    if value is None:
        return "-"
    return value.hex() if isinstance(value, float) else str(value)


def nested(values: Any) -> Value:
    """Return lists as nested tuples; anything else as it is.

    >>> nested([[1, 2], [3]])
    ((1, 2), (3,))
    """
    return tuple(map(nested, values)) if isinstance(values, list | tuple) else values
