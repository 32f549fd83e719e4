"""Cubic splines in SciPy's order of operations: enlarged channels, and the mean of rotations."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.types import Bytes, Floats, Number, Reals, Words

POLE = math.sqrt(3.0) - 2.0
GAIN = (1.0 - POLE) * (1.0 - 1.0 / POLE)


@inlined
def filter_line(line: Reals) -> None:
    """Turn samples (n, C) into coefficients of a cubic spline, mirrored at the edge pixels, in place."""
    length = line.shape[0]
    for c in range(line.shape[1]):
        for i in range(length):
            line[i, c] *= GAIN
        last = POLE ** (length - 1)
        power = POLE
        first = line[0, c] + last * line[length - 1, c]
        for i in range(1, length - 1):
            first += power * (line[i, c] + last * line[length - 1 - i, c])
            power *= POLE
        line[0, c] = first / (1.0 - last * last)
        for i in range(1, length):
            line[i, c] += POLE * line[i - 1, c]
        line[length - 1, c] = (POLE * line[length - 2, c] + line[length - 1, c]) * POLE / (POLE * POLE - 1.0)
        for i in range(length - 2, -1, -1):
            line[i, c] = POLE * (line[i + 1, c] - line[i, c])


@entry
def fit_spline(values: Reals) -> None:
    """Turn (H, W, C), both sides at least 2, into coefficients of a cubic spline, in place."""
    for x in range(values.shape[1]):
        filter_line(values[:, x])
    for y in range(values.shape[0]):
        filter_line(values[y])


@entry
def zoom_channel(
    source: Bytes, rows: Words, row_weights: Reals, columns: Words, column_weights: Reals, out: Bytes
) -> None:
    """Fill (H, W) with weighted sums of 4 x 4 pixels of (H, W), rounded.

    Parameters
    ----------
    rows, columns : ndarray of int64, (H, 4) and (W, 4)
        The lines that each line of the result comes from.
    row_weights, column_weights : ndarray of float64, (H, 4) and (W, 4)
        Their weights.
    """
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            total = 0.0
            for i in range(4):
                for j in range(4):
                    total += source[rows[y, i], columns[x, j]] * row_weights[y, i] * column_weights[x, j]
            out[y, x] = np.uint8(min(max(total + 0.5, 0.0), 255.0))


@inlined
def weights_of(place: Number) -> tuple[Number, Number, Number, Number]:
    """Return the weights of the four pixels about a place."""
    f = place - math.floor(place)
    g = 1.0 - f
    second = (f * f * (f - 2.0) * 3.0 + 4.0) / 6.0
    third = (g * g * (g - 2.0) * 3.0 + 4.0) / 6.0
    first = g * g * g / 6.0
    return first, second, third, 1.0 - first - second - third


@inlined
def mirrored(line: Number, length: Number) -> Number:
    """Return a line that may lie up to three beyond the edges, mirrored at the edge line."""
    if length == 1:
        return 0
    period = 2 * length - 2
    line = abs(line) % period
    return period - line if line >= length else line


@entry
def add_rotated(
    coefficients: Reals, turned: tuple[Number, Number], factor: Number, places: Words, total: Floats
) -> None:
    """Add factor times the picture, turned about its middle, to (H, W, 3) float32; black comes in at the corners.

    Parameters
    ----------
    coefficients : ndarray of float64, (H, W, 3)
        From :func:`fit_spline`.
    turned : tuple of float
        Cosine and sine of the angle.
    places : ndarray of int64, (2, 4)
        Memory for the lines of one pixel.
    """
    height, width = total.shape[0], total.shape[1]
    c, s = turned
    middle, centre = (height - 1) / 2, (width - 1) / 2
    down, across = middle - (c * middle + s * centre), centre - (-s * middle + c * centre)
    for y in range(height):
        for x in range(width):
            py, px = c * y + s * x + down, -s * y + c * x + across
            if py < 0.0 or px < 0.0 or py > height - 1 or px > width - 1:
                continue
            top, left = np.int64(math.floor(py)) - 1, np.int64(math.floor(px)) - 1
            inner = top >= 0 and left >= 0 and top + 3 < height and left + 3 < width
            for i in range(4):
                places[0, i] = top + i if inner else mirrored(top + i, height)
                places[1, i] = left + i if inner else mirrored(left + i, width)
            add_point(coefficients, places, weights_of(py), weights_of(px), factor, total[y, x])


@inlined
def add_point(
    coefficients: Reals,
    places: Words,
    rows: tuple[Number, ...],
    columns: tuple[Number, ...],
    factor: Number,
    out: Floats,
) -> None:
    """Add factor times a weighted sum of 4 x 4 coefficients, rounded to float32, to three float32."""
    r, g, b = 0.0, 0.0, 0.0
    for i in range(4):
        line = coefficients[places[0, i]]
        for j in range(4):
            pixel = line[places[1, j]]
            r += pixel[0] * rows[i] * columns[j]
            g += pixel[1] * rows[i] * columns[j]
            b += pixel[2] * rows[i] * columns[j]
    out[0] = np.float32(np.float64(out[0]) + factor * np.float64(np.float32(r)))
    out[1] = np.float32(np.float64(out[1]) + factor * np.float64(np.float32(g)))
    out[2] = np.float32(np.float64(out[2]) + factor * np.float64(np.float32(b)))
