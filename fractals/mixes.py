"""Mixes of families: named tables of weights, and how a user writes one."""

from __future__ import annotations

import math

from fractals import FAMILIES
from ipmix_cli.errors import did_you_mean

MIXES: dict[str, dict[str, float]] = {
    "default": {  # the one that looked richest and came nearest to the statistics of photographs
        "flame": 0.14,
        "ifs": 0.14,
        "julia": 0.12,
        "mandelbrot": 0.10,
        "kali": 0.08,
        "newton": 0.07,
        "attractor": 0.06,
        "dead_leaves": 0.05,
        "phoenix": 0.05,
        "lyapunov": 0.05,
        "plasma": 0.05,
        "noise": 0.04,
        "spectrum": 0.03,
        "contour": 0.02,
    },
    # Of IPMix's own 13,000: 3,000 IFS, 3,000 feature pictures (here: leaves and noise), the rest escape-time.
    "ipmix": {
        "ifs": 0.23,
        "mandelbrot": 0.27,
        "julia": 0.27,
        "dead_leaves": 0.12,
        "spectrum": 0.06,
        "noise": 0.05,
    },
    "fractaldb": {"fractaldb": 1.0},
}


def mix_of(text: str) -> dict[str, float]:
    """Return the weights that a user wrote: a name of `MIXES`, or ``NAME=WEIGHT,NAME=WEIGHT``.

    Raises
    ------
    ValueError
        Saying what is wrong with which part, with a suggestion for a misspelled name.
    """
    if text in MIXES:
        return dict(MIXES[text])
    if "=" not in text:
        raise ValueError(unknown("mix", text, [*MIXES]) + ", or NAME=WEIGHT,NAME=WEIGHT with names of families")
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        check_family(name)
        if name in weights:
            raise ValueError(f"family {name!r} has two weights in {text!r}")
        weights[name] = _weight(number, part)
    return check_mix(weights)


def _weight(number: str, part: str) -> float:
    try:
        return float(number)
    except ValueError:
        raise ValueError(f"{number!r} in {part.strip()!r} is not a number") from None


def check_mix(weights: dict[str, float]) -> dict[str, float]:
    """Return the weights if they are a mix: known families, none negative, at least one above zero."""
    for name, weight in weights.items():
        check_family(name)
        if not 0 <= weight < math.inf:
            raise ValueError(f"the weight of {name} is {weight}: weights are finite numbers from 0")
    if not sum(weights.values()) > 0:
        raise ValueError("the weights of a mix add up to 0: at least one has to be above 0")
    return weights


def check_family(name: str) -> None:
    """Raise ValueError, with a suggestion, unless this is the name of a family."""
    if name not in FAMILIES:
        raise ValueError(unknown("family", name, [*FAMILIES]))


def unknown(what: str, name: str, known: list[str]) -> str:
    """Return the sentence that names the nearest known name, and all of them."""
    question = did_you_mean(name.lower(), known)
    return f"unknown {what} {name!r}; {question}{' ' if question else ''}known: {', '.join(known)}"
