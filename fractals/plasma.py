"""Plasma: random midpoint displacement of a square (Fournier, Fussell and Carpenter, CACM 25(6), 1982)."""

from __future__ import annotations

import numpy as np

from fractals import elementary
from fractals.family import Family, Field, Layer, Params, no_probe
from fractals.randomness import RandomStream
from fractals.streams import GOLDEN, mixed
from fractals.tone import equalised
from ipmix_cli.numba_cache.jit import inlined, kernel


def sample(stream: RandomStream) -> Params:
    """Draw how fast the displacement falls off from level to level: .35 is rough, .8 smooth."""
    return {"decay": stream.uniform(0.35, 0.8), "seed": stream.seed(), "level": stream.uniform(0.4, 1.0)}


@inlined
def _noise(word: np.uint64, part: int) -> np.float32:
    """Return one of the four 16-bit parts of a word as a number in -1..1."""
    return np.float32(np.int32((word >> np.uint64(16 * part)) & np.uint64(65535)) - 32768) * np.float32(1 / 32768)


@kernel
def displaced(size: int, ratio: float, seed: int) -> Field:
    """Return the field (size + 1, size + 1) of a square displaced down to single pixels.

    `size` is a power of two. Levels are filled from coarse to fine out of one stream, so that a larger field
    is the smaller one with more detail.
    """
    field = np.zeros((size + 1, size + 1), np.float32)
    state = np.uint64(seed)
    amplitude = np.float32(1.0)
    quarter, half = np.float32(0.25), np.float32(0.5)
    for row in (0, size):
        for column in (0, size):
            state += GOLDEN
            field[row, column] = _noise(mixed(state), 0)
    step = size
    while step > 1:
        middle = step // 2
        for top in range(0, size, step):
            bottom = top + step
            for left in range(0, size, step):
                right = left + step
                state += GOLDEN
                word = mixed(state)
                a, b, c, d = field[top, left], field[top, right], field[bottom, left], field[bottom, right]
                field[top + middle, left + middle] = quarter * (a + b + c + d) + amplitude * _noise(word, 0)
                field[bottom, left + middle] = half * (c + d) + amplitude * _noise(word, 1)
                field[top + middle, right] = half * (b + d) + amplitude * _noise(word, 2)
                if top == 0:
                    field[0, left + middle] = half * (a + b) + amplitude * _noise(word, 3)
                if left == 0:
                    field[top + middle, 0] = half * (a + c) + amplitude * _noise(word, 3)
        step = middle
        amplitude *= np.float32(ratio)
    return field


@kernel
def resampled(field: Field, size: int) -> Field:
    """Return the field (N + 1, N + 1) seen through size x size pixels, bilinearly."""
    out = np.empty((size, size), np.float32)
    scale = (field.shape[0] - 1) / size
    for row in range(size):
        y = (row + 0.5) * scale
        top = int(y)
        fy = np.float32(y - top)
        for column in range(size):
            x = (column + 0.5) * scale
            left = int(x)
            fx = np.float32(x - left)
            upper = field[top, left] + fx * (field[top, left + 1] - field[top, left])
            lower = field[top + 1, left] + fx * (field[top + 1, left + 1] - field[top + 1, left])
            out[row, column] = upper + fy * (lower - upper)
    return out


def fitted(field: Field, size: int) -> Field:
    """Return the field (N + 1, N + 1) as size x size pixels, N >= size: as it is where that fits."""
    if field.shape[0] - 1 == size:
        return np.ascontiguousarray(field[:size, :size])
    return resampled(field, size)


def power_of_two(size: int) -> int:
    """Return the smallest power of two that is at least `size`."""
    return 1 << (size - 1).bit_length()


def render(params: Params, size: int) -> Layer:
    """Draw the displaced square."""
    field = displaced(power_of_two(size), elementary.exp(-params["decay"]), params["seed"])
    return Layer(equalised(fitted(field, size), params["level"]))


FAMILY = Family(sample=sample, probe=no_probe, render=render, varied=("decay", "level"))
