"""Operations that move pixels along an axis: mirror, translate, shear; black outside.

Shears interpolate in whole numbers (``exact_shear.py``). Where rounding decides, they do so in float64, and the
expressions are those of Pillow's libImaging/Geometry.c (affine_transform, bilinear_filter32RGB) term by term: another
order of the same terms rounds differently, and then single bytes differ. What is left out multiplies by 0 or 1.
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.chunk import CHUNK, copy_chunk
from ipmix_cli.kernels.compiler import inlined, interleaved, kernel
from ipmix_cli.kernels.exact_shear import between, factor_for
from ipmix_cli.kernels.frames import ONE, THREE, TWO, clear, copy_bytes
from ipmix_cli.kernels.types import Bytes, Frame, Ints, Move, Number, Reals
from ipmix_cli.kernels.workspace import Workspace


@interleaved
def mirror(source: Bytes, target: Bytes, frame: Frame) -> None:
    """Swap left and right."""
    _, W, top, left, height, width = frame
    for r in range(height):
        a = source[((top + r) * W + W - left - width) * 3 :]
        b = target[r * width * 3 :]
        for x in range(np.uintp(width)):
            i, j = THREE * (np.uintp(width) - ONE - x), THREE * x
            b[j] = a[i]
            b[j + ONE] = a[i + ONE]
            b[j + TWO] = a[i + TWO]


@kernel
def translate(source: Bytes, target: Bytes, frame: Frame, down: Number, right: Number) -> None:
    """Take every pixel from (y + down, x + right), whole numbers, so that no interpolation is left."""
    H, W, top, left, height, width = frame
    start = min(max(-(left + right), 0), width)
    stop = max(min(W - left - right, width), start)
    for r in range(height):
        b = target[r * width * 3 : (r + 1) * width * 3]
        y = top + r + down
        if y < 0 or y >= H:
            clear(b)
            continue
        clear(b[: start * 3])
        first = (y * W + left + right + start) * 3
        copy_bytes(source[first : first + (stop - start) * 3], b[start * 3 :])
        clear(b[stop * 3 :])


@inlined
def exactly_between(p: Number, q: Number, part: Number) -> Number:
    """Interpolate between two bytes (Pillow's BILINEAR macro, its result as a byte)."""
    p = np.float64(p)
    return np.uint8(np.int32(p + (np.float64(q) - p) * part))


@kernel
def shear_x(source: Bytes, target: Bytes, frame: Frame, move: Move, line: Bytes, denominators: Bytes) -> None:
    """Move row y by factor * (y + 1/2) + shift pixels, of which factor or shift is 0.

    ``line`` is (3 * W + 6,) to work in, ``denominators`` as in the workspace.
    """
    factor, shift = move
    _, W, top, left, height, width = frame
    for r in range(height):
        row = source[(top + r) * W * 3 : (top + r + 1) * W * 3]
        moved = factor * (top + r + 0.5) + shift
        start, stop = inside(left, width, W, moved)
        b = target[r * width * 3 : (r + 1) * width * 3]
        clear(b[: (start - left) * 3])
        clear(b[(stop - left) * 3 :])
        pixels = np.floor(moved)
        part = factor_for(moved - pixels, denominators)
        if part == 0:
            shear_pixels(row, b, left, start, stop, moved)
        elif stop > start:
            pad_row(row, line)
            near = line[(start + np.int64(pixels) + 1) * 3 :]
            shear_row(near, near[3:], np.int32(part), b[(start - left) * 3 : (stop - left) * 3])


@inlined
def inside(left: Number, width: Number, W: Number, moved: Number) -> tuple[Number, Number]:
    """Return the columns of left .. left + width whose place x + 1/2 + moved lies in [0, W), by Pillow's own test."""
    start = min(max(np.int64(np.floor(-moved)) - 2, left), left + width)
    while start < left + width and (start + 0.5) + moved < 0.0:
        start += 1
    stop = max(min(np.int64(np.floor(W - moved)) + 2, left + width), start)
    while stop > start and (stop - 1 + 0.5) + moved >= W:
        stop -= 1
    return start, stop


@inlined
def pad_row(row: Bytes, padded: Bytes) -> None:
    """Copy a row, its first and last pixel doubled."""
    for i in range(3):
        padded[i] = row[i]
        padded[row.size + 3 + i] = row[row.size - 3 + i]
    copy_bytes(row, padded[3:])


@kernel
def shear_row(near: Bytes, following: Bytes, part: Number, out: Bytes) -> None:
    """Interpolate bytes that all move by the same part."""
    for i in range(out.size):
        out[i] = between(near[i], following[i], part)


@kernel
def shear_pixels(row: Bytes, out: Bytes, left: Number, start: Number, stop: Number, moved: Number) -> None:
    """Interpolate pixel by pixel, where each may take other neighbours."""
    last = row.size - 3
    for column in range(start, stop):
        x = (column + 0.5) + moved
        x -= 0.5
        first: Number = np.int64(np.floor(x))
        i, j = max(first * 3, 0), min((first + 1) * 3, last)
        for channel in range(3):
            at = (column - left) * 3 + channel
            out[at] = exactly_between(row[i + channel], row[j + channel], x - np.floor(x))


@inlined
def shear_y(source: Bytes, target: Bytes, frame: Frame, move: Move, workspace: Workspace) -> None:
    """Move column x by factor * (x + 1/2) + shift pixels, of which factor or shift is 0."""
    H, _, top, left, height, width = frame
    moved, parts, runs, lines = (
        workspace.reals[: width * 3],
        workspace.parts[: width * 3],
        workspace.runs,
        workspace.lines,
    )
    if not move_columns(workspace.centres[left * 3 :], move, workspace.denominators, moved, parts):
        shear_columns(source, target, frame, moved)
        return
    find_runs(moved, runs)
    one_end: Number = moved[0]
    other_end: Number = moved[width * 3 - 1]
    first, last = top + min(one_end, other_end), top + max(one_end, other_end)
    sheared_row(source, frame, top, runs, lines[0])
    for r in range(height):
        near, following = lines[r % 2], lines[(r + 1) % 2]
        sheared_row(source, frame, top + r + 1, runs, following)
        out = target[r * width * 3 : (r + 1) * width * 3]
        shear_rows(near, following, parts, out)
        if first + r < 0 or last + r >= H - 1:
            clear_outside(moved, top + r, H, out)


@kernel
def move_columns(centres: Reals, move: Move, denominators: Bytes, moved: Reals, parts: Ints) -> Number:
    """Fill moved with the distance of each byte's column, parts with what is below a pixel.

    Return whether all parts are beyond doubt.
    """
    certain = True
    for first in range(0, moved.size, 3):
        distance = move[0] * centres[first] + move[1]
        part = factor_for(distance - np.floor(distance), denominators)
        certain = certain and part != 0
        for i in range(first, first + 3):
            moved[i] = distance
            parts[i] = np.int32(part)
    return certain


@kernel
def find_runs(moved: Reals, runs: Ints) -> None:
    """Fill runs (2, W) with the bytes at which runs of columns that move by a whole number stop, and that number."""
    run = 0
    last = np.int32(np.floor(moved[0]))
    for i in range(3, moved.size, 3):
        pixels = np.int32(np.floor(moved[i]))
        if pixels != last:
            runs[0, run], runs[1, run] = i, last
            run += 1
            last = pixels
    runs[0, run], runs[1, run] = moved.size, last


@kernel
def sheared_row(source: Bytes, frame: Frame, y: Number, runs: Ints, line: Bytes) -> None:
    """Fill a line with the pixels that lie down by their run's number, those of the first or last row beyond it."""
    H, W, _, left, _, width = frame
    start: Number = np.int64(0)
    run = np.uintp(0)
    while start < width * 3:
        stop: Number = np.int64(runs[0, run])
        row = min(max(y + np.int64(runs[1, run]), 0), H - 1)
        first = (row * W + left) * 3
        if first + stop + CHUNK <= source.size:  # what is too much is overwritten by the next run
            for at in range(start, stop, CHUNK):
                copy_chunk(source, np.uintp(first + at), line, np.uintp(at))
        else:
            copy_bytes(source[first + start : first + stop], line[start:])
        start = stop
        run += ONE


@kernel
def shear_rows(near: Bytes, following: Bytes, parts: Ints, out: Bytes) -> None:
    """Interpolate between two rows, whose bytes have moved by parts of their own."""
    for i in range(out.size):
        out[i] = between(near[i], following[i], parts[i])


@kernel
def clear_outside(moved: Reals, y: Number, H: Number, out: Bytes) -> None:
    """Make the bytes black whose places lie outside of [0, H)."""
    centre, height = y + 0.5, np.float64(H)
    for i in range(out.size):
        place = moved[i] + centre
        out[i] = out[i] if (place >= 0.0) & (place < height) else np.uint8(0)


@kernel
def shear_columns(source: Bytes, target: Bytes, frame: Frame, moved: Reals) -> None:
    """Shear pixel by pixel, where each may take other neighbours."""
    H, W, top, left, height, width = frame
    for r in range(height):
        for at in range(width * 3):
            place = moved[at] + (top + r + 0.5)
            if place < 0.0 or place >= H:
                target[r * width * 3 + at] = 0
                continue
            place -= 0.5
            row: Number = np.int64(np.floor(place))
            i, j = max(row, 0) * W * 3 + left * 3 + at, min(row + 1, H - 1) * W * 3 + left * 3 + at
            target[r * width * 3 + at] = exactly_between(source[i], source[j], place - np.floor(place))
