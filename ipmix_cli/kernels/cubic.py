"""One byte by cubic interpolation, as Pillow's libImaging/Geometry.c has it (its BICUBIC, whose parameter is -1).

Bytes are first made in float32, as weighted sums. Where a sum lies so near a whole level that the two may differ, the
byte is made once more in float64, by Pillow's expressions term by term.
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.types import Bytes, Frame, Matrix, Number

BORDER = 2  # pixels that are repeated on each side of the padded picture
# Levels by which a sum in float32 may be off: a weight is off by 2**-23 and its product with a byte by 2**-17, and the
# absolute weights add up to 1.5 along each axis
MARGIN = np.float32(5e-4)
TOP = np.float32(255.0)
ZERO, ONE, TWO = np.float32(0.0), np.float32(1.0), np.float32(2.0)


@kernel
def pad(source: Bytes, frame: Frame, padded: Bytes) -> None:
    """Copy a picture to (H + 4) * (W + 4) pixels: those of its border are repeated twice on each side."""
    H, W = frame[0], frame[1]
    for y in range(-BORDER, H + BORDER):
        row = source[min(max(y, 0), H - 1) * W * 3 :][: W * 3]
        out = padded[(y + BORDER) * (W + 2 * BORDER) * 3 :]
        copy_bytes(row, out[BORDER * 3 :])
        for pixel in range(BORDER):
            copy_bytes(row[:3], out[pixel * 3 :])
            copy_bytes(row[W * 3 - 3 :], out[(BORDER + W + pixel) * 3 :])


@inlined
def place_of(matrix: Matrix, x: Number, y: Number) -> tuple[Number, Number]:
    """Return where a pixel is taken from, across and down, in Pillow's order of operations."""
    a, b, c, d, e, f = matrix
    return ((a * (x + 0.5) + b * (y + 0.5)) + c) - 0.5, ((d * (x + 0.5) + e * (y + 0.5)) + f) - 0.5


@inlined
def weights(part: Number) -> tuple[Number, Number, Number, Number]:
    """Return the float32 weights of four neighbours, for a place that is a part of a pixel behind the second."""
    d = np.float32(part)
    square = np.float32(d * d)
    last = np.float32(np.float32(square * d) - square)
    first = np.float32(np.float32(square - d) - last)
    return first, np.float32(ONE + np.float32(last - square)), np.float32(d - last), last


@inlined
def is_doubtful(value: Number) -> Number:
    """Return whether float64 may make another byte of a sum."""
    raised = np.float32(value + MARGIN)
    near = np.float32(raised - np.float32(np.int32(raised))) < TWO * MARGIN
    return near & (value > -MARGIN) & (value < TOP + MARGIN)


@inlined
def to_byte(value: Number) -> Number:
    """Return a sum as a byte: truncated, where it is beyond doubt."""
    return np.uint8(np.int32(np.float32(min(max(value, ZERO), TOP) + MARGIN)))


@kernel
def exactly(near: Bytes, stride: Number, dx: Number, dy: Number) -> Number:
    """Make a byte in float64; ``near`` begins with the first of its sixteen neighbours, ``stride`` is in bytes."""
    value = cubic(
        cubic_row(near, dx),
        cubic_row(near[stride:], dx),
        cubic_row(near[2 * stride :], dx),
        cubic_row(near[3 * stride :], dx),
        dy,
    )
    return np.uint8(np.int32(min(max(value, 0.0), 255.0)))


@inlined
def cubic_row(row: Bytes, d: Number) -> Number:
    """Interpolate along a row, between the bytes of four pixels."""
    return cubic(np.float64(row[0]), np.float64(row[3]), np.float64(row[6]), np.float64(row[9]), d)


@inlined
def cubic(v1: Number, v2: Number, v3: Number, v4: Number, d: Number) -> Number:
    """Interpolate between the second and the third of four values (Pillow's BICUBIC macro)."""
    p2 = -v1 + v3
    p3 = 2.0 * (v1 - v2) + v3 - v4
    p4 = -v1 + v2 - v3 + v4
    return v2 + d * (p2 + d * (p3 + d * p4))
