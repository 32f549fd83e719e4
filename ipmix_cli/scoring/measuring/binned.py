"""The RMS calibration error of resampled data sets, compiled: one pass over the sorted pictures for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.kernels.compiler import entry

Values = NDArray[np.float64]


@entry
def fill_squares(counts: NDArray[Any], order: NDArray[np.int64], gaps: Values, size: int, out: Values) -> None:
    """Fill out (B, 2) with the squared calibration error of each drawn data set: of all bins, and without the last.

    Parameters
    ----------
    counts : (B, N) uint8
        How often each picture is in each data set.
    order : (N,) int64
        The pictures by rising confidence.
    gaps : (N,) float64
        Confidence less correctness, of the pictures in `order`.
    size : int
        Predictions in a bin; the last bin takes the rest.
    out : (B, 2) float64
    """
    pictures = order.size
    bins = max(pictures // size, 1)
    rest = pictures - (bins - 1) * size
    for row in range(counts.shape[0]):
        total, square, gap = 0.0, 0.0, 0.0
        number, filled = 0, 0
        length = size if bins > 1 else rest
        for i in range(pictures):
            times = int(counts[row, order[i]])
            while times > 0:
                taken = length - filled if times > length - filled else times
                gap += taken * gaps[i]
                filled += taken
                times -= taken
                if filled == length:
                    square = gap * gap / length / pictures
                    total += square
                    number += 1
                    filled, gap = 0, 0.0
                    length = rest if number == bins - 1 else size
        out[row, 0] = total
        out[row, 1] = total - square
