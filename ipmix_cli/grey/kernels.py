"""From three channels to one and back, in whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.numba_cache.jit import kernel

Bytes = NDArray[np.uint8]


@kernel
def luma(pixels: Bytes, out: Bytes) -> None:
    """Write the luma of each pixel of `pixels`, uint8 (3 * N,), to `out` (N,), as libImaging/Convert.c (L24) does."""
    for i in range(len(out)):
        red, green, blue = np.int32(pixels[3 * i]), np.int32(pixels[3 * i + 1]), np.int32(pixels[3 * i + 2])
        out[i] = np.int32(red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16


@kernel
def thrice(pixels: Bytes, out: Bytes) -> None:
    """Write each of `pixels`, uint8 (N,), three times to `out` (3 * N,)."""
    for i in range(len(pixels)):
        out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = pixels[i]
