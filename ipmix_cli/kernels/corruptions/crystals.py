"""Frost: needles that carry side branches, drawn point by point."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.types import Number, Reals

# Cosines of whole degrees, rounded so that every machine has the same
COSINES = np.array([round(math.cos(math.radians(d)), 12) for d in range(360)])
SINES = np.array([round(math.sin(math.radians(d)), 12) for d in range(360)])
BRANCH = 55  # degrees between a needle and its branches
SPACING = 3  # pixels between branches
BRANCH_LENGTH = 0.3  # of what is left of the needle
SHADED = 0.35  # of the crystals are darker than the ground


@inlined
def draw_needle(y: Number, x: Number, degrees: Number, length: Number, brightness: Number, out: Reals) -> None:
    """Add a line that fades towards its tip, spread over the four nearest pixels of each point."""
    dy, dx = SINES[degrees % 360], COSINES[degrees % 360]
    for step in range(np.int64(length)):
        py, px = y + dy * step, x + dx * step
        top, left = np.int64(math.floor(py)), np.int64(math.floor(px))
        if top < 0 or left < 0 or top + 1 >= out.shape[0] or left + 1 >= out.shape[1]:
            continue
        b, q = py - top, px - left
        light = brightness * (1.0 - step / length)
        out[top, left] += light * (1.0 - b) * (1.0 - q)
        out[top, left + 1] += light * (1.0 - b) * q
        out[top + 1, left] += light * b * (1.0 - q)
        out[top + 1, left + 1] += light * b * q


@entry
def draw_crystals(uniforms: Reals, longest: Number, out: Reals) -> None:
    """Draw crystals into (H, W).

    Parameters
    ----------
    uniforms : ndarray of float64, (n, 5)
        Of each: place down and across, direction, length, brightness.
    longest : float
        Length of the longest needle in pixels.
    """
    for i in range(uniforms.shape[0]):
        y, x = uniforms[i, 0] * out.shape[0], uniforms[i, 1] * out.shape[1]
        degrees = np.int64(uniforms[i, 2] * 360.0)
        length = 4.0 + longest * uniforms[i, 3] * uniforms[i, 3]
        brightness = 0.3 + uniforms[i, 4]
        if uniforms[i, 4] < SHADED:
            brightness = -brightness
        for arm in range(1 + np.int64(uniforms[i, 4] * 3.0)):
            turned = degrees + 60 * arm
            draw_needle(y, x, turned, length, brightness, out)
            for at in range(SPACING, np.int64(length), SPACING):
                by, bx = y + SINES[turned % 360] * at, x + COSINES[turned % 360] * at
                side = (length - at) * BRANCH_LENGTH
                draw_needle(by, bx, turned + BRANCH, side, 0.7 * brightness, out)
                draw_needle(by, bx, turned - BRANCH + 360, side, 0.7 * brightness, out)
