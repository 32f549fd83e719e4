"""Changes that a forger, or a failing disk, makes: to plain values, and to bytes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ipmix_cli.errors import IpmixError

HOSTILE: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**62, 2**63, -(2**63), 2**64, 10**9, 10**400, 0.5, -0.0, 1e308, 1e-320),
    *(
        float("inf"),
        float("nan"),
        "",
        "a",
        "\0",
        "\udcff",
        "\ud800\udc00",
        "../../etc/passwd",
        "/dev/zero",
        "x" * 10**5,
    ),
    *("ftp://203.0.113.7/x", "\x1b[2J", [], {}, [[]], [None] * 1000, [0] * 10**5, {"a": {"b": {}}}, {"": 0}),
]


def deep(levels: int) -> Any:
    """Return lists in lists."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def forged(values: Any, rng: np.random.Generator) -> Any:
    """Return plain values in which one to three places hold something else."""
    values = copy.deepcopy(values)
    for _ in range(int(rng.integers(1, 4))):
        values = _change(values, rng)
    return values


def _change(values: Any, rng: np.random.Generator) -> Any:
    at, key, parent = values, None, None
    while isinstance(at, dict | list) and at and rng.random() < 0.85:
        parent, key = (
            at,
            list(at)[int(rng.integers(len(at)))] if isinstance(at, dict) else int(rng.integers(len(at))),
        )
        at = parent[key]
    kind = int(rng.integers(5))
    new = deep(int(rng.integers(10, 200))) if kind == 0 else copy.deepcopy(HOSTILE[int(rng.integers(len(HOSTILE)))])
    if parent is None:
        return new if kind == 4 else values
    if kind == 1 and isinstance(parent, dict):
        del parent[key]
    elif kind == 2 and isinstance(parent, dict):
        parent["forged"] = new
    elif kind == 3 and isinstance(parent, list):
        parent.append(copy.deepcopy(at))
    else:
        parent[key] = new
    return values


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes cut, flipped, overwritten with extreme numbers, doubled or zeroed in one to four places."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if not data:
            break
        at, kind = int(rng.integers(len(data))), int(rng.integers(7))
        length = int(rng.integers(1, 64))
        number = [0, 1, 0x7F, 0xFF, 2**31 - 1, 2**32 - 1, 2**63 - 1][int(rng.integers(7))]
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data[at] ^= 1 << int(rng.integers(8))
        elif kind in (2, 3):
            width = (4, 8)[int(rng.integers(2))]
            data[at : at + width] = (number & (2 ** (8 * width) - 1)).to_bytes(width, ("little", "big")[kind - 2])
        elif kind == 4:
            data[at:at] = data[at : at + length]
        elif kind == 5:
            data[at : at + length] = bytes(length)
        else:
            del data[at : at + length]
    return bytes(data) if rng.random() < 0.98 else b"[" * 10**5


def refused(action: Callable[[], object]) -> None:
    """Do something that may end in an error of ipmix, and in no other."""
    try:
        action()
    except IpmixError as error:
        if not error.message.isprintable():
            raise RuntimeError(f"not printable: {error.message!r}") from error
