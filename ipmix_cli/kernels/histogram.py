"""Tables made from the picture's histogram, or from its extremes: those of equalize and autocontrast."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.frames import ONE, THREE, TWO, copy_bytes
from ipmix_cli.kernels.types import Bytes, Counters, Number, Words

SETS = 2  # counters for even and odd pixels: neighbours are alike, and a counter takes some cycles to be ready again
PAIR = np.uintp(6)
COUNTED = np.uint32(1)


@kernel
def count_values(source: Bytes, counters: Counters, histogram: Words) -> None:
    """Fill histogram (3, 256) int64 with how often each value occurs in each channel.

    ``counters`` is uint32 (6, 256) to work in.
    """
    counters[:] = 0
    r, g, b = counters[0], counters[1], counters[2]
    r2, g2, b2 = counters[3], counters[4], counters[5]
    for pair in range(np.uintp(source.size // 6)):
        i = PAIR * pair
        j = i + THREE
        r[source[i]] += COUNTED
        g[source[i + ONE]] += COUNTED
        b[source[i + TWO]] += COUNTED
        r2[source[j]] += COUNTED
        g2[source[j + ONE]] += COUNTED
        b2[source[j + TWO]] += COUNTED
    for left in range(source.size // 6 * 6, source.size):
        counters[left % 3, source[left]] += COUNTED
    for channel in range(3):
        for value in range(256):
            histogram[channel, value] = np.int64(counters[channel, value]) + counters[channel + 3, value]


@kernel
def map_histogram(histogram: Words, tables: Bytes, counters: Counters, mapped: Words) -> None:
    """Fill mapped (3, 256) with the histogram of a picture whose bytes were replaced by tables.

    ``counters`` as above; ``mapped`` may be the histogram itself.
    """
    for channel in range(3):
        counts = counters[channel]
        counts[:] = 0
        for value in range(256):
            counts[tables[channel, value]] += np.uint32(histogram[channel, value])
        for value in range(256):
            mapped[channel, value] = np.int64(counts[value])


@inlined
def keep_values(table: Bytes) -> None:
    """Make a table that changes nothing."""
    for value in range(256):
        table[value] = value


@kernel
def equalize_tables(histogram: Words, pixels: Number, tables: Bytes) -> None:
    """Fill tables (3, 256) uint8 as ImageOps.equalize does, for a picture of this many pixels."""
    for channel in range(3):
        counts, table = histogram[channel], tables[channel]
        last = 255
        while counts[last] == 0:
            last -= 1
        step = (pixels - counts[last]) // 255
        if step == 0:
            keep_values(table)
            continue
        # The half keeps a whole quotient above the rounding of its reciprocal: the same as running // step
        running, inverse = step // 2, 1.0 / step
        for value in range(256):
            quotient: Number = np.int32((running + 0.5) * inverse)
            table[value] = np.uint8(min(quotient, 255))
            running += counts[value]


@inlined
def per_cent(total: Number, cutoff: Number) -> Number:
    """Return Python's int(total * cutoff // 100), for a cutoff in float64."""
    product = total * cutoff
    quotient = np.floor(product / 100.0)
    if quotient * 100.0 > product:
        quotient -= 1.0
    return np.int64(quotient)


@inlined
def ends(counts: Words, cut: Number) -> tuple[Number, Number]:
    """Return the lowest and the highest value left when ``cut`` pixels are cut off at either end."""
    low, left = 0, cut
    while low < 255 and left >= counts[low]:
        left -= counts[low]
        low += 1
    high, left = 255, cut
    while high > 0 and left >= counts[high]:
        left -= counts[high]
        high -= 1
    return low, high


@kernel
def autocontrast_tables(histogram: Words, pixels: Number, cutoff: Number, tables: Bytes) -> None:
    """Fill tables (3, 256) uint8 as ImageOps.autocontrast does, cutoff in per cent."""
    cut = per_cent(np.float64(pixels), cutoff)
    for channel in range(3):
        low, high = ends(histogram[channel], cut)
        stretch(low, high, tables[channel])


@inlined
def stretch(low: Number, high: Number, table: Bytes) -> None:
    """Make the table that takes low to 0 and high to 255."""
    if high <= low:
        keep_values(table)
        return
    scale = 255.0 / np.float64(high - low)
    offset = -np.float64(low) * scale
    for value in range(256):
        table[value] = np.uint8(np.int32(min(max(value * scale + offset, 0.0), 255.0)))


@kernel
def stretch_tables(source: Bytes, lows: Bytes, highs: Bytes, tables: Bytes) -> None:
    """Fill tables (3, 256) uint8 as ImageOps.autocontrast does with no cutoff, for which nothing need be counted.

    ``lows`` and ``highs`` are (3 * W,), to work in.
    """
    copy_bytes(source[: lows.size], lows)
    copy_bytes(source[: lows.size], highs)
    for first in range(lows.size, source.size, lows.size):
        keep_extremes(source[first : first + lows.size], lows, highs)
    for channel in range(3):
        low, high = lows[channel], highs[channel]
        for i in range(channel, lows.size, 3):
            low, high = min(low, lows[i]), max(high, highs[i])
        stretch(np.int64(low), np.int64(high), tables[channel])


@inlined
def keep_extremes(row: Bytes, lows: Bytes, highs: Bytes) -> None:
    """Lower lows and raise highs to a row's bytes."""
    for i in range(row.size):
        lows[i] = min(lows[i], row[i])
        highs[i] = max(highs[i], row[i])
