"""Boxes that are erased in place, by a colour or by noise."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.affine import paint
from ipmix_cli.kernels.compiler import kernel
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.normal import fill_normals
from ipmix_cli.kernels.types import Bytes, Frame, Ints, Number, Reals


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
def erase_with_noise(target: Bytes, frame: Frame, key: Number, numbers: Reals, drawn: Reals, places: Ints) -> None:
    """Fill the frame's box with normal noise, numbers its three means and deviations; rounded, clipped to a byte.

    ``drawn`` and ``places`` are as long as a row of the picture, to work in.
    """
    _, W, top, left, height, width = frame
    half = drawn.size // 6 * 3  # the other half is for the numbers of the tails
    for r in range(height):
        for start in range(0, width * 3, half):
            row = drawn[: min(half, width * 3 - start)]
            fill_normals(key, np.int64(r) * width * 3 + start, row, drawn[half:], places)
            first = ((top + r) * W + left) * 3 + start
            for i in range(0, row.size, 3):
                for channel in range(3):
                    value = numbers[channel] + numbers[3 + channel] * row[i + channel]
                    target[first + i + channel] = np.uint8(np.int32(min(max(value + 0.5, 0.0), 255.0)))
