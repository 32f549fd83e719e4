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
from ipmix_cli.kernels.types import Bytes, Floats, Frame, Ints, Matrix, Number, Reals
from ipmix_cli.kernels.workspace import Workspace

FOUR = np.uintp(4)
TOGETHER = 16  # pixels that are made of sums together, and looked at again where one is in doubt
DOUBTS = 4  # row of Workspace.lines: which bytes of a row are in doubt
SEARCHED = 64  # bytes that are looked through together
Four = tuple[Bytes, Bytes, Bytes, Bytes]
FourFloats = tuple[Floats, Floats, Floats, Floats]
Weights = tuple[Number, Number, Number, Number]


@inlined
def bicubic(source: Bytes, target: Bytes, frame: Frame, matrix: Matrix, colour: Number, workspace: Workspace) -> None:
    """Take every pixel of a whole picture from where a matrix says."""
    a, b, c, d, e, f = matrix
    padded, fractions, lines = workspace.padded, workspace.fractions, workspace.lines
    pad(source, frame, padded)
    if a == 1.0 and d == 0.0 and e == 1.0 and f == 0.0:
        move_rows(padded, target, frame, matrix, colour, lines[DOUBTS])
    elif a == 1.0 and b == 0.0 and c == 0.0 and e == 1.0:
        moved = workspace.reals[: frame[1] * 3]
        split_columns(workspace.centres, matrix, moved, fractions)
        find_runs(moved, workspace.runs)
        for y in range(-1, 2):
            sheared_row(source, frame, y, workspace.runs, lines[y & 3])
        for y in range(frame[0]):
            sheared_row(source, frame, y + 2, workspace.runs, lines[(y + 2) & 3])
            combine_lines(lines, padded, target, frame, matrix, (y, colour), fractions)
    else:
        move_pixels(padded, target, frame, matrix, colour, (fractions, workspace.parts), lines[0])


@kernel
def move_rows(padded: Bytes, target: Bytes, frame: Frame, matrix: Matrix, colour: Number, doubts: Bytes) -> None:
    """Move each row by its own distance."""
    W = frame[1]
    for y in range(frame[0]):
        start, stop = inside(matrix, frame, y)
        out = target[y * W * 3 : (y + 1) * W * 3]
        paint(out[: start * 3], colour)
        paint(out[stop * 3 :], colour)
        if stop > start:
            moved = matrix[1] * (y + 0.5) + matrix[2]
            first = ((y + BORDER) * (W + 2 * BORDER) + BORDER + start + np.int64(np.floor(moved)) - 1) * 3
            near, middle = padded[first:], out[start * 3 : stop * 3]
            four = (near, near[3:], near[6:], near[9:])
            if weigh_alike(four, weights(moved - np.floor(moved)), middle, doubts):
                remake(doubts, (padded, W + 2 * BORDER), matrix, (start, y), middle)


@kernel
def split_columns(centres: Reals, matrix: Matrix, moved: Reals, shares: Floats) -> None:
    """Fill moved with the distance of each byte's column, shares with four weights, one after the other for a row."""
    count = moved.size
    first, second, third, fourth = shares[:count], shares[count:], shares[2 * count :], shares[3 * count :]
    for i in range(count):
        moved[i] = matrix[3] * centres[i] + matrix[5]
        first[i], second[i], third[i], fourth[i] = weights(moved[i] - np.floor(moved[i]))


@kernel
def combine_lines(  # noqa: PLR0913, PLR0917 - inlined code holds the arrays apart
    lines: Bytes,
    padded: Bytes,
    target: Bytes,
    frame: Frame,
    matrix: Matrix,
    row: tuple[Number, Number],
    shares: Floats,
) -> None:
    """Make a row of columns that have moved; ``row`` is its number, and the colour outside."""
    y, colour = row
    W = frame[1]
    start, stop = inside(matrix, frame, y)
    out = target[y * W * 3 : (y + 1) * W * 3]
    paint(out[: start * 3], colour)
    paint(out[stop * 3 :], colour)
    at, middle = start * 3, out[start * 3 : stop * 3]
    four = (lines[(y + 3) & 3][at:], lines[y & 3][at:], lines[(y + 1) & 3][at:], lines[(y + 2) & 3][at:])
    parts = (shares[at:], shares[W * 3 + at :], shares[W * 6 + at :], shares[W * 9 + at :])
    if weigh(four, parts, middle, lines[DOUBTS]):
        remake(lines[DOUBTS], (padded, W + 2 * BORDER), matrix, (start, y), middle)


@kernel
def weigh_alike(near: Four, shares: Weights, out: Bytes, doubts: Bytes) -> Number:
    """Make bytes in float32, each of four others by the same weights; note and return whether any is in doubt."""
    first, second, third, fourth = near
    found = np.uint8(0)
    for i in range(out.size):
        out[i], doubt = weighed((first[i], second[i], third[i], fourth[i]), shares)
        doubts[i] = doubt
        found = np.uint8(found | doubt)
    return found != 0


@kernel
def weigh(near: Four, shares: FourFloats, out: Bytes, doubts: Bytes) -> Number:
    """Make bytes as :func:`weigh_alike` does, each by weights of its own."""
    first, second, third, fourth = near
    w1, w2, w3, w4 = shares
    found = np.uint8(0)
    for i in range(out.size):
        out[i], doubt = weighed((first[i], second[i], third[i], fourth[i]), (w1[i], w2[i], w3[i], w4[i]))
        doubts[i] = doubt
        found = np.uint8(found | doubt)
    return found != 0


@inlined
def weighed(near: tuple[Number, Number, Number, Number], shares: Weights) -> tuple[Number, Number]:
    """Return the byte that four others make by their weights, and whether it is in doubt."""
    four = (np.int32(near[0]), np.int32(near[1]), np.int32(near[2]), np.int32(near[3]))
    value = weighted(four, shares)
    return to_byte(value), np.uint8(is_doubtful(value) & differ(four))


@inlined
def weighted(four: tuple[Number, Number, Number, Number], shares: Weights) -> Number:
    """Return the weighted sum of four bytes, in float32."""
    left = np.float32(np.float32(four[0]) * shares[0] + np.float32(four[1]) * shares[1])
    return np.float32(left + np.float32(np.float32(four[2]) * shares[2] + np.float32(four[3]) * shares[3]))


@inlined
def differ(four: tuple[Number, Number, Number, Number]) -> Number:
    """Return whether four bytes are not all the same; if they are, so is what is made of them."""
    return np.int32((four[0] ^ four[1]) | (four[0] ^ four[2]) | (four[0] ^ four[3])) != 0


@kernel
def remake(
    doubts: Bytes, padded: tuple[Bytes, Number], matrix: Matrix, place: tuple[Number, Number], out: Bytes
) -> None:
    """Make those bytes of a row in float64 that are in doubt.

    ``place`` is the row's first pixel, column and row; ``padded`` is a picture and its pixels a row.
    """
    stride: Number = padded[1]
    for start in range(0, out.size, SEARCHED):
        some = doubts[start : min(start + SEARCHED, out.size)]
        found = np.uint8(0)
        for i in range(some.size):
            found = np.uint8(found | some[i])
        if found == 0:
            continue
        for i in range(some.size):
            if some[i] != 0:
                pixel, channel = (start + i) // 3, (start + i) % 3
                across, down = place_of(matrix, place[0] + pixel, place[1])
                left, top = np.floor(across), np.floor(down)
                first: Number = ((np.int64(top) + 1) * stride + np.int64(left) + 1) * 3 + channel
                out[start + i] = exactly(padded[0][first:], stride * 3, across - left, down - top)


@kernel
def move_pixels(  # noqa: PLR0913, PLR0917 - inlined code holds the arrays apart
    padded: Bytes,
    target: Bytes,
    frame: Frame,
    matrix: Matrix,
    colour: Number,
    memory: tuple[Floats, Ints],
    line: Bytes,
) -> None:
    """Take every pixel by itself; the memory is (12 * W,) and (W,), ``line`` uint8 (4 * W,), to work in."""
    W = frame[1]
    stride = W + 2 * BORDER
    sums = memory[0][: CHANNELS * W]
    for y in range(frame[0]):
        start, stop = inside(matrix, frame, y)
        out = target[y * W * 3 : (y + 1) * W * 3]
        paint(out[: start * 3], colour)
        paint(out[stop * 3 :], colour)
        firsts, shares = memory[1][: stop - start], memory[0][CHANNELS * W :]
        across = (shares[:W], shares[W:], shares[2 * W :], shares[3 * W :])
        down = (shares[4 * W :], shares[5 * W :], shares[6 * W :], shares[7 * W :])
        find_places(matrix, (start, y), stride, (across[3], down[3]), firsts)
        fill_weights(across, stop - start)
        fill_weights(down, stop - start)
        sum_pixels(padded, stride, firsts, down, across, sums)
        middle = out[start * 3 : stop * 3]
        for first in range(0, stop - start, TOGETHER):
            some = sums[CHANNELS * first : CHANNELS * min(first + TOGETHER, stop - start)]
            part = middle[first * 3 : first * 3 + some.size // CHANNELS * 3]
            if finish(some, line, part):
                remake_pixels(padded, stride, matrix, (start + first, y), some, part)


@kernel
def find_places(
    matrix: Matrix, first: tuple[Number, Number], stride: Number, parts: tuple[Floats, Floats], firsts: Ints
) -> None:
    """Find the neighbour above, to the left of a row's pixels: its first byte, and how far they are behind the second.

    ``first`` is the first pixel, column and row; the parts of a pixel are float32, across and down.
    """
    wide = np.int32(stride)
    for i in range(firsts.size):
        across, down = place_of(matrix, np.int32(first[0] + i), first[1])
        left, top = np.floor(across), np.floor(down)
        parts[0][i], parts[1][i] = np.float32(across - left), np.float32(down - top)
        pixel = np.int32(np.int32(np.int32(top) + np.int32(1)) * wide + np.int32(left)) + np.int32(1)
        firsts[i] = np.int32(np.int32(pixel) * np.int32(3))


@kernel
def fill_weights(shares: FourFloats, count: Number) -> None:
    """Fill in the weights of four neighbours, for places that are the last array's parts of a pixel behind the second.

    A loop for each array: LLVM finds vectors only where few arrays may overlap.
    """
    parts = shares[3]
    for i in range(count):
        shares[0][i] = weights(parts[i])[0]
    for i in range(count):
        shares[1][i] = weights(parts[i])[1]
    for i in range(count):
        shares[2][i] = weights(parts[i])[2]
    for i in range(count):
        parts[i] = weights(parts[i])[3]


@kernel
def sum_pixels(padded: Bytes, stride: Number, firsts: Ints, down: FourFloats, across: FourFloats, sums: Floats) -> None:
    """Sum the channels, and a number more, of the pixels of a row."""
    row = np.uintp(stride) * THREE
    for pixel in range(np.uintp(firsts.size)):
        first = np.uintp(firsts[pixel])
        rows = (first, first + row, first + row + row, first + row + row + row)
        of_rows = (down[0][pixel], down[1][pixel], down[2][pixel], down[3][pixel])
        of_columns = (across[0][pixel], across[1][pixel], across[2][pixel], across[3][pixel])
        weigh_neighbours(padded, rows, of_rows, of_columns, sums[FOUR * pixel :])


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
