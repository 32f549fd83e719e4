"""The weighted sum of the picture and its chains, quantised once: the nearest integer of the float64 sum.

Up to three chains are summed in whole numbers of 2**-23. Weights so rounded put a sum off by 4.5e-5 at most; blocks
with a sum that lies nearer than that to a half are summed once more in float64.
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.algorithm.kernels.compiler import inlined, kernel, spliced
from ipmix_cli.algorithm.kernels.desk import Desk
from ipmix_cli.algorithm.kernels.frames import copy_bytes
from ipmix_cli.algorithm.kernels.types import Bytes, Ints, Number, Reals, Words

BITS = np.int32(23)  # 255 times the sum of the weights, and a half, still fit into int32
ONE = 1 << 23
HALF = np.int32(1 << 22)
PART = np.int32(ONE - 1)
MARGIN, TWICE = np.int32(384), np.int32(768)  # three weights, each off by half a unit, times 255
ZERO = np.int32(0)
AT_ONCE = 4  # pictures summed in one loop: the clean one and three chains, as the presets have
BLOCK = 512  # bytes: one of twenty such blocks has a doubtful sum


@kernel
def fill_shares(head: Reals, blend: Number, lengths: Words, shares: Ints, exact: Reals) -> None:
    """Fill shares (in 2**-23) and exact: the picture's own, then those of chains; an empty chain adds to the picture's.

    ``head`` holds the chains' weights. What lies beyond the last chain is 0.
    """
    own: Number = ONE
    exact_own = 1.0
    shares[:] = 0
    exact[:] = 0.0
    for chain in range(head.size):
        if lengths[chain] > 0:
            exact[chain + 1] = head[chain] * blend
            share = np.int64(np.floor(exact[chain + 1] * ONE + 0.5))
            shares[chain + 1] = share
            own -= share
            exact_own -= exact[chain + 1]
    shares[0] = max(own, 0)
    exact[0] = max(exact_own, 0.0)


@kernel
def drop_empty(slots: Words, lengths: Words, used: Words, shares: Ints, exact: Reals) -> Number:
    """Move the shares of chains with steps to the front, and note their slots in used; return how many sources."""
    used[0] = slots[0]
    count = 1
    for chain in range(lengths.size):
        if lengths[chain] > 0:
            used[count] = slots[chain + 1]
            shares[count], exact[count] = shares[chain + 1], exact[chain + 1]
            count += 1
    for rest in range(count, shares.size):
        used[rest], shares[rest], exact[rest] = slots[0], 0, 0.0
    return count


@spliced
def weighted_sum(head: Reals, blend: Number, lengths: Words, desk: Desk, out: Bytes) -> None:
    """Fill out with the sum that a plan's weights and blend ask for."""
    shares, exact, used = desk.shares, desk.exact, desk.used
    fill_shares(head, blend, lengths, shares, exact)
    count = drop_empty(desk.slots, lengths, used, shares, exact)
    if count == 1:
        copy_bytes(desk.buffers[used[0]], out)
    elif count <= AT_ONCE:
        a, b = desk.buffers[used[0]], desk.buffers[used[1]]
        c, d = desk.buffers[used[2]], desk.buffers[used[3]]
        for first in range(0, out.size, BLOCK):
            stop = min(first + BLOCK, out.size)
            p, q, r, s = a[first:stop], b[first:stop], c[first:stop], d[first:stop]
            part = out[first:stop]
            doubts = sum_three(p, q, r, shares, part) if count < AT_ONCE else sum_four(p, q, r, s, shares, part)
            if doubts < 0:
                sum_exactly(p, q, r, s, exact, part)
    else:
        sum_many(desk.buffers, used, exact, out, desk.sums)


@inlined
def is_near_half(total: Number) -> Number:
    """Return a number below 0 where a sum, its half added, lies so near a whole level that it is in doubt."""
    return np.int32(np.int32(np.int32(total + MARGIN) & PART) - TWICE)


@kernel
def sum_three(a: Bytes, b: Bytes, c: Bytes, shares: Ints, out: Bytes) -> Number:
    """Sum three pictures; return a number below 0 if any byte is in doubt."""
    p, q, r = shares[0], shares[1], shares[2]
    doubts = ZERO
    for i in range(out.size):
        total = np.int32(np.int32(np.int32(a[i]) * p) + np.int32(np.int32(b[i]) * q))
        total = np.int32(np.int32(total + np.int32(np.int32(c[i]) * r)) + HALF)
        out[i] = np.uint8(total >> BITS)
        doubts = np.int32(doubts | is_near_half(total))
    return doubts


@kernel
def sum_four(a: Bytes, b: Bytes, c: Bytes, d: Bytes, shares: Ints, out: Bytes) -> Number:
    """Sum four pictures; return a number below 0 if any byte is in doubt."""
    p, q, r, s = shares[0], shares[1], shares[2], shares[3]
    doubts = ZERO
    for i in range(out.size):
        total = np.int32(np.int32(np.int32(a[i]) * p) + np.int32(np.int32(b[i]) * q))
        total = np.int32(total + np.int32(np.int32(c[i]) * r))
        total = np.int32(np.int32(total + np.int32(np.int32(d[i]) * s)) + HALF)
        out[i] = np.uint8(total >> BITS)
        doubts = np.int32(doubts | is_near_half(total))
    return doubts


@kernel
def sum_exactly(a: Bytes, b: Bytes, c: Bytes, d: Bytes, exact: Reals, out: Bytes) -> None:
    """Sum four pictures in float64."""
    p, q, r, s = exact[0], exact[1], exact[2], exact[3]
    for i in range(out.size):
        total = (np.float64(a[i]) * p + np.float64(b[i]) * q) + (np.float64(c[i]) * r + np.float64(d[i]) * s)
        out[i] = np.uint8(np.int32(total + 0.5))


@kernel
def sum_many(buffers: Bytes, used: Words, exact: Reals, out: Bytes, sums: Reals) -> None:
    """Sum any number of pictures in float64, one after the other."""
    for i in range(out.size):
        sums[i] = 0.5
    for source in range(exact.size):
        picture, share = buffers[used[source]], exact[source]
        for i in range(out.size):
            sums[i] += np.float64(picture[i]) * share
    for i in range(out.size):
        out[i] = np.uint8(np.int32(sums[i]))
