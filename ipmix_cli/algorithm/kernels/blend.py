"""The weighted sum of the picture and its chains, quantised once."""

from __future__ import annotations

import numpy as np

from fractals.jit import kernel

ONE = 1 << 23  # weights are whole numbers of 2**-23: 255 times their sum, and a half, still fit into int32
HALF = 1 << 22
BLOCK = 1024  # bytes of all sources that stay in the first cache


@kernel
def fixed_weights(weights, blend, lengths, fixed):  # type: ignore[no-untyped-def]
    """Fill fixed (k + 1,) int32: the picture's own weight, then the chains'; an empty chain adds to the picture's."""
    own = ONE
    for chain in range(weights.size):
        share = 0
        if lengths[chain] > 0:
            share = np.int64(np.floor(weights[chain] * blend * ONE + 0.5))
            share = min(share, own)
        fixed[chain + 1] = share
        own -= share
    fixed[0] = own


@kernel
def weighted_sum(buffers, slots, fixed, out, sums):  # type: ignore[no-untyped-def]
    """Fill out with the rounded sum of buffers[slots] times fixed; sums is int32 (BLOCK,) to work in."""
    size = out.size
    for first in range(0, size, BLOCK):
        count = min(BLOCK, size - first)
        total = sums[:count]
        for i in range(count):
            total[i] = HALF
        for source in range(slots.size):
            share = fixed[source]
            if share != 0:
                part = buffers[slots[source]][first : first + count]
                for i in range(count):
                    total[i] += np.int32(np.int32(part[i]) * share)
        result = out[first : first + count]
        for i in range(count):
            result[i] = np.uint8(total[i] >> 23)
