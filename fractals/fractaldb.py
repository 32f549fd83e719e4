"""FractalDB as published, for comparison: H. Kataoka et al., "Pre-training without Natural Images", ACCV 2020.

Affine maps with all six numbers from U(-1, 1), grey on black, a random 3x3 patch for every point, and no
quality control but the filling rate.
"""

from __future__ import annotations

from fractals import ifs
from fractals.family import Family, Layer, Params
from fractals.randomness import RandomStream


def sample(stream: RandomStream) -> Params:
    """Draw 2-7 maps without any constraint: about half diverge or collapse."""
    return {
        "maps": [[stream.uniform(-1, 1) for _ in range(6)] for _ in range(stream.integer(2, 7))],
        "dab": [1 if stream.flag(0.5) else 0 for _ in range(4)]
        + [1]
        + [1 if stream.flag(0.5) else 0 for _ in range(4)],
        "half": 0.002,
        "share": 1.0,
        "stretch": 1.0,
        "seed": stream.seed(),
    }


def probe(params: Params) -> str:
    """Refuse divergence and a filling rate below 20 %."""
    return ifs.probe(params, least_fill=0.2)


def render(params: Params, size: int) -> Layer:
    """Draw the points in white."""
    return Layer(ifs.render(params, size).value)


FAMILY = Family(sample=sample, probe=probe, render=render, varied=("maps", "seed"), plain=True)
