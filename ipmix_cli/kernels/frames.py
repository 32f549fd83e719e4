"""Frames, (H, W, top, left, height, width), as rows of bytes, and the unsigned numbers that index them."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.types import Bytes, Frame, Number, Size

ONE, TWO, THREE = np.uintp(1), np.uintp(2), np.uintp(3)


@inlined
def whole(size: Size) -> Number:
    """Return the frame of a whole picture."""
    return size[0], size[1], 0, 0, size[0], size[1]


@inlined
def byte_rows(frame: Frame) -> tuple[int, int, int, int]:
    """Return (rows, first byte, bytes a row, bytes between rows); a box of full width is one long row."""
    _, W, top, left, height, width = frame
    if width == W:
        return 1, top * W * 3, height * W * 3, 0
    return height, (top * W + left) * 3, width * 3, W * 3


@kernel
def copy_bytes(source: Bytes, target: Bytes) -> None:
    """Copy all of source to the start of target."""
    for i in range(source.size):
        target[i] = source[i]


@kernel
def copy_box(source: Bytes, target: Bytes, frame: Frame) -> None:
    """Copy a box."""
    rows, first, count, stride = byte_rows(frame)
    for r in range(rows):
        copy_bytes(source[first + r * stride :][:count], target[r * count :])


@inlined
def clear(target: Bytes) -> None:
    """Make bytes black."""
    for i in range(target.size):
        target[i] = 0
