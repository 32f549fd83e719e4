"""Arrays as kernels take them: memory to work in, pictures as rows of bytes, plans as rows of words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.kernels.blend import AT_ONCE
from ipmix_cli.kernels.exact_shear import denominators
from ipmix_cli.kernels.types import PlanRows
from ipmix_cli.kernels.workspace import SLACK, Workspace


def workspace_for(height: int, width: int, chains: int) -> Workspace:
    """Return memory to work in, for one thread at a time.

    Reuse it: fresh memory costs a tenth of the time.
    """
    count = height * width * 3
    sources = max(chains + 1, AT_ONCE)
    return Workspace(
        height=height,
        width=width,
        chains=chains,
        overflow=0,
        pixels=np.empty(0, np.uint8),
        offsets=np.empty(0, np.int64),
        shapes=np.empty((0, 2), np.int32),
        buffers=np.empty((chains + 4, count), np.uint8),
        slots=np.arange(max(chains + 2, AT_ONCE)),
        touched=np.zeros((chains + 2, 2), np.int64),
        used=np.zeros(sources, np.int64),
        exact=np.zeros(sources, np.float64),
        here=np.zeros(sources, np.int64),
        movers=np.zeros(sources, np.int64),
        shares=np.zeros(sources, np.int32),
        sums=np.empty(count if chains + 1 > AT_ONCE else 0, np.float64),
        terms=np.empty((2, 256), np.float64),
        known=np.zeros((2, 3), np.int64),
        histograms=np.empty((2, 3, 256), np.int64),
        tables=np.empty((3, 3, 256), np.uint8),
        counters=np.empty((6, 256), np.uint32),
        centres=np.repeat(np.arange(width, dtype=np.float64) + 0.5, 3),
        denominators=denominators(),
        reals=np.empty(max(3 * width, 512), np.float64),
        parts=np.empty(max(3 * width, 256), np.int32),
        runs=np.empty((2, width), np.int32),
        advances=np.empty((2, 3 * width), np.uint32),
        lines=np.empty((5, 3 * width + SLACK), np.uint8),
        padded=np.empty((height + 4) * (width + 4) * 3 + SLACK, np.uint8),
        fractions=np.empty(12 * width, np.float32),
    )


def read_only(array: NDArray[Any], dtype: type) -> NDArray[Any]:
    """Return a plain, contiguous, read-only view: every caller's array has the same type for the compiler."""
    view: NDArray[Any] = np.ascontiguousarray(array, dtype).view(np.ndarray)
    view.flags.writeable = False
    return view


def plan_rows(plans: NDArray[Any]) -> PlanRows:
    """Return plans (N, V) as the words that kernels read, (N, V, words), read-only."""
    words = plans.dtype.itemsize // 8
    flat = np.ascontiguousarray(plans)
    return PlanRows(
        read_only(flat.view(np.int64).reshape(*plans.shape, words), np.int64),
        read_only(flat.view(np.float64).reshape(*plans.shape, words), np.float64),
    )


def flat_pictures(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures (N, H, W, 3) as rows of bytes (N, H * W * 3), read-only."""
    return read_only(pictures.reshape(len(pictures), -1), np.uint8)
