"""Affine operations by cubic interpolation: shears and shifts a row at a time, all others pixel by pixel."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.affine import paint
from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.cubic import BORDER, exactly, is_doubtful, pad, place_of, to_byte, weights
from ipmix_cli.kernels.frames import ONE, THREE, TWO
from ipmix_cli.kernels.geometric import find_runs, sheared_row
from ipmix_cli.kernels.neighbours import CHANNELS, weigh_neighbours
from ipmix_cli.kernels.rotate import inside
from ipmix_cli.kernels.types import Bytes, Floats, Frame, Matrix, Number, Reals
from ipmix_cli.kernels.workspace import Workspace

FOUR = np.uintp(4)
TOGETHER = 16  # pixels that are made of sums together, and looked at again where one is in doubt
REDONE = 48  # bytes looked at again together, where a row holds a doubtful one
Four = tuple[Bytes, Bytes, Bytes, Bytes]


@inlined
def bicubic(source: Bytes, target: Bytes, frame: Frame, matrix: Matrix, colour: Number, workspace: Workspace) -> None:
    """Take every pixel of a whole picture from where a matrix says."""
    a, b, c, d, e, f = matrix
    padded, fractions = workspace.padded, workspace.fractions
    pad(source, frame, padded)
    if a == 1.0 and d == 0.0 and e == 1.0 and f == 0.0:
        move_rows(padded, target, frame, matrix, colour, fractions)
    elif a == 1.0 and b == 0.0 and c == 0.0 and e == 1.0:
        moved = workspace.reals[: frame[1] * 3]
        split_columns(workspace.centres, matrix, moved, fractions)
        find_runs(moved, workspace.runs)
        for y in range(-1, 2):
            sheared_row(source, frame, y, workspace.runs, workspace.lines[y & 3])
        for y in range(frame[0]):
            sheared_row(source, frame, y + 2, workspace.runs, workspace.lines[(y + 2) & 3])
            combine_lines(workspace.lines, padded, target, frame, matrix, (y, colour), fractions)
    else:
        move_pixels(padded, target, frame, matrix, colour, fractions, workspace.lines[0])


@kernel
def move_rows(padded: Bytes, target: Bytes, frame: Frame, matrix: Matrix, colour: Number, fractions: Floats) -> None:
    """Move each row by its own distance."""
    W = frame[1]
    for y in range(frame[0]):
        start, stop = inside(matrix, frame, y)
        out = target[y * W * 3 : (y + 1) * W * 3]
        paint(out[: start * 3], colour)
        paint(out[stop * 3 :], colour)
        if stop > start:
            moved = matrix[1] * (y + 0.5) + matrix[2]
            fractions[: (stop - start) * 3] = np.float32(moved - np.floor(moved))
            first = ((y + BORDER) * (W + 2 * BORDER) + BORDER + start + np.int64(np.floor(moved)) - 1) * 3
            near = padded[first:]
            four = (near, near[3:], near[6:], near[9:])
            make_row(four, fractions, (padded, W + 2 * BORDER), matrix, (start, y), out[start * 3 : stop * 3])


@kernel
def split_columns(centres: Reals, matrix: Matrix, moved: Reals, fractions: Floats) -> None:
    """Fill moved with the distance of each byte's column, fractions with what is below a pixel."""
    for i in range(moved.size):
        moved[i] = matrix[3] * centres[i] + matrix[5]
        fractions[i] = np.float32(moved[i] - np.floor(moved[i]))


@kernel
def combine_lines(  # noqa: PLR0913, PLR0917 - inlined code holds the arrays apart
    lines: Bytes,
    padded: Bytes,
    target: Bytes,
    frame: Frame,
    matrix: Matrix,
    row: tuple[Number, Number],
    fractions: Floats,
) -> None:
    """Make a row of columns that have moved; ``row`` is its number, and the colour outside."""
    y, colour = row
    W = frame[1]
    start, stop = inside(matrix, frame, y)
    out = target[y * W * 3 : (y + 1) * W * 3]
    paint(out[: start * 3], colour)
    paint(out[stop * 3 :], colour)
    at = start * 3
    four = (lines[(y + 3) & 3][at:], lines[y & 3][at:], lines[(y + 1) & 3][at:], lines[(y + 2) & 3][at:])
    make_row(four, fractions[at:], (padded, W + 2 * BORDER), matrix, (start, y), out[at : stop * 3])


@kernel
def make_row(
    near: Four,
    fractions: Floats,
    padded: tuple[Bytes, Number],
    matrix: Matrix,
    place: tuple[Number, Number],
    out: Bytes,
) -> None:
    """Make the bytes of a row from a place on, column and row; ``padded`` is a picture and its pixels a row."""
    if not weigh(near, fractions, out):
        return
    for first in range(0, out.size, REDONE):
        part = out[first : first + REDONE]
        some = (near[0][first:], near[1][first:], near[2][first:], near[3][first:])
        if weigh(some, fractions[first:], part):
            remake(some, fractions[first:], padded, matrix, (place[0] + first // 3, place[1]), part)


@kernel
def weigh(near: Four, fractions: Floats, out: Bytes) -> Number:
    """Make bytes in float32, each of four others and a fraction; return whether any is in doubt."""
    first, second, third, fourth = near
    doubts = np.int32(0)
    for i in range(out.size):
        four = (np.int32(first[i]), np.int32(second[i]), np.int32(third[i]), np.int32(fourth[i]))
        value = weighted(four, fractions[i])
        out[i] = to_byte(value)
        doubts = np.int32(doubts | np.int32(is_doubtful(value) & differ(four)))
    return doubts != 0


@inlined
def weighted(four: tuple[Number, Number, Number, Number], fraction: Number) -> Number:
    """Return the weighted sum of four bytes, in float32."""
    w1, w2, w3, w4 = weights(fraction)
    left = np.float32(np.float32(four[0]) * w1 + np.float32(four[1]) * w2)
    return np.float32(left + np.float32(np.float32(four[2]) * w3 + np.float32(four[3]) * w4))


@inlined
def differ(four: tuple[Number, Number, Number, Number]) -> Number:
    """Return whether four bytes are not all the same; if they are, so is what is made of them."""
    return np.int32((four[0] ^ four[1]) | (four[0] ^ four[2]) | (four[0] ^ four[3])) != 0


@kernel
def remake(
    near: Four,
    fractions: Floats,
    padded: tuple[Bytes, Number],
    matrix: Matrix,
    place: tuple[Number, Number],
    out: Bytes,
) -> None:
    """Make those bytes of a row from a place on in float64 that are in doubt."""
    stride: Number = padded[1]
    for i in range(out.size):
        four = (np.int32(near[0][i]), np.int32(near[1][i]), np.int32(near[2][i]), np.int32(near[3][i]))
        if is_doubtful(weighted(four, fractions[i])) and differ(four):
            across, down = place_of(matrix, place[0] + i // 3, place[1])
            left, top = np.floor(across), np.floor(down)
            first: Number = ((np.int64(top) + 1) * stride + np.int64(left) + 1) * 3 + i % 3
            out[i] = exactly(padded[0][first:], stride * 3, across - left, down - top)


@kernel
def move_pixels(  # noqa: PLR0913, PLR0917 - inlined code holds the arrays apart
    padded: Bytes,
    target: Bytes,
    frame: Frame,
    matrix: Matrix,
    colour: Number,
    sums: Floats,
    line: Bytes,
) -> None:
    """Take every pixel by itself; ``sums`` is (4 * W,) and ``line`` uint8 (4 * W,), to work in."""
    W = frame[1]
    for y in range(frame[0]):
        start, stop = inside(matrix, frame, y)
        out = target[y * W * 3 : (y + 1) * W * 3]
        paint(out[: start * 3], colour)
        paint(out[stop * 3 :], colour)
        for pixel in range(stop - start):
            sum_pixel(padded, W + 2 * BORDER, place_of(matrix, start + pixel, y), sums[CHANNELS * pixel :])
        middle = out[start * 3 : stop * 3]
        for first in range(0, stop - start, TOGETHER):
            some = sums[CHANNELS * first : CHANNELS * min(first + TOGETHER, stop - start)]
            part = middle[first * 3 : first * 3 + some.size // CHANNELS * 3]
            if finish(some, line, part):
                remake_pixels(padded, W + 2 * BORDER, matrix, (start + first, y), some, part)


@inlined
def sum_pixel(padded: Bytes, stride: Number, place: tuple[Number, Number], sums: Floats) -> None:
    """Sum a pixel's channels, and a number more."""
    left, top = np.floor(place[0]), np.floor(place[1])
    row = np.uintp(stride) * THREE
    first = np.uintp((np.int64(top) + 1) * stride + np.int64(left) + 1) * THREE  # the neighbour above, to the left
    rows = (first, first + row, first + row + row, first + row + row + row)
    weigh_neighbours(padded, rows, weights(place[1] - top), weights(place[0] - left), sums)


@kernel
def finish(sums: Floats, line: Bytes, out: Bytes) -> Number:
    """Make bytes of sums, of which every fourth is left out; return whether any is in doubt."""
    doubts = np.int32(0)
    for i in range(sums.size):
        line[i] = to_byte(sums[i])
        doubts = np.int32(doubts | np.int32(is_doubtful(sums[i])))
    for pixel in range(np.uintp(out.size // 3)):
        to, at = pixel * THREE, pixel * FOUR
        out[to] = line[at]
        out[to + ONE] = line[at + ONE]
        out[to + TWO] = line[at + TWO]
    return doubts != 0


@kernel
def remake_pixels(
    padded: Bytes, stride: Number, matrix: Matrix, first: tuple[Number, Number], sums: Floats, out: Bytes
) -> None:
    """Make those bytes in float64 that are in doubt, of pixels from the first one on, column and row."""
    for i in range(out.size):
        pixel, channel = i // 3, i % 3
        if is_doubtful(sums[CHANNELS * pixel + channel]):
            across, down = place_of(matrix, first[0] + pixel, first[1])
            left, top = np.floor(across), np.floor(down)
            near: Number = ((np.int64(top) + 1) * stride + np.int64(left) + 1) * 3 + channel
            out[i] = exactly(padded[near:], stride * 3, across - left, down - top)
