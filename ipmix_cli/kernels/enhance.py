"""Operations of Pillow's ImageEnhance that see more than one byte: color, contrast, sharpness."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import inlined, interleaved, kernel
from ipmix_cli.kernels.frames import ONE, THREE, TWO, copy_bytes
from ipmix_cli.kernels.pointwise import blended
from ipmix_cli.kernels.types import Bytes, Frame, Number

LIMIT = np.int32(32768)


@inlined
def grey(red: Number, green: Number, blue: Number) -> Number:
    """Return Pillow's luma of a pixel (libImaging/Convert.c, L24)."""
    weighted = np.int32(np.int32(red) * 19595 + np.int32(green) * 38470 + np.int32(blue) * 7471)
    return np.int32(np.int32(weighted + LIMIT) >> 16)


@interleaved
def mean_grey(source: Bytes) -> Number:
    """Return the mean luma of a picture, rounded as ImageEnhance.Contrast does."""
    total = 0
    for pixel in range(np.uintp(source.size // 3)):
        i = pixel * THREE
        total += grey(source[i], source[i + ONE], source[i + TWO])
    return np.int64(np.float64(total) / np.float64(source.size // 3) + 0.5)


@interleaved
def color(source: Bytes, target: Bytes, frame: Frame, factor: Number, line: Bytes) -> None:
    """Blend every pixel with its own luma; ``line`` is uint8 (3 * W,) or more, to work in."""
    _, W, top, left, height, width = frame
    alpha = np.float32(factor)
    for r in range(height):
        a = source[((top + r) * W + left) * 3 :]
        b = target[r * width * 3 : (r + 1) * width * 3]
        for pixel in range(np.uintp(width)):
            i = pixel * THREE
            luma = np.uint8(grey(a[i], a[i + ONE], a[i + TWO]))
            line[i] = luma
            line[i + ONE] = luma
            line[i + TWO] = luma
        for at in range(b.size):
            b[at] = blended(line[at], a[at], alpha)


@kernel
def sharpness(source: Bytes, target: Bytes, frame: Frame, factor: Number) -> None:
    """Blend with the picture smoothed by ImageFilter.SMOOTH, whose border is the picture's own."""
    H, W, top, left, height, width = frame
    alpha = np.float32(factor)
    first, stop = max(left, 1), min(left + width, W - 1)  # columns that are not border
    for y in range(top, top + height):
        b = target[(y - top) * width * 3 : (y - top + 1) * width * 3]
        copy_bytes(source[(y * W + left) * 3 : (y * W + left + width) * 3], b)
        if 0 < y < H - 1 and first < stop:
            above = source[((y - 1) * W + first - 1) * 3 :]
            here = source[(y * W + first - 1) * 3 :]
            below = source[((y + 1) * W + first - 1) * 3 :]
            sharpen_row(above, here, below, alpha, b[(first - left) * 3 : (stop - left) * 3])


@kernel
def sharpen_row(above: Bytes, here: Bytes, below: Bytes, alpha: Number, out: Bytes) -> None:
    """Sharpen a row; the three source rows start one pixel to the left."""
    for i in range(out.size):
        around = np.uint16(np.uint16(above[i]) + above[i + 3] + above[i + 6] + here[i] + here[i + 6])
        total = np.uint16(around + below[i] + below[i + 3] + below[i + 6] + 5 * np.uint16(here[i + 3]))
        smooth = np.uint16(np.uint32(total + 6) // np.uint32(13))
        out[i] = blended(smooth, here[i + 3], alpha)
