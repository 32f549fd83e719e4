"""Dead leaves: shapes that hide one another, with sizes of a power law (G. Matheron 1968; A. Lee, D. Mumford 2001)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.elementary import TURN, sincos
from fractals.family import Family, Field, Layer, Params, no_probe
from fractals.randomness import RandomStream
from fractals.streams import GOLDEN, as_unit, mixed
from ipmix_cli.numba_cache.jit import inlined, kernel

SHAPES = ("ellipse", "rectangle", "diamond", "triangle", "ring", "cross")
MOST_LEAVES = 40_000


def sample(stream: RandomStream) -> Params:
    """Draw the shapes, the least radius, and how leaves are shaded and striped."""
    shapes = [number for number in range(len(SHAPES)) if stream.flag(0.5)] or [stream.integer(0, 5)]
    return {
        "shapes": shapes,
        "smallest": stream.log_uniform(0.025, 0.09),
        "largest": stream.uniform(0.3, 1.0),
        "gradient": stream.uniform(0.0, 0.35),
        "stripes": stream.choose((0.0, stream.uniform(0.05, 0.25)), (1, 2)),
        "upright": stream.choose((0, 1), (4, 1)),
        "seed": stream.seed(),
    }


@inlined
def _inside(shape: int, u: float, v: float) -> bool:
    """Tell whether a place in a leaf's own coordinates belongs to it."""
    a, b = abs(u), abs(v)
    if shape == 0:
        return u * u + v * v < 1.0
    if shape == 1:
        return max(a, b) < 0.85
    if shape == 2:
        return a + b < 1.1
    if shape == 3:
        return v < 0.5 and v > 1.732 * a - 1.0
    if shape == 4:
        return 0.3 < u * u + v * v < 1.0
    return min(a, b) < 0.32 and max(a, b) < 1.0


@kernel
def leaves(size: int, shapes: NDArray[np.int64], numbers: NDArray[np.float64], seed: int) -> Field:
    """Return the field float32 (S, S) in 0..1, filled from the front leaf backwards until no gap is left.

    `numbers`: least radius and largest radius (1 is the picture's width), gradient, stripes, 1 for upright
    leaves.
    """
    out = np.full((size, size), np.float32(-1.0))
    state = np.uint64(seed)
    left = size * size
    draws = np.empty(8)
    small, large = 1.0 / (numbers[0] * numbers[0]), 1.0 / (numbers[1] * numbers[1])
    for _ in range(MOST_LEAVES):
        if left == 0:
            break
        for index in range(8):
            state += GOLDEN
            draws[index] = as_unit(mixed(state))
        radius = size / np.sqrt(small + draws[0] * (large - small))  # density proportional to radius**-3
        x, y = (1.2 * draws[1] - 0.1) * size, (1.2 * draws[2] - 0.1) * size
        sin, cos = sincos(TURN * (0.0 if numbers[4] > 0.0 else draws[3]))
        shape = shapes[int(draws[4] * shapes.shape[0])]
        thin = 0.45 + 0.55 * draws[5]
        stripe = numbers[3] if draws[7] > 0.5 else 0.0
        frequency = 2.0 + 12.0 * draws[7]
        for row in range(max(0, int(y - radius)), min(size, int(y + radius) + 2)):
            for column in range(max(0, int(x - radius)), min(size, int(x + radius) + 2)):
                if out[row, column] >= 0.0:
                    continue
                u, v = (column + 0.5 - x) / radius, (row + 0.5 - y) / radius
                u, v = cos * u + sin * v, (cos * v - sin * u) / thin
                if _inside(shape, u, v):
                    wave = frequency * u - np.floor(frequency * u)
                    value = draws[6] + numbers[2] * v + stripe * (4.0 * abs(wave - 0.5) - 1.0)
                    out[row, column] = min(max(value, 0.0), 1.0)
                    left -= 1
    return out


def render(params: Params, size: int) -> Layer:
    """Draw leaves until no gap is left."""
    names = ("smallest", "largest", "gradient", "stripes", "upright")
    numbers = np.array([params[name] for name in names], np.float64)
    return Layer(np.abs(leaves(size, np.array(params["shapes"], np.int64), numbers, params["seed"])))


FAMILY = Family(sample=sample, probe=no_probe, render=render, varied=("smallest", "largest", "gradient", "seed"))
