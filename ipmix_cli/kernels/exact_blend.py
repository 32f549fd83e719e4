"""Factors of 16 bits that blend bytes exactly as Pillow's Image.blend does in float32.

A blend is base + factor * d, truncated and clipped, for d = value - base. Pillow rounds twice on the way: the product,
which depends on d alone, and the sum, which may be rounded up to a whole number for some bases and not for others.
Where it is the same for all bases, d changes them by a whole number. Where one multiple of 2**-16 for the positive d,
and one for the negative, make all these numbers, they are products of 16 bits. Some factors have none, such as 1.18:
one in ten of the round decimals, and three in a thousand of all others.
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.types import Number

UNITS = 65536.0
HALF_UNITS = np.int64(32768)
LARGEST = 64.0  # factor: d times its whole part fits into 16 bits
LIMIT = np.int32(1 << 30)
Shares = tuple[Number, Number, Number]
NONE: Shares = (np.int64(0), np.int64(1 << 16), np.int64(1 << 16))


@inlined
def floor(number: Number) -> Number:
    """Return the whole number at or below one, without a call on processors that cannot round."""
    whole = np.int32(number)
    return np.int32(whole - np.int32(number < whole))


@inlined
def factors_for(d: Number, alpha: Number) -> tuple[Number, Number]:
    """Return the lowest factor that changes bases by what a blend does, for a difference, and the first beyond.

    In 2**-16, and as for the difference's size. They are the same if a blend changes some bases by more than others,
    which shows at the lowest or the highest that it leaves in range: what a sum is rounded to grows with it.
    """
    moved = np.float32(alpha * np.float32(d))
    low = max(np.int32(-d), np.int32(0), np.int32(-floor(moved)))
    high = max(min(np.int32(255), np.int32(255 - d), np.int32(254 - floor(moved))), low)  # not below: all are clipped
    change = np.int32(floor(np.float32(np.float32(low) + moved)) - low)
    other = np.int32(floor(np.float32(np.float32(high) + moved)) - high)
    size = np.float64(abs(d))
    beyond = -floor((-np.float64(change) - 1.0) * UNITS / size)
    return -floor(-np.float64(change) * UNITS / size) if change == other else beyond, beyond


@inlined
def find_factors(sign: Number, alpha: Number) -> tuple[Number, Number]:
    """Return what :func:`factors_for` does for all differences of a sign, 1 or -1; they meet if there is none."""
    lowest, beyond = -LIMIT, LIMIT
    for size in range(1, 256):
        start, stop = factors_for(np.int32(np.int32(size) * sign), alpha)
        lowest = start if start > lowest else lowest
        beyond = stop if stop < beyond else beyond
    return lowest, beyond


@kernel
def shares_of(factor: Number, wanted: Number) -> Shares:
    """Return a factor's whole part, then what is added to it, in 2**-16, for positive and for negative differences.

    It takes a microsecond. Where the shares are not wanted, it returns that there are none.
    """
    alpha = np.float32(factor)
    if not (wanted and 0.0 <= alpha < LARGEST):
        return NONE
    upper, beyond = find_factors(np.int32(1), alpha)
    lower, below = find_factors(np.int32(-1), alpha)
    if upper >= beyond or lower >= below:
        return NONE
    whole = (np.int64(upper) + HALF_UNITS) >> 16
    rest, other = np.int64(upper) - (whole << 16), -np.int64(lower) - (whole << 16)
    return (whole, rest, other) if -HALF_UNITS <= other < HALF_UNITS else NONE


@inlined
def is_exact(shares: Shares) -> Number:
    """Return whether a factor has such shares."""
    return shares[1] < HALF_UNITS
