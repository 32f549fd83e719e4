"""The weighted sum of the picture and its chains, quantised once."""

from __future__ import annotations

import numpy as np

from ipmix_cli.algorithm.kernels.compiler import kernel
from ipmix_cli.algorithm.kernels.frames import copy_bytes

BITS = np.int32(23)  # weights are whole numbers of 2**-23: 255 times their sum, and a half, still fit into int32
ONE = 1 << 23
HALF = np.int32(1 << 22)
AT_ONCE = 4  # the picture and three chains, as the presets have


@kernel
def fixed_weights(weights, blend, lengths, fixed):  # type: ignore[no-untyped-def]
    """Fill fixed int32: the picture's own weight, then the chains'; an empty chain adds to the picture's.

    What lies beyond the last chain becomes 0.
    """
    own = ONE
    fixed[:] = 0
    for chain in range(weights.size):
        if lengths[chain] > 0:
            share = min(np.int64(np.floor(weights[chain] * blend * ONE + 0.5)), own)
            fixed[chain + 1] = share
            own -= share
    fixed[0] = own


@kernel
def weighted_sum(buffers, slots, fixed, out, sums):  # type: ignore[no-untyped-def]
    """Fill out with the rounded sum of buffers[slots] times fixed; sums is int32, as long as out, to work in."""
    if fixed[0] == ONE:
        copy_bytes(buffers[slots[0]], out)
    elif fixed.size == AT_ONCE:
        a, b, c, d = buffers[slots[0]], buffers[slots[1]], buffers[slots[2]], buffers[slots[3]]
        sum_four(a, b, c, d, fixed, out)
    else:
        sum_many(buffers, slots, fixed, out, sums)


@kernel
def sum_four(a, b, c, d, fixed, out):  # type: ignore[no-untyped-def]
    """Sum four pictures."""
    p, q, r, s = fixed[0], fixed[1], fixed[2], fixed[3]
    for i in range(out.size):
        total = np.int32(np.int32(np.int32(a[i]) * p) + np.int32(np.int32(b[i]) * q))
        total = np.int32(total + np.int32(np.int32(c[i]) * r))
        total = np.int32(total + np.int32(np.int32(d[i]) * s))
        out[i] = np.uint8(np.int32(total + HALF) >> BITS)


@kernel
def sum_many(buffers, slots, fixed, out, sums):  # type: ignore[no-untyped-def]
    """Sum any number of pictures, one after the other."""
    for i in range(out.size):
        sums[i] = HALF
    for source in range(fixed.size):
        picture, share = buffers[slots[source]], fixed[source]
        if share != 0:
            for i in range(out.size):
                sums[i] += np.int32(np.int32(picture[i]) * share)
    for i in range(out.size):
        out[i] = np.uint8(sums[i] >> BITS)
