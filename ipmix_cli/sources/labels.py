"""Labels of a whole source: whole numbers from 0 and the names of the classes, by one rule for every reader.

A reader hands over an array (:func:`annotated_array`) or notes each row's label while it reads (:func:`label_column`).
What a label means is told by :mod:`ipmix_cli.sources.label_text`; here all of them must agree. Labels that are no
single class are those of :mod:`ipmix_cli.sources.targets`.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError, UsageError, check_name
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.given_classes import given_classes
from ipmix_cli.sources.label_text import WORDS, Meaning, meaning_of, shown
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.targets import HotColumns, TargetColumn, Targets, target_column, targets_of_array

MAX_CLASSES = 100_000
"""More than any known set has; a label of a billion would otherwise make a billion class names."""

MAX_LABEL_BYTES = 2**28
"""256 MiB, as int64: 33 million pictures, twice ImageNet-21k; deflated or run-length labels may claim billions."""

READINGS = ("auto", "numbers", "names", "multilabel", "real", "text")
TARGETS = ("multilabel", "real", "text")
NO_LABELS = "none"
UNSIGNED_MINUS_ONE = 255
"""What -1, "no label", becomes in an array of bytes."""

AS_NAMES = "give --labels-as names to take every text as a class of its own"

Labels = tuple[NDArray[np.int64], tuple[str, ...]]
"""The label of each picture, int64 (N,), and the names of the classes."""


def check_count(count: int, where: str) -> None:
    """Refuse more pictures than labels are held for in memory, before any label is read.

    Raises
    ------
    SourceError

    Examples
    --------
    >>> check_count(10**9, "x.h5")
    Traceback (most recent call last):
    ipmix_cli.errors.SourceError: x.h5 claims 1000000000 pictures, more than the 33554432 that a source may have
    """
    most = MAX_LABEL_BYTES // 8
    if count > most:
        raise SourceError(
            f"{where} claims {count} pictures, more than the {most} that a source may have",
            "split the source, and make a data set of each part",
        )


@dataclass(frozen=True, kw_only=True)
class LabelRule:
    """What the user says about labels.

    Parameters
    ----------
    start : int
        The number of the first class: 1 where classes are numbered from 1.
    reading : {"auto", "numbers", "names", "multilabel", "real", "text", "none"}
        ``names`` takes every label as the text of a class name, ``numbers`` as a number, in any printed form;
        for the others see :mod:`ipmix_cli.sources.targets`; ``none`` reads no labels.
    strings_asked : bool
        Whether the user named the column or the field: words such as "NA" are class names then.
    names : tuple of str, optional
        The classes in their order, where the user gave them.
    """

    start: int = 0
    reading: str = "auto"
    strings_asked: bool = False
    names: tuple[str, ...] | None = None
    separator: str | None = None

    def settings(self) -> dict[str, Any]:
        """Return what decides labels, as JSON; nothing where all is as usual."""
        found: dict[str, Any] = {"labels_start": self.start} if self.start else {}
        found |= {} if self.separator is None else {"labels_separator": self.separator}
        if self.reading == NO_LABELS:
            return found | {"unlabelled": True}
        return found | ({"labels_as": self.reading} if self.reading != "auto" else {})


USUAL = LabelRule()


def label_rule(spec: SourceSpec) -> LabelRule:
    """Return the rule that a spec asks for.

    Raises
    ------
    UsageError
        For a reading that does not exist, and options that do not fit together.
    SourceError
        For a ``--classes-from`` that names no classes.
    """
    check_name("reading of labels", spec.labels_as, READINGS)
    _check_rule(spec)
    asked = spec.labels_key is not None or spec.label_field is not None
    return LabelRule(
        start=spec.labels_start,
        reading=NO_LABELS if spec.unlabelled else spec.labels_as,
        strings_asked=asked,
        names=given_classes(spec.classes_from),
        separator=spec.labels_separator,
    )


def _check_rule(spec: SourceSpec) -> None:
    """Refuse options about labels that contradict each other."""
    given = {
        "--labels-key": spec.labels_key is not None,
        "--label-field": spec.label_field is not None,
        "--labels-as": spec.labels_as != "auto",
        "--labels-start": spec.labels_start != 0,
        "--classes-from": spec.classes_from is not None,
        "--labels-separator": spec.labels_separator is not None,
    }
    named = [option for option, is_given in given.items() if is_given]
    if spec.unlabelled and named:
        raise UsageError(f"--unlabelled reads no labels, and {named[0]} says which", "leave out one of the two")
    if spec.labels_separator is not None and spec.labels_as != "multilabel":
        raise UsageError("--labels-separator is for several labels a picture", "give --labels-as multilabel with it")
    if spec.labels_as in {"real", "text"} and (spec.labels_start or spec.classes_from is not None):
        raise UsageError(f"--labels-as {spec.labels_as} has no classes", "leave out --labels-start and --classes-from")


@dataclass(frozen=True)
class _Distinct:
    """The different labels of a source: each one's meaning and the row where it stood first; a number for each row."""

    where: str
    row_word: str
    meanings: Sequence[Meaning]
    rows: Sequence[object]
    numbers: NDArray[np.int64]

    def at(self, position: int) -> str:
        """Return where one of them stood first."""
        return f"{self.row_word} {self.rows[position]}"

    def wrong(self, position: int, what: str, remedy: str) -> SourceError:
        """Return the error for one of them."""
        one = self.meanings[position]
        text = one.text if one.text == str(one.value) else shown(one.text)
        return SourceError(f"{self.where}, {self.at(position)}: the label {text} {what}", remedy)

    def first_of(self, kind: str) -> int | None:
        """Return the position of the first label of a kind."""
        return next((position for position, one in enumerate(self.meanings) if one.kind == kind), None)


class LabelColumn:
    """The labels of a source while it is read: each different one is kept once, and a number for each row.

    Parameters
    ----------
    where : str
        The file, for messages.
    rule : LabelRule
    names : tuple of str, optional
        The classes, where the source names them.
    row_word : str
        What a row is called: line, row, sample.
    """

    def __init__(
        self, where: str, rule: LabelRule = USUAL, names: tuple[str, ...] | None = None, row_word: str = "line"
    ) -> None:
        self._where, self._rule, self._names, self._row_word = where, rule, names, row_word
        self._known: dict[Hashable, int] = {}
        self._meanings: list[Meaning] = []
        self._rows: list[object] = []
        self._numbers = array("q")

    def note(self, row: object, value: object) -> None:
        """Note a row's label; what can never be one is refused at once."""
        key = value if isinstance(value, str | bytes) else (type(value), value if type(value) is int else repr(value))
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self._meanings)
            self._meanings.append(meaning_of(value))
            self._rows.append(row)
            if len(self._meanings) > MAX_CLASSES:
                remedy = "name the column or the field of labels with --labels-key or --label-field"
                raise SourceError(f"{self._where} has more than {MAX_CLASSES} different labels", remedy)
            _check_possible(self._distinct(np.zeros(0, np.int64)), number, self._rule)
        self._numbers.append(number)

    def finished(self) -> Labels:
        """Return the labels and the class names; raises SourceError where they do not agree."""
        return _resolved(self._distinct(np.array(self._numbers, np.int64)), self._rule, self._names)

    def annotated(self) -> Targets:
        """Return what :meth:`finished` does, as labels of one class each."""
        labels, names = self.finished()
        return Annotated.of_classes(labels), names

    def _distinct(self, numbers: NDArray[np.int64]) -> _Distinct:
        return _Distinct(self._where, self._row_word, self._meanings, self._rows, numbers)


class _NoLabels:
    """Counts rows whose labels are not read."""

    def __init__(self) -> None:
        self._count = 0

    def note(self, row: object, value: object) -> None:
        del row, value
        self._count += 1

    def annotated(self) -> Targets:
        return Annotated.without_labels(self._count), ()


def label_column(
    where: str,
    rule: LabelRule = USUAL,
    names: tuple[str, ...] | None = None,
    row_word: str = "line",
    columns: tuple[str, ...] = (),
) -> TargetColumn:
    """Return a column for labels of the kind that a rule asks for; the parameters are those of LabelColumn.

    If labels stand in several `columns`, a row's label is the list of their values.
    """
    if len(columns) > 1 and rule.reading not in {"multilabel", "real"}:
        raise SourceError(
            f"{where}: labels in {len(columns)} columns",
            "give --labels-as multilabel for a 0 or 1 for each class, or --labels-as real for numbers",
        )
    if len(columns) > 1 and rule.reading == "multilabel":
        return HotColumns(where, columns, row_word)
    if rule.reading == NO_LABELS:
        return _NoLabels()
    if rule.reading in TARGETS:
        return target_column(where, rule, names, row_word)
    return LabelColumn(where, rule, names, row_word)


def annotated_array(
    labels: NDArray[Any] | None,
    where: str,
    count: int,
    rule: LabelRule = USUAL,
    names: tuple[str, ...] | None = None,
) -> Targets:
    """Return the labels of an array, of whatever kind the rule asks for, or refuse them; None has no labels.

    Raises
    ------
    SourceError
        See :func:`labels_of_array` and :func:`ipmix_cli.sources.targets.targets_of_array`.
    """
    check_count(count, where)
    if labels is None:
        return Annotated.without_labels(count), ()
    if rule.reading in TARGETS:
        return targets_of_array(np.asarray(labels), where, count, rule, names)
    found, class_names = labels_of_array(labels, where, count, rule, names)
    return Annotated.of_classes(found), class_names


def labels_of_array(
    labels: NDArray[Any], where: str, count: int, rule: LabelRule = USUAL, names: tuple[str, ...] | None = None
) -> Labels:
    """Return the labels of an array, or refuse them.

    Parameters
    ----------
    labels : array
        Numbers, truth values, text or bytes of shape (N,), (N, 1) or (1, N), or one-hot rows (N, classes).
    where : str
        The file, for messages.
    count : int
        The number of pictures, N.
    rule : LabelRule
    names : tuple of str, optional
        The classes, where the source names them; labels must be among them.

    Raises
    ------
    SourceError
        For fractions, NaN, negatives, soft labels, no such class, labels of two kinds, or not one for each picture.
    """
    labels = np.asarray(labels)
    check_count(count, where)
    if not count:
        raise SourceError(f"{where} holds no pictures", "choose another source")
    if labels.shape not in {(count,), (count, 1), (1, count)}:
        return _of_one_hot(labels, where, count, rule, names)
    labels = labels.reshape(-1)
    if labels.dtype.kind not in "iufb":
        column = LabelColumn(where, rule, names, "row")
        for row, value in enumerate(labels.tolist()):
            column.note(row, value)
        return column.finished()
    values, rows, numbers = np.unique(labels, return_index=True, return_inverse=True)
    if len(values) > MAX_CLASSES:
        raise SourceError(f"{where} has more than {MAX_CLASSES} different labels", "name their array with --labels-key")
    meanings = [meaning_of(value) for value in values.tolist()]
    distinct = _Distinct(where, "row", meanings, rows.tolist(), numbers.reshape(-1).astype(np.int64))
    return _resolved(distinct, rule, names)


def checked_labels(
    labels: NDArray[Any], where: str, count: int, class_names: tuple[str, ...] | None = None
) -> NDArray[np.int64]:
    """Return the labels of a format whose labels can only be numbers from 0; see :func:`labels_of_array`."""
    return labels_of_array(labels, where, count, USUAL, class_names)[0]


def default_class_names(labels: NDArray[np.int64]) -> tuple[str, ...]:
    """Return "0", "1", .. for checked labels of classes whose names nobody gave.

    >>> default_class_names(np.array([2, 0]))
    ('0', '1', '2')
    """
    return tuple(str(label) for label in range(int(labels.max(initial=-1)) + 1))


def _of_one_hot(labels: NDArray[Any], where: str, count: int, rule: LabelRule, names: tuple[str, ...] | None) -> Labels:
    remedy = "name the array with one label for each picture with --labels-key"
    if labels.ndim != 2 or len(labels) != count or labels.dtype.kind not in "iufb":
        raise SourceError(f"{where}: {count} pictures, but labels of the shape {labels.shape}", remedy)
    ones = labels == 1
    wrong = (ones.sum(axis=1) != 1) | ((labels != 0).sum(axis=1) != 1)
    if wrong.any():
        row = int(wrong.argmax())
        raise SourceError(
            f"{where}: labels of the shape {labels.shape}, and row {row} is not one-hot",
            f"{remedy}; give --labels-as multilabel for several classes a picture, or --labels-as real for numbers",
        )
    classes = names or rule.names or tuple(map(str, range(labels.shape[1])))
    found = ones.argmax(axis=1).astype(np.int64)
    if len(classes) != labels.shape[1] or rule.start:
        raise SourceError(
            f"{where}: one-hot rows of {labels.shape[1]} classes, but {len(classes)} classes from {rule.start}",
            "leave out --labels-start, or name the labels' array with --labels-key",
        )
    return found, classes


def _check_possible(distinct: _Distinct, position: int, rule: LabelRule) -> None:
    """Refuse what no other row could make a label."""
    one = distinct.meanings[position]
    if one.kind == "missing" and (rule.reading == "names" or rule.strings_asked) and one.text not in {"", "null"}:
        return
    if rule.reading == "names" and one.kind in {"fraction", "vector"} and one.text:
        return
    if one.kind in {"missing", "fraction", "vector", "unprintable", "other"}:
        raise distinct.wrong(position, f"is {WORDS[one.kind]}", _remedy_for(one))
    if rule.reading == "numbers" and one.kind == "text":
        raise distinct.wrong(position, "is not a number", "leave out --labels-as numbers")


def _remedy_for(one: Meaning) -> str:
    if one.text in {"", "null"} or one.kind in {"unprintable", "other"}:
        return "leave that row out of the list, or name another column or field with --labels-key or --label-field"
    if one.kind == "vector":
        return (
            "name a column of whole numbers or class names with --labels-key or --label-field, or say what it is: "
            "--labels-as multilabel (several classes) or real (numbers)"
        )
    if one.kind == "fraction":
        return f"for numbers to regress to give --labels-as real; if that is the name of a class, {AS_NAMES}"
    return f"if that is the name of a class, {AS_NAMES}; otherwise name the labels with --labels-key or --label-field"


def _resolved(distinct: _Distinct, rule: LabelRule, names: tuple[str, ...] | None) -> Labels:
    """Return labels and class names where all the different labels agree on what they are."""
    if not len(distinct.numbers):
        raise SourceError(f"{distinct.where} holds no pictures", "choose another source")
    for position in range(len(distinct.meanings)):
        _check_possible(distinct, position, rule)
    kinds = {one.kind for one in distinct.meanings}
    if kinds == {"truth"} and rule.reading != "names" and rule.names is None:
        return _truths(distinct, rule, names)
    if rule.reading == "names" or kinds <= {"text", "missing", "truth"}:
        return _named(distinct, rule, names)
    if len(kinds) > 1:
        raise _mixed(distinct)
    if kinds == {"number"} and names is None and rule.names is not None:
        return _numbers_of_given(distinct, rule, rule.names)
    if kinds == {"number"}:
        return _numbered(distinct, rule, names)
    return _one_hot_strings(distinct, rule, names or rule.names)


def _mixed(distinct: _Distinct) -> SourceError:
    kinds = list(dict.fromkeys(one.kind for one in distinct.meanings))[:2]
    first, second = (distinct.first_of(kind) for kind in kinds)
    assert first is not None
    assert second is not None
    told = " and ".join(
        f"{shown(distinct.meanings[place].text)} ({distinct.at(place)}) is {WORDS[distinct.meanings[place].kind]}"
        for place in (first, second)
    )
    return SourceError(f"{distinct.where}: the labels are of two kinds: {told}", f"{AS_NAMES}, or use one kind")


def _truths(distinct: _Distinct, rule: LabelRule, names: tuple[str, ...] | None) -> Labels:
    if rule.start:
        raise distinct.wrong(0, "is true or false, and has no first number", "leave out --labels-start")
    values = np.array([one.value for one in distinct.meanings], np.int64)
    return values[distinct.numbers], _fitting(names, 2, distinct) or ("False", "True")


def _one_hot_strings(distinct: _Distinct, rule: LabelRule, names: tuple[str, ...] | None) -> Labels:
    lengths = [one.length for one in distinct.meanings]
    if len(set(lengths)) > 1:
        other = next(place for place, length in enumerate(lengths) if length != lengths[0])
        what = f"has {lengths[other]} numbers, that of {distinct.at(0)} {lengths[0]}"
        raise distinct.wrong(other, what, "use rows of one length")
    if rule.start:
        raise distinct.wrong(0, "is a one-hot row, and has no first number", "leave out --labels-start")
    values = np.array([one.value for one in distinct.meanings], np.int64)
    return values[distinct.numbers], _fitting(names, lengths[0], distinct) or tuple(map(str, range(lengths[0])))


def _fitting(names: tuple[str, ...] | None, count: int, distinct: _Distinct) -> tuple[str, ...] | None:
    if names is not None and len(names) != count:
        what = f"stands for one of {count} classes, of which {len(names)} have names"
        raise distinct.wrong(0, what, "name the right labels with --labels-key")
    return names


def _numbered(distinct: _Distinct, rule: LabelRule, names: tuple[str, ...] | None) -> Labels:
    values = [one.value - rule.start for one in distinct.meanings]
    if rule.reading != "numbers":
        _check_one_text_each(distinct)
        _check_padding(distinct, values)
    limit = MAX_CLASSES if names is None else len(names)
    _check_range(distinct, values, rule, limit)
    high = max(values)
    lonely = high == UNSIGNED_MINUS_ONE and high - 1 not in values and len(values) > 1
    if lonely and names is None and rule.reading != "numbers":
        what = "is what -1, no label, becomes in a byte"
        raise distinct.wrong(values.index(high), what, "if it is a class, give --labels-as numbers")
    labels = np.array(values, np.int64)[distinct.numbers]
    return labels, names or default_class_names(labels)


def _numbers_of_given(distinct: _Distinct, rule: LabelRule, given: tuple[str, ...]) -> Labels:
    """Return labels among classes that the user names: by name where those are numbers too, else by their places."""
    classes = [meaning_of(name) for name in given]
    if rule.reading == "numbers" or any(one.kind != "number" for one in classes):
        return _numbered(distinct, rule, given)
    if rule.start:
        raise distinct.wrong(0, "is the name of a class, and has no first number", "leave out --labels-start")
    places = {one.value: place for place, one in enumerate(classes)}
    if len(places) < len(classes):
        raise distinct.wrong(0, "is a number, and --classes-from names a number twice", "give --labels-as names")
    stranger = next((place for place, one in enumerate(distinct.meanings) if one.value not in places), None)
    if stranger is not None:
        what = f"is none of the {len(given)} classes ({', '.join(given)[:80]})"
        raise distinct.wrong(stranger, what, "name all classes with --classes-from, or the right labels")
    values = [places[one.value] for one in distinct.meanings]
    return np.array(values, np.int64)[distinct.numbers], given


def _check_range(distinct: _Distinct, values: list[int], rule: LabelRule, limit: int) -> None:
    low, high = min(values), max(values)
    if low < 0:
        what = f"is below --labels-start {rule.start}" if rule.start else "is negative: no class, or no label at all"
        raise distinct.wrong(values.index(low), what, "leave such rows out, or name other labels with --labels-key")
    if high >= limit:
        remedy = (
            "if the classes are numbered from 1, give --labels-start 1"
            if high == limit
            else (f"if it is the name of a class, {AS_NAMES}")
        )
        raise distinct.wrong(values.index(high), f"is beyond the {limit} classes", remedy)


def _check_one_text_each(distinct: _Distinct) -> None:
    """Refuse "7" beside "007": one class by number, two by name."""
    known: dict[int, int] = {}
    for position, one in enumerate(distinct.meanings):
        other = known.setdefault(one.value, position)
        if distinct.meanings[other].text != one.text:
            raise distinct.wrong(
                position,
                f"and {shown(distinct.meanings[other].text)} ({distinct.at(other)}) are one number and two strings",
                f"{AS_NAMES}, or --labels-as numbers for one class",
            )


def _check_padding(distinct: _Distinct, values: list[int]) -> None:
    """Refuse "005" and "007": classes 5 and 7 by number, 0 and 1 by name; "00" to "09" are the same either way."""
    padded = [place for place, one in enumerate(distinct.meanings) if len(one.text) > 1 and one.text[0] == "0"]
    digits = [one.text for one in distinct.meanings]
    padded = [place for place in padded if digits[place].isdigit()]
    if padded and sorted(values) != list(range(len(values))):
        place = padded[0]
        by_name = sorted(digits).index(digits[place])
        raise distinct.wrong(
            place,
            f"is class {values[place]} as a number, and class {by_name} as a code",
            "give --labels-as numbers, or --labels-as names",
        )


def _named(distinct: _Distinct, rule: LabelRule, names: tuple[str, ...] | None) -> Labels:
    """Return labels of strings: their places among the known classes, or else in their sorted order."""
    if rule.start:
        raise distinct.wrong(0, "is text, and has no first number", "leave out --labels-start")
    strings = [one.text for one in distinct.meanings]
    known = names or rule.names
    if known is None:
        known = tuple(sorted(set(strings)))
    places = {name: place for place, name in reversed(list(enumerate(known)))}
    for position, text in enumerate(strings):
        if text not in places:
            what = f"is none of the {len(known)} classes ({', '.join(known)[:80]})"
            raise distinct.wrong(position, what, "name the classes with --classes-from FILE, or the right labels")
        if known.count(text) > 1:
            raise distinct.wrong(position, "is the name of several classes", "name labels that are numbers")
    labels = np.array([places[text] for text in strings], np.int64)[distinct.numbers]
    return labels, known
