"""Boxes that are erased in place, by a colour or by noise."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.affine import paint
from ipmix_cli.kernels.compiler import kernel
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.normal import fill_normals
from ipmix_cli.kernels.types import Bytes, Frame, Ints, Number, Reals

RUN = 255  # bytes of noise that are drawn at once: a whole number of pixels


@kernel
def erase(target: Bytes, frame: Frame, colour: Number) -> None:
    """Fill the frame's box of a whole picture with a colour."""
    _, W, top, left, height, width = frame
    row = target[(top * W + left) * 3 :][: width * 3]
    if height > 0:
        paint(row, colour)
    for r in range(1, height):
        copy_bytes(row, target[((top + r) * W + left) * 3 :])


@kernel
def erase_with_noise(
    target: Bytes, frame: Frame, key: Number, numbers: Reals, memory: tuple[Reals, Reals, Ints]
) -> None:
    """Fill the frame's box with normal noise, numbers its three means and deviations; rounded, clipped to a byte.

    The memory is to work in: the means and deviations (2, 256) of a run of bytes, the run's numbers (512,) with those
    of the tails among them, and the places of these (256,).
    """
    height, width = frame[4], frame[5] * 3
    levels, drawn, places = memory
    for i in range(RUN):
        levels[0, i], levels[1, i] = numbers[i % 3], numbers[3 + i % 3]
    for start in range(0, height * width, RUN):
        run = drawn[: min(RUN, height * width - start)]
        fill_normals(key, np.int64(start), run, drawn[RUN:], places)
        put_noise(run, start, levels, target, frame)


@kernel
def put_noise(run: Reals, start: Number, levels: Reals, target: Bytes, frame: Frame) -> None:
    """Write a run of the box's noise, which begins at its byte number `start`, over the rows that it covers."""
    _, W, top, left, _, width = frame
    done = 0
    while done < run.size:
        row, column = divmod(start + done, width * 3)
        stop = min(done + width * 3 - column, run.size)
        place = target[((top + row) * W + left) * 3 + column :]
        round_noise(run[done:stop], levels[0][done:stop], levels[1][done:stop], place)
        done = stop


@kernel
def round_noise(normals: Reals, means: Reals, deviations: Reals, out: Bytes) -> None:
    """Write normal numbers about means, rounded and clipped to a byte."""
    for i in range(normals.size):
        value = means[i] + deviations[i] * normals[i]
        out[i] = np.uint8(np.int32(min(max(value + 0.5, 0.0), 255.0)))
