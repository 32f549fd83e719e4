"""Rotation: bilinear in float64, Pillow's expressions term by term (see ``geometric.py``), a row at a time.

A row is first done in float32, as shears are first done in whole numbers, and where a result lies so near a whole level
that the two may differ, the bytes about it are done once more in float64. Neighbours in a row have neighbours for their
sources, but for some jumps: the places, whole numbers of 2**-32 pixels, tell where these are, and what lies between two
is copied as one run.
"""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.chunk import CHUNK, copy_chunk, copy_four_pixels
from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.frames import THREE, clear, copy_box, copy_bytes
from ipmix_cli.kernels.types import Bytes, Counters, Frame, Ints, Matrix, Number, Place
from ipmix_cli.kernels.workspace import Workspace

# Image.rotate rounds to 15 digits, so that the last bits of this machine's libm do not show
COSINES = np.array([round(math.cos(-math.radians(d % 360.0)), 15) for d in range(360)])
SINES = np.array([round(math.sin(-math.radians(d % 360.0)), 15) for d in range(360)])

PIXEL = 1 << 32
BELOW = PIXEL - 1
HALF_UNIT = 128  # parts lose 8 of their 32 bits to be exact in float32: this rounds them
S8, S32 = np.uint32(8), np.int64(32)
PART = np.float32(2.0**-24)
# Levels by which a result may be off: four roundings in a row of numbers up to 255, and parts rounded to 2**-24;
# then for each column that the steps of 2**-32 pixels are added up
MARGIN, MARGIN_PER_COLUMN = 6.5e-5, 6e-8
STRIDE = np.uintp(CHUNK)
FIRST = np.int64(0)  # with a width: a literal number would be one more specialisation
SHORT = 8  # pixels of a run: if there are no more, its pixels are copied one by one
REDONE = 48  # bytes looked at again together, where a row holds a doubtful one


@inlined
def rotation(degrees: Number, H: Number, W: Number) -> Matrix:
    """Return the six numbers of Image.rotate about the centre, in its order of operations."""
    cosine, sine = COSINES[degrees % 360], SINES[degrees % 360]
    center_x, center_y = W / 2.0, H / 2.0
    c = (cosine * -center_x + sine * -center_y + 0.0) + center_x
    f = (-sine * -center_x + cosine * -center_y + 0.0) + center_y
    return cosine, sine, c, -sine, cosine, f


@inlined
def rotate(source: Bytes, target: Bytes, frame: Frame, degrees: Number, workspace: Workspace) -> None:
    """Turn counter-clockwise by whole degrees."""
    if degrees % 360 == 0:
        copy_box(source, target, frame)
        return
    resample(source, target, frame, rotation(degrees, frame[0], frame[1]), workspace)


@inlined
def resample(source: Bytes, target: Bytes, frame: Frame, matrix: Matrix, workspace: Workspace) -> None:
    """Take every pixel from where a matrix says, bilinearly; a step to the right moves by a pixel at most."""
    _, W, top, left, height, width = frame
    steps = fixed(matrix[0]), fixed(matrix[3])
    padded, lines, advances = workspace.padded, workspace.lines, workspace.advances
    margin = np.float32(MARGIN + MARGIN_PER_COLUMN * W)
    scattered = abs(steps[0] - PIXEL) + abs(steps[1]) > PIXEL // SHORT
    pad_rows(source, frame, matrix, padded)
    add_up(steps, advances)
    for r in range(height):
        start, stop = inside(matrix, frame, top + r)
        out = target[r * width * 3 : (r + 1) * width * 3]
        clear(out[: (start - left) * 3])
        clear(out[(stop - left) * 3 :])
        middle = out[(start - left) * 3 : (stop - left) * 3]
        place = place_of(matrix, start, top + r)
        if scattered:
            gather_neighbours(padded, W + 2, place, steps, workspace.parts[: stop - start], lines)
        else:
            fill_neighbours(padded, W + 2, place, steps, stop - start, lines)
        if interpolate_quickly(lines, advances, place, margin, FIRST, middle):
            for first in range(0, middle.size, REDONE):
                part = middle[first : first + REDONE]
                if interpolate_quickly(lines, advances, place, margin, first, part):
                    interpolate(padded, W + 2, matrix, (start + first // 3, top + r), part)


@inlined
def fixed(pixels: Number) -> Number:
    """Return a distance in 2**-32 pixels."""
    return np.int64(np.floor(pixels * PIXEL + 0.5))


@inlined
def place_of(matrix: Matrix, x: Number, y: Number) -> Place:
    """Return where a pixel's upper left neighbour is, across and down, in 2**-32 pixels of the padded picture."""
    a, b, c, d, e, f = matrix
    across = ((a * (x + 0.5) + b * (y + 0.5)) + c) + 0.5
    down = ((d * (x + 0.5) + e * (y + 0.5)) + f) + 0.5
    return fixed(across) + HALF_UNIT, fixed(down) + HALF_UNIT


@kernel
def add_up(steps: Place, advances: Counters) -> None:
    """Fill advances (2, bytes) with how far each byte's place is from the row's first, modulo a pixel."""
    for axis in range(2):
        step, line = np.uint32(steps[axis] & BELOW), advances[axis]
        for i in range(line.size):
            line[i] = np.uint32(np.uint32(np.uint32(i) // np.uint32(3)) * step)


@kernel
def pad_rows(source: Bytes, frame: Frame, matrix: Matrix, padded: Bytes) -> None:
    """Copy the rows that the box takes pixels from, with the picture's border pixels doubled.

    ``padded`` is (H + 2) * (W + 2) pixels, which spares every test for an edge, and some bytes more.
    """
    H, W, top, left, height, width = frame
    _, _, _, d, e, f = matrix
    low: Number = min(d * left, d * (left + width)) + min(e * top, e * (top + height)) + f
    high: Number = max(d * left, d * (left + width)) + max(e * top, e * (top + height)) + f
    first: Number = np.int64(low) - 3
    last: Number = np.int64(high) + 3
    for y in range(max(first, -1), min(last, H) + 1):
        row = min(max(y, 0), H - 1) * W * 3
        out = padded[(y + 1) * (W + 2) * 3 :]
        copy_bytes(source[row : row + W * 3], out[3:])
        copy_bytes(source[row : row + 3], out)
        copy_bytes(source[row + W * 3 - 3 : row + W * 3], out[W * 3 + 3 :])


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


@inlined
def until_next(place: Number, step: Number) -> Number:
    """Return how many steps it takes from a place until its whole number of pixels changes."""
    part = np.uint64(place & BELOW)
    if step < 0:
        return np.int64(part // np.uint64(-step)) + 1
    if step > 0:
        return np.int64((np.uint64(PIXEL - 1 + step) - part) // np.uint64(step))
    return np.int64(PIXEL)


@kernel
def fill_neighbours(padded: Bytes, stride: Number, place: Place, steps: Place, count: Number, lines: Bytes) -> None:
    """Fill lines (4, bytes) with the neighbours of some pixels of a row: upper left and right, lower left and right.

    They are copied in runs: pixels whose neighbours lie as many columns to the right of them, and in the same two rows.
    """
    ahead, down = place
    ahead_step, down_step = steps[0] - PIXEL, steps[1]
    column = 0
    while column < count:
        run = min(until_next(ahead, ahead_step), until_next(down, down_step), count - column)
        first = np.uintp(((down >> S32) * stride + (ahead >> S32) + column) * 3)
        below = first + np.uintp(stride) * THREE
        to = np.uintp(column) * THREE
        for at in range(np.uintp(0), np.uintp(run) * THREE, STRIDE):  # what is too much is overwritten by the next
            copy_chunk(padded, first + at, lines[0], to + at)
            copy_chunk(padded, first + at + THREE, lines[1], to + at)
            copy_chunk(padded, below + at, lines[2], to + at)
            copy_chunk(padded, below + at + THREE, lines[3], to + at)
        column += run
        ahead += run * ahead_step
        down += run * down_step


@kernel
def gather_neighbours(padded: Bytes, stride: Number, place: Place, steps: Place, firsts: Ints, lines: Bytes) -> None:
    """Fill lines as :func:`fill_neighbours` does, pixel by pixel: where runs are short this is faster.

    ``firsts`` is as long as the row has pixels, to work in.
    """
    count, (across, down), (right, below) = firsts.size, place, steps
    for i in range(count):
        row, column = (down + i * below) >> S32, (across + i * right) >> S32
        firsts[i] = np.int32((row * stride + column) * 3)
    next_row = np.uintp(stride) * THREE
    for start in range(0, count, 4):
        last = count - 1
        upper = (
            np.uintp(firsts[start]),
            np.uintp(firsts[min(start + 1, last)]),
            np.uintp(firsts[min(start + 2, last)]),
            np.uintp(firsts[min(start + 3, last)]),
        )
        to = np.uintp(start) * THREE
        copy_four_pixels(padded, upper, lines[0], to)
        copy_four_pixels(padded, moved_by(upper, THREE), lines[1], to)
        copy_four_pixels(padded, moved_by(upper, next_row), lines[2], to)
        copy_four_pixels(padded, moved_by(upper, next_row + THREE), lines[3], to)


@inlined
def moved_by(firsts: tuple[Number, Number, Number, Number], more: Number) -> tuple[Number, Number, Number, Number]:
    """Return places that are some bytes further on."""
    return firsts[0] + more, firsts[1] + more, firsts[2] + more, firsts[3] + more


@kernel
def interpolate_quickly(
    lines: Bytes, advances: Counters, place: Place, margin: Number, first: Number, out: Bytes
) -> Number:
    """Make bytes of a row, from one on, in float32; return whether any is in doubt."""
    upper_left, upper_right = lines[0][first:], lines[1][first:]
    lower_left, lower_right = lines[2][first:], lines[3][first:]
    x, y = np.uint32(place[0] & BELOW), np.uint32(place[1] & BELOW)
    across, down = advances[0][first:], advances[1][first:]
    twice = np.float32(margin + margin)
    doubts = np.int32(0)
    for i in range(out.size):
        dx = np.float32(np.float32(np.int32(np.uint32(across[i] + x) >> S8)) * PART)
        dy = np.float32(np.float32(np.int32(np.uint32(down[i] + y) >> S8)) * PART)
        p, q, r, s = upper_left[i], upper_right[i], lower_left[i], lower_right[i]
        upper = interpolated(np.float32(p), np.float32(q), dx)
        lower = interpolated(np.float32(r), np.float32(s), dx)
        value = np.float32(interpolated(upper, lower, dy) + margin)
        level = np.int32(value)
        out[i] = np.uint8(level)
        near = np.float32(np.float32(value - np.float32(level)) - twice).view(np.int32)  # below 0 by its sign
        differs = np.int32((p ^ q) | (p ^ r) | (p ^ s))
        doubts = np.int32(doubts | np.int32(near & np.int32(-differs)))
    return doubts < 0


@inlined
def interpolated(p: Number, q: Number, part: Number) -> Number:
    """Interpolate in float32."""
    return np.float32(p + np.float32(np.float32(q - p) * part))


@inlined
def linear(p: Number, q: Number, part: Number) -> Number:
    """Interpolate in float64."""
    return np.float64(p) + (np.float64(q) - np.float64(p)) * part


@kernel
def interpolate(padded: Bytes, stride: Number, matrix: Matrix, place: Place, out: Bytes) -> None:
    """Make bytes of a row, from a pixel on, column and row, in float64."""
    a, b, c, d, e, f = matrix
    column, row = place
    by, ey = b * (row + 0.5), e * (row + 0.5)
    for pixel in range(out.size // 3):
        centre = (column + pixel) + 0.5
        x = ((a * centre + by) + c) - 0.5
        y = ((d * centre + ey) + f) - 0.5
        left, top = np.floor(x), np.floor(y)
        p = ((np.int64(top) + 1) * stride + np.int64(left) + 1) * 3
        r = p + stride * 3
        for i in range(3):
            upper = linear(padded[p + i], padded[p + 3 + i], x - left)
            lower = linear(padded[r + i], padded[r + 3 + i], x - left)
            out[pixel * 3 + i] = np.uint8(np.int32(upper + (lower - upper) * (y - top)))
