"""Rotation: bilinear in float64, Pillow's expressions term by term (see ``geometric.py``), a row at a time."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.algorithm.kernels.compiler import inlined, kernel, spliced
from ipmix_cli.algorithm.kernels.frames import ONE, THREE, TWO, copy_box

# Image.rotate rounds to 15 digits, so that the last bits of this machine's libm do not show
COSINES = np.array([round(math.cos(-math.radians(d % 360.0)), 15) for d in range(360)])
SINES = np.array([round(math.sin(-math.radians(d % 360.0)), 15) for d in range(360)])

BYTE, S8, S16 = np.int32(255), np.int32(8), np.int32(16)


@inlined
def rotation(degrees, H, W):  # type: ignore[no-untyped-def]
    """Return the six numbers of Image.rotate about the centre, in its order of operations."""
    cosine, sine = COSINES[degrees % 360], SINES[degrees % 360]
    center_x, center_y = W / 2.0, H / 2.0
    c = (cosine * -center_x + sine * -center_y + 0.0) + center_x
    f = (-sine * -center_x + cosine * -center_y + 0.0) + center_y
    return cosine, sine, c, -sine, cosine, f


@spliced
def rotate(source, target, frame, degrees, desk):  # type: ignore[no-untyped-def]
    """Turn counter-clockwise by whole degrees."""
    if degrees % 360 == 0:
        copy_box(source, target, frame)
        return
    H, W, top, _, height, width = frame
    matrix = rotation(degrees, H, W)
    pack_rows(source, frame, matrix, desk.packed)
    for r in range(height):
        locate(matrix, frame, top + r, desk.places, desk.reals)
        gather(desk.packed, H, W, width, desk.places)
        interpolate(desk.places, desk.reals, target[r * width * 3 : (r + 1) * width * 3])


@kernel
def pack_rows(source, frame, matrix, packed):  # type: ignore[no-untyped-def]
    """Make one number of each pixel, in the rows that the box takes pixels from."""
    H, W, top, left, height, width = frame
    _, _, _, d, e, f = matrix
    high, low = max(d * left, d * (left + width)), min(d * left, d * (left + width))
    first = min(max(np.int64(low + min(e * top, e * (top + height)) + f) - 2, 0), H)
    last = max(min(np.int64(high + max(e * top, e * (top + height)) + f) + 2, H), first)
    bytes_in, pixels_out = source[first * W * 3 :], packed[first * W : last * W]
    for pixel in range(np.uintp(pixels_out.size)):
        i = pixel * THREE
        two = np.int32(np.int32(bytes_in[i]) | np.int32(np.int32(bytes_in[i + ONE]) << S8))
        pixels_out[pixel] = np.int32(two | np.int32(np.int32(bytes_in[i + TWO]) << S16))


@kernel
def locate(matrix, frame, y, places, parts):  # type: ignore[no-untyped-def]
    """Fill places with the first neighbour and the place in the source of each pixel, parts with the fractions."""
    a, b, c, d, e, f = matrix
    left, width = frame[3], frame[5]
    by, ey = b * (y + 0.5), e * (y + 0.5)
    column, row, across, down = places[0], places[1], places[2], places[3]
    dx, dy = parts[:width], parts[width : 2 * width]
    for q in range(width):
        centre = left + q + 0.5
        x = (a * centre + by) + c
        y_in = (d * centre + ey) + f
        across[q] = np.int32(np.floor(x))
        down[q] = np.int32(np.floor(y_in))
        x -= 0.5
        y_in -= 0.5
        column[q] = np.int32(np.floor(x))
        row[q] = np.int32(np.floor(y_in))
        dx[q] = x - np.floor(x)
        dy[q] = y_in - np.floor(y_in)


@kernel
def gather(packed, H, W, width, places):  # type: ignore[no-untyped-def]
    """Replace places by the four neighbours' pixels; black outside."""
    corner0, corner1, corner2, corner3 = places[0], places[1], places[2], places[3]
    for q in range(np.uintp(width)):
        if corner2[q] < 0 or corner2[q] >= W or corner3[q] < 0 or corner3[q] >= H:
            corner0[q] = corner1[q] = corner2[q] = corner3[q] = 0
            continue
        x0, x1 = max(corner0[q], 0), min(corner0[q] + 1, W - 1)
        y0, y1 = max(corner1[q], 0) * W, min(corner1[q] + 1, H - 1) * W
        corner0[q] = packed[np.uintp(y0 + x0)]
        corner1[q] = packed[np.uintp(y0 + x1)]
        corner2[q] = packed[np.uintp(y1 + x0)]
        corner3[q] = packed[np.uintp(y1 + x1)]


@inlined
def bilinear(corners, shift, dx, dy):  # type: ignore[no-untyped-def]
    """Interpolate one channel of four pixels."""
    p = np.float64(np.int32((corners[0] >> shift) & BYTE))
    q = np.float64(np.int32((corners[1] >> shift) & BYTE))
    upper = p + (q - p) * dx
    p = np.float64(np.int32((corners[2] >> shift) & BYTE))
    q = np.float64(np.int32((corners[3] >> shift) & BYTE))
    lower = p + (q - p) * dx
    return np.int32(upper + (lower - upper) * dy)


@kernel
def interpolate(places, parts, out):  # type: ignore[no-untyped-def]
    """Make a row of bytes from the neighbours and parts of its pixels."""
    first, second, third, fourth, result = places[0], places[1], places[2], places[3], places[4]
    width = out.size // 3
    dx, dy = parts[:width], parts[width : 2 * width]
    for q in range(width):
        corners = (first[q], second[q], third[q], fourth[q])
        red = bilinear(corners, np.int32(0), dx[q], dy[q])
        green = bilinear(corners, S8, dx[q], dy[q])
        blue = bilinear(corners, S16, dx[q], dy[q])
        result[q] = np.int32(red | (green << S8) | (blue << S16))
    for q in range(np.uintp(width)):
        i = q * THREE
        out[i] = np.uint8(result[q])
        out[i + ONE] = np.uint8(result[q] >> S8)
        out[i + TWO] = np.uint8(result[q] >> S16)
