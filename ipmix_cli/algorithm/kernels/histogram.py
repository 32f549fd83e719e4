"""Operations by a table made from the picture's histogram: equalize and autocontrast."""

from __future__ import annotations

import numpy as np

from fractals.jit import inlined, kernel
from ipmix_cli.algorithm.kernels.boxes import byte_rows


@kernel
def count_values(source, histogram):  # type: ignore[no-untyped-def]
    """Fill histogram (3, 256) int64 with how often each value occurs in each channel."""
    histogram[:] = 0
    red, green, blue = histogram[0], histogram[1], histogram[2]
    for i in range(0, source.size, 3):
        red[source[i]] += 1
        green[source[i + 1]] += 1
        blue[source[i + 2]] += 1


@kernel
def equalize_tables(histogram, tables):  # type: ignore[no-untyped-def]
    """Fill tables (3, 256) uint8 as ImageOps.equalize does."""
    for channel in range(3):
        counts = histogram[channel]
        table = tables[channel]
        total, last, filled = 0, 0, 0
        for value in range(256):
            if counts[value] > 0:
                total += counts[value]
                last = counts[value]
                filled += 1
        step = (total - last) // 255
        if filled <= 1 or step == 0:
            for value in range(256):
                table[value] = value
        else:
            running = step // 2
            for value in range(256):
                table[value] = min(running // step, 255)
                running += counts[value]


@inlined
def per_cent(total, cutoff):  # type: ignore[no-untyped-def]
    """Return Python's int(total * cutoff // 100), for a cutoff in float64."""
    product = total * cutoff
    quotient = np.floor(product / 100.0)
    if quotient * 100.0 > product:
        quotient -= 1.0
    return np.int64(quotient)


@kernel
def autocontrast_tables(histogram, cutoff, tables):  # type: ignore[no-untyped-def]
    """Fill tables (3, 256) uint8 as ImageOps.autocontrast does, cutoff in per cent."""
    for channel in range(3):
        counts = histogram[channel]
        table = tables[channel]
        cut = per_cent(np.float64(counts.sum()), cutoff)
        low, left = 0, cut
        while low < 255 and left >= counts[low]:
            left -= counts[low]
            low += 1
        high, left = 255, cut
        while high > 0 and left >= counts[high]:
            left -= counts[high]
            high -= 1
        if high <= low:
            for value in range(256):
                table[value] = value
        else:
            scale = 255.0 / np.float64(high - low)
            offset = -np.float64(low) * scale
            for value in range(256):
                table[value] = np.uint8(np.int32(min(max(value * scale + offset, 0.0), 255.0)))


@kernel
def apply_tables(source, target, size, box, tables):  # type: ignore[no-untyped-def]
    """Replace every byte by its channel's table (3, 256)."""
    red, green, blue = tables[0], tables[1], tables[2]
    rows, first, count, stride = byte_rows(size, box)
    for r in range(rows):
        a = source[first + r * stride : first + r * stride + count]
        b = target[r * count : r * count + count]
        for i in range(0, count, 3):
            b[i] = red[a[i]]
            b[i + 1] = green[a[i + 1]]
            b[i + 2] = blue[a[i + 2]]
