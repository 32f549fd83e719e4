"""Pictures read at other places, bilinear and black beyond the edges: ripples, pinched cells, refraction."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.corruptions.noise import to_byte
from ipmix_cli.kernels.corruptions.trigonometry import sine, sine_and_cosine, to_level, to_power
from ipmix_cli.kernels.elementary import exp_of_sum, log
from ipmix_cli.kernels.types import Bytes, Floats, Number, Reals

TOO_STRAIGHT = 1.0 - 1e-3  # cosine of the angle from which light is not refracted
INTENSITY = 0.005  # of caustics
TURN = 6.28318530718  # as published


@inlined
def corner(picture: Number, row: Number, column: Number, channel: Number) -> Number:
    """Return an element of (H, W, 3), or 0 beyond the edges."""
    if row < 0 or column < 0 or row >= picture.shape[0] or column >= picture.shape[1]:
        return 0.0
    return np.float64(picture[row, column, channel])


@inlined
def element_at(picture: Number, y: Number, x: Number, channel: Number) -> Number:
    """Return an element of (H, W, 3) between pixels, in the published order of operations."""
    top, left = np.int64(math.floor(y)), np.int64(math.floor(x))
    p, q = 1.0 - x + left, 1.0 - (left + 1) + x
    upper = corner(picture, top, left, channel) * p + corner(picture, top, left + 1, channel) * q
    lower = corner(picture, top + 1, left, channel) * p + corner(picture, top + 1, left + 1, channel) * q
    return upper * (1.0 - y + top) + lower * (1.0 - (top + 1) + y)


@entry
def ripple_places(amplitude: Number, wavelength: Number, phase: Number, out: Reals) -> None:
    """Fill (n,) with places that swing about 0 .. n - 1, in pixels."""
    for i in range(out.size):
        out[i] = i + amplitude * sine(2.0 * math.pi * i / wavelength + phase)


@entry
def read_grid(picture: Bytes, rows: Reals, columns: Reals, half: Number, out: Bytes) -> None:
    """Fill (H, W, 3) with the picture read at rows[y], columns[x]."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for c in range(3):
                out[y, x, c] = to_level(element_at(picture, rows[y], columns[x], c), half)


@inlined
def pinched(dy: Number, dx: Number, radius: Number, amount: Number, angle: Number) -> tuple[Number, Number]:
    """Return where a pixel of a pinched and twirled disk comes from; all from the disk's centre."""
    distance = math.sqrt(dy * dy + dx * dx)
    if distance > radius or distance < 5e-4:
        return dy, dx
    d = distance / radius
    t = to_power(sine(math.pi * 0.5 * d), -amount)
    away = 1.0 - d
    s, c = sine_and_cosine(angle * (away * away))
    dy, dx = dy * t, dx * t
    return dy * c - dx * s, dy * s + dx * c


@entry
def pinch_cells(values: Floats, angles: Reals, amount: Number, cell: Floats) -> None:
    """Pinch and twirl the cells of a grid, column by column, in place; each sees the cells before it as changed.

    Parameters
    ----------
    angles : ndarray of float64, (columns, rows)
        By which the middle of each cell is turned, in radians.
    cell : ndarray of float32, (h, w, 3)
        Memory for one cell; its size is that of all.
    """
    height, width = cell.shape[0], cell.shape[1]
    radius = min(height, width) / 2
    for i in range(angles.shape[0]):
        for j in range(angles.shape[1]):
            top, left = j * height, i * width
            middle, centre = top + height / 2, left + width / 2
            for y in range(height):
                for x in range(width):
                    dy, dx = pinched(top + y - middle, left + x - centre, radius, amount, angles[i, j])
                    for c in range(3):
                        cell[y, x, c] = np.float32(element_at(values, middle + dy, centre + dx, c))
            for y in range(height):
                for x in range(width):
                    for c in range(3):
                        values[top + y, left + x, c] = cell[y, x, c]


@inlined
def brightness_of(p0: Number, p1: Number, times: Reals) -> Number:
    """Return the light of caustics at a place of the pattern, 0 .. 1; see :func:`draw_caustics`."""
    total = 1.0
    s0, c0 = sine_and_cosine(p0)
    s1, c1 = sine_and_cosine(p1)
    for n in range(times.shape[0]):
        s, c = times[n, 1], times[n, 2]
        i0 = p0 + ((c * c0 + s * s0) + (s * c1 + c * s1))  # cos(t - i0) + sin(t + i1)
        i1 = p1 + ((s * c1 - c * s1) + (c * c0 - s * s0))  # sin(t - i1) + cos(t + i0)
        s0, c0 = sine_and_cosine(i0)
        s1, c1 = sine_and_cosine(i1)
        a = p0 / ((s0 * c + c0 * s) / INTENSITY)
        b = p1 / ((c1 * c - s1 * s) / INTENSITY)
        total += 1.0 / math.sqrt(a * a + b * b)
    light = 1.17 - exp_of_sum(log(total / times.shape[0]) * 1.4, 0.0)
    light *= light
    light *= light
    return min(light * light, 1.0)


@entry
def draw_caustics(times: Reals, size: Number, out: Reals) -> None:
    """Fill (H, W) with the light under rippled water, 0 .. 1.

    Parameters
    ----------
    times : ndarray of float64, (iterations, 3)
        The time that each iteration sees; its sine and cosine are filled in.
    size : float
        After how many pixels the pattern repeats.
    """
    for n in range(times.shape[0]):
        times[n, 1], times[n, 2] = sine_and_cosine(times[n, 0])
    for y in range(out.shape[0]):
        p0 = (y / size) % 1.0 * TURN - 250.0
        for x in range(out.shape[1]):
            p1 = (x / size) % 1.0 * TURN - 250.0
            out[y, x] = brightness_of(p0, p1, times)


@inlined
def light_at(caustics: Reals, row: Number, column: Number, held: Number) -> Number:
    """Return the light at a pixel; beyond the edges none, or that of the edge if `held`."""
    height, width = caustics.shape
    if held:
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
    if row < 0 or column < 0 or row >= height or column >= width:
        return 0.0
    light = caustics[row, column]
    return light * 0.2126 + light * 0.7152 + light * 0.0722


@inlined
def refracted(slope: Number, other: Number, eta: Number) -> Number:
    """Return what both slopes of a surface are multiplied by, to get how far light from above is turned aside."""
    upright = 1.0 / math.sqrt(slope * slope + other * other + 1.0)
    if upright >= TOO_STRAIGHT:
        return 0.0
    lean = math.sqrt(1.0 - upright * upright)  # the sine of the angle to the normal
    out = lean / eta
    return (math.sqrt(1.0 - out * out) - upright / eta) * upright


@entry
def refract(
    picture: Floats, caustics: Reals, lens: tuple[Number, Number, Number], held: Number, half: Number, out: Bytes
) -> None:
    """Look at (H, W, 3) through a surface whose slopes are those of caustics (H, W).

    Parameters
    ----------
    picture : ndarray of float32
        0 .. 1.
    lens : tuple of float
        Refractive index, the reach of the lens in pixels, and how much light the slopes add.
    held : int
        Whether caustics go on beyond the edges.
    """
    eta, scale, lighting = lens
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            right = light_at(caustics, y, x + 1, held) - light_at(caustics, y, x - 1, held)
            down = light_at(caustics, y + 1, x, held) - light_at(caustics, y - 1, x, held)
            bend = refracted(down, right, eta)
            py = y + np.rint(bend * down * scale * 1000.0) / 1000.0
            px = x + np.rint(bend * right * scale * 1000.0) / 1000.0
            for c in range(3):
                value = element_at(picture, py, px, c) - right * lighting + down * lighting
                out[y, x, c] = to_byte(value, half)
