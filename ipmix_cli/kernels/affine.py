"""Affine operations by nearest neighbours, and the colour of what lies outside the picture.

Nearest neighbours are found in whole numbers of 2**-16 pixels, as Pillow's libImaging/Geometry.c does (affine_fixed).
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.chunk import copy_four_pixels
from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.frames import ONE, THREE, TWO, copy_bytes
from ipmix_cli.kernels.lanes import COUNT, lane_numbers, load, long_everywhere, store, store_longs, upper_halves
from ipmix_cli.kernels.rotate import inside
from ipmix_cli.kernels.types import Bytes, Frame, Ints, Matrix, Number, Place

S16 = np.int64(16)
UNIT = 1 << 16
RUN = 3 * COUNT  # bytes that are painted at once
FOUR = np.uintp(4)


@inlined
def fixed(value: Number) -> Number:
    """Return a distance in 2**-16 pixels, as Pillow rounds it."""
    return np.int64(np.floor(value * 65536.0 + 0.5))


@kernel
def paint(target: Bytes, colour: Number) -> None:
    """Fill pixels with a colour, 0xRRGGBB."""
    red, green, blue = np.uint8(colour >> 16), np.uint8((colour >> 8) & 255), np.uint8(colour & 255)
    if red == green and green == blue:
        for i in range(target.size):
            target[i] = red
        return
    for i in range(0, min(target.size, RUN), 3):
        target[i] = red
        target[i + 1] = green
        target[i + 2] = blue
    first = np.uintp(0)
    for start in range(RUN, target.size, RUN):  # as often as it fits, and at the end once more
        at = np.uintp(min(start, target.size - RUN))
        for part in range(3):
            place = np.uintp(part * COUNT)
            store(target, at + place, load(target, first + place))


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
def nearest(source: Bytes, target: Bytes, frame: Frame, matrix: Matrix, colour: Number, offsets: Ints) -> None:
    """Take every pixel from the one nearest to where a matrix says; a byte more than the source has can be read.

    ``offsets`` is (W + 63,) or more, to work in.
    """
    H, W = np.int64(frame[0]), np.int64(frame[1])
    a, b, c, d, e, f = matrix
    right, down = fixed(a), fixed(d)
    x, y = fixed((c + a * 0.5) + b * 0.5), fixed((f + d * 0.5) + e * 0.5)
    alike = fixed(b) == 0 and fixed(e) == UNIT  # each row is taken from one row below where the last one was
    if alike:
        find_pixels(W, (x, y), (right, down), W, offsets)
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
            if not alike:
                place = x + first * right, y + first * down
                find_pixels(W, place, (right, down), stop - first, offsets[first:])
            gather(source, row * W if alike else np.int64(0), offsets[first:stop], out[first * 3 : stop * 3])
        paint(out[stop * 3 :], colour)
        x += fixed(b)
        y += fixed(e)


@kernel
def find_pixels(W: Number, place: Place, step: Place, count: Number, offsets: Ints) -> None:
    """Fill offsets with the numbers of the pixels under places, in 2**-16 pixels, of a row; 63 more may be written.

    In 32 bits, which hold all places in a picture: other places may give any number.
    """
    right, down, width = long_everywhere(step[0]), long_everywhere(step[1]), long_everywhere(W)
    for first in range(0, count, COUNT):
        pixels = lane_numbers()
        column = long_everywhere(place[0] + first * step[0]) + pixels * right
        row = long_everywhere(place[1] + first * step[1]) + pixels * down
        store_longs(offsets, np.uintp(first), upper_halves(row) * width + upper_halves(column))


@kernel
def gather(source: Bytes, first: Number, offsets: Ints, out: Bytes) -> None:
    """Fill a row with pixels of these numbers, counted from ``first``."""
    fours = max(offsets.size - 2, 0) // 4  # as many bytes are written beyond the last one
    start = np.uintp(first)
    for four in range(np.uintp(fours)):
        pixel = FOUR * four
        firsts = (
            (start + np.uintp(offsets[pixel])) * THREE,
            (start + np.uintp(offsets[pixel + ONE])) * THREE,
            (start + np.uintp(offsets[pixel + TWO])) * THREE,
            (start + np.uintp(offsets[pixel + THREE])) * THREE,
        )
        copy_four_pixels(source, firsts, out, pixel * THREE)
    for number in range(4 * fours, offsets.size):
        at = (first + offsets[number]) * 3
        for i in range(3):
            out[number * 3 + i] = source[at + i]


@kernel
def fill_outside(target: Bytes, frame: Frame, matrix: Matrix, colour: Number) -> None:
    """Fill the pixels of a whole picture whose places lie outside of it."""
    H, W = frame[0], frame[1]
    for y in range(H):
        start, stop = inside(matrix, frame, y)
        out = target[y * W * 3 : (y + 1) * W * 3]
        paint(out[: start * 3], colour)
        paint(out[stop * 3 :], colour)
