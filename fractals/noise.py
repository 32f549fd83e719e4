"""Sums of gradient noise: plain, ridged, turbulent, or warped by itself (K. Perlin 1985; F. K. Musgrave 1989)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.family import Family, Field, Layer, Params, no_probe
from fractals.randomness import RandomStream
from fractals.streams import GOLDEN, as_unit, mixed
from fractals.tone import equalised
from ipmix_cli.numba_cache.jit import inlined, kernel, part

PERIOD = 64  # cells after which the noise repeats: a table that stays in the first cache
KINDS = {"plain": 0, "ridged": 1, "turbulent": 2}


def sample(stream: RandomStream) -> Params:
    """Draw 2-6 octaves, the gain of each over the one before, the kind, the warp, and how it is stretched."""
    return {
        "kind": stream.choose([*KINDS]),
        "octaves": stream.integer(2, 6),
        "gain": stream.uniform(0.4, 0.65),
        "cells": stream.log_uniform(1.5, 8.0),
        "stretch": stream.choose((1.0, stream.log_uniform(0.3, 3.0)), (2, 1)),
        "warp": stream.choose((0.0, stream.uniform(0.3, 1.6))),
        "level": stream.uniform(0.4, 1.0),
        "seed": stream.seed(),
    }


@kernel
def gradients(seed: int) -> NDArray[np.float32]:
    """Return a table (64, 64, 2) of random gradients, spread over a disc."""
    table = np.empty((PERIOD, PERIOD, 2), np.float32)
    state = np.uint64(seed)
    for row in range(PERIOD):
        for column in range(PERIOD):
            x, y = 1.0, 1.0
            while x * x + y * y > 1.0:
                state += GOLDEN
                word = mixed(state)
                x = 2.0 * as_unit(word) - 1.0
                y = 2.0 * as_unit(mixed(word)) - 1.0
            table[row, column, 0], table[row, column, 1] = x, y
    return table


@inlined
def _at(table: NDArray[np.float32], x: float, y: float) -> float:
    """Return gradient noise at a place, about -0.7..0.7."""
    left, top = np.floor(x), np.floor(y)
    fx, fy = x - left, y - top
    column, row = int(left) & 63, int(top) & 63
    right, below = (column + 1) & 63, (row + 1) & 63
    a = table[row, column, 0] * fx + table[row, column, 1] * fy
    b = table[row, right, 0] * (fx - 1.0) + table[row, right, 1] * fy
    c = table[below, column, 0] * fx + table[below, column, 1] * (fy - 1.0)
    d = table[below, right, 0] * (fx - 1.0) + table[below, right, 1] * (fy - 1.0)
    sx = fx * fx * fx * (fx * (fx * 6.0 - 15.0) + 10.0)
    sy = fy * fy * fy * (fy * (fy * 6.0 - 15.0) + 10.0)
    upper, lower = a + sx * (b - a), c + sx * (d - c)
    return float(upper + sy * (lower - upper))


@part
def _sum(table: NDArray[np.float32], place: tuple[float, float], octaves: int, gain: float, kind: int) -> float:
    """Return the sum of the octaves at a place; each is twice as fine as the one before."""
    x, y = place
    total, amplitude = 0.0, 1.0
    for octave in range(octaves):
        value = _at(table, x, y)
        if kind == 1:
            value = 0.5 - abs(2.0 * value)
        elif kind == 2:
            value = abs(2.0 * value) - 0.5
        total += amplitude * value
        amplitude *= gain
        x, y = 2.0 * x + 17.3 + octave, 2.0 * y + 5.7 - octave
    return total


@kernel
def clouds(
    size: int,
    table: NDArray[np.float32],
    cells: tuple[float, float],
    warp: float,
    sums: tuple[int, float, int],
) -> Field:
    """Return the field float32 (S, S); `cells` across and down, `sums` is (octaves, gain, kind)."""
    out = np.empty((size, size), np.float32)
    octaves, gain, kind = sums
    for row in range(size):
        for column in range(size):
            x, y = cells[0] * (column + 0.5) / size, cells[1] * (row + 0.5) / size
            if warp > 0.0:
                right = _sum(table, (x + 31.4, y + 9.2), 2, 0.5, 0)
                down = _sum(table, (x + 3.9, y + 47.1), 2, 0.5, 0)
                x, y = x + 2.0 * warp * right, y + 2.0 * warp * down
            out[row, column] = _sum(table, (x, y), octaves, gain, kind)
    return out


def render(params: Params, size: int) -> Layer:
    """Draw the sum of the octaves."""
    cells = params["cells"], params["cells"] * params["stretch"]
    sums = params["octaves"], params["gain"], KINDS[params["kind"]]
    field = clouds(size, gradients(params["seed"]), cells, params["warp"], sums)
    return Layer(equalised(field, params["level"]))


FAMILY = Family(sample=sample, probe=no_probe, render=render, varied=("gain", "cells", "stretch", "warp", "seed"))
