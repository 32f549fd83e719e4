"""Spectra with a given fall of power and random phases, for noise by an inverse Fourier transform."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.corruptions.trigonometry import sine_and_cosine, to_level
from ipmix_cli.kernels.types import Bytes, Number, Reals


@inlined
def phase_at(uniforms: Reals, y: Number, x: Number, size: tuple[Number, Number]) -> Number:
    """Return the uniform that decides a phase: the right half is the left one, turned by half a turn."""
    height, width = size
    half = width // 2
    if x < half:
        return uniforms[y * half + x]
    if width % 2 == 0 or x > half:
        return uniforms[(height - 1 - y) * half + (width - 1 - x)]
    if height % 2 == 1 and y == height // 2:
        return 0.0
    return uniforms[height * half + min(y, height - 1 - y)]


@entry
def fill_spectrum(uniforms: Reals, rising: Number, out: Reals) -> None:
    """Fill (H, W, 2), real and imaginary parts with the lowest frequency first, with amplitudes and random phases.

    Parameters
    ----------
    uniforms : ndarray of float64, (H * (W // 2) + (H // 2 if W is odd else 0),)
        The left half of the phases in turns, and the upper half of the middle column, if there is one.
    rising : int
        1 for amplitudes that are the frequency, 0 for 1 / (1 + frequency ** 2). Frequencies are periods in the short
        side.
    """
    height, width = out.shape[0], out.shape[1]
    short = np.float64(min(height, width))
    for y in range(height):
        dy = (y - height / 2) * (short / height)
        for x in range(width):
            dx = (x - width / 2) * (short / width)
            distance = math.sqrt(dx * dx + dy * dy)
            power = distance if rising else 1.0 / (distance * distance + 1.0)
            turn = 2.0 * math.pi * phase_at(uniforms, y, x, (height, width))
            s, c = sine_and_cosine(turn)
            place = out[(y + height // 2) % height, (x + width // 2) % width]
            place[0], place[1] = power * c, power * s


@entry
def add_coloured(picture: Bytes, noise: Reals, strength: Number, half: Number, out: Bytes) -> None:
    """Add strength * noise (3, H, W), in levels, to (H, W, 3)."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for c in range(3):
                out[y, x, c] = to_level(picture[y, x, c] + strength * noise[c, y, x], half)
