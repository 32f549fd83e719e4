"""The arithmetic of Pillow's resize, as kernels that run along memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ipmix_cli.numba_cache.jit import kernel

PRECISION = 22  # bits of a weight: 32, less the 8 of a pixel and 2 to spare
HALF = np.int32(1 << (PRECISION - 1))
SHIFT = np.int32(PRECISION)
WHITE = np.int32(255)  # thousands of weights, all rounded up, may sum to more than one


@kernel
def find_weights(
    start: float,
    scale: float,
    length: int,
    first: npt.NDArray[np.int64],
    weights: npt.NDArray[np.int32],
) -> int:
    """Find the pixels of an axis that make each pixel of the result, and their weights: a triangle's, antialiased.

    Pillow's expressions in Pillow's order, in float64, so that every weight is rounded as Pillow rounds it.

    Parameters
    ----------
    start : float
        Where the part begins that is resized, in pixels.
    scale : float
        Pixels for each pixel of the result.
    length : int
        Pixels of the whole axis: no others have weights.
    first : ndarray of int64, (size,)
        Filled with the first pixel for each pixel of the result.
    weights : ndarray of int32, (size, taps)
        Filled with the weights of that pixel and of those that follow it.

    Returns
    -------
    int
        The end of the pixels that have weights.
    """
    reach = max(scale, 1.0)
    shares = np.empty(weights.shape[1])
    weights[:] = 0
    stop = 0
    for place in range(len(first)):
        centre = start + (place + 0.5) * scale
        low = max(int(centre - reach + 0.5), 0)
        stop = min(int(centre + reach + 0.5), length)
        total = 0.0
        for tap in range(stop - low):
            shares[tap] = max(1.0 - abs((tap + low - centre + 0.5) * (1.0 / reach)), 0.0)
            total += shares[tap]
        for tap in range(stop - low):
            weights[place, tap] = int(0.5 + shares[tap] / total * (1 << PRECISION))
        first[place] = low
    return stop


@kernel
def weigh_rows(
    rows: npt.NDArray[np.uint8],
    first: npt.NDArray[np.int64],
    weights: npt.NDArray[np.int32],
    sums: npt.NDArray[np.int32],
    out: npt.NDArray[np.uint8],
) -> None:
    """Make each row of `out` (size, M) a weighed sum of rows (N, M): of those from `first` on; `sums` (M,) is scratch.

    All arrays are C-contiguous.
    """
    for place in range(len(out)):
        sums[:] = HALF
        for tap in range(weights.shape[1]):
            weight = weights[place, tap]
            if weight != 0:
                row = rows[first[place] + tap]
                for column in range(len(sums)):
                    sums[column] += weight * row[column]
        line = out[place]
        for column in range(len(sums)):
            line[column] = min(sums[column] >> SHIFT, WHITE)
