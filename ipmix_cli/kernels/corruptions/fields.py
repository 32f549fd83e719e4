"""Random fields: element i is a pure function of a 64-bit key and i, so a plan holds the key alone."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.elementary import log
from ipmix_cli.kernels.stream import uniform
from ipmix_cli.kernels.types import Number, Reals, Words

CENTRE = 0.425  # of |u - 1/2|: beyond it Wichura's tails begin


@inlined
def normal_centre(q: Number) -> Number:
    """Return the normal quantile of 1/2 + q for |q| <= 0.425 (Wichura 1988, AS 241, PPND16)."""
    r = 0.180625 - q * q
    above = 2.5090809287301226727e3
    above = above * r + 3.3430575583588128105e4
    above = above * r + 6.7265770927008700853e4
    above = above * r + 4.5921953931549871457e4
    above = above * r + 1.3731693765509461125e4
    above = above * r + 1.9715909503065514427e3
    above = above * r + 1.3314166789178437745e2
    above = above * r + 3.3871328727963666080e0
    below = 5.2264952788528545610e3
    below = below * r + 2.8729085735721942674e4
    below = below * r + 3.9307895800092710610e4
    below = below * r + 2.1213794301586595867e4
    below = below * r + 5.3941960214247511077e3
    below = below * r + 6.8718700749205790830e2
    below = below * r + 4.2313330701600911252e1
    below = below * r + 1.0
    return q * above / below


@inlined
def normal_tail(q: Number) -> Number:
    """Return the normal quantile of 1/2 + q for |q| > 0.425."""
    r = math.sqrt(-log(0.5 - abs(q)))
    if r <= 5.0:
        r -= 1.6
        above = 7.74545014278341407640e-4
        above = above * r + 2.27238449892691845833e-2
        above = above * r + 2.41780725177450611770e-1
        above = above * r + 1.27045825245236838258e0
        above = above * r + 3.64784832476320460504e0
        above = above * r + 5.76949722146069140550e0
        above = above * r + 4.63033784615654529590e0
        above = above * r + 1.42343711074968357734e0
        below = 1.05075007164441684324e-9
        below = below * r + 5.47593808499534494600e-4
        below = below * r + 1.51986665636164571966e-2
        below = below * r + 1.48103976427480074590e-1
        below = below * r + 6.89767334985100004550e-1
        below = below * r + 1.67638483018380384940e0
        below = below * r + 2.05319162663775882187e0
        below = below * r + 1.0
    else:
        r -= 5.0
        above = 2.01033439929228813265e-7
        above = above * r + 2.71155556874348757815e-5
        above = above * r + 1.24266094738807843860e-3
        above = above * r + 2.65321895265761230930e-2
        above = above * r + 2.96560571828504891230e-1
        above = above * r + 1.78482653991729133580e0
        above = above * r + 5.46378491116411436990e0
        above = above * r + 6.65790464350110377720e0
        below = 2.04426310338993978564e-15
        below = below * r + 1.42151175831644588870e-7
        below = below * r + 1.84631831751005468180e-5
        below = below * r + 7.86869131145613259100e-4
        below = below * r + 1.48753612908506148525e-2
        below = below * r + 1.36929880922735805310e-1
        below = below * r + 5.99832206555887937690e-1
        below = below * r + 1.0
    return above / below if q > 0.0 else -above / below


@entry
def fill_uniform(key: Number, out: Reals) -> None:
    """Fill a flat array with uniforms of the open interval (0, 1)."""
    for i in range(out.size):
        out[i] = uniform(key, i)


@entry
def fill_normal(key: Number, out: Reals) -> None:
    """Fill a flat array with standard normals: the quantiles of the uniforms of the same key."""
    for i in range(out.size):  # without a branch, so that LLVM vectorises it; 15 % are written again below
        out[i] = normal_centre(uniform(key, i) - 0.5)
    for i in range(out.size):
        q = uniform(key, i) - 0.5
        if abs(q) > CENTRE:
            out[i] = normal_tail(q)


@entry
def fill_steps(key: Number, reach: Number, out: Words) -> None:
    """Fill a flat array with integers of -reach .. reach - 1."""
    width = np.float64(2 * reach)
    for i in range(out.size):
        out[i] = np.int64(uniform(key, i) * width) - reach
