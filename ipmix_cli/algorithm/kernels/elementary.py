"""Logarithm and power from + - * / alone: the same bits on every machine, which no libm promises.

The logarithm follows fdlibm's e_log.c (Sun Microsystems, 1993; freely distributable). The power table uses a table of
2**(j/32) and double-double products, and is within 0.51 units in the last place: ``wrap`` shows the low bits of numbers
as large as 2**63.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

from ipmix_cli.algorithm.kernels.compiler import inlined, kernel

LN2_HI = 6.93147180369123816490e-01
LN2_LO = 1.90821492927058770002e-10
SPLITTER = 134217729.0  # 2**27 + 1, Dekker's
PARTS = 32
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
    _FLOOR = Decimal(1e-37)
    # Logarithms of max(2u, 1e-37) for the 256 values of a byte
    LOG_HI, LOG_LO = _high_and_low([max(value, _FLOOR).ln() for value in _DOUBLED])


@kernel
def log(x):  # type: ignore[no-untyped-def]
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
def exp_of_sum(high, low):  # type: ignore[no-untyped-def]
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
def times(a, high, low):  # type: ignore[no-untyped-def]
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
def power(x, exponent):  # type: ignore[no-untyped-def]
    """Return x ** exponent for a float64 of the open interval (0, 1) and a positive exponent."""
    return exp_of_sum(log(x) * exponent, 0.0)


@kernel
def power_table(exponent, table):  # type: ignore[no-untyped-def]
    """Fill a table with max(2v, 1e-37) ** exponent for the 256 bytes v, scaled to [0, 1]."""
    for value in range(256):
        high, low = times(exponent, LOG_HI[value], LOG_LO[value])
        table[value] = exp_of_sum(high, low)
