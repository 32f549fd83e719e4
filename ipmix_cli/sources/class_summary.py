"""The classes of a source in one line, so that a wrong reading of it is seen at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.sources.label_text import shown

FIRST = 6  # classes that are named, and the last one


def class_summary(labels: NDArray[np.int64], names: Sequence[str]) -> str:
    """Return how many classes there are, and the names and numbers of pictures of the first few.

    >>> class_summary(np.array([0, 1, 1]), ("cat", "dog"))
    '2 classes: cat 1, dog 2'
    >>> class_summary(np.array([1, 3]), ("0", "1", "2", "3"))
    '4 classes, 2 of them without pictures (0, 2): 0 0, 1 1, 2 0, 3 1'
    """
    counts = np.bincount(labels, minlength=len(names)).tolist()
    named = [f"{_plain(name)} {count:,}" for name, count in zip(names, counts, strict=False)]
    if len(named) > FIRST + 1:
        named = [*named[:FIRST], f".., {named[-1]}"]
    empty = [name for name, count in zip(names, counts, strict=False) if not count]
    told = ", ".join([*map(_plain, empty[:FIRST]), *([".."] if len(empty) > FIRST else [])])
    without = f", {len(empty):,} of them without pictures ({told})" if empty else ""
    classes = "1 class" if len(names) == 1 else f"{len(names):,} classes"
    return f"{classes}{without}: {', '.join(named)}"


def _plain(name: str) -> str:
    return name if name.isprintable() and name.strip() else shown(name)
