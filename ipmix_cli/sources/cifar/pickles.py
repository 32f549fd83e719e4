"""A reader for the small part of pickle that CIFAR's files are written in; nothing in one is ever called.

Python's own unpickler runs what a file asks for, and takes memory by numbers that the file states. This one
is a machine for some thirty instructions that build dictionaries, lists, numbers and strings. Of all names in
the world it knows numpy's three for an array (and ``_codecs.encode``, in which Python 3 hides bytes in old
protocols), and even these stand for inert records here: the array is made from the raw bytes after its shape
and type were checked.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from ipmix_cli.errors import SourceError

MAX_INSTRUCTIONS = 4_000_000
"""CIFAR-100's largest file has 300 thousand; each makes one object of at most some hundred bytes."""

ALLOWED = {
    "numpy.core.multiarray._reconstruct": "array",
    "numpy._core.multiarray._reconstruct": "array",
    "numpy.ndarray": "ndarray",
    "numpy.dtype": "dtype",
    "_codecs.encode": "encode",
}
FIXED = {"J": "<i", "M": "<H", "G": ">d"}
STRINGS = {"T": "<i", "C": "<B", "B": "<I", "\x8e": "<Q", "\x96": "<Q"}
UNICODE = {"X": "<I", "\x8c": "<B", "\x8d": "<Q"}
CONSTANTS = {"N": None, "\x88": True, "\x89": False, ")": ()}
TUPLES = {"\x85": 1, "\x86": 2, "\x87": 3}
MARK = object()
END = ord(".")


class _RefusedError(Exception):
    """Why a pickle is not read; becomes a SourceError that names the file."""


@dataclass(frozen=True)
class _Name:
    """A name that a pickle asked for, and may have."""

    meaning: str


@dataclass
class _Array:
    """An array in the making: `state` is what numpy's __setstate__ would get."""

    state: Any = None


@dataclass
class _Dtype:
    """An element type in the making: code as "u1", byte order as "|"."""

    code: str
    order: str = "|"


def read_pickle(data: bytes, where: str) -> dict[str, Any]:
    """Return the dictionary that a pickle holds; its arrays are views of `data`.

    Parameters
    ----------
    data : bytes
        The whole file.
    where : str
        The file, for messages.

    Raises
    ------
    SourceError
        For anything but a dictionary of numbers, strings, lists and arrays of numbers; nothing is run.
    """
    try:
        found = _Machine(data).run()
        return {key: _finished(value) for key, value in _kind(found, dict).items()}
    except _RefusedError as error:
        raise SourceError(
            f"{where} is refused: {error}", "use the file as its authors published it; nothing of it was run"
        ) from error
    except (struct.error, IndexError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise SourceError(
            f"{where} is cut short or damaged: not a pickle of arrays and labels", "fetch it again"
        ) from error


@dataclass
class _Machine:
    """The stack, the memo and the place in the file."""

    data: bytes
    at: int = 0
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    encoded: int = 0

    def run(self) -> Any:
        data, often = self.data, OFTEN
        for _ in range(MAX_INSTRUCTIONS):
            code = data[self.at]
            self.at += 1
            if code in often:
                often[code](self)
            elif code == END:
                return self.stack[-1]
            else:
                self.step(chr(code))
        raise _RefusedError(f"it has more than {MAX_INSTRUCTIONS} instructions")

    def byte(self) -> None:
        self.stack.append(self.data[self.at])
        self.at += 1

    def short_string(self) -> None:
        start = self.at + 1
        self.at = start + self.data[self.at]
        if self.at > len(self.data):
            raise ValueError
        self.stack.append(self.data[start : self.at])

    def remember_at_byte(self) -> None:
        self.memo[self.data[self.at]] = self.stack[-1]
        self.at += 1

    def remember_at_number(self) -> None:
        self.memo[self.number("<I")] = self.stack[-1]

    def step(self, code: str) -> None:
        if code in FIXED:
            self.stack.append(self.number(FIXED[code]))
        elif code in STRINGS:
            self.stack.append(self.take(self.number(STRINGS[code])))
        elif code in UNICODE:
            self.stack.append(bytes(self.take(self.number(UNICODE[code]))).decode("utf-8", "surrogatepass"))
        elif code in CONSTANTS:
            self.stack.append(CONSTANTS[code])
        elif code in TUPLES:
            self.stack[-TUPLES[code] :] = [tuple(self.stack[-TUPLES[code] :])]
        elif code in "\x80\x95":
            self.take(1 if code == "\x80" else 8)
        elif code == "\x94":
            self.memo[len(self.memo)] = self.stack[-1]
        elif code in "hj":
            self.stack.append(self.memo[self.number("<B" if code == "h" else "<I")])
        elif code in "c\x93i":
            self.name(code)
        else:
            self.build(code)

    def number(self, layout: str) -> Any:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def take(self, count: int) -> bytes | memoryview:
        """Return the next bytes: a copy of a few, a view of many."""
        if not 0 <= count <= len(self.data) - self.at:
            raise ValueError
        start, self.at = self.at, self.at + count
        return memoryview(self.data)[start : self.at] if count > 4096 else self.data[start : self.at]

    def line(self) -> str:
        start = self.at
        while self.data[self.at] != 10 and self.at - start < 200:
            self.at += 1
        self.at += 1
        return self.data[start : self.at - 1].decode("ascii", "replace")

    def name(self, code: str) -> None:
        if code == "\x93":
            module, name = self.stack[-2:]
            del self.stack[-2:]
        else:
            module, name = self.line(), self.line()
        wanted = f"{module}.{name}"
        if code == "i" or wanted not in ALLOWED:
            raise _RefusedError(f"it asks for {wanted[:200]!r}, and only numpy arrays are allowed")
        self.stack.append(_Name(ALLOWED[wanted]))

    def build(self, code: str) -> None:
        if code == "(":
            self.stack.append(MARK)
        elif code in "}]":
            self.stack.append({} if code == "}" else [])
        elif code in "tld":
            self.close(code)
        elif code in "ae":
            items = [self.stack.pop()] if code == "a" else self.since_mark()
            _kind(self.stack[-1], list).extend(items)
        elif code in "su":
            items = [self.stack.pop() for _ in "kv"][::-1] if code == "s" else self.since_mark()
            _fill(_kind(self.stack[-1], dict), items)
        elif code == "R":
            arguments, called = self.stack.pop(), self.stack.pop()
            self.stack.append(_made(called, arguments))
            self.count_encoded(self.stack[-1])
        elif code == "b":
            _set_state(self.stack[-2], self.stack.pop())
        elif code == "\x8a":
            self.stack.append(int.from_bytes(self.take(min(self.number("<B"), 16)), "little", signed=True))
        else:
            raise _RefusedError(
                f"it holds the pickle instruction {code!r}, which a file of arrays and labels does not need"
            )

    def count_encoded(self, made: Any) -> None:
        """Refuse bytes that together are longer than the file: one text would be encoded again and again."""
        self.encoded += len(made) if isinstance(made, bytes) else 0
        if self.encoded > len(self.data):
            raise _RefusedError("it holds more bytes than the file has")

    def close(self, code: str) -> None:
        items = self.since_mark()
        if code == "d":
            found: dict[str, Any] = {}
            _fill(found, items)
            self.stack.append(found)
        else:
            self.stack.append(tuple(items) if code == "t" else items)

    def since_mark(self) -> list[Any]:
        at = len(self.stack) - 1
        while self.stack[at] is not MARK:
            at -= 1
            if at < 0:
                raise ValueError
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items


OFTEN: dict[int, Callable[[_Machine], None]] = {
    ord("K"): _Machine.byte,
    ord("U"): _Machine.short_string,
    ord("q"): _Machine.remember_at_byte,
    ord("r"): _Machine.remember_at_number,
}
"""What labels and file names are made of: ten thousand of each in a file."""


def _kind(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError
    return value


def _fill(target: dict[str, Any], items: list[Any]) -> None:
    for key, value in zip(items[::2], items[1::2], strict=True):
        text = key.decode("ascii") if isinstance(key, bytes) else _kind(key, str)
        target[text] = value


def _made(called: Any, arguments: Any) -> Any:
    """Return the inert record, or the bytes, that a call stands for."""
    meaning = called.meaning if isinstance(called, _Name) else None
    if meaning == "array" and arguments[0] == _Name("ndarray"):
        return _Array()
    if meaning == "dtype":
        return _Dtype(_text(arguments[0]))
    if meaning == "encode" and arguments[1:] in [("latin1",), ("latin-1",)]:
        return _kind(arguments[0], str).encode("latin-1")
    raise _RefusedError("it calls something that is not a numpy array")


def _set_state(target: Any, state: Any) -> None:
    if isinstance(target, _Array):
        target.state = state
    elif isinstance(target, _Dtype):
        target.order = {"<": "<", ">": ">", "|": "|", "=": "<"}[_text(state[1])]
    else:
        raise _RefusedError("it changes the state of something other than a numpy array")


def _text(value: Any) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else str(_kind(value, str))


def _finished(value: Any) -> Any:
    return _array(value) if isinstance(value, _Array) else value


def _array(record: _Array) -> np.ndarray[Any, Any]:
    """Return the array of a record, as a view of the file's bytes."""
    _, shape, dtype, fortran, raw = record.state
    if not isinstance(dtype, _Dtype) or dtype.code not in {"u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"}:
        raise _RefusedError("it holds an array that is not of whole numbers")
    if not all(type(length) is int and length >= 0 for length in shape) or len(shape) > 4:
        raise ValueError
    element = np.dtype(dtype.order + dtype.code)
    if prod(shape) * element.itemsize != len(raw) or fortran:
        raise _RefusedError("it holds an array whose shape and size do not agree")
    return np.frombuffer(raw, element).reshape(shape)
