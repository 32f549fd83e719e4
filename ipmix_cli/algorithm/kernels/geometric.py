"""Operations that move pixels: mirror, rotate, shear, translate; bilinear in float64, black outside.

The expressions are those of Pillow's libImaging/Geometry.c (affine_transform, bilinear_filter32RGB), term by term:
another order of the same terms rounds differently, and then single bytes differ. What is left out multiplies by 0 or 1.
"""

from __future__ import annotations

import math

import numpy as np

from fractals.jit import inlined, kernel
from ipmix_cli.algorithm.kernels.pointwise import copy_box

# Image.rotate rounds to 15 digits, so that the last bits of this machine's libm do not show
COSINES = np.array([round(math.cos(-math.radians(d % 360.0)), 15) for d in range(360)])
SINES = np.array([round(math.sin(-math.radians(d % 360.0)), 15) for d in range(360)])


@kernel
def mirror(source, target, size, box):  # type: ignore[no-untyped-def]
    """Swap left and right."""
    top, left, height, width = box
    for r in range(height):
        first = ((top + r) * size[1] + size[1] - left - width) * 3
        a = source[first : first + width * 3]
        b = target[r * width * 3 : (r + 1) * width * 3]
        for x in range(width):
            i, j = 3 * (width - 1 - x), 3 * x
            b[j], b[j + 1], b[j + 2] = a[i], a[i + 1], a[i + 2]


@inlined
def between(p, q, part):  # type: ignore[no-untyped-def]
    """Interpolate between two numbers (Pillow's BILINEAR macro)."""
    return p + (q - p) * part


@kernel
def translate(source, target, size, box, offset):  # type: ignore[no-untyped-def]
    """Take every pixel from (y, x) + offset, whole numbers, so that no interpolation is left."""
    top, left, height, width = box
    start = min(max(-(left + offset[1]), 0), width)
    stop = max(min(size[1] - left - offset[1], width), start)
    for r in range(height):
        b = target[r * width * 3 : (r + 1) * width * 3]
        y = top + r + offset[0]
        if y < 0 or y >= size[0]:
            b[:] = 0
            continue
        b[: start * 3] = 0
        b[stop * 3 :] = 0
        first = (y * size[1] + left + offset[1] + start) * 3
        a = source[first : first + (stop - start) * 3]
        c = b[start * 3 : stop * 3]
        for i in range(a.size):
            c[i] = a[i]


@kernel
def shear_x(source, target, size, box, factor):  # type: ignore[no-untyped-def]
    """Move row y by factor * (y + 1/2) pixels."""
    top, left, height, width = box
    W = size[1]
    for r in range(height):
        a = source[(top + r) * W * 3 : (top + r + 1) * W * 3]
        b = target[r * width * 3 : (r + 1) * width * 3]
        moved = factor * (top + r + 0.5)
        for q in range(width):
            x = (left + q + 0.5) + moved
            if x < 0.0 or x >= W:
                b[3 * q], b[3 * q + 1], b[3 * q + 2] = 0, 0, 0
                continue
            x -= 0.5
            column = np.int64(np.floor(x))
            dx = x - np.float64(column)
            i, j = 3 * max(column, 0), 3 * min(column + 1, W - 1)
            for channel in range(3):
                b[3 * q + channel] = np.uint8(
                    np.int32(between(np.float64(a[i + channel]), np.float64(a[j + channel]), dx))
                )


@kernel
def shear_y(source, target, size, box, factor):  # type: ignore[no-untyped-def]
    """Move column x by factor * (x + 1/2) pixels."""
    top, left, height, width = box
    H, W = size
    for r in range(height):
        b = target[r * width * 3 : (r + 1) * width * 3]
        for q in range(width):
            y = factor * (left + q + 0.5) + (top + r + 0.5)
            if y < 0.0 or y >= H:
                b[3 * q], b[3 * q + 1], b[3 * q + 2] = 0, 0, 0
                continue
            y -= 0.5
            row = np.int64(np.floor(y))
            dy = y - np.float64(row)
            i = (max(row, 0) * W + left + q) * 3
            j = (min(row + 1, H - 1) * W + left + q) * 3
            for channel in range(3):
                b[3 * q + channel] = np.uint8(
                    np.int32(between(np.float64(source[i + channel]), np.float64(source[j + channel]), dy))
                )


@inlined
def rotation(degrees, size):  # type: ignore[no-untyped-def]
    """Return the six numbers of Image.rotate about the centre, in its order of operations."""
    cosine, sine = COSINES[degrees % 360], SINES[degrees % 360]
    center_x, center_y = size[1] / 2.0, size[0] / 2.0
    c = (cosine * -center_x + sine * -center_y + 0.0) + center_x
    f = (-sine * -center_x + cosine * -center_y + 0.0) + center_y
    return cosine, sine, c, -sine, cosine, f


@kernel
def rotate(source, target, size, box, degrees):  # type: ignore[no-untyped-def]
    """Turn counter-clockwise by whole degrees."""
    if degrees % 360 == 0:
        copy_box(source, target, size, box)
        return
    a, b, c, d, e, f = rotation(degrees, size)
    top, left, height, width = box
    H, W = size
    for r in range(height):
        row = target[r * width * 3 : (r + 1) * width * 3]
        by, ey = b * (top + r + 0.5), e * (top + r + 0.5)
        for q in range(width):
            x = (a * (left + q + 0.5) + by) + c
            y = (d * (left + q + 0.5) + ey) + f
            if x < 0.0 or x >= W or y < 0.0 or y >= H:
                row[3 * q], row[3 * q + 1], row[3 * q + 2] = 0, 0, 0
                continue
            x -= 0.5
            y -= 0.5
            left_column, upper_row = np.int64(np.floor(x)), np.int64(np.floor(y))
            dx, dy = x - np.float64(left_column), y - np.float64(upper_row)
            x0, x1 = 3 * max(left_column, 0), 3 * min(left_column + 1, W - 1)
            y0, y1 = 3 * W * max(upper_row, 0), 3 * W * min(upper_row + 1, H - 1)
            for channel in range(3):
                upper = between(
                    np.float64(source[y0 + x0 + channel]), np.float64(source[y0 + x1 + channel]), dx
                )
                lower = between(
                    np.float64(source[y1 + x0 + channel]), np.float64(source[y1 + x1 + channel]), dx
                )
                row[3 * q + channel] = np.uint8(np.int32(between(upper, lower, dy)))
