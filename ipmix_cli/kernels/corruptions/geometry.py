"""Bilinear zooms and warps in SciPy's order of operations, and the plasma of fog."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.types import Floats, Number, Reals, Words


@entry
def add_zoomed(
    source: Floats, rows: Words, row_weights: Reals, columns: Words, column_weights: Reals, out: Floats
) -> None:
    """Add the bilinear zoom of (h, w, C) float32 to (H, W, C) float32; each value is rounded to float32 first.

    Parameters
    ----------
    rows, columns : ndarray of int64, (H, 2) and (W, 2)
        The two lines that each line of the result lies between.
    row_weights, column_weights : ndarray of float64, (H, 2) and (W, 2)
        Their weights.
    """
    channels = out.shape[2]
    for y in range(out.shape[0]):
        upper, lower = source[rows[y, 0]], source[rows[y, 1]]
        a, b = row_weights[y, 0], row_weights[y, 1]
        for x in range(out.shape[1]):
            left, right = columns[x, 0], columns[x, 1]
            p, q = column_weights[x, 0], column_weights[x, 1]
            for c in range(channels):
                value = np.float64(upper[left, c]) * a * p
                value += np.float64(upper[right, c]) * a * q
                value += np.float64(lower[left, c]) * b * p
                value += np.float64(lower[right, c]) * b * q
                out[y, x, c] += np.float32(value)


@entry
def zoom_layer(
    source: Reals, rows: Words, row_weights: Reals, columns: Words, column_weights: Reals, out: Reals
) -> None:
    """Fill (H, W) with the bilinear zoom of one channel, in float64; see :func:`add_zoomed`."""
    for y in range(out.shape[0]):
        upper, lower = source[rows[y, 0]], source[rows[y, 1]]
        a, b = row_weights[y, 0], row_weights[y, 1]
        for x in range(out.shape[1]):
            left, right = columns[x, 0], columns[x, 1]
            p, q = column_weights[x, 0], column_weights[x, 1]
            value = upper[left] * a * p
            value += upper[right] * a * q
            value += lower[left] * b * p
            value += lower[right] * b * q
            out[y, x] = value


@inlined
def reflected(place: Number, length: Number) -> Number:
    """Return a coordinate mirrored at half a pixel beyond the edges (SciPy's ``reflect``)."""
    if place < 0.0:
        if length <= 1:
            return 0.0
        period = 2.0 * length
        if place < -period:
            place = period * math.floor(-place / period) + place
        return place + period if place < -length else -place - 1.0
    if place > length - 1.0:
        if length <= 1:
            return 0.0
        period = 2.0 * length
        place -= period * math.floor(place / period)
        if place >= length:
            return period - place - 1.0
    return place


@inlined
def edge(index: Number, length: Number) -> Number:
    """Return the index of a neighbour that may lie one pixel beyond the edge."""
    return min(max(index, 0), length - 1)


@entry
def warp(source: Floats, right: Floats, down: Floats, out: Floats) -> None:
    """Fill (H, W, C) with the picture read at displaced places, bilinear, mirrored beyond the edges.

    Parameters
    ----------
    right, down : ndarray of float32, (H, W)
        Displacements in pixels.
    """
    height, width, channels = source.shape
    for y in range(height):
        for x in range(width):
            fy = reflected(np.float64(y) + np.float64(down[y, x]), height)
            fx = reflected(np.float64(x) + np.float64(right[y, x]), width)
            top, left = np.int64(math.floor(fy)), np.int64(math.floor(fx))
            a, p = 1.0 - (fy - top), 1.0 - (fx - left)
            b, q = 1.0 - a, 1.0 - p
            y0, y1 = edge(top, height), edge(top + 1, height)
            x0, x1 = edge(left, width), edge(left + 1, width)
            for c in range(channels):
                value = np.float64(source[y0, x0, c]) * a * p
                value += np.float64(source[y0, x1, c]) * a * q
                value += np.float64(source[y1, x0, c]) * b * p
                value += np.float64(source[y1, x1, c]) * b * q
                out[y, x, c] = np.float32(value)


@inlined
def raised(mean: Number, u: Number, wibble: Number) -> Number:
    """Return a quarter of a sum of four neighbours, and a random height."""
    return mean / 4.0 + wibble * (-wibble + (wibble + wibble) * u)


@entry
def diamond_square(uniforms: Reals, decay: Number, out: Reals) -> None:
    """Fill (S, S), S a power of two, with plasma on a torus, scaled to 0 .. 1.

    Parameters
    ----------
    uniforms : ndarray of float64, (S * S - 1,)
        In the order of use: for each octave squares, then the two kinds of diamonds.
    decay : float
        What the amplitude is divided by from octave to octave.
    """
    side = out.shape[0]
    out[0, 0] = 0.0
    wibble, step, used = 100.0, side, 0
    while step >= 2:
        half, count = step // 2, side // step
        for i in range(count):
            for j in range(count):
                y, x = i * step, j * step
                y1, x1 = (y + step) % side, (x + step) % side
                total = (out[y, x] + out[y1, x]) + (out[y, x1] + out[y1, x1])
                out[y + half, x + half] = raised(total, uniforms[used + i * count + j], wibble)
        used += count * count
        for i in range(count):
            for j in range(count):
                y, x = i * step, j * step
                centres = out[y + half, x + half] + out[(y + half - step) % side, x + half]
                corners = out[y, x] + out[y, (x + step) % side]
                out[y, x + half] = raised(centres + corners, uniforms[used + i * count + j], wibble)
        used += count * count
        for i in range(count):
            for j in range(count):
                y, x = i * step, j * step
                centres = out[y + half, x + half] + out[y + half, (x + half - step) % side]
                corners = out[y, x] + out[(y + step) % side, x]
                out[y + half, x] = raised(centres + corners, uniforms[used + i * count + j], wibble)
        used += count * count
        step = half
        wibble /= decay
