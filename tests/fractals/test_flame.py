"""Every variation of a flame moves points as its formula in Draves and Reckase's paper says."""

from __future__ import annotations

from collections.abc import Callable
from math import atan2, cos, exp, hypot, pi, sin

import numba
import numpy as np
import pytest

from fractals import flame
from ipmix_cli.numba_cache.vector_width import compiler_class

Formula = Callable[[float, float, float, float], tuple[float, float]]
FORMULAS: dict[str, Formula] = {  # of x, y, r and theta
    "linear": lambda x, y, r, t: (x, y),
    "sinusoidal": lambda x, y, r, t: (sin(x), sin(y)),
    "spherical": lambda x, y, r, t: (x / r**2, y / r**2),
    "swirl": lambda x, y, r, t: (x * sin(r**2) - y * cos(r**2), x * cos(r**2) + y * sin(r**2)),
    "horseshoe": lambda x, y, r, t: ((x - y) * (x + y) / r, 2 * x * y / r),
    "polar": lambda x, y, r, t: (t / pi, r - 1),
    "handkerchief": lambda x, y, r, t: (r * sin(t + r), r * cos(t - r)),
    "heart": lambda x, y, r, t: (r * sin(t * r), -r * cos(t * r)),
    "disc": lambda x, y, r, t: (t / pi * sin(pi * r), t / pi * cos(pi * r)),
    "spiral": lambda x, y, r, t: ((cos(t) + sin(r)) / (r + 0.05), (sin(t) - cos(r)) / (r + 0.05)),
    "hyperbolic": lambda x, y, r, t: (sin(t) / r, r * cos(t)),
    "diamond": lambda x, y, r, t: (sin(t) * cos(r), cos(t) * sin(r)),
    "ex": lambda x, y, r, t: (r * (sin(t + r) ** 3 + cos(t - r) ** 3), r * (sin(t + r) ** 3 - cos(t - r) ** 3)),
    "julia": lambda x, y, r, t: (r**0.5 * cos(t / 2), r**0.5 * sin(t / 2)),  # or its opposite
    "bent": lambda x, y, r, t: (x if x >= 0 else 2 * x, y if y >= 0 else y / 2),
    "waves": lambda x, y, r, t: (x + 0.4 * sin(2 * y), y + 0.4 * sin(2 * x)),
    "fisheye": lambda x, y, r, t: (2 * y / (r + 1), 2 * x / (r + 1)),
    "exponential": lambda x, y, r, t: (exp(x - 1) * cos(pi * y), exp(x - 1) * sin(pi * y)),
    "cosine": lambda x, y, r, t: (
        cos(pi * x) * (exp(y) + exp(-y)) / 2,
        -sin(pi * x) * (exp(y) - exp(-y)) / 2,
    ),
    "bubble": lambda x, y, r, t: (4 * x / (r**2 + 4), 4 * y / (r**2 + 4)),
}


@numba.njit(pipeline_class=compiler_class())
def moved(kind, x, y):
    """Move points by a variation, which only compiled functions can call."""
    flame.vary(kind, x, y)


@pytest.mark.parametrize("kind", range(20), ids=flame.VARIATIONS)
def test_a_variation_moves_points_by_its_formula(kind: int) -> None:
    x, y = np.random.default_rng(kind).uniform(-1.9, 1.9, (2, 100))
    formula = FORMULAS[flame.VARIATIONS[kind]]
    wanted = np.array([formula(a, b, hypot(a, b), atan2(a, b)) for a, b in zip(x, y, strict=True)])
    moved(kind, x, y)
    if flame.VARIATIONS[kind] == "julia":
        wanted = np.where(np.sign(wanted[:, :1]) == np.sign(x[:, None]), wanted, -wanted)
    assert np.allclose(np.stack([x, y], axis=1), wanted, rtol=1e-4, atol=1e-4)
