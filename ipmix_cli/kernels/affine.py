"""Affine operations in the two ways that IPMix does without, and the colour of what lies outside the picture.

Nearest neighbours are found in whole numbers of 2**-16 pixels, and cubic ones in float64, as Pillow's
libImaging/Geometry.c does (affine_fixed; bicubic_filter32RGB, whose parameter is -1).
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.chunk import copy_pixel
from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.rotate import inside
from ipmix_cli.kernels.types import Bytes, Frame, Matrix, Number

S16 = np.int64(16)
UNIT = 1 << 16
THREE = np.uintp(3)


@inlined
def fixed(value: Number) -> Number:
    """Return a distance in 2**-16 pixels, as Pillow rounds it."""
    return np.int64(np.floor(value * 65536.0 + 0.5))


@inlined
def paint(target: Bytes, colour: Number) -> None:
    """Fill pixels with a colour, 0xRRGGBB."""
    red, green, blue = np.uint8(colour >> 16), np.uint8((colour >> 8) & 255), np.uint8(colour & 255)
    for i in range(0, target.size, 3):
        target[i] = red
        target[i + 1] = green
        target[i + 2] = blue


@inlined
def first_at_least(start: Number, step: Number, limit: Number) -> Number:
    """Return the smallest n with start + n * step >= limit, for a positive step."""
    return -((start - limit) // step)


@inlined
def span(start: Number, step: Number, limit: Number, count: Number) -> tuple[Number, Number]:
    """Return the columns, first and stop, of 0 .. count at which start + column * step lies in [0, limit)."""
    if step == 0:
        return (np.int64(0), count) if 0 <= start < limit else (np.int64(0), np.int64(0))
    if step > 0:
        first, stop = first_at_least(start, step, np.int64(0)), first_at_least(start, step, limit)
    else:
        first, stop = first_at_least(-start, -step, 1 - limit), first_at_least(-start, -step, np.int64(1))
    first = min(max(first, np.int64(0)), count)
    return first, max(min(stop, count), first)


@kernel
def nearest(source: Bytes, target: Bytes, frame: Frame, matrix: Matrix, colour: Number) -> None:
    """Take every pixel from the one nearest to where a matrix says; a byte more than the source has can be read."""
    H, W = np.int64(frame[0]), np.int64(frame[1])
    a, b, c, d, e, f = matrix
    right, down = fixed(a), fixed(d)
    x, y = fixed((c + a * 0.5) + b * 0.5), fixed((f + d * 0.5) + e * 0.5)
    for row in range(H):
        out = target[row * W * 3 : (row + 1) * W * 3]
        first, stop = span(x, right, W << S16, W)
        low, high = span(y, down, H << S16, W)
        first = max(first, low)
        stop = max(min(stop, high), first)
        paint(out[: first * 3], colour)
        if stop > first and right == UNIT and down == 0:
            at = ((y >> S16) * W + (x >> S16) + first) * 3
            copy_bytes(source[at : at + (stop - first) * 3], out[first * 3 :])
        elif stop > first:
            gather(source, W, (x + first * right, y + first * down), (right, down), out[first * 3 : stop * 3])
        paint(out[stop * 3 :], colour)
        x += fixed(b)
        y += fixed(e)


@inlined
def gather(source: Bytes, W: Number, place: tuple[Number, Number], step: tuple[Number, Number], out: Bytes) -> None:
    """Fill a row with the pixels under places that all lie in the picture, in 2**-16 pixels."""
    x, y = place
    last = out.size // 3 - 1
    for pixel in range(last):  # four bytes at once; the fourth is the next pixel's
        copy_pixel(source, np.uintp((y >> S16) * W + (x >> S16)) * THREE, out, np.uintp(pixel) * THREE)
        x += step[0]
        y += step[1]
    at = ((y >> S16) * W + (x >> S16)) * 3
    for i in range(3):
        out[last * 3 + i] = source[at + i]


@kernel
def fill_outside(target: Bytes, frame: Frame, matrix: Matrix, colour: Number) -> None:
    """Fill the pixels of a whole picture whose places lie outside of it."""
    H, W = frame[0], frame[1]
    for y in range(H):
        start, stop = inside(matrix, frame, y)
        out = target[y * W * 3 : (y + 1) * W * 3]
        paint(out[: start * 3], colour)
        paint(out[stop * 3 :], colour)


@inlined
def cubic(v1: Number, v2: Number, v3: Number, v4: Number, d: Number) -> Number:
    """Interpolate between the second and the third of four values (Pillow's BICUBIC macro)."""
    p2 = -v1 + v3
    p3 = 2.0 * (v1 - v2) + v3 - v4
    p4 = -v1 + v2 - v3 + v4
    return v2 + d * (p2 + d * (p3 + d * p4))


@inlined
def cubic_row(source: Bytes, columns: tuple[Number, Number, Number, Number], d: Number) -> Number:
    """Interpolate along a row, between bytes at four places."""
    i, j, k, m = columns
    return cubic(np.float64(source[i]), np.float64(source[j]), np.float64(source[k]), np.float64(source[m]), d)


@kernel
def bicubic(source: Bytes, target: Bytes, frame: Frame, matrix: Matrix, colour: Number) -> None:
    """Take every pixel from where a matrix says, by cubic interpolation."""
    H, W = frame[0], frame[1]
    for y in range(H):
        start, stop = inside(matrix, frame, y)
        out = target[y * W * 3 : (y + 1) * W * 3]
        paint(out[: start * 3], colour)
        for x in range(start, stop):
            cubic_pixel(source, (H, W), matrix, (x, y), out[x * 3 : x * 3 + 3])
        paint(out[stop * 3 :], colour)


@inlined
def cubic_pixel(
    source: Bytes, size: tuple[Number, Number], matrix: Matrix, pixel: tuple[Number, Number], out: Bytes
) -> None:
    """Make one pixel by cubic interpolation. Rows outside the picture repeat its first and its last."""
    H, W = size
    a, b, c, d, e, f = matrix
    across = ((a * (pixel[0] + 0.5) + b * (pixel[1] + 0.5)) + c) - 0.5
    along = ((d * (pixel[0] + 0.5) + e * (pixel[1] + 0.5)) + f) - 0.5
    column, row = np.int64(np.floor(across)), np.int64(np.floor(along))
    dx, dy = across - np.floor(across), along - np.floor(along)
    i, j = min(max(column - 1, 0), W - 1) * 3, min(max(column, 0), W - 1) * 3
    k, m = min(max(column + 1, 0), W - 1) * 3, min(max(column + 2, 0), W - 1) * 3
    r1, r2 = min(max(row - 1, 0), H - 1) * W * 3, min(max(row, 0), H - 1) * W * 3
    r3, r4 = min(max(row + 1, 0), H - 1) * W * 3, min(max(row + 2, 0), H - 1) * W * 3
    for channel in range(3):
        columns = (i + channel, j + channel, k + channel, m + channel)
        value = cubic(
            cubic_row(source[r1:], columns, dx),
            cubic_row(source[r2:], columns, dx),
            cubic_row(source[r3:], columns, dx),
            cubic_row(source[r4:], columns, dx),
            dy,
        )
        out[channel] = np.uint8(np.int32(min(max(value, 0.0), 255.0)))
