"""Sine, cosine, angle and power from + - * / alone: the same bits on every machine, which no libm promises.

The polynomials are those of fdlibm (Sun Microsystems, 1993; freely distributable), to about one unit in the last place.
"""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.compiler import inlined
from ipmix_cli.kernels.elementary import exp_of_sum, log
from ipmix_cli.kernels.types import Number

# pi / 2 in three parts; the first two have 33 bits each, so that their products with a small whole number are exact
QUARTER_HIGH = 1.57079632673412561417e00
QUARTER_MIDDLE = 6.07710050630396597660e-11
QUARTER_LOW = 2.02226624879595063154e-21
PER_QUARTER = 2.0 / math.pi


@inlined
def sine_and_cosine(x: Number) -> tuple[Number, Number]:
    """Return sine and cosine of x radians, for |x| below a million."""
    quarters = math.floor(x * PER_QUARTER + 0.5)
    r = ((x - quarters * QUARTER_HIGH) - quarters * QUARTER_MIDDLE) - quarters * QUARTER_LOW
    z = r * r
    s = 2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)
    s = 8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04 + z * s)
    s = r + r * z * (-1.66666666666666324348e-01 + z * s)
    c = -2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)
    c = 4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * (2.48015872894767294178e-05 + z * c))
    c = 1.0 - (0.5 * z - z * z * c)
    part = np.int64(quarters) & 3
    sine = c if part & 1 else s
    cosine = s if part & 1 else c
    return (-sine if part >= 2 else sine), (-cosine if 1 <= part <= 2 else cosine)


@inlined
def sine(x: Number) -> Number:
    """Return the sine of x radians, for |x| below a million."""
    return sine_and_cosine(x)[0]


@inlined
def angle_of(y: Number, x: Number) -> Number:
    """Return the angle of (x, y) in radians, -pi .. pi; 0 for the origin."""
    across, up = abs(x), abs(y)
    long, short = max(across, up), min(across, up)
    if long == 0.0:
        return 0.0
    t, base = short / long, 0.0
    if t > 0.41421356237309503:  # the tangent of pi / 8
        t, base = (short - long) / (short + long), 0.25 * math.pi
    z = t * t
    w = z * z
    odd = 4.97687799461593236017e-02 + w * 1.62858201153657823623e-02
    odd = 9.09088713343650656196e-02 + w * (6.66107313738753120669e-02 + w * odd)
    odd = z * (3.33333333333329318027e-01 + w * (1.42857142725034663711e-01 + w * odd))
    even = -5.83357013379057348645e-02 + w * -3.65315727442169155270e-02
    even = -1.11111104054623557880e-01 + w * (-7.69187620504482999495e-02 + w * even)
    even = w * (-1.99999999998764832476e-01 + w * even)
    angle = base + (t - t * (odd + even))
    if up > across:
        angle = 0.5 * math.pi - angle
    if x < 0.0:
        angle = math.pi - angle
    return -angle if y < 0.0 else angle


@inlined
def to_power(x: Number, exponent: Number) -> Number:
    """Return x ** exponent for x >= 0; 0 below the normal numbers."""
    if exponent == 1.0:
        return x
    return exp_of_sum(log(x) * exponent, 0.0) if x > 2.3e-308 else 0.0


@inlined
def to_level(value: Number, half: Number) -> Number:
    """Return a value of 0 .. 255 as a byte: clipped, plus `half`, truncated; what is not a number becomes 0."""
    if not value > 0.0:
        value = 0.0
    return np.uint8(min(value, 255.0) + half)
