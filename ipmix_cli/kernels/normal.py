"""Standard normal numbers from uniform ones, by Wichura's algorithm AS 241 (Applied Statistics 37, 1988).

Within 1e-15 of the true quantile, by arithmetic and a square root alone beside this folder's own logarithm: the same
bits on every machine.
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.elementary import log
from ipmix_cli.kernels.stream import uniform
from ipmix_cli.kernels.types import Ints, Number, Reals

# Numerator and denominator, highest power first: of the middle, of the shoulders, and of the tails
MIDDLE = np.array(
    [
        [
            2509.0809287301226727,
            33430.575583588128105,
            67265.770927008700853,
            45921.953931549871457,
            13731.693765509461125,
            1971.5909503065514427,
            133.14166789178437745,
            3.387132872796366608,
        ],
        [
            5226.495278852854561,
            28729.085735721942674,
            39307.89580009271061,
            21213.794301586595867,
            5394.1960214247511077,
            687.1870074920579083,
            42.313330701600911252,
            1.0,
        ],
    ]
)
SHOULDERS = np.array(
    [
        [
            7.7454501427834140764e-4,
            0.0227238449892691845833,
            0.24178072517745061177,
            1.27045825245236838258,
            3.64784832476320460504,
            5.7694972214606914055,
            4.6303378461565452959,
            1.42343711074968357734,
        ],
        [
            1.05075007164441684324e-9,
            5.475938084995344946e-4,
            0.0151986665636164571966,
            0.14810397642748007459,
            0.68976733498510000455,
            1.6763848301838038494,
            2.05319162663775882187,
            1.0,
        ],
    ]
)
TAILS = np.array(
    [
        [
            2.01033439929228813265e-7,
            2.71155556874348757815e-5,
            0.0012426609473880784386,
            0.026532189526576123093,
            0.29656057182850489123,
            1.7848265399172913358,
            5.4637849111641143699,
            6.6579046435011037772,
        ],
        [
            2.04426310338993978564e-15,
            1.4215117583164458887e-7,
            1.8463183175100546818e-5,
            7.868691311456132591e-4,
            0.0148753612908506148525,
            0.13692988092273580531,
            0.59983220655588793769,
            1.0,
        ],
    ]
)
MIDDLE_LIMIT = 0.425


@inlined
def ratio(coefficients: Reals, r: Number) -> Number:
    """Return the quotient of two polynomials."""
    top, bottom = coefficients[0, 0], coefficients[1, 0]
    for power in range(1, 8):
        top = top * r + coefficients[0, power]
        bottom = bottom * r + coefficients[1, power]
    return top / bottom


@inlined
def middle(q: Number) -> Number:
    """Return the quantile of a half and q, for a q of -0.425 to 0.425."""
    return q * ratio(MIDDLE, 0.180625 - q * q)


@inlined
def outer(q: Number) -> Number:
    """Return the quantile of a half and q, for a q beyond those of :func:`middle`."""
    r = np.sqrt(-log(0.5 - abs(q)))
    x = ratio(SHOULDERS, r - 1.6) if r <= 5.0 else ratio(TAILS, r - 5.0)
    return -x if q < 0.0 else x


@inlined
def normal(u: Number) -> Number:
    """Return the standard normal quantile of a number of the open interval (0, 1)."""
    q = u - 0.5
    if abs(q) <= MIDDLE_LIMIT:
        return middle(q)
    return outer(q)


@kernel
def fill_normals(key: Number, first: Number, out: Reals, tails: Reals, places: Ints) -> None:
    """Fill out with the normal numbers of a stream's slots from one on; the others, as long, are to work in.

    Each of the two formulas is for many numbers at once: the outer ones, one of seven, are brought together for theirs.
    """
    for i in range(out.size):
        out[i] = uniform(key, first + i) - 0.5
    count = 0
    for i in range(out.size):
        places[count] = i
        tails[count] = out[i]
        count += abs(out[i]) > MIDDLE_LIMIT
    for i in range(out.size):
        out[i] = middle(out[i])
    for i in range(count):
        tails[i] = outer(tails[i])
    for i in range(count):
        out[places[i]] = tails[i]
