"""Perlin noise, mixed into a picture."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.corruptions.trigonometry import to_level
from ipmix_cli.kernels.types import Bytes, Number, Reals, Words

PERIOD = 256  # nodes of the lattice along an axis
SHIFT = 4096.0  # keeps coordinates positive


@entry
def shuffle_nodes(steps: Words, order: Words) -> None:
    """Fill `order` with 0 .. n - 1, each exchanged, from the last one down, with the one that `steps` names."""
    for i in range(order.size):
        order[i] = i
    for n in range(order.size):
        i = order.size - 1 - n
        j = steps[n]
        order[i], order[j] = order[j], order[i]


@inlined
def lattice_noise(x: Number, y: Number, order: Words, gradients: Reals) -> Number:
    """Return Perlin noise at a place, in nodes of the lattice."""
    x, y = x + SHIFT, y + SHIFT
    left, top = np.int64(math.floor(x)), np.int64(math.floor(y))
    right_of, below = x - left, y - top
    left, top = left & 255, top & 255
    i, j = order[left], order[(left + 1) & 255]
    bottom = (top + 1) & 255
    nw, ne = gradients[order[(i + top) & 255]], gradients[order[(j + top) & 255]]
    sw, se = gradients[order[(i + bottom) & 255]], gradients[order[(j + bottom) & 255]]
    a = right_of * right_of * (3.0 - 2.0 * right_of)
    b = below * below * (3.0 - 2.0 * below)
    u = right_of * nw[0] + below * nw[1]
    v = (right_of - 1.0) * ne[0] + below * ne[1]
    upper = u + a * (v - u)
    u = right_of * sw[0] + (below - 1.0) * sw[1]
    v = (right_of - 1.0) * se[0] + (below - 1.0) * se[1]
    lower = u + a * (v - u)
    return 1.5 * (upper + b * (lower - upper))


@entry
def mix_turbulence(
    picture: Bytes, lattice: tuple[Words, Reals], frequency: Number, share: Number, half: Number, out: Bytes
) -> None:
    """Mix (H, W, 3) with five octaves of the magnitude of Perlin noise, in grey.

    Parameters
    ----------
    lattice : tuple of ndarray
        A permutation, int64 (256,), and unit vectors, float64 (256, 2); what is not a number makes the pixels about it
        black.
    frequency : float
        Nodes of the lattice per pixel, in the first octave.
    """
    order, gradients = lattice
    keep = np.float32(1.0 - share)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            total, scale = 0.0, 1.0
            for _ in range(5):
                place = y * frequency * scale, x * frequency * scale
                total += abs(lattice_noise(place[0], place[1], order, gradients)) / scale
                scale *= 2.0
            light = 0.5 * total + 0.5
            if light == light:  # noqa: PLR0124 - false for what is not a number
                light = min(max(light, 0.0), 1.0)
            light *= 255.0 * share
            for c in range(3):
                out[y, x, c] = to_level(np.float64(keep * np.float32(picture[y, x, c])) + light, half)
