"""The weighted sum of the picture and its chains, quantised once."""

from __future__ import annotations

import numpy as np

from ipmix_cli.algorithm.kernels.compiler import kernel, spliced
from ipmix_cli.algorithm.kernels.desk import Desk
from ipmix_cli.algorithm.kernels.frames import copy_bytes
from ipmix_cli.algorithm.kernels.types import Bytes, Ints, Number, Reals, Words

BITS = np.int32(23)  # weights are whole numbers of 2**-23: 255 times their sum, and a half, still fit into int32
ONE = 1 << 23
HALF = np.int32(1 << 22)
AT_ONCE = 4  # pictures summed in one loop: the clean one and three chains, as the presets have


@kernel
def fixed_weights(weights: Reals, blend: Number, lengths: Words, fixed: Ints) -> None:
    """Fill fixed int32: the picture's own weight, then the chains'; an empty chain adds to the picture's.

    What lies beyond the last chain becomes 0.
    """
    own: Number = ONE
    fixed[:] = 0
    for chain in range(weights.size):
        if lengths[chain] > 0:
            share: Number = np.int64(np.floor(weights[chain] * blend * ONE + 0.5))
            share = min(share, own)
            fixed[chain + 1] = share
            own -= share
    fixed[0] = own


@kernel
def gather_sources(slots: Words, fixed: Ints, used: Words, shares: Ints) -> Number:
    """Fill used and shares with the slots and weights that are not 0, then with the picture's own and 0."""
    count = 0
    for slot in range(fixed.size):
        if fixed[slot] != 0:
            used[count], shares[count] = slots[slot], fixed[slot]
            count += 1
    for rest in range(count, fixed.size):
        used[rest], shares[rest] = slots[0], 0
    return count


@spliced
def weighted_sum(desk: Desk, out: Bytes) -> None:
    """Fill out with the rounded sum of the desk's slots times their fixed weights."""
    buffers, used, shares = desk.buffers, desk.used, desk.shares
    count = gather_sources(desk.slots, desk.fixed, used, shares)
    if count == 1:
        copy_bytes(buffers[used[0]], out)
    elif count <= 3:
        sum_three(buffers[used[0]], buffers[used[1]], buffers[used[2]], shares, out)
    elif count == 4:
        sum_four(buffers[used[0]], buffers[used[1]], buffers[used[2]], buffers[used[3]], shares, out)
    else:
        sum_many(buffers, used, shares, out, desk.sums)


@kernel
def sum_three(a: Bytes, b: Bytes, c: Bytes, shares: Ints, out: Bytes) -> None:
    """Sum three pictures."""
    p, q, r = shares[0], shares[1], shares[2]
    for i in range(out.size):
        total = np.int32(np.int32(np.int32(a[i]) * p) + np.int32(np.int32(b[i]) * q))
        total = np.int32(total + np.int32(np.int32(c[i]) * r))
        out[i] = np.uint8(np.int32(total + HALF) >> BITS)


@kernel
def sum_four(a: Bytes, b: Bytes, c: Bytes, d: Bytes, shares: Ints, out: Bytes) -> None:
    """Sum four pictures."""
    p, q, r, s = shares[0], shares[1], shares[2], shares[3]
    for i in range(out.size):
        total = np.int32(np.int32(np.int32(a[i]) * p) + np.int32(np.int32(b[i]) * q))
        total = np.int32(total + np.int32(np.int32(c[i]) * r))
        total = np.int32(total + np.int32(np.int32(d[i]) * s))
        out[i] = np.uint8(np.int32(total + HALF) >> BITS)


@kernel
def sum_many(buffers: Bytes, slots: Words, fixed: Ints, out: Bytes, sums: Ints) -> None:
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
