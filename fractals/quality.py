"""Figures of a picture, and whether it is rich enough to keep.

The limits are those that natural photographs pass (they lose 2.3 %): too flat, one colour nearly everywhere,
no edges, noise without coarse structure, nothing left at CIFAR's size, or few colours.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fractals.elementary import log
from fractals.family import Picture
from ipmix_cli.numba_cache.jit import kernel, part

SLOPE_SIDE = 128  # the slope is measured on the middle of the picture, at most this wide
SAMPLED_SIDE = 128  # colours and contrast are taken from about this many rows and columns
SMALL_SIDE = 36  # what IPMix makes of a mixing picture for CIFAR
DUPLICATE_BITS = 6  # pictures whose difference hashes differ in at most this many of 64 bits look alike


@dataclass(frozen=True)
class Figures:
    """What is measured of one picture.

    Parameters
    ----------
    luma_std : float
        Standard deviation of the luma, in grey levels.
    small_std : float
        The same after reduction to 36 x 36.
    edge_share : float
        Share of pixels whose Sobel gradient / 4 is above 0.06 of the full range.
    slope : float
        Exponent a of the power spectrum 1/f**a.
    colourfulness : float
        Hasler and Suesstrunk's figure (2003).
    entropy : float
        Bits, over 4096 colours (4 bits a channel).
    top_share : float
        Share of the most frequent of these 4096 colours.
    hash : int
        64-bit difference hash.
    """

    luma_std: float
    small_std: float
    edge_share: float
    slope: float
    colourfulness: float
    entropy: float
    top_share: float
    hash: int


def measure_quality(picture: Picture) -> Figures:
    """Return the figures of a square picture, uint8 (S, S, 3), S >= 16."""
    luma, numbers, difference_hash = _measure(picture)
    std, small, edges, colourfulness, entropy, top = numbers
    return Figures(std, small, edges, spectral_slope(luma), colourfulness, entropy, top, int(difference_hash))


def complaint(figures: Figures) -> str:
    """Return why a picture is too poor to keep, in one word, or the empty string."""
    limits = (
        ("flat", figures.luma_std < 15),
        ("one_colour", figures.top_share > 0.6),
        ("few_edges", figures.edge_share < 0.04),
        ("noisy", figures.slope < 1.0),
        ("fades", figures.small_std < 8),
        ("few_colours", figures.entropy < 3),
    )
    return next((name for name, failed in limits if failed), "")


@kernel
def _measure(picture: Picture) -> tuple[NDArray[np.uint8], NDArray[np.float64], np.uint64]:
    size = picture.shape[0]
    luma = _luma(picture.reshape(size, 3 * size))
    every = max(1, size // SAMPLED_SIDE)
    colours, sums, pixels = np.zeros(4096, np.int64), np.zeros(6, np.int64), 0
    for row in range(0, size, every):
        for column in range(0, size, every):
            r = np.int64(picture[row, column, 0])
            g = np.int64(picture[row, column, 1])
            b = np.int64(picture[row, column, 2])
            grey = np.int64(luma[row, column])
            colours[((r >> 4) << 8) | ((g >> 4) << 4) | (b >> 4)] += 1
            red_green, yellow_blue = r - g, r + g - 2 * b
            sums[0] += grey
            sums[1] += grey * grey
            sums[2] += red_green
            sums[3] += red_green * red_green
            sums[4] += yellow_blue
            sums[5] += yellow_blue * yellow_blue
            pixels += 1
    numbers = np.empty(6)
    numbers[0] = _spread(sums[0], sums[1], pixels)
    numbers[1] = _cell_spread(luma, min(SMALL_SIDE, size))
    numbers[2] = _edge_share(luma, every)
    spread = _spread(sums[2], sums[3], pixels) ** 2 + 0.25 * _spread(sums[4], sums[5], pixels) ** 2
    mean = (sums[2] / pixels) ** 2 + 0.25 * (sums[4] / pixels) ** 2
    numbers[3] = np.sqrt(spread) + 0.3 * np.sqrt(mean)
    bits, most = 0.0, np.int64(0)
    for count in colours:
        most = max(most, count)
        if count:
            bits -= count * log(count / pixels)
    numbers[4] = bits / (pixels * 0.6931471805599453)
    numbers[5] = most / pixels
    return luma, numbers, _difference_hash(luma)


@part
def _luma(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the luma (S, S) of a picture given as rows of bytes (S, 3 S), as JPEG defines it."""
    size = rows.shape[0]
    out = np.empty((size, size), np.uint8)
    red, green, blue, half = np.uint32(19595), np.uint32(38470), np.uint32(7471), np.uint32(32768)
    for row in range(size):
        for column in range(size):
            r, g, b = np.uint32(rows[row, 3 * column]), rows[row, 3 * column + 1], rows[row, 3 * column + 2]
            out[row, column] = np.uint32(red * r + green * g + blue * b + half) >> np.uint32(16)
    return out


@part
def _spread(total: int, squares: int, count: int) -> float:
    """Return the standard deviation from exact integer sums."""
    return float(np.sqrt(max(squares * count - total * total, 0)) / count)


@part
def _edge_share(luma: NDArray[np.uint8], every: int) -> float:
    """Return the share of pixels, of every n-th row, whose Sobel gradient / 4 exceeds 0.06 * 255."""
    size = luma.shape[0]
    found, rows = np.int64(0), 0
    for row in range(1, size - 1, every):
        rows += 1
        above, here, below = luma[row - 1], luma[row], luma[row + 1]
        in_row = np.int32(0)
        for column in range(1, size - 1):
            a, b, c = np.int32(above[column - 1]), np.int32(above[column]), np.int32(above[column + 1])
            d, f = np.int32(here[column - 1]), np.int32(here[column + 1])
            g, h, i = np.int32(below[column - 1]), np.int32(below[column]), np.int32(below[column + 1])
            gx = np.int32(c + f + f + i - a - d - d - g)
            gy = np.int32(g + h + h + i - a - b - b - c)
            in_row = np.int32(in_row + (np.int32(gx * gx + gy * gy) > np.int32(3745)))  # (4 * 0.06 * 255)**2
        found += in_row
    return float(found / (rows * (size - 2)))


@part
def _cells(luma: NDArray[np.uint8], rows: int | np.int64, columns: int | np.int64) -> NDArray[np.float64]:
    """Return the mean luma of rows x columns cells."""
    size = luma.shape[0]
    out, sums = np.empty((rows, columns)), np.empty(size, np.int32)
    for row in range(rows):
        top, bottom = row * size // rows, (row + 1) * size // rows
        sums[:] = 0
        for y in range(top, bottom):
            for x in range(size):
                sums[x] = np.int32(sums[x] + np.int32(luma[y, x]))
        for column in range(columns):
            left, right = column * size // columns, (column + 1) * size // columns
            total = np.int64(0)
            for x in range(left, right):
                total += sums[x]
            out[row, column] = total / ((bottom - top) * (right - left))
    return out


@part
def _cell_spread(luma: NDArray[np.uint8], side: int) -> float:
    """Return the standard deviation of the picture reduced to side x side."""
    cells = _cells(luma, side, side).ravel()
    total, squares = 0.0, 0.0
    for cell in cells:
        total += cell
    for cell in cells:
        squares += (cell - total / cells.size) * (cell - total / cells.size)
    return float(np.sqrt(squares / cells.size))


@part
def _difference_hash(luma: NDArray[np.uint8]) -> np.uint64:
    """Return the 64 signs of the differences between horizontal neighbours among 8 x 9 cells."""
    cells = _cells(luma, np.int64(8), np.int64(9))  # as the other caller's: literals would be compiled for themselves
    found = np.uint64(0)
    for row in range(8):
        for column in range(8):
            found = (found << np.uint64(1)) | np.uint64(cells[row, column + 1] > cells[row, column])
    return found


@kernel
def nearest(hashes: NDArray[np.uint64], count: int, wanted: np.uint64) -> int:
    """Return in how few bits one of the first `count` hashes differs from `wanted`; 64 if none."""
    best = 64
    for index in range(count):
        x = hashes[index] ^ wanted
        x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
        x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
        x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        best = min(best, int((x * np.uint64(0x0101010101010101)) >> np.uint64(56)))
    return best


def spectral_slope(luma: NDArray[np.uint8]) -> float:
    """Return the exponent a of the power spectrum 1/f**a of a luma (S, S), fitted to its means over rings."""
    window, rings, pixels, logs = _rings(min(SLOPE_SIDE, luma.shape[0]))
    return _fitted_slope(logs, _ring_power(np.fft.rfft2(_windowed(luma, window)), rings, pixels))


@kernel
def _windowed(luma: NDArray[np.uint8], window: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the middle of a luma, less its mean, under a window (N, N)."""
    side = window.shape[0]
    start = (luma.shape[0] - side) // 2
    middle = luma[start : start + side, start : start + side]
    out, total = np.empty((side, side)), np.int64(0)
    for row in range(side):
        in_row = np.int32(0)
        for column in range(side):
            in_row = np.int32(in_row + np.int32(middle[row, column]))
        total += in_row
    mean = total / (side * side)
    for row in range(side):
        for column in range(side):
            out[row, column] = (np.int32(middle[row, column]) - mean) * window[row, column]
    return out


@kernel
def _ring_power(
    spectrum: NDArray[np.complex128], rings: NDArray[np.int64], pixels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the mean power on each ring of frequencies but the innermost and the outermost."""
    flat = spectrum.ravel()
    power = np.zeros(pixels.shape[0])
    for index in range(flat.size):
        real, imaginary = flat[index].real, flat[index].imag
        power[rings[index]] += real * real + imaginary * imaginary
    return power[1:-1] / pixels[1:-1]


@kernel
def _fitted_slope(x: NDArray[np.float64], power: NDArray[np.float64]) -> float:
    """Return minus the slope of the straight line through (x, log(power))."""
    n = x.shape[0]
    sx, sy, sxx, sxy = 0.0, 0.0, 0.0, 0.0
    for index in range(n):
        y = log(power[index] + 1e-9)
        sx += x[index]
        sy += y
        sxx += x[index] * x[index]
        sxy += x[index] * y
    return float((sx * sy - n * sxy) / (n * sxx - sx * sx))


@functools.cache
def _rings(
    side: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return a window, the ring of each frequency, pixels a ring, and the rings' logarithms."""
    ramp = (np.arange(side) + 0.5) / side
    window = 4 * ramp * (1 - ramp)  # Welch
    fy = np.minimum(np.arange(side), side - np.arange(side))[:, None]
    fx = np.arange(side // 2 + 1)[None, :]
    last = side // 2
    rings = np.minimum(np.sqrt(fy * fy + fx * fx) + 0.5, last).astype(np.int64).ravel()
    logs = np.array([log(float(ring)) for ring in range(1, last)])
    return window[:, None] * window[None, :], rings, np.bincount(rings, minlength=last + 1), logs
