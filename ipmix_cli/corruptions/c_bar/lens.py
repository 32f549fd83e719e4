"""Transverse chromatic aberration, and circular motion blur."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np

from ipmix_cli.corruptions.c_bar.levels import levels_of, share_of
from ipmix_cli.corruptions.corruption import Conditions, Corruption, to_bytes
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.zoom import Lines
from ipmix_cli.picture import Picture

ORDERS = tuple(itertools.permutations(range(3)))
ROTATIONS = 21


@functools.lru_cache(maxsize=64)
def smoothed_lines(length: int, scale: float) -> Lines:
    """Return the four lines that each line of an enlarged and trimmed axis comes from, and their weights.

    A cubic B-spline over the lines themselves, mirrored at the edge lines: SciPy's zoom without its prefilter. A place
    that rounding puts beyond the last line is black, as there.
    """
    size = round(length * scale)
    step = (length - 1) / (size - 1) if size > 1 else 1.0
    places = np.arange((size - length) // 2, (size - length) // 2 + length) * step
    first = np.floor(places)
    f = places - first
    g = 1.0 - f
    weights = np.empty((length, 4))
    weights[:, 1] = (f * f * (f - 2.0) * 3.0 + 4.0) / 6.0
    weights[:, 2] = (g * g * (g - 2.0) * 3.0 + 4.0) / 6.0
    weights[:, 0] = g * g * g / 6.0
    weights[:, 3] = 1.0 - weights[:, 0] - weights[:, 1] - weights[:, 2]
    weights[places > length - 1] = 0.0
    period = max(2 * length - 2, 1)
    lines = np.abs(first[:, None].astype(np.int64) + np.arange(-1, 3)) % period
    return Lines(np.where(lines >= length, period - lines, lines), weights)


def transverse_chromatic_abberation(picture: Picture, level: float, draws: Draws, _: Conditions) -> Picture:
    """Enlarge the channels by three scales, in random order; all are smoothed, as the published spline does."""
    from ipmix_cli.kernels.corruptions.splines import zoom_channel

    most = share_of(level, 0.5)
    scales = 1.0, 1.0 + most / 2, 1.0 + most
    height, width = picture.shape[:2]
    out = np.empty_like(picture)
    for channel, number in enumerate(ORDERS[int(draws.numbers["order"])]):
        rows, columns = smoothed_lines(height, scales[number]), smoothed_lines(width, scales[number])
        zoom_channel(picture[..., channel], *rows, *columns, out[..., channel])
    return out


@functools.cache
def rotations() -> tuple[tuple[float, float], ...]:
    """Return the share of the largest angle, -1 .. 1, and the weight of each rotation: a Gaussian over angles."""
    shares = [2 * number / (ROTATIONS - 1) - 1 for number in range(ROTATIONS)]
    return tuple((share, float(np.exp(-2 * share**2))) for share in shares)


def circular_motion_blur(picture: Picture, level: float, _: Draws, conditions: Conditions) -> Picture:
    """Average rotations about the middle, by cubic splines; black comes in at the corners."""
    from ipmix_cli.kernels.corruptions.splines import add_rotated, fit_spline

    x = picture.astype(np.float32) / np.float32(255)
    coefficients = x.astype(np.float64)
    fit_spline(coefficients)
    total, places = np.zeros_like(x), np.empty((2, 4), np.int64)
    for share, weight in rotations():
        angle = math.radians(share * share_of(level, 15))
        add_rotated(coefficients, (math.cos(angle), math.sin(angle)), weight, places, total)
    mean = total.astype(np.float64) / sum(weight for _, weight in rotations())
    return to_bytes(mean.astype(np.float32), conditions.half)


TRANSVERSE_CHROMATIC_ABBERATION = Corruption(
    name="transverse_chromatic_abberation",
    code=45,
    summary="the channels enlarged by different scales",
    parameters=levels_of("transverse_chromatic_abberation"),
    meaning=("level",),
    apply=transverse_chromatic_abberation,
    numbers={"order": (0.0, 6.0)},
)
CIRCULAR_MOTION_BLUR = Corruption(
    name="circular_motion_blur",
    code=46,
    summary="a turning camera: the mean of rotations",
    parameters=levels_of("circular_motion_blur"),
    meaning=("level",),
    apply=circular_motion_blur,
)
