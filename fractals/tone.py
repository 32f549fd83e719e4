"""Tone: spread a field of numbers over a palette's 0..1, and fold or light it."""

from __future__ import annotations

import numpy as np

from fractals.family import Field
from fractals.jit import kernel

BINS = 4096


@kernel
def equalised(field: Field, level: float) -> Field:
    """Return a field spread over 0..1, between linearly (level 0) and with equal areas (level 1).

    The extremes and the histogram are taken from about 128 x 128 of the pixels.

    Parameters
    ----------
    field : float32 (S, S)
        Finite numbers.
    level : float
        Share of the histogram equalisation.
    """
    size = field.shape[0]
    every = max(1, size // 128)
    low, high = field[0, 0], field[0, 0]
    for row in range(0, size, every):
        for column in range(0, size, every):
            low, high = min(low, field[row, column]), max(high, field[row, column])
    scale = np.float32(BINS - 1) / max(high - low, np.float32(1e-20))
    counts = np.zeros(BINS, np.int64)
    for row in range(0, size, every):
        for column in range(0, size, every):
            counts[int((field[row, column] - low) * scale)] += 1
    curve = np.empty(BINS, np.float32)
    below, total = 0, counts.sum()
    for index in range(BINS):
        below += counts[index]
        curve[index] = level * below / total + (1.0 - level) * index / BINS
    flat = field.ravel()
    out = np.empty_like(field)
    flat_out = out.ravel()
    for index in range(flat.size):
        place = min(max((flat[index] - low) * scale, np.float32(0.0)), np.float32(BINS - 1))
        flat_out[index] = curve[int(place)]
    return out


@kernel
def folded(value: Field, cycles: float) -> Field:
    """Return values in 0..1 that run up and down `cycles` times."""
    out = np.empty_like(value)
    flat, flat_out = value.ravel(), out.ravel()
    for index in range(flat.size):
        place = 0.5 * cycles * flat[index]
        flat_out[index] = np.float32(1.0 - abs(2.0 * (place - np.floor(place)) - 1.0))
    return out


@kernel
def lit(value: Field, height: float, cos: float, sin: float) -> Field:
    """Return the light on the field seen as a relief, -1..1: its slope in a direction, softly limited."""
    size = value.shape[0]
    out = np.empty_like(value)
    steepness = np.float32(height * size / 64.0)
    right, down = np.float32(cos), np.float32(sin)
    for row in range(size):
        above, below = max(row - 1, 0), min(row + 1, size - 1)
        for column in range(size):
            left, beyond = max(column - 1, 0), min(column + 1, size - 1)
            gx = value[row, beyond] - value[row, left]
            gy = value[below, column] - value[above, column]
            slope = steepness * (right * gx + down * gy)
            out[row, column] = slope / (np.float32(1.0) + abs(slope))
    return out
