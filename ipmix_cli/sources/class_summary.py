"""The classes of a source in one line, so that a wrong reading of it is seen at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import Field
from ipmix_cli.sources.label_text import shown
from ipmix_cli.sources.source import Source

START_AT_ONE = "if the classes are numbered from 1, give --labels-start 1"
FIRST = 6  # classes that are named, and the last one


def label_summary(source: Source, limit: int | None = None) -> str:
    """Return what the labels of a source are, in one line: its classes, or of which other kind they are."""
    spec, count = source.annotations, len(source)
    kept = "".join(f"; keeps {field.name} ({_type(field)})" for field in spec.fields)
    if spec.labels == "class":
        return class_summary(source.labels, source.class_names, limit) + kept
    if spec.labels == "multilabel":
        names = list(source.class_names)
        told = [*names[:FIRST], *([f".., {names[-1]}"] if len(names) > FIRST + 1 else names[FIRST:])]
        return f"{count:,} pictures of any number of {len(names):,} classes: {', '.join(map(_plain, told))}{kept}"
    if spec.labels == "real":
        return f"{count:,} targets{'' if spec.length is None else f' of {spec.length} numbers each'}{kept}"
    return f"{count:,} pictures, {'captions' if spec.labels == 'text' else 'no labels'}{kept}"


def _type(field: Field) -> str:
    return field.dtype + (f" {'x'.join(map(str, field.shape))}" if field.shape else "")


def class_summary(labels: NDArray[np.int64], names: Sequence[str], limit: int | None = None) -> str:
    """Return how many classes there are, and the names and numbers of pictures of the first few.

    With a limit, only that many pictures are counted, from the first on; a class whose pictures come later does not
    count as empty.

    >>> class_summary(np.array([0, 1, 1]), ("cat", "dog"))
    '2 classes: cat 1, dog 2'
    >>> class_summary(np.array([1, 3]), ("0", "1", "2", "3"))
    '4 classes, 2 of them without pictures (0, 2): 0 0, 1 1, 2 0, 3 1'
    >>> class_summary(np.array([0, 1, 1, 2]), ("cat", "dog", "owl"), limit=2)
    '3 classes, 2 of them among the first 2 pictures: cat 1, dog 1'
    """
    counts = np.bincount(labels[:limit], minlength=len(names)).tolist()
    whole = np.bincount(labels, minlength=len(names)).tolist()
    limited = limit is not None and limit < len(labels)
    told = [(name, count) for name, count in zip(names, counts, strict=False) if count or not limited]
    named = [f"{_plain(name)} {count:,}" for name, count in told]
    if len(named) > FIRST + 1:
        named = [*named[:FIRST], f".., {named[-1]}"]
    classes = "1 class" if len(names) == 1 else f"{len(names):,} classes"
    within = f", {len(told):,} of them among the first {limit:,} pictures" if limited else ""
    return f"{classes}{_without_pictures(whole, names)}{within}: {', '.join(named)}"


def _without_pictures(counts: Sequence[int], names: Sequence[str]) -> str:
    empty = [name for name, count in zip(names, counts, strict=False) if not count]
    told = ", ".join([*map(_plain, empty[:FIRST]), *([".."] if len(empty) > FIRST else [])])
    return f", {len(empty):,} of them without pictures ({told})" if empty else ""


def seems_to_start_at_one(labels: NDArray[np.int64], names: Sequence[str]) -> bool:
    """Return whether classes that have numbers for names have pictures from class 1 on, and none of class 0.

    >>> seems_to_start_at_one(np.array([1, 2, 2]), ("0", "1", "2"))
    True
    >>> seems_to_start_at_one(np.array([1, 2, 2]), ("cat", "dog", "owl"))
    False
    """
    return len(labels) > 0 and int(labels.min()) == 1 and list(names) == list(map(str, range(len(names))))


def _plain(name: str) -> str:
    return name if name.isprintable() and name.strip() else shown(name)
