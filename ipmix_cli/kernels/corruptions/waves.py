"""Noise made of waves: a single frequency, concentric rings, and plasma."""

from __future__ import annotations

import math

from ipmix_cli.kernels.compiler import entry
from ipmix_cli.kernels.corruptions.trigonometry import angle_of, sine, sine_and_cosine, to_level
from ipmix_cli.kernels.types import Bytes, Number, Reals

LEAN = 0.3  # of each step of plasma, how much of it is turned by a right angle


@entry
def draw_wave(across: Number, down: Number, phase: Number, out: Reals) -> None:
    """Fill (H, W) with the sine of across * x + down * y + phase, in radians."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            out[y, x] = sine(x * across + y * down + phase)


@entry
def draw_rings(centre: tuple[Number, Number], frequency: Number, amplitude: Number, width: Number, out: Reals) -> None:
    """Fill (H, W) with saw teeth of -1/2 .. 1/2 over the distance from (x, y), which waves with the angle.

    Parameters
    ----------
    frequency : float
        Radians of the wave over radians of the angle.
    amplitude, width : float
        Of the wave, and of a ring, in pixels.
    """
    for y in range(out.shape[0]):
        dy = y - centre[1]
        for x in range(out.shape[1]):
            dx = x - centre[0]
            wave = sine(angle_of(dx, dy) * frequency)
            distance = math.sqrt(dx * dx + dy * dy) + wave * amplitude
            out[y, x] = (distance % width) / width - 0.5


@entry
def add_layer(picture: Bytes, layer: Reals, strength: Number, half: Number, out: Bytes) -> None:
    """Add strength * layer (H, W), in levels, to all channels of (H, W, 3)."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            light = strength * layer[y, x]
            for c in range(3):
                out[y, x, c] = to_level(picture[y, x, c] + light, half)


@entry
def mix_plasma(
    picture: Bytes, scales: Reals, pattern: tuple[Number, Number], strength: Number, half: Number, out: Bytes
) -> None:
    """Mix (H, W, 3) with plasma: strength in levels.

    Parameters
    ----------
    scales : ndarray of float64, (iterations, 3)
        Of each iteration: the frequency, and what the time and the step are divided by.
    pattern : tuple of float
        The time, and the size of the pattern in pixels.
    """
    keep = 1.0 - strength / 255.0
    time, size = pattern
    turned = sine(time)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            px, py = x / size, y / size
            for n in range(scales.shape[0]):
                turn = time / scales[n, 1]
                first = sine_and_cosine(py * scales[n, 0] + turn)[1] / scales[n, 2]
                second = sine(px * scales[n, 0] + turn) / scales[n, 2]
                px += first - second * LEAN
                py += second + first * LEAN
            light = sine(px - time), sine((px + py + turned) * 0.5), sine(py + time)
            for c in range(3):
                out[y, x, c] = to_level(keep * picture[y, x, c] + strength * light[c], half)
