"""Palettes: OKLab gradients with limited chroma and always a dark and a light stop: structure is luminance.

Pure hue ramps look colourful and fade to grey when a picture is made small; light and dark survive. OKLab
after B. Ottosson, "A perceptual color space for image processing", 2020.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from fractals import elementary
from fractals.family import Field, Picture
from fractals.randomness import RandomStream
from ipmix_cli.numba_cache.jit import kernel

ENTRIES = 1024
CHROMA = 0.125  # natural pictures rarely hold more
VIVID = 0.17  # for one palette in five
ZERO = np.float32(0.0)
Stops = list[list[float]]  # [place, lightness, a, b] each, places rising from 0 to 1


def sample_palette(stream: RandomStream) -> Stops:
    """Draw 3-7 stops from dark to light, from light to dark, or in a zigzag, over one to three hues."""
    count = stream.choose((3, 4, 5, 6, 7), (2, 3, 3, 2, 1))
    lightness = _lightness(stream, count)
    hues = _hues(stream, count)
    widths = [stream.uniform(0.4, 1.6) for _ in range(count - 1)]
    strength = (VIVID if stream.flag(0.2) else CHROMA) * stream.uniform(0.6, 1.0)
    stops, place = [], 0.0
    for index in range(count):
        light = lightness[index]
        chroma = strength * stream.uniform(0.5, 1.0) * min(1.0, 4.5 * light * (1.12 - light))
        sin, cos = elementary.sincos(hues[index])
        stops.append([round(number, 4) for number in (place, light, chroma * cos, chroma * sin)])
        place += widths[min(index, count - 2)] / sum(widths)
    stops[-1][0] = 1.0
    return stops


def between(stops: Stops, low: float, high: float) -> Stops:
    """Return the palette with its lightness squeezed into a range."""
    return [[place, round(low + (high - low) * light, 4), a, b] for place, light, a, b in stops]


def _lightness(stream: RandomStream, count: int) -> list[float]:
    """Draw lightnesses of which one is dark and one is light."""
    dark, light = stream.uniform(0.03, 0.24), stream.uniform(0.82, 0.98)
    manner = stream.choose(("ramp", "zigzag", "free"), (4, 3, 3))
    if manner == "ramp":
        steps = [(index + stream.uniform(-0.3, 0.3)) / (count - 1) for index in range(count)]
        found = [dark + (light - dark) * min(max(step, 0.0), 1.0) for step in steps]
        found[0], found[-1] = dark, light
    elif manner == "zigzag":
        found = [(dark + stream.uniform(0, 0.15), light - stream.uniform(0, 0.2))[index % 2] for index in range(count)]
        found[0], found[1] = dark, light
    else:
        found = [stream.uniform(dark, light) for _ in range(count)]
        first = stream.integer(0, count - 1)
        found[first], found[(first + stream.integer(1, count - 1)) % count] = dark, light
    return found if stream.flag(0.6) else found[::-1]


def _hues(stream: RandomStream, count: int) -> list[float]:
    """Draw hues in radians: near one another, of two opposite kinds, or around the circle."""
    base, manner = stream.uniform(0, elementary.TURN), stream.choose(("near", "two", "around"), (3, 4, 3))
    if manner == "near":
        return [base + stream.uniform(-0.7, 0.7) for _ in range(count)]
    if manner == "two":
        other = base + stream.uniform(1.6, 3.6)
        return [(base, other)[stream.integer(0, 1)] + stream.uniform(-0.3, 0.3) for _ in range(count)]
    turn = stream.uniform(0.5, 1.0) * elementary.TURN
    return [base + turn * index / count for index in range(count)]


def palette_table(stops: Stops) -> Picture:
    """Return the colours uint8 (1024, 3) of a gradient, straight between its stops in OKLab."""
    return _gradient(np.array(stops, np.float64), _companding())


@kernel
def _gradient(stops: NDArray[np.float64], companding: Picture) -> Picture:
    """Return the sRGB colours of 1024 places between stops; colours out of gamut are clipped."""
    out = np.empty((ENTRIES, 3), np.uint8)
    left = 0
    for entry in range(ENTRIES):
        place = entry / (ENTRIES - 1)
        while left < stops.shape[0] - 2 and place >= stops[left + 1, 0]:
            left += 1
        part = (place - stops[left, 0]) / max(stops[left + 1, 0] - stops[left, 0], 1e-9)
        light = stops[left, 1] + part * (stops[left + 1, 1] - stops[left, 1])
        a = stops[left, 2] + part * (stops[left + 1, 2] - stops[left, 2])
        b = stops[left, 3] + part * (stops[left + 1, 3] - stops[left, 3])
        long = light + 0.3963377774 * a + 0.2158037573 * b
        middle = light - 0.1055613458 * a - 0.0638541728 * b
        short = light - 0.0894841775 * a - 1.2914855480 * b
        long, middle, short = long * long * long, middle * middle * middle, short * short * short
        red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
        green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
        blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
        out[entry, 0] = companding[int(min(max(red, 0.0), 1.0) * 4095.0 + 0.5)]
        out[entry, 1] = companding[int(min(max(green, 0.0), 1.0) * 4095.0 + 0.5)]
        out[entry, 2] = companding[int(min(max(blue, 0.0), 1.0) * 4095.0 + 0.5)]
    return out


@functools.cache
def _companding() -> Picture:
    """Return the table from linear light in 4096 steps to sRGB bytes (IEC 61966-2-1)."""
    linear = [index / 4095 for index in range(4096)]
    return np.array(
        [
            int(255 * (12.92 * v if v <= 0.0031308 else 1.055 * elementary.power(v, 1 / 2.4) - 0.055) + 0.5)
            for v in linear
        ],
        np.uint8,
    )


@kernel
def paint(value: Field, table: Picture) -> Picture:
    """Return the picture (S, S, 3) of a field (S, S) in 0..1 seen through a table of 1024 colours."""
    size = value.shape[0]
    out = np.empty((size, size, 3), np.uint8)
    entries = np.empty(size, np.int32)
    scale, last = np.float32(ENTRIES - 0.01), np.float32(ENTRIES - 1)
    for row in range(size):
        for column in range(size):
            entries[column] = np.int32(min(max(value[row, column] * scale, ZERO), last))
        for column in range(size):
            entry = entries[column]
            out[row, column, 0], out[row, column, 1] = table[entry, 0], table[entry, 1]
            out[row, column, 2] = table[entry, 2]
    return out


@kernel
def over(front: Picture, alpha: Field, back: Picture) -> Picture:
    """Return `front` laid over `back`, both (S, S, 3), where `alpha` (S, S) in 0..1 covers."""
    size = alpha.shape[0]
    out = np.empty_like(front)
    rows = front.reshape(size, 3 * size), back.reshape(size, 3 * size), out.reshape(size, 3 * size)
    covers = np.empty(3 * size, np.uint16)
    for row in range(size):
        for column in range(size):
            cover = np.uint16(np.int32(alpha[row, column] * np.float32(256.0) + np.float32(0.5)))
            covers[3 * column], covers[3 * column + 1], covers[3 * column + 2] = cover, cover, cover
        for index in range(3 * size):  # 16 bits hold all of it, and many fit into a vector
            cover = covers[index]
            mixed = np.uint16(rows[0][row, index] * cover + rows[1][row, index] * (256 - cover) + 128)
            rows[2][row, index] = np.uint8(mixed >> np.uint16(8))
    return out


@kernel
def shaded(picture: Picture, light: Field) -> Picture:
    """Return the picture moved towards white (light > 0) or black (light < 0), at most by half."""
    size = light.shape[0]
    out = np.empty_like(picture)
    rows = picture.reshape(size, 3 * size), out.reshape(size, 3 * size)
    amounts = np.empty(3 * size, np.int16)
    for row in range(size):
        for column in range(size):
            amount = np.int16(np.int32(light[row, column] * np.float32(128.0)))
            amounts[3 * column], amounts[3 * column + 1], amounts[3 * column + 2] = amount, amount, amount
        for index in range(3 * size):
            old, amount = np.int16(rows[0][row, index]), amounts[index]
            room = np.int16(255 - old) if amount > 0 else np.int16(-old)
            moved = np.int16(room * np.int16(abs(amount)))
            rows[1][row, index] = np.uint8(old + (moved >> np.int16(8)))
    return out


def greys() -> Picture:
    """Return the table of grey colours, for families that are shown as published."""
    return np.repeat((np.arange(ENTRIES) * 255 // (ENTRIES - 1)).astype(np.uint8)[:, None], 3, axis=1)
