"""Factors of 16 bits that shear exactly: a row's bytes are p + floor((q - p) * part), the part below one.

Differences are at most 255, so that a floor changes where the part passes a fraction of a denominator of up to 255, and
nowhere else. Such fractions (a Farey sequence) are at least 1 / (255 * 254) apart. That is more than 2**-16: of the two
multiples of 2**-16 about a part, one lies between the same two fractions, and makes the same floors. And there is one
fraction at most from one multiple to the next, whose denominator is kept in a table.
"""

from __future__ import annotations

import functools

import numpy as np

from ipmix_cli.kernels.compiler import inlined
from ipmix_cli.kernels.types import Bytes, Number

UNITS = 1 << 16
DOUBT = 1e-9  # closer than this to a fraction, rounding decides on which side of it a part is
HIGH = np.int32(16)


@functools.cache
def denominators() -> Bytes:
    """Return the denominator of the fraction that lies in [i, i + 1] / 2**16, uint8 (2**16,); 0 where there is none."""
    table = np.zeros(UNITS + 1, np.uint8)
    for denominator in range(255, 0, -1):
        numerators = np.arange(denominator + 1) * UNITS
        table[numerators // denominator] = denominator
        on_edge = numerators % denominator == 0
        table[np.maximum(numerators[on_edge] // denominator - 1, 0)] = denominator
    table.flags.writeable = False
    return table[:UNITS]


@inlined
def factor_for(part: Number, table: Bytes) -> Number:
    """Return the factor, in 2**-16, that stands for a part of [0, 1); 0 where that is in doubt."""
    low = np.int64(part * UNITS)
    denominator = table[low]
    if denominator == 0:
        return low
    scaled = part * denominator
    fraction = np.floor(scaled + 0.5)
    if abs(scaled - fraction) < DOUBT * 255:
        return 0
    return low + 1 if scaled > fraction else low


@inlined
def between(p: Number, q: Number, factor: Number) -> Number:
    """Interpolate between two bytes, by a factor of int32: of 16 bits, it makes LLVM take lanes of 64."""
    change = np.int32(np.int32(q) - np.int32(p))
    return np.uint8(p + (np.int32(change * factor) >> HIGH))
