"""Elementary functions made of + - * / and bits alone, so that every machine gives the same bits.

The C library picks its sine or logarithm by the CPU (with or without fused multiply-add), and numpy picks
other vector versions again. In a chaotic iteration one differing bit becomes another picture. These are
accurate to about 1e-10 (1e-5 for `atan2`), which is plenty for drawing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from ipmix_cli.numba_cache.jit import kernel

LN2_HIGH = 6.93147180369123816490e-01  # 33 bits: k * LN2_HIGH is exact for |k| < 2**20
LN2_LOW = 1.90821492927058770002e-10
LOG2_E = 1.4426950408889634
TURN = 6.283185307179586
S3, S5, S7, S9, S11, S13 = -1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800, 1 / 6227020800  # 1 / n!
C2, C4, C6, C8, C10, C12 = -1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600


@intrinsic
def _bits_of(typingctx: Any, value: Any) -> Any:  # noqa: ARG001 - numba's signature
    """Return the 64 bits of a float64 as an int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), codegen


@intrinsic
def _from_bits(typingctx: Any, value: Any) -> Any:  # noqa: ARG001 - numba's signature
    """Return the float64 that has these 64 bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), codegen


bits_of: Any = _bits_of  # numba passes the typing context: callers give the value alone
from_bits: Any = _from_bits


@kernel
def exp(x: float) -> float:
    """Return e**x; x is clipped to -700..700."""
    x = min(max(x, -700.0), 700.0)
    k = np.floor(x * LOG2_E + 0.5)
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    series: float = 1.0
    for n in range(12, 0, -1):  # Taylor: |r| < 0.35, the next term is below 1e-15
        series = 1.0 + series * r * (1.0 / n)
    scaled: float = series * from_bits((int(k) + 1023) << 52)
    return scaled


@kernel
def log(x: float) -> float:
    """Return the natural logarithm of a positive, normal x."""
    bits: Any = bits_of(x)
    exponent: int = ((bits >> 52) & 2047) - 1023
    mantissa: float = from_bits((bits & 0xFFFFFFFFFFFFF) | (1023 << 52))
    if mantissa > 1.4142135623730951:
        mantissa *= 0.5
        exponent += 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    q = s * s
    odd = 1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q * (1 / 15)))))))
    return exponent * LN2_HIGH + (2.0 * s * odd + exponent * LN2_LOW)


@kernel
def power(x: float, y: float) -> float:
    """Return x**y for x >= 0; 0 for x below 1e-300."""
    return exp(y * log(x)) if x > 1e-300 else 0.0


@kernel
def sincos(x: float) -> tuple[float, float]:
    """Return the sine and the cosine of x radians; meant for |x| below some thousands."""
    turns = x * (1.0 / TURN)
    turns -= np.floor(turns + 0.5)
    quarter = np.floor(turns * 4.0 + 0.5)
    r = (turns - quarter * 0.25) * TURN
    q = r * r
    f = q * q  # in pairs of terms: half as long a chain of dependent operations
    s = r + r * q * ((S3 + q * S5) + f * ((S7 + q * S9) + f * S11))
    c = (1.0 + q * C2) + f * ((C4 + q * C6) + f * ((C8 + q * C10) + f * C12))
    odd = abs(quarter) == 1.0
    sine, cosine = (c if odd else s), (s if odd else c)
    return (-sine if quarter < 0.0 or quarter == 2.0 else sine), (
        -cosine if quarter > 0.0 or quarter == -2.0 else cosine
    )


@kernel
def atan2(y: float, x: float) -> float:
    """Return the angle of (x, y) in radians, within 1e-5; 0 for the origin."""
    a, b = abs(x), abs(y)
    t = min(a, b) / (max(a, b) + 1e-300)
    q = t * t
    odd = -0.11643287 + q * (0.05265332 - q * 0.01172120)
    angle = t * (0.99997726 + q * (-0.33262347 + q * (0.19354346 + q * odd)))
    angle = 0.25 * TURN - angle if b > a else angle
    angle = 0.5 * TURN - angle if x < 0.0 else angle
    return -angle if y < 0.0 else angle
