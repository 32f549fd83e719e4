"""Pillow's bilinear, antialiased resize of a part of a picture: the same bytes in a quarter of the time.

A resize is two passes: each column of the result is a weighed sum of columns, then each row a weighed sum of rows.
Pillow gathers the pixels of each sum one by one. Here columns are turned into rows and back, which OpenCV does at the
speed of memory, and one kernel, which runs along rows, serves both passes.

The bytes are those of Pillow 13, whichever is installed: earlier ones never take the rows first, which differs by a
level here and there.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ipmix_cli.numba_cache.kernel_set import KernelSet
from ipmix_cli.picture import Picture

BAND = 512  # rows that are turned at once: those of most photographs, but not those of a poster


class Weights(NamedTuple):
    """What the pixels of one axis of the result are made of.

    Parameters
    ----------
    first : ndarray of int64, (size,)
        The first pixel that each is made of, counted from `start`.
    taps : ndarray of int32, (size, taps)
        The weights of that pixel and of those that follow it.
    start, stop : int
        The pixels that are needed at all.
    """

    first: npt.NDArray[np.int64]
    taps: npt.NDArray[np.int32]
    start: int
    stop: int


def resized(
    picture: Picture, box: tuple[float, float, float, float], size: tuple[int, int], mirror: bool = False
) -> Picture:
    """Return a part of a picture in another size, as Pillow's ``resize(.., BILINEAR, box)`` does.

    Does not modify its input.

    Parameters
    ----------
    picture : ndarray of uint8, (H, W, 3), C-contiguous
    box : tuple of float
        Left, top, right and bottom edge of the part, in pixels.
    size : tuple of int
        Height and width of the result.
    mirror : bool
        Whether left and right are swapped in the result.
    """
    height, width = picture.shape[:2]
    across, down = weights_of(box[0], box[2], width, size[1]), weights_of(box[1], box[3], height, size[0])
    if mirror:
        across = across._replace(first=across.first[::-1].copy(), taps=across.taps[::-1].copy())
    rows = picture.reshape(height, width * 3)[down.start : down.stop, across.start * 3 : across.stop * 3]
    if height > size[0] and height - size[0] > 2 * (width - size[1]):
        return weigh_columns(weigh(rows.copy(), down), across).reshape(*size, 3)
    return weigh(weigh_columns(rows, across), down).reshape(*size, 3)


def weights_of(start: float, stop: float, length: int, size: int) -> Weights:
    """Return the weights that make `size` pixels of the part start..stop of an axis with `length` pixels."""
    from ipmix_cli.kernels.resize.kernels import find_weights

    low, high = np.float32(start), np.float32(stop)  # Pillow's type for a box
    scale = float(high - low) / size
    first = np.empty(size, np.int64)
    taps = np.empty((size, 2 * math.ceil(max(scale, 1.0)) + 1), np.int32)
    end = find_weights(float(low), scale, length, first, taps)
    return Weights(first - first[0], taps, int(first[0]), end)


def weigh_columns(rows: Picture, weights: Weights) -> Picture:
    """Return rows (N, W * 3) of pixels, resized to (N, size * 3)."""
    import cv2

    out = np.empty((len(rows), len(weights.first) * 3), np.uint8)
    for top in range(0, len(rows), BAND):
        band = rows[top : top + BAND]
        turned = np.asarray(cv2.transpose(band), np.uint8)  # (W * 3, n): the three colours of a column are three rows
        sums = weigh(turned.reshape(-1, 3 * len(band)), weights)
        cv2.transpose(sums.reshape(-1, len(band)), out[top : top + BAND])
    return out


def weigh(rows: Picture, weights: Weights) -> Picture:
    """Return weighed sums (size, M) of rows (N, M), C-contiguous."""
    from ipmix_cli.kernels.resize.kernels import weigh_rows

    out = np.empty((len(weights.first), rows.shape[1]), np.uint8)
    weigh_rows(rows, weights.first, weights.taps, np.empty(rows.shape[1], np.int32), out)
    return out


def _call_each() -> None:
    resized(np.zeros((3, 3, 3), np.uint8), (0, 0, 3, 3), (2, 2))


KERNELS = KernelSet(Path(__file__).parent, _call_each)
