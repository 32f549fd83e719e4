"""What one label means: a number, true or false, a one-hot row, a class name, or nothing that can be told.

Every reader asks here, so that the same text is the same label in a CSV, in JSON, in Parquet, in a tar, in HDF5 and in
NPZ. Numbers are known in the forms that programs print them in: ``3``, ``3.0``, ``tensor(3)``, ``np.int64(3)``,
``[3]``, ``[0. 0. 0. 1.]``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.0*)?")
OTHER_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|0[xXoObB][0-9a-fA-F]+")
PRINTED = re.compile(r"(?:tensor|array|Array|(?:np|numpy|torch|jnp)\.\w+)\((.*)\)", re.DOTALL)
PRINTED_TYPE = re.compile(r",\s*(?:dtype|device|requires_grad|grad_fn)=.*", re.DOTALL)
MISSING = {"", "nan", "<na>", "none", "null", "na", "n/a", "nat", "inf", "-inf", "infinity", "-infinity"}
"""Words, in lower case, that programs write for a missing value; a class may have such a name all the same."""

MOST_TEXT = 60  # characters of a label that a message shows


@dataclass(frozen=True)
class Meaning:
    """What a label means.

    Parameters
    ----------
    kind : str
        ``number``, ``truth`` (true or false), ``one-hot`` and ``text`` are labels. ``missing`` is text where text was
        asked for. ``fraction``, ``vector``, ``unprintable`` and ``other`` are never labels.
    value : int
        Of a number, of true (1) and false (0), or the place of the one in a one-hot row.
    length : int
        Of a one-hot row.
    text : str
        As it stood there, without spaces around it.
    """

    kind: str
    value: int = 0
    length: int = 0
    text: str = ""


WORDS = {
    "number": "a number",
    "truth": "true or false",
    "one-hot": "a one-hot row",
    "text": "text",
    "missing": "what programs write where a value is missing",
    "fraction": "not a whole number",
    "vector": "neither a number nor a one-hot row",
    "unprintable": "text with characters that cannot be printed",
    "other": "no label",
}
"""Each kind in words, for messages."""


def meaning_of(value: object) -> Meaning:
    """Return what a value from a source means as a label.

    >>> [meaning_of(value).value for value in (3, "3", "3.0", "tensor(3)", "np.int64(3)", "[0. 0. 0. 1.]", [3])]
    [3, 3, 3, 3, 3, 3, 3]
    >>> [meaning_of(value).kind for value in ("cat", "NA", None, 0.5, [0.1, 0.9], True)]
    ['text', 'missing', 'missing', 'fraction', 'vector', 'truth']
    """
    if hasattr(value, "tolist"):
        value = value.tolist()  # numpy's scalars and arrays
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        return _of_text(readable(value).strip())
    if value is None:
        return Meaning("missing", text="null")
    if isinstance(value, bool):
        return Meaning("truth", int(value), text=str(value))
    if isinstance(value, int | float):
        return _of_number(value)
    if isinstance(value, list | tuple):
        return _of_row(value, str(value))
    return Meaning("other", text=str(value))


def readable(text: str) -> str:
    r"""Return text in which bytes that are not UTF-8 are spelt out: no reader of JSON, YAML or HDF5 takes them.

    >>> print(readable("caf\udce9"))
    caf\xe9
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def shown(text: str) -> str:
    """Return a label for a message: quoted, and cut where it is long."""
    return repr(text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}...")


def _of_text(text: str) -> Meaning:
    inner = text
    while found := PRINTED.fullmatch(inner):
        inner = PRINTED_TYPE.sub("", found[1]).strip()
    if NUMBER.fullmatch(inner):
        return Meaning("number", int(inner.partition(".")[0]), text=text)
    if inner.startswith("[") and inner.endswith("]"):
        return _of_row_text(inner, text)
    if inner != text:
        return Meaning("vector", text=text)
    if text.lower() in {"true", "false"}:
        return Meaning("truth", int(text.lower() == "true"), text=text)
    return Meaning(_kind_of_words(text), text=text)


def _kind_of_words(text: str) -> str:
    if OTHER_NUMBER.fullmatch(text):
        return "fraction"
    if text.lower() in MISSING:
        return "missing"
    return "text" if text.isprintable() else "unprintable"


def _of_number(value: float, text: str = "") -> Meaning:
    text = text or _number_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return Meaning("missing" if math.isnan(value) else "fraction", text=text)
    return Meaning("number", int(value), text=text) if value == int(value) else Meaning("fraction", text=text)


def _number_text(value: float) -> str:
    if isinstance(value, int) and abs(value) >= 10**18:
        return f"{'-' if value < 0 else ''}a number of more than 18 digits"  # str() refuses the longest
    return str(value)


def _of_row_text(inner: str, text: str) -> Meaning:
    words = inner.strip("[]").replace(",", " ").split()
    try:
        return _of_row([float(word) for word in words], text)
    except ValueError:
        return Meaning("vector", text=text)


def _of_row(row: Sequence[Any], text: str) -> Meaning:
    """Return what a row of numbers means: a one among zeros is its place, one number alone is itself."""
    while len(row) == 1 and isinstance(row[0], list | tuple):
        row = row[0]
    if not all(isinstance(item, int | float) for item in row) or not row:
        return Meaning("vector", text=text)
    if len(row) == 1:
        return _of_number(row[0], text)
    ones = [place for place, item in enumerate(row) if item == 1]
    if len(ones) == 1 and sum(item == 0 for item in row) == len(row) - 1:
        return Meaning("one-hot", ones[0], len(row), text)
    return Meaning("vector", text=text)
