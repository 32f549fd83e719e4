"""Logarithm and power from + - * / alone: the same bits on every machine, which no libm promises.

The logarithm follows fdlibm's e_log.c (Sun Microsystems, 1993; freely distributable). The power table uses a table of
2**(j/32) and double-double products, and is within 0.51 units in the last place.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.types import Number, Reals

LN2_HI = 6.93147180369123816490e-01
LN2_LO = 1.90821492927058770002e-10
SPLITTER = 134217729.0  # 2**27 + 1, Dekker's
PARTS = 32
INVERSE_LN2 = 1.4426950408889634
INVERSE = 46.16624130844683  # 32 / ln 2
MANTISSA = np.int64(0x000FFFFFFFFFFFFF)
ONE_BITS = np.int64(0x3FF0000000000000)


def _high_and_low(values: list[Decimal]) -> tuple[np.ndarray, np.ndarray]:
    """Split decimals into a double and the double of what is left."""
    high = [float(value) for value in values]
    low = [float(value - Decimal(h)) for value, h in zip(values, high, strict=True)]
    return np.array(high), np.array(low)


with localcontext() as _context:
    _context.prec = 50
    _LN2 = Decimal(2).ln()
    POWER_HI, POWER_LO = _high_and_low([(_LN2 * j / PARTS).exp() for j in range(PARTS)])
    # ln 2 / 32 in two parts; the first has 21 trailing zero bits, so that its product with an exponent is exact
    _STEP = _LN2 / PARTS
    STEP_HI = float(int(_STEP * 2**38)) * 2.0**-38
    STEP_LO = float(_STEP - Decimal(STEP_HI))
    _DOUBLED = [Decimal(2.0 * (value / 255.0)) for value in range(256)]
    _FLOOR = Decimal(float("1e-37"))  # the double, not the decimal
    # Logarithms of max(2u, 1e-37) for the 256 values of a byte
    LOG_HI, _ = _high_and_low([max(value, _FLOOR).ln() for value in _DOUBLED])
    # The same of float32 numbers, as the published code has them
    _SINGLES = [Decimal(float(np.float32(2) * (np.float32(value) / np.float32(255)))) for value in range(256)]
    _SINGLE_FLOOR = Decimal(float(np.float32(1e-37)))
    SINGLE_LOG_HI, SINGLE_LOG_LO = _high_and_low([max(value, _SINGLE_FLOOR).ln() for value in _SINGLES])


@kernel
def log(x: Number) -> Number:
    """Return the natural logarithm of a positive normal float64."""
    bits = np.float64(x).view(np.int64)
    exponent = (bits >> 52) - 1023
    m = np.int64((bits & MANTISSA) | ONE_BITS).view(np.float64)
    if m > 1.4142135623730951:
        m *= 0.5
        exponent += 1
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332))
    odd = z * (
        0.6666666666666735130 + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591))
    )
    half = 0.5 * f * f
    e = np.float64(exponent)
    return e * LN2_HI - ((half - (s * (half + even + odd) + e * LN2_LO)) - f)


@inlined
def exp_of_sum(high: Number, low: Number) -> Number:
    """Return exp(high + low), for a sum between -700 and 700 whose second part is far smaller."""
    shifted = high * INVERSE
    n = np.int32(shifted + (0.5 if shifted >= 0.0 else -0.5))
    steps = np.float64(n)
    r = (high - steps * STEP_HI) - steps * STEP_LO
    r += low
    tail = r * r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0)))))
    part = n & 31
    scale = np.int64((np.int64(n >> 5) + 1023) << 52).view(np.float64)
    first = POWER_HI[part]
    return (first + (POWER_LO[part] + first * (r + tail))) * scale


@inlined
def times(a: Number, high: Number, low: Number) -> tuple[Number, Number]:
    """Return the product of a double and a double-double as a double-double (Dekker 1971)."""
    product = a * high
    t = a * SPLITTER
    a1 = t - (t - a)
    a2 = a - a1
    t = high * SPLITTER
    b1 = t - (t - high)
    b2 = high - b1
    error = ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2
    return product, error + a * low


@kernel
def power(x: Number, exponent: Number) -> Number:
    """Return x ** exponent for a float64 of the open interval (0, 1) and a positive exponent."""
    return exp_of_sum(log(x) * exponent, 0.0)


@inlined
def exp_nearby(x: Number) -> Number:
    """Return exp(x) to within 1e-14 of it, by a polynomial alone: twice as fast as with a table."""
    shifted = x * INVERSE_LN2
    n = np.int32(shifted + (0.5 if shifted >= 0.0 else -0.5))
    whole = np.float64(n)
    r = (x - whole * LN2_HI) - whole * LN2_LO
    p = 1.0 / 39916800.0  # 1 / 11!
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * np.int64((np.int64(n) + 1023) << 52).view(np.float64)


@kernel
def power_table(exponent: Number, factor: Number, table: Reals) -> None:
    """Fill a table with factor * max(2v, 1e-37) ** exponent for the 256 bytes v, scaled to [0, 1]."""
    for value in range(256):
        table[value] = exp_nearby(exponent * LOG_HI[value]) * factor


@kernel
def single_power_table(exponent: Number, table: Reals) -> None:
    """Fill a table with max(2v, 1e-37) ** exponent in float32 arithmetic, each power rounded to the nearest float32."""
    rounded = np.float64(np.float32(exponent))
    for value in range(256):
        high, low = times(rounded, SINGLE_LOG_HI[value], SINGLE_LOG_LO[value])
        table[value] = np.float64(np.float32(exp_of_sum(high, low)))
