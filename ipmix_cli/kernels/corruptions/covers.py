"""What hides parts of a picture: sparkles, a checkerboard, and lines."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.corruptions.trigonometry import angle_of, sine_and_cosine, to_level, to_power
from ipmix_cli.kernels.stream import uniform
from ipmix_cli.kernels.types import Bytes, Ints, Number, Reals

WHITE = 255.0
GREY = 128.0


@inlined
def share_of_light(dy: Number, dx: Number, lengths: Reals, exponent: Number) -> Number:
    """Return how much of a star's light a point has, 0 .. 1.

    Parameters
    ----------
    lengths : ndarray of float64, (rays,)
        Of the rays, in pixels, by their angle.
    exponent : float
        How steeply the light falls with distance.
    """
    rays = lengths.size
    place = (angle_of(dx, dy) + math.pi) / (2.0 * math.pi) * rays
    ray = np.int64(place)
    f = place - ray
    first, second = lengths[ray % rays], lengths[(ray + 1) % rays]
    length = first + f * (second - first)
    distance = math.sqrt(dy * dy + dx * dx)
    light = to_power(length * length / (distance * distance + 1e-4), exponent)
    f -= 0.5
    return min(max((1.0 - f * f) * light, 0.0), 1.0)


@entry
def add_star(values: Reals, centre: tuple[Number, Number], lengths: Reals, exponent: Number) -> None:
    """Lighten (H, W, 3) about (y, x), in place; values are rounded to float32 first."""
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            f = share_of_light(y - centre[0], x - centre[1], lengths, exponent)
            for c in range(3):
                value = np.float64(np.float32(values[y, x, c]))
                values[y, x, c] = value + f * (WHITE - value)


@entry
def keep_star(
    picture: Bytes, centre: tuple[Number, Number], lengths: Reals, exponent: Number, half: Number, out: Bytes
) -> None:
    """Leave a star of (H, W, 3) about (y, x), and turn white what is outside."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            f = share_of_light(y - centre[0], x - centre[1], lengths, exponent)
            for c in range(3):
                out[y, x, c] = to_level(WHITE + f * (picture[y, x, c] - WHITE), half)


@inlined
def row_of(place: Number, rows: Number, whole: Number) -> Number:
    """Return the row of a grid for a place in cells: truncated towards zero as published, or floored if `whole`."""
    row = np.int64(math.floor(place)) if whole else np.int64(place)
    return row + rows if row < 0 else row


@entry
def cut_cells(
    picture: Bytes, board: tuple[Number, Number], fraction: Number, grid: tuple[Number, Number, Number], out: Bytes
) -> None:
    """Make grey a fraction of the dark cells of a checkerboard that lies over (H, W, 3).

    Parameters
    ----------
    board : tuple of float
        Its angle in radians, and the side of a cell in pixels.
    grid : tuple
        The key of the random array, its side, and whether cells are floored.
    """
    s, c = sine_and_cosine(board[0])
    key, side, whole = grid
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            down, across = (c * y + s * x) / board[1], (-s * y + c * x) / board[1]
            hidden = (np.int64(math.floor(down)) & 1) == (np.int64(math.floor(across)) & 1)
            if hidden:
                slot = row_of(down, side, whole) * side + row_of(across, side, whole)
                hidden = uniform(key, slot) < fraction
            for channel in range(3):
                out[y, x, channel] = np.uint8(GREY) if hidden else picture[y, x, channel]


@inlined
def note_point(row: Number, column: Number, share: Number, points: Ints, shares: Reals, count: Number) -> Number:
    """Note a point that lies on the picture, whose size is the last of `points`; return how many there are now."""
    last = shares.size
    if row < 0 or column < 0 or row >= points[last, 0] or column >= points[last, 1]:
        return count
    points[count, 0], points[count, 1], shares[count] = row, column, share
    return count + 1


@inlined
def trace_line(ends: tuple[Number, Number, Number, Number], points: Ints, shares: Reals) -> Number:
    """Note the points of an anti-aliased line from (row, column) to (row, column), and their shares of its colour.

    Zingl, "A Rasterizing Algorithm for Drawing Curves", 2012, as scikit-image's ``line_aa``.
    """
    row, column, last_row, last_column = ends
    rows, columns = abs(row - last_row), abs(column - last_column)
    step_row, step_column = (1 if row < last_row else -1), (1 if column < last_column else -1)
    length = 1.0 if rows + columns == 0 else math.sqrt(columns * columns + rows * rows)
    error, count = columns - rows, 0
    while True:
        count = note_point(row, column, 1.0 - abs(error - columns + rows) / length, points, shares, count)
        before, here = error, column
        if 2 * before >= -columns:
            if column == last_column:
                return count
            if before + rows < length:
                share = 1.0 - abs(before + rows) / length
                count = note_point(row + step_row, column, share, points, shares, count)
            error -= rows
            column += step_column
        if 2 * before <= rows:
            if row == last_row:
                return count
            if columns - before < length:
                share = 1.0 - abs(columns - before) / length
                count = note_point(row, here + step_column, share, points, shares, count)
            error += columns
            row += step_row


@entry
def draw_lines(lines: Reals, reach: Number, half: Number, memory: tuple[Ints, Reals, Bytes], out: Bytes) -> None:
    """Draw grey lines into (H, W, 3), in place, one after the other.

    Parameters
    ----------
    lines : ndarray of float64, (n, 3)
        Of each: the row and the column of its middle, and its angle in radians.
    reach : float
        From a line's middle to its ends, in pixels.
    memory : tuple of ndarray
        For the points of one line, m >= 12 * reach + 18: int32 (m + 1, 2), float64 (m,) and uint8 (m, 3).
    """
    points, shares, levels = memory
    points[shares.size, 0], points[shares.size, 1] = out.shape[0], out.shape[1]
    for n in range(lines.shape[0]):
        s, c = sine_and_cosine(lines[n, 2])
        row, column = lines[n, 0], lines[n, 1]
        ends = (
            np.int64(row - c * reach), np.int64(column - s * reach),
            np.int64(row + c * reach), np.int64(column + s * reach),
        )  # fmt: skip
        count = trace_line(ends, points, shares)
        for i in range(count):  # a point that occurs twice takes the level of its last occurrence
            for channel in range(3):
                before = out[points[i, 0], points[i, 1], channel]
                levels[i, channel] = np.uint8((1.0 - shares[i]) * before + shares[i] * GREY + half)
        for i in range(count):
            for channel in range(3):
                out[points[i, 0], points[i, 1], channel] = levels[i, channel]
