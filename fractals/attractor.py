"""Strange attractors of trigonometric maps: Clifford's (C. Pickover) and P. de Jong's (Scientific American, 1987)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fractals import raster
from fractals.elementary import S3, S5, S7, S9, S11, S13, TURN
from fractals.family import Family, Layer, Params
from fractals.randomness import RandomStream
from fractals.raster import Grid
from ipmix_cli.numba_cache.jit import inlined, kernel

POINTS = 300_000


def sample(stream: RandomStream) -> Params:
    """Draw the four numbers of one of the maps from -3..3."""
    a, b, c, d = (stream.uniform(-3, 3) for _ in range(4))
    clifford, de_jong = [a, c, a, b, d, b], [a, -1.0, b, c, -1.0, d]
    return {
        "numbers": stream.choose((clifford, de_jong)),
        "half": stream.log_uniform(0.1, 0.6),
        "share": stream.uniform(0.2, 0.9),
        "stretch": 1.0,
        "dab": stream.choose(([0, 1, 0, 1, 1, 1, 0, 1, 0], [1] * 9, [0, 0, 0, 0, 1, 1, 0, 1, 1])),
    }


@inlined
def wave(turns: float) -> float:
    """Return the sine of an angle in turns."""
    t = turns - np.floor(turns) - 0.5  # half a turn away: the sign is the opposite
    r = TURN * (0.25 - abs(abs(t) - 0.25))  # the quarter mirrored, without a branch that would be guessed wrongly
    q = r * r
    f = q * q
    return -math.copysign(r + r * q * ((S3 + q * S5) + f * ((S7 + q * S9) + f * (S11 + q * S13))), t)


@kernel
def orbit(numbers: NDArray[np.float64], view: NDArray[np.float64], steps: int, grid: Grid) -> NDArray[np.float64]:
    """Follow x' = sin(n0 y) + n1 cos(n2 x), y' = sin(n3 x) + n4 cos(n5 y) into a grid; return its first points.

    A point's colour is the length of the step that led to it.
    """
    trace = np.empty((min(steps, 4096), 2))
    size = grid.shape[0]
    scale_x, scale_y = size / (view[2] - view[0]), size / (view[3] - view[1])
    n = numbers / TURN
    longest = 0.25 / (1.0 + max(abs(numbers[1]), abs(numbers[4])))
    x, y, x2, y2 = 0.1, 0.1, -0.2, 0.3
    for step in range(-50, (steps + 1) // 2):  # two walkers at once: each waits for its own sines
        u = wave(n[0] * y) + numbers[1] * wave(n[2] * x + 0.25)
        v = wave(n[3] * x) + numbers[4] * wave(n[5] * y + 0.25)
        u2 = wave(n[0] * y2) + numbers[1] * wave(n[2] * x2 + 0.25)
        v2 = wave(n[3] * x2) + numbers[4] * wave(n[5] * y2 + 0.25)
        colour, colour2 = longest * (abs(u - x) + abs(v - y)), longest * (abs(u2 - x2) + abs(v2 - y2))
        x, y, x2, y2 = u, v, u2, v2
        if step >= 0:
            raster.hit(grid, (x - view[0]) * scale_x, (y - view[1]) * scale_y, colour)
            raster.hit(grid, (x2 - view[0]) * scale_x, (y2 - view[1]) * scale_y, colour2)
            if 2 * step + 1 < trace.shape[0]:
                trace[2 * step, 0], trace[2 * step, 1] = x, y
                trace[2 * step + 1, 0], trace[2 * step + 1, 1] = x2, y2
    return trace


def _view(params: Params) -> NDArray[np.float64]:
    whole = np.array([-1.0, -1.0, 1.0, 1.0])
    nothing = np.empty((0, 0), np.uint32)
    trace = orbit(np.array(params["numbers"]), whole, raster.PROBE_POINTS, nothing)
    return raster.framed(trace, params["stretch"])


def probe(params: Params) -> str:
    """Refuse orbits that fall into a cycle or a thin curve."""
    view = _view(params)
    if min(view[2] - view[0], view[3] - view[1]) < 0.05:
        return "cycle"
    grid = np.zeros((64, 64), np.uint32)
    orbit(np.array(params["numbers"]), view, raster.PROBE_POINTS, grid)
    return "sparse" if raster.occupancy(grid) < 0.2 else ""


def render(params: Params, size: int) -> Layer:
    """Draw the density of 300,000 points (at 256x256; in proportion elsewhere)."""
    grid = np.zeros((size, size), np.uint32)
    orbit(np.array(params["numbers"]), _view(params), raster.point_count(POINTS, size), grid)
    return raster.developed(grid, params["dab"], params["half"], params["share"])


FAMILY = Family(sample=sample, probe=probe, render=render, covers=False, varied=("numbers",))
