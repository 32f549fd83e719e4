"""The weighted sum of the picture and its chains, quantised once: the nearest integer of the float64 sum.

Chains of patches differ from the picture in some of its rows. So a copy is summed in bands of rows, and in each those
chains that differ there. Up to three are summed in whole numbers of 2**-24, as what they move the picture by. Rounded
weights put such a sum off by a known margin: blocks with a sum that lies nearer to a half are summed again in float64.
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.types import Bytes, Ints, Number, Reals, Words
from ipmix_cli.kernels.workspace import CLEAN, Workspace

BITS = np.int32(24)  # 255 and a half, times 2**24, still fit into 32 bits without a sign
ONE = 1 << 24
HALF = 1 << 23
PART = np.uint32(ONE - 1)
MARGIN = np.int64(128)  # of each chain: its weight is off by half a unit, times 255
AT_ONCE = 4  # pictures summed in one loop: the clean one and three chains, as the presets have
BLOCK = 1024  # bytes: one of thirty such blocks has a doubtful sum


@kernel
def list_sources(head: Reals, blend: Number, lengths: Words, slots: Words, used: Words, exact: Reals) -> Number:
    """Fill used and exact with the slots and weights of what is summed; return how many there are.

    The picture comes first, then the chains that have steps: an empty chain adds its weight to the picture's. ``head``
    holds the chains' weights. What lies beyond the last one is the picture with a weight of 0.
    """
    used[:] = slots[0]
    exact[:] = 0.0
    own = 1.0
    count = 1
    for chain in range(head.size):
        if lengths[chain] > 0:
            used[count], exact[count] = slots[chain + 1], head[chain] * blend
            own -= exact[count]
            count += 1
    exact[0] = max(own, 0.0)
    return count


@kernel
def find_band(row: Number, used: Words, touched: Words, height: Number, here: Words) -> Number:
    """Fill here with the sources of the band that starts at a row; return the row at which it stops.

    It has the picture's own slot in place of chains that have touched none of these rows. ``touched`` (slots, 2) holds
    the first row that is a chain's own, and the first that is not any more.
    """
    stop: Number = height
    for source in range(used.size):
        slot = used[source]
        first, last = touched[slot, 0], touched[slot, 1]
        here[source] = slot if first <= row < last else CLEAN
        if row < first < stop:
            stop = first
        if row < last < stop:
            stop = last
    return stop


@kernel
def list_movers(here: Words, exact: Reals, movers: Words, shares: Ints) -> Number:
    """Fill movers and shares, in 2**-24, with the sources that are not the picture itself; return how many."""
    count = 0
    for source in range(here.size):
        if here[source] != CLEAN:
            movers[count] = here[source]
            shares[count] = np.int32(np.int64(exact[source] * ONE + 0.5))
            count += 1
    return count


@inlined
def weighted_sum(head: Reals, blend: Number, lengths: Words, workspace: Workspace, out: Bytes) -> None:
    """Fill out with the sum that a plan's weights and blend ask for."""
    buffers, touched, used, exact, here = (
        workspace.buffers,
        workspace.touched,
        workspace.used,
        workspace.exact,
        workspace.here,
    )
    movers, shares, sums, height = workspace.movers, workspace.shares, workspace.sums, workspace.height
    sources = list_sources(head, blend, lengths, workspace.slots, used, exact)
    row_bytes = out.size // height
    row = np.int64(0)  # with a width: a literal number would be one more specialisation
    while row < height:
        stop = find_band(row, used, touched, height, here)
        band = out[row * row_bytes : stop * row_bytes]
        count = list_movers(here, exact, movers, shares)
        if sources > AT_ONCE:
            sum_many(buffers, here, row * row_bytes, exact, band, sums)
        elif count == 0:
            copy_bytes(buffers[CLEAN][row * row_bytes :][: band.size], band)
        else:
            for at in range(0, band.size, BLOCK):
                first, part = row * row_bytes + at, band[at : at + BLOCK]
                if count == 1:
                    doubt = sum_two(buffers, movers, first, shares, part)
                elif count == 2:
                    doubt = sum_three(buffers, movers, first, shares, part)
                else:
                    doubt = sum_four(buffers, movers, first, shares, part)
                if doubt:
                    sum_exactly(buffers, here, first, exact, part)
        row = stop


@inlined
def plus(total: Number, picture: Number, clean: Number, share: Number) -> Number:
    """Add what a chain's byte moves the picture's by."""
    return np.int32(total + np.int32(np.int32(np.int32(picture) - np.int32(clean)) * share))


@inlined
def nearer(least: Number, total: Number) -> Number:
    """Return the smaller of a part of a level and that of a sum."""
    part = np.uint32(np.uint32(total) & PART)
    return part if part < least else least


@inlined
def start_of(clean: Number, margin: Number) -> Number:
    """Return the picture's byte as the beginning of a sum, with a half and a margin added."""
    return np.int32(np.int32(np.int32(clean) << BITS) + np.int32(HALF + margin))


@kernel
def sum_two(buffers: Bytes, movers: Words, first: Number, shares: Ints, out: Bytes) -> Number:
    """Sum the picture and a chain, from a byte on; return whether any byte is in doubt."""
    a, b, q = buffers[CLEAN][first:], buffers[movers[0]][first:], shares[0]
    least = PART
    for i in range(out.size):
        total = plus(start_of(a[i], MARGIN), b[i], a[i], q)
        out[i] = np.uint8(np.uint32(total) >> BITS)
        least = nearer(least, total)
    return least < 2 * MARGIN


@kernel
def sum_three(buffers: Bytes, movers: Words, first: Number, shares: Ints, out: Bytes) -> Number:
    """Sum the picture and two chains, from a byte on; return whether any byte is in doubt."""
    a, b, c = buffers[CLEAN][first:], buffers[movers[0]][first:], buffers[movers[1]][first:]
    q, r = shares[0], shares[1]
    least = PART
    for i in range(out.size):
        total = plus(plus(start_of(a[i], 2 * MARGIN), b[i], a[i], q), c[i], a[i], r)
        out[i] = np.uint8(np.uint32(total) >> BITS)
        least = nearer(least, total)
    return least < 4 * MARGIN


@kernel
def sum_four(buffers: Bytes, movers: Words, first: Number, shares: Ints, out: Bytes) -> Number:
    """Sum the picture and three chains, from a byte on; return whether any byte is in doubt."""
    a, b = buffers[CLEAN][first:], buffers[movers[0]][first:]
    c, d = buffers[movers[1]][first:], buffers[movers[2]][first:]
    q, r, s = shares[0], shares[1], shares[2]
    least = PART
    for i in range(out.size):
        total = plus(plus(start_of(a[i], 3 * MARGIN), b[i], a[i], q), c[i], a[i], r)
        total = plus(total, d[i], a[i], s)
        out[i] = np.uint8(np.uint32(total) >> BITS)
        least = nearer(least, total)
    return least < 6 * MARGIN


@kernel
def sum_exactly(buffers: Bytes, here: Words, first: Number, exact: Reals, out: Bytes) -> None:
    """Sum four pictures in float64, from a byte on."""
    a, b = buffers[here[0]][first:], buffers[here[1]][first:]
    c, d = buffers[here[2]][first:], buffers[here[3]][first:]
    p, q, r, s = exact[0], exact[1], exact[2], exact[3]
    for i in range(out.size):
        total = (np.float64(a[i]) * p + np.float64(b[i]) * q) + (np.float64(c[i]) * r + np.float64(d[i]) * s)
        out[i] = np.uint8(np.int32(total + 0.5))


@kernel
def sum_many(buffers: Bytes, here: Words, first: Number, exact: Reals, out: Bytes, sums: Reals) -> None:
    """Sum any number of pictures in float64, one after the other, from a byte on."""
    for i in range(out.size):
        sums[i] = 0.5
    for source in range(exact.size):
        picture, share = buffers[here[source]][first:], exact[source]
        for i in range(out.size):
            sums[i] += np.float64(picture[i]) * share
    for i in range(out.size):
        out[i] = np.uint8(np.int32(sums[i]))
