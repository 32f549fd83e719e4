"""The workspace: all memory and settings that making copies needs, in one flat tuple.

Flat, because taking a tuple out of a tuple counts references to every array in it, at some nanoseconds each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SLACK = 192  # bytes at the end of lines that are read and written with no regard to where they stop
CLEAN = 0  # rows of Workspace.buffers: the clean picture, then one for each chain, a spare one, the patch, the mask


class Workspace(NamedTuple):
    """Settings of a batch, the mixing pictures, and memory to work in.

    Nothing in the memory outlives a copy but the clean picture with its figures, and what is constant.
    """

    height: int
    width: int
    chains: int
    overflow: int

    # Mixing pictures, already resized, one after the other
    pixels: npt.NDArray[np.uint8]  # flat, read-only
    offsets: npt.NDArray[np.int64]  # (M,) first byte of each
    shapes: npt.NDArray[np.int32]  # (M, 2) height and width of each

    # A copy
    buffers: npt.NDArray[np.uint8]  # (k + 4, H * W * 3)
    slots: npt.NDArray[np.int64]  # (k + 2,): rows of the clean picture, each chain, and the spare
    touched: npt.NDArray[np.int64]  # (k + 2, 2): first and stop of the rows where a slot is not the picture
    used: npt.NDArray[np.int64]  # (k + 1,), 4 at least: the slots that are summed
    exact: npt.NDArray[np.float64]  # their weights
    here: npt.NDArray[np.int64]  # the slots that are summed in a band of rows
    movers: npt.NDArray[np.int64]  # those among them that are not the picture
    shares: npt.NDArray[np.int32]  # the weights of these, in 2**-24
    sums: npt.NDArray[np.float64]  # (H * W * 3,) where there are more than three chains
    terms: npt.NDArray[np.float64]  # (2, 256) of add and multiply

    # Figures of the clean picture (0) and of a running one (1), and what operations work in
    known: npt.NDArray[np.int64]  # (2, 3): histogram, equalize's tables, mean grey (-1: not yet)
    histograms: npt.NDArray[np.int64]  # (2, 3, 256)
    tables: npt.NDArray[np.uint8]  # (3, 3, 256): equalize's of both; what other operations look up
    counters: npt.NDArray[np.uint32]  # (6, 256)
    centres: npt.NDArray[np.float64]  # (3 * W,) x + 1/2 of each byte's pixel; constant
    denominators: npt.NDArray[np.uint8]  # (2**16,) of exact_shear.py; constant
    reals: npt.NDArray[np.float64]  # (3 * W,), 512 at least
    parts: npt.NDArray[np.int32]  # (3 * W + SLACK,), 256 at least
    runs: npt.NDArray[np.int32]  # (2, W)
    advances: npt.NDArray[np.uint32]  # (2, 3 * W)
    lines: npt.NDArray[np.uint8]  # (5, 3 * W + SLACK)
    padded: npt.NDArray[np.uint8]  # ((H + 4) * (W + 4) * 3 + SLACK,)
    fractions: npt.NDArray[np.float32]  # (12 * W,)
