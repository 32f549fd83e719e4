"""Labels that are no single class: several classes a picture, numbers to regress to, captions.

None of them is ever guessed: ``--labels-as multilabel``, ``real`` or ``text`` asks for it. A reader notes each row's
label while it reads (:func:`target_column`), or hands over an array (:func:`targets_of_array`).
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import AnnotationSpec
from ipmix_cli.errors import SourceError
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.label_text import PRINTED, PRINTED_TYPE, meaning_of, readable, shown
from ipmix_cli.sources.name_table import Names

MOST_BYTES = 2**28
"""256 MiB: of all labels of a source, held in memory."""

MOST_CLASSES = 100_000
MOST_TEXT = 2**16  # characters of a caption
SEPARATORS = "|;, "

Targets = tuple[Annotated, tuple[str, ...]]
"""The labels of a source, and its classes' names: none where labels are no classes."""


class TargetRule(Protocol):
    """What of a :class:`ipmix_cli.sources.labels.LabelRule` matters here."""

    @property
    def reading(self) -> str:
        """``multilabel``, ``real`` or ``text``."""
        ...

    @property
    def start(self) -> int:
        """The number of the first class."""
        ...

    @property
    def separator(self) -> str | None:
        """What stands between the labels in a cell of text."""
        ...

    @property
    def names(self) -> tuple[str, ...] | None:
        """The classes in their order, where the user gave them."""
        ...


class TargetColumn(Protocol):
    """Labels while they are read."""

    def note(self, row: object, value: object) -> None:
        """Note a row's label; what can never be one is refused at once."""
        ...

    def annotated(self) -> Targets:
        """Return the labels; raises SourceError where they do not agree."""
        ...


def target_column(where: str, rule: TargetRule, names: tuple[str, ...] | None, row_word: str) -> TargetColumn:
    """Return a column for the kind of labels that a rule asks for; `names` are the classes that the source names."""
    if rule.reading == "text":
        return _Captions(where, row_word)
    if rule.reading == "real":
        return _Reals(where, row_word)
    return _Multilabels(where, rule, names, row_word)


def targets_of_array(
    labels: NDArray[Any], where: str, count: int, rule: TargetRule, names: tuple[str, ...] | None = None
) -> Targets:
    """Return the labels of an array: numbers (N,) or (N, D), rows of 0 and 1 (N, C), or text (N,).

    Raises
    ------
    SourceError
        Where they are not what the rule asks for, or not one for each picture.
    """
    if not len(labels.shape) or len(labels) != count or labels.ndim > 2:
        raise SourceError(
            f"{where}: {count} pictures, but labels of the shape {labels.shape}",
            "name the array with one row for each picture with --labels-key",
        )
    if rule.reading == "real" and labels.dtype.kind in "iufb":
        return _real_array(labels, where)
    if rule.reading == "multilabel" and labels.ndim == 2 and labels.dtype.kind in "iufb":
        return _hot_array(labels, where, rule, names)
    column = target_column(where, rule, names, "row")
    for row, value in enumerate(labels.tolist()):
        column.note(row, value)
    return column.annotated()


def _real_array(labels: NDArray[Any], where: str) -> Targets:
    values = labels.astype(np.float64)
    lost = ~np.isfinite(values)
    if lost.any():
        row = int(np.argwhere(lost)[0][0])
        raise SourceError(f"{where}, row {row}: the target {values[row]} is not finite", "leave that row out")
    return real_targets(values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values)


def real_targets(values: NDArray[np.float64]) -> Targets:
    """Return targets (N,) or (N, D) as labels."""
    length = int(values.shape[1]) if values.ndim == 2 else None
    return Annotated(AnnotationSpec(labels="real", length=length), values), ()


def _hot_array(labels: NDArray[Any], where: str, rule: TargetRule, names: tuple[str, ...] | None) -> Targets:
    wrong = (labels != 0) & (labels != 1)
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise SourceError(
            f"{where}, row {row}: {labels[row].tolist()[:8]} are not all 0 or 1: no choice of classes",
            "give --labels-as real for numbers to regress to, or name the labels' array with --labels-key",
        )
    return hot_targets(labels.astype(np.uint8), where, names or rule.names)


def hot_targets(hot: NDArray[np.uint8], where: str, names: tuple[str, ...] | None) -> Targets:
    """Return rows of 0 and 1 (N, C) as labels; `names` are the C classes, numbers if nobody names them."""
    classes = int(hot.shape[1])
    if names is not None and len(names) != classes:
        raise SourceError(
            f"{where}: rows of {classes} classes, of which {len(names)} have names",
            "name all of them, in the order of the columns, with --classes-from",
        )
    return Annotated(AnnotationSpec(labels="multilabel", length=classes), hot), names or tuple(map(str, range(classes)))


@dataclass(frozen=True)
class _NoNames:
    """A rule that says nothing of classes."""

    reading: str = "multilabel"
    start: int = 0
    separator: str | None = None
    names: tuple[str, ...] | None = None


NAMES_IN_COLUMNS = _NoNames()


class _Noted:
    """What the columns have in common: where they are, and errors that say in which row."""

    def __init__(self, where: str, row_word: str) -> None:
        self._where, self._row_word = where, row_word
        self._bytes = 0

    def _wrong(self, row: object, value: object, what: str, remedy: str) -> SourceError:
        return SourceError(f"{self._where}, {self._row_word} {row}: {shown(str(value))} {what}", remedy)

    def _hold(self, size: int) -> None:
        """Count bytes that are held; refuse too many."""
        self._bytes += size
        if self._bytes > MOST_BYTES:
            raise SourceError(
                f"{self._where} has more than {MOST_BYTES >> 20} MiB of labels",
                "split the source, and make a data set of each part",
            )


class _Captions(_Noted):
    def __init__(self, where: str, row_word: str) -> None:
        super().__init__(where, row_word)
        self._texts: list[str] = []

    def note(self, row: object, value: object) -> None:
        text = plain(value)
        if not isinstance(text, str) or not text.strip() or "\0" in text:
            raise self._wrong(row, value, "is no text", "leave that row out, or name the captions with --labels-key")
        if len(text) > MOST_TEXT:
            raise self._wrong(row, value, f"has more than {MOST_TEXT} characters", "shorten it")
        self._hold(len(text) + 60)
        self._texts.append(readable(text))

    def annotated(self) -> Targets:
        return Annotated(AnnotationSpec(labels="text"), Names.of(self._texts)), ()


class _Reals(_Noted):
    def __init__(self, where: str, row_word: str) -> None:
        super().__init__(where, row_word)
        self._numbers = array("d")
        self._length: int | None = None

    def note(self, row: object, value: object) -> None:
        numbers = numbers_of(value)
        if numbers is None:
            raise self._wrong(row, value, "is no number", "leave that row out, or name the targets with --labels-key")
        if self._length not in (None, len(numbers)):
            raise self._wrong(row, value, f"has {len(numbers)} numbers, rows before it {self._length}", "use one form")
        self._length = len(numbers)
        self._hold(8 * len(numbers))
        self._numbers.extend(numbers)

    def annotated(self) -> Targets:
        length = self._length or 1
        values = np.array(self._numbers, np.float64)
        return real_targets(values if length == 1 else values.reshape(-1, length))


class HotColumns:
    """Rows of a 0 or 1 for each of several columns, whose names are the classes.

    Parameters
    ----------
    where : str
        The file, for messages.
    names : tuple of str
        The columns.
    row_word : str
        What a row is called: line, row.
    """

    def __init__(self, where: str, names: tuple[str, ...], row_word: str) -> None:
        self._where, self._names, self._rows = where, names, _Reals(where, row_word)

    def note(self, row: object, value: object) -> None:
        """Note the values of a row, a list."""
        self._rows.note(row, value)

    def annotated(self) -> Targets:
        """Return the labels; raises SourceError where values are others than 0 and 1."""
        values = self._rows.annotated()[0].labels
        assert isinstance(values, np.ndarray)
        return _hot_array(values.reshape(len(values), -1), self._where, NAMES_IN_COLUMNS, self._names)


class _Multilabels(_Noted):
    """Several labels a row: each different one is kept once, and its number for each time that it occurs."""

    def __init__(self, where: str, rule: TargetRule, names: tuple[str, ...] | None, row_word: str) -> None:
        super().__init__(where, row_word)
        self._rule, self._names = rule, names or rule.names
        self._known: dict[str | int, int] = {}
        self._numbers, self._lengths = array("q"), array("q")

    def note(self, row: object, value: object) -> None:
        items = items_of(value, self._rule.separator)
        if isinstance(items, str):
            raise self._wrong(row, value, items, LIST_REMEDY)
        self._hold(8 * len(items) + 8)
        self._numbers.extend(self._known.setdefault(item, len(self._known)) for item in items)
        self._lengths.append(len(items))
        if len(self._known) > MOST_CLASSES:
            raise self._wrong(row, value, f"is beyond {MOST_CLASSES} different labels", "name the right --labels-key")

    def annotated(self) -> Targets:
        kinds = {type(item) for item in self._known}
        if len(kinds) > 1:
            first = [next(item for item in self._known if isinstance(item, kind)) for kind in (str, int)]
            raise SourceError(
                f"{self._where}: {first[0]!r} is the name of a class, and {first[1]} a number", "use one kind"
            )
        if kinds == {int} and self._looks_hot():
            values = np.array(list(self._known), np.uint8)[np.array(self._numbers, np.int64)]
            return hot_targets(values.reshape(len(self._lengths), -1), self._where, self._names)
        places, names = self._by_name() if kinds != {int} else self._by_number()
        return hot_targets(self._hot(places, len(names)), self._where, names)

    def _looks_hot(self) -> bool:
        """Whether all rows are 0 and 1 for each class; raises SourceError where they may be class numbers, too."""
        lengths = set(self._lengths)
        if not set(self._known) <= {0, 1} or len(lengths) != 1 or lengths <= {0, 1}:
            return False
        rows = np.array(self._numbers).reshape(len(self._lengths), -1)
        if lengths == {2} and (rows[:, 0] != rows[:, 1]).all():
            raise SourceError(
                f"{self._where}: every label is [0, 1] or [1, 0]: two class numbers, or a 0 and a 1 for two classes",
                "leave out --labels-as for one-hot rows, or write the names of the classes",
            )
        return True

    def _by_name(self) -> tuple[list[int], tuple[str, ...]]:
        names = self._names or tuple(sorted(map(str, self._known)))
        places = {name: place for place, name in enumerate(names)}
        lost = next((item for item in self._known if item not in places), None)
        if lost is not None:
            raise SourceError(
                f"{self._where}: the label {shown(str(lost))} is none of the {len(names)} classes",
                "name all classes with --classes-from FILE",
            )
        return [places[str(item)] for item in self._known], names

    def _by_number(self) -> tuple[list[int], tuple[str, ...]]:
        places = [int(item) - self._rule.start for item in self._known]
        high = max(places, default=-1)
        names = self._names or tuple(map(str, range(high + 1)))
        if min(places, default=0) < 0 or high >= min(len(names), MOST_CLASSES):
            raise SourceError(
                f"{self._where}: classes from {min(places)} to {high}, of which {len(names)} have names",
                "give --labels-start 1 if classes are numbered from 1, or name all with --classes-from",
            )
        return places, names

    def _hot(self, places: Sequence[int], classes: int) -> NDArray[np.uint8]:
        self._hold(len(self._lengths) * classes)
        hot = np.zeros((len(self._lengths), classes), np.uint8)
        rows = np.repeat(np.arange(len(self._lengths)), np.array(self._lengths, np.int64))
        columns = np.array(places, np.int64)[np.array(self._numbers, np.int64)]
        hot[rows, columns] = 1
        if int(hot.sum()) != len(columns):
            twice = int(np.flatnonzero(hot.sum(axis=1) < np.array(self._lengths))[0])
            raise SourceError(
                f"{self._where}: sample {twice} (from 0) has one label twice",
                "leave out the second one; for rows of 0 and 1 all rows have one length",
            )
        return hot


LIST_REMEDY = 'write ["cat", "dog"], or cat|dog, or name what stands between labels with --labels-separator'


def items_of(value: object, separator: str | None) -> list[str | int] | str:
    """Return the labels of one picture, class names or numbers, or in words why that cannot be told.

    >>> items_of("cat|dog", None), items_of("[1, 5]", None), items_of("cat dog", None)
    (['cat', 'dog'], [1, 5], "may be one label or several, with ' ' between")
    """
    value = plain(value)
    if isinstance(value, str):
        text = value.strip()
        if separator is not None:
            value = [part for part in text.split(separator) if part.strip()]
        elif text.startswith("["):
            found = list_of(text)
            if found is None:
                return "is no list"
            value = found
        elif not text:
            return "is empty: write [] for a picture of no class"
        else:
            between = next((mark for mark in SEPARATORS[1:] if mark in text and "|" not in text), None)
            if between is not None:
                return f"may be one label or several, with {between!r} between"
            value = text.split("|")
    if not isinstance(value, list | tuple):
        value = [value]
    items = [_item(one) for one in value]
    lost = next((one for one, item in zip(value, items, strict=True) if item is None), None)
    return f"holds {shown(str(lost))}, which is no class" if None in items else [i for i in items if i is not None]


def _item(value: object) -> str | int | None:
    meaning = meaning_of(value)
    if meaning.kind in {"number", "truth"} and not (isinstance(value, list | tuple)):
        return meaning.value
    return meaning.text if meaning.kind == "text" else None


def list_of(text: str) -> list[Any] | None:
    """Return a list that is written out, as JSON, Python or numpy prints it; None if it is none.

    >>> list_of('["a", "b"]'), list_of("['a', 'b']"), list_of("[0. 1. 1.]")
    (['a', 'b'], ['a', 'b'], [0.0, 1.0, 1.0])
    """
    readers: tuple[Callable[[str], Any], ...] = (json.loads, _quoted, _spaced)
    for read in readers:
        try:
            found = read(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, list):
            return found
    return None


def _quoted(text: str) -> Any:
    if '"' in text or "\\" in text:
        raise ValueError(text)
    return json.loads(text.replace("'", '"'))


def _spaced(text: str) -> list[float]:
    return [float(word) for word in text.strip("[]").replace(",", " ").split()]


def numbers_of(value: object) -> tuple[float, ...] | None:
    """Return the finite numbers that a target consists of, in whatever form they are printed; None if it has others.

    >>> numbers_of(2), numbers_of("0.5"), numbers_of("tensor([0.5, 1.])"), numbers_of("cat"), numbers_of("nan")
    ((2.0,), (0.5,), (0.5, 1.0), None, None)
    """
    value = plain(value)
    if isinstance(value, str):
        text = value.strip()
        while found := PRINTED.fullmatch(text):
            text = PRINTED_TYPE.sub("", found[1]).strip()
        value = list_of(text) if text.startswith("[") else [text]
    items: list[Any] = list(value) if isinstance(value, list | tuple) else [value]
    try:
        numbers = tuple(float(item) for item in items)
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if numbers and all(map(math.isfinite, numbers)) else None


def plain(value: object) -> object:
    """Return a value of numpy's as one of Python's, and bytes as text."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
