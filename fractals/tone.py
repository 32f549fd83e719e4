"""Tone: spread a field of numbers over a palette's 0..1, and fold or light it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.family import Field
from ipmix_cli.numba_cache.jit import inlined, kernel, part

BINS = 4096
ONE = np.float32(1)
FIRST, LAST = np.float32(0), np.float32(BINS - 1)


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
    size, every = field.shape[0], max(1, field.shape[0] // 128)
    low, high = _extremes(field, every)
    scale = LAST / max(high - low, np.float32(1e-20))
    counts = np.zeros(BINS, np.int64)
    out, bins = np.empty_like(field), np.empty(size, np.int32)
    for row in range(0, size, every):
        _find_bins(field[row], low, scale, bins)
        for column in range(0, size, every):
            counts[bins[column]] += 1
    curve = _curve(counts, level)
    for row in range(size):
        _find_bins(field[row], low, scale, bins)
        for column in range(size):
            out[row, column] = curve[bins[column]]
    return out


@part
def _extremes(field: Field, every: int) -> tuple[np.float32, np.float32]:
    """Return the least and the greatest value of every n-th row and column."""
    lows, highs = field[0].copy(), field[0].copy()
    for row in range(0, field.shape[0], every):
        for column in range(field.shape[1]):  # each column for itself, and so in vectors
            lows[column] = min(lows[column], field[row, column])
            highs[column] = max(highs[column], field[row, column])
    low, high = lows[0], highs[0]
    for column in range(0, field.shape[1], every):
        low, high = min(low, lows[column]), max(high, highs[column])
    return low, high


@inlined
def _find_bins(values: Field, low: np.float32, scale: np.float32, bins: NDArray[np.int32]) -> None:
    """Fill in the bin in which each value lies; those beyond the extremes lie in the outermost ones."""
    for column in range(values.shape[0]):
        place = (values[column] - low) * scale
        place = place if place > FIRST else FIRST  # written so that NaN falls into the first bin, too
        bins[column] = np.int32(min(place, LAST))


@part
def _curve(counts: NDArray[np.int64], level: float) -> Field:
    """Return the place of each bin in 0..1."""
    curve = np.empty(BINS, np.float32)
    below, total = 0, counts.sum()
    for index in range(BINS):
        below += counts[index]
        curve[index] = level * below / total + (1.0 - level) * index / BINS
    return curve


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
    line = np.empty(size + 2, np.float32)  # a row with its ends repeated
    for row in range(size):
        above, below = value[max(row - 1, 0)], value[min(row + 1, size - 1)]
        line[0], line[size + 1] = value[row, 0], value[row, size - 1]
        for column in range(size):
            line[column + 1] = value[row, column]
        for column in range(size):
            slope = steepness * (right * (line[column + 2] - line[column]) + down * (below[column] - above[column]))
            out[row, column] = slope / (ONE + abs(slope))
    return out
