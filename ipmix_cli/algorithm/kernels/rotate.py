"""Rotation: bilinear in float64, Pillow's expressions term by term (see ``geometric.py``), a row at a time.

A row is first done in float32, as shears are first done in whole numbers, and once more in float64 if a result lies so
near a whole level that the two may differ.
"""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.algorithm.kernels.compiler import inlined, kernel, spliced
from ipmix_cli.algorithm.kernels.desk import Desk
from ipmix_cli.algorithm.kernels.frames import ONE, THREE, TWO, clear, copy_box
from ipmix_cli.algorithm.kernels.types import Bytes, Floats, Four, Frame, Ints, Matrix, Number, Reals

# Image.rotate rounds to 15 digits, so that the last bits of this machine's libm do not show
COSINES = np.array([round(math.cos(-math.radians(d % 360.0)), 15) for d in range(360)])
SINES = np.array([round(math.sin(-math.radians(d % 360.0)), 15) for d in range(360)])

BYTE, S8, S16, ZERO = np.int32(255), np.int32(8), np.int32(16), np.int32(0)
# Levels: in float32 a result is off by 8.4e-5 at most (six roundings of numbers up to 255)
MARGIN = np.float32(1e-4)


@inlined
def rotation(degrees: Number, H: Number, W: Number) -> Matrix:
    """Return the six numbers of Image.rotate about the centre, in its order of operations."""
    cosine, sine = COSINES[degrees % 360], SINES[degrees % 360]
    center_x, center_y = W / 2.0, H / 2.0
    c = (cosine * -center_x + sine * -center_y + 0.0) + center_x
    f = (-sine * -center_x + cosine * -center_y + 0.0) + center_y
    return cosine, sine, c, -sine, cosine, f


@spliced
def rotate(source: Bytes, target: Bytes, frame: Frame, degrees: Number, desk: Desk) -> None:
    """Turn counter-clockwise by whole degrees."""
    if degrees % 360 == 0:
        copy_box(source, target, frame)
        return
    _, W, top, left, height, width = frame
    matrix = rotation(degrees, frame[0], W)
    pack_rows(source, frame, matrix, desk.packed)
    for r in range(height):
        start, stop = inside(matrix, frame, top + r)
        out = target[r * width * 3 : (r + 1) * width * 3]
        clear(out[: (start - left) * 3])
        clear(out[(stop - left) * 3 :])
        middle = out[(start - left) * 3 : (stop - left) * 3]
        locate(matrix, desk.columns[start:], top + r, desk.places[4][: stop - start], desk.reals, W + 2)
        gather(desk.packed, W, desk.places, stop - start)
        to_float32(desk.reals[: 2 * (stop - start)], desk.floats)
        if interpolate_quickly(desk.places, desk.floats, middle) < 0:
            interpolate(desk.places, desk.reals, middle)


@kernel
def pack_rows(source: Bytes, frame: Frame, matrix: Matrix, packed: Ints) -> None:
    """Make one number of each pixel, in the rows that the box takes pixels from.

    ``packed`` is (H + 2) * (W + 2): the picture with its border pixels doubled, which spares every test for an edge.
    """
    H, W, top, left, height, width = frame
    _, _, _, d, e, f = matrix
    low: Number = min(d * left, d * (left + width)) + min(e * top, e * (top + height)) + f
    high: Number = max(d * left, d * (left + width)) + max(e * top, e * (top + height)) + f
    first: Number = np.int64(low) - 3
    last: Number = np.int64(high) + 3
    for y in range(max(first, -1), min(last, H) + 1):
        row = source[min(max(y, 0), H - 1) * W * 3 :]
        out = packed[(y + 1) * (W + 2) + 1 :]
        for pixel in range(np.uintp(W)):
            i = pixel * THREE
            two = np.int32(np.int32(row[i]) | np.int32(np.int32(row[i + ONE]) << S8))
            out[pixel] = np.int32(two | np.int32(np.int32(row[i + TWO]) << S16))
        packed[(y + 1) * (W + 2)] = out[0]
        out[W] = out[W - 1]


@inlined
def is_inside(matrix: Matrix, frame: Frame, x: Number, y: Number) -> Number:
    """Pillow's test whether a pixel's place lies in the picture."""
    a, b, c, d, e, f = matrix
    across = (a * (x + 0.5) + b * (y + 0.5)) + c
    down = (d * (x + 0.5) + e * (y + 0.5)) + f
    return across >= 0.0 and across < frame[1] and down >= 0.0 and down < frame[0]


@kernel
def inside(matrix: Matrix, frame: Frame, y: Number) -> tuple[Number, Number]:
    """Return the columns of the box, start and stop, whose places lie in the picture: one run, as it is convex."""
    start, stop = frame[3], frame[3] + frame[5]
    while start < stop and not is_inside(matrix, frame, start, y):
        start += 1
    while stop > start and not is_inside(matrix, frame, stop - 1, y):
        stop -= 1
    return start, stop


@kernel
def locate(matrix: Matrix, columns: Reals, y: Number, corners: Ints, parts: Reals, stride: Number) -> None:
    """Fill corners with the first of the four neighbours of each pixel of a row, parts with dx and then dy.

    The pixels are centred at columns; corners count pixels of the packed picture.
    """
    a, b, c, d, e, f = matrix
    by, ey = b * (y + 0.5), e * (y + 0.5)
    one, below = np.int32(1), np.int32(stride)
    count = corners.size
    dx, dy = parts[:count], parts[count : 2 * count]
    for q in range(count):
        centre = columns[q]
        x = ((a * centre + by) + c) - 0.5
        y_in = ((d * centre + ey) + f) - 0.5
        column, row = np.floor(x), np.floor(y_in)
        dx[q] = x - column
        dy[q] = y_in - row
        start = np.int32(np.int32(np.int32(row) + one) * below)
        corners[q] = np.int32(np.int32(start + np.int32(column)) + one)


@kernel
def to_float32(parts: Reals, floats: Floats) -> None:
    """Round parts to float32: a loop that reads float64 has half of the lanes."""
    for i in range(parts.size):
        floats[i] = np.float32(parts[i])


@kernel
def gather(packed: Ints, W: Number, places: Ints, count: Number) -> None:
    """Fill the first four lines of places with the neighbours of the pixels that the fifth names."""
    upper_left, upper_right, lower_left, lower_right = places[0], places[1], places[2], places[3]
    corners = places[4]
    below = np.uintp(W + 2)
    for q in range(np.uintp(count)):
        corner = np.uintp(np.uint32(corners[q]))
        upper_left[q] = packed[corner]
        upper_right[q] = packed[corner + ONE]
        lower_left[q] = packed[corner + below]
        lower_right[q] = packed[corner + below + ONE]


@inlined
def channel_of(pixel: Number, shift: Number) -> Number:
    """Return one channel of a packed pixel."""
    return np.int32(np.int32(pixel >> shift) & BYTE)


@inlined
def bilinear(four: Four, shift: Number, dx: Number, dy: Number) -> Number:
    """Interpolate one channel of four pixels."""
    p, q = np.float64(channel_of(four[0], shift)), np.float64(channel_of(four[1], shift))
    r, s = np.float64(channel_of(four[2], shift)), np.float64(channel_of(four[3], shift))
    upper = p + (q - p) * dx
    lower = r + (s - r) * dx
    return np.int32(upper + (lower - upper) * dy)


@inlined
def bilinear_quickly(four: Four, shift: Number, dx: Number, dy: Number) -> tuple[Number, Number]:
    """Interpolate one channel of four pixels in float32; return it, and a number below 0 if it is in doubt."""
    a, b = channel_of(four[0], shift), channel_of(four[1], shift)
    c, d = channel_of(four[2], shift), channel_of(four[3], shift)
    p, q, r, s = np.float32(a), np.float32(b), np.float32(c), np.float32(d)
    upper = np.float32(p + np.float32(np.float32(q - p) * dx))
    lower = np.float32(r + np.float32(np.float32(s - r) * dx))
    value = np.float32(upper + np.float32(np.float32(lower - upper) * dy))
    straddles = np.int32(np.int32(value + MARGIN) ^ np.int32(value - MARGIN))
    differs = np.int32(np.int32(np.int32(a ^ b) | np.int32(a ^ c)) | np.int32(a ^ d))
    return np.int32(value), np.int32(np.int32(-straddles) & np.int32(-differs))


@inlined
def unpack(packed: Ints, out: Bytes) -> None:
    """Make bytes of packed pixels."""
    for q in range(np.uintp(out.size // 3)):
        i = q * THREE
        out[i] = np.uint8(packed[q])
        out[i + ONE] = np.uint8(packed[q] >> S8)
        out[i + TWO] = np.uint8(packed[q] >> S16)


@kernel
def interpolate(places: Ints, parts: Reals, out: Bytes) -> None:
    """Make a row of bytes from the neighbours and parts of its pixels."""
    upper_left, upper_right, lower_left, lower_right = places[0], places[1], places[2], places[3]
    count, result = out.size // 3, places[4]
    dx, dy = parts[:count], parts[count : 2 * count]
    for q in range(count):
        four = (upper_left[q], upper_right[q], lower_left[q], lower_right[q])
        red = bilinear(four, ZERO, dx[q], dy[q])
        green = bilinear(four, S8, dx[q], dy[q])
        blue = bilinear(four, S16, dx[q], dy[q])
        result[q] = np.int32(red | np.int32(np.int32(green << S8) | np.int32(blue << S16)))
    unpack(result, out)


@kernel
def interpolate_quickly(places: Ints, parts: Floats, out: Bytes) -> Number:
    """Do what interpolate does in float32; return a number below 0 if any byte is in doubt."""
    upper_left, upper_right, lower_left, lower_right = places[0], places[1], places[2], places[3]
    count, result = out.size // 3, places[4]
    dx, dy = parts[:count], parts[count : 2 * count]
    doubts = ZERO
    for q in range(count):
        four = (upper_left[q], upper_right[q], lower_left[q], lower_right[q])
        red, doubt = bilinear_quickly(four, ZERO, dx[q], dy[q])
        doubts = np.int32(doubts | doubt)
        green, doubt = bilinear_quickly(four, S8, dx[q], dy[q])
        doubts = np.int32(doubts | doubt)
        blue, doubt = bilinear_quickly(four, S16, dx[q], dy[q])
        doubts = np.int32(doubts | doubt)
        result[q] = np.int32(red | np.int32(np.int32(green << S8) | np.int32(blue << S16)))
    unpack(result, out)
    return doubts
