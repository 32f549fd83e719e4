"""Which columns of a table are scores: what could be read in two ways is refused, as it would give wrong figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LABEL_NAMES = ("labels", "label", "targets", "target", "y", "class")
KEY_NAMES = ("keys", "key", "names", "name", "paths", "path", "files", "file", "ids", "id")
INDEX_NAMES = ("", "index", "unnamed: 0")  # what pandas calls the numbers of rows


def preferred(wanted: Iterable[str], known: Iterable[str]) -> str | None:
    """Return the preferred one of the known names, in upper or lower case."""
    lower = {name.lower(): name for name in known}
    return next((lower[name] for name in wanted if name in lower), None)


def check_scores(names: Sequence[str]) -> None:
    """Refuse columns of scores of which one may be something else, or whose numbers are not in order.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> check_scores(["class0", "class1", "class2"])
    >>> check_scores(["n01440764", "n01443537", "n01484850"])
    >>> check_scores(["logit_1", "logit_10", "logit_2", "logit_3", *(f"logit_{number}" for number in range(4, 10))])
    Traceback (most recent call last):
    ...
    ValueError: the columns 'logit_1' and 'logit_10' are not in the order of the classes: sort them by their number
    """
    for name in names:
        if name.strip().lower() in INDEX_NAMES:
            raise ValueError(f"the column {name!r} may hold the numbers of the rows: write the table without them")
        if name.strip().lower() in LABEL_NAMES + KEY_NAMES:
            raise ValueError(f"the column {name!r} may be labels or keys, and there are others: leave it out")
    numbers = [int(found.group()) for name in names if (found := re.search(r"\d{1,9}$", name))]
    if len(numbers) == len(names) and sorted(numbers) in _numberings(len(names)) and numbers != sorted(numbers):
        at = next(at for at in range(len(numbers) - 1) if numbers[at + 1] != numbers[at] + 1)
        raise ValueError(
            f"the columns {names[at]!r} and {names[at + 1]!r} are not in the order of the classes: "
            "sort them by their number"
        )


def _numberings(count: int) -> tuple[list[int], list[int]]:
    """Return how classes are numbered: from 0, or from 1; names that end in other numbers are names."""
    return list(range(count)), list(range(1, count + 1))
