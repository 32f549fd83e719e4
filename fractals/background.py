"""What lies behind the families that do not fill it: a colour, a gradient, a plasma, another fractal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fractals import colour, plasma
from fractals.elementary import TURN, sincos
from fractals.family import Family, Field, Params, Picture
from fractals.randomness import RandomStream
from ipmix_cli.numba_cache.jit import kernel

PLAIN = {"solid": 0.16, "gradient": 0.19, "plasma": 0.32}
RANGES = {"dark": (0.02, 0.5), "light": (0.55, 0.98), "any": (0.0, 1.0)}  # of lightness, behind
CONTRARY = {"dark": (0.3, 1.0), "light": (0.0, 0.7), "any": (0.0, 1.0)}  # and in front, so that it stands out
LAYERED = {"julia": 0.13, "kali": 0.08, "phoenix": 0.06, "mandelbrot": 0.06}


def sample(stream: RandomStream, families: Mapping[str, Family], tone: str) -> Params:
    """Draw a background of a tone, a name of `RANGES`; a third of them are fractals (layering)."""
    shares = PLAIN | {name: share for name, share in LAYERED.items() if name in families}
    kind = stream.choose(list(shares), list(shares.values()))
    low, high = RANGES[tone]
    drawn: Params = {"kind": kind, "palette": colour.between(colour.sample_palette(stream), low, high)}
    if kind == "gradient":
        drawn |= {"angle": stream.uniform(0, TURN), "round": stream.flag(0.35)}
    elif kind != "solid":
        family = families[kind]
        for _ in range(20):
            drawn["params"] = family.sample(stream)
            if not family.probe(drawn["params"]):
                break
    return drawn


def render(params: Params, size: int, families: Mapping[str, Family]) -> Picture:
    """Return the background, uint8 (S, S, 3)."""
    table = colour.palette_table(params["palette"])
    kind = params["kind"]
    if kind == "solid":
        return np.broadcast_to(table[0], (size, size, 3)).copy()
    if kind == "gradient":
        sin, cos = sincos(params["angle"])
        return colour.paint(_ramp(size, cos, sin, bool(params["round"])), table)
    if kind == "plasma":
        return colour.paint(plasma.render(params["params"], size).value, table)
    return colour.paint(families[kind].render(params["params"], size).value, table)


@kernel
def _ramp(size: int, cos: float, sin: float, around: bool) -> Field:
    """Return a linear ramp in one direction, or a round one."""
    out = np.empty((size, size), np.float32)
    for row in range(size):
        y = (row + 0.5) / size - 0.5
        for column in range(size):
            x = (column + 0.5) / size - 0.5
            out[row, column] = np.sqrt(2.0 * (x * x + y * y)) if around else 0.5 + (cos * x + sin * y) / 1.4143
    return out
