"""Phoenix sets: z**2 + a + b * (the z before), S. Ushiki, "Phoenix", IEEE Trans. Circuits and Systems 35(7), 1988."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals import escape
from fractals.elementary import TURN
from fractals.family import Family, Layer, Params
from fractals.randomness import RandomStream


def sample(stream: RandomStream) -> Params:
    """Draw b, then a by its escape time, 18-290, and a view on the set."""
    b = stream.uniform(-0.7, 0.4)
    a = escape.edge_point(stream.seed(), np.array([2.0, 1.0, 0.0, 0.0, b]), 2.0, 18.0, 290.0)
    params = {"a": [float(f"{part:.9g}") for part in a], "b": b}
    half = stream.log_uniform(0.01, 1.5)
    fewest = 10.0 if half < 0.5 else 0.0
    centre = escape.edge_point(stream.seed(), _formula(params), 0.4 if half >= 0.5 else 1.5, fewest, 290.0)
    view = escape.view_around(centre, half, stream.uniform(0, TURN))
    return params | {"view": view} | escape.sample_look(stream)


def _formula(params: Params) -> NDArray[np.float64]:
    return np.array([2.0, 0.0, *params["a"], params["b"]])


def probe(params: Params) -> str:
    """Look at a thumbnail."""
    return escape.complaint(np.array(params["view"]), _formula(params), params["trap"])


def render(params: Params, size: int) -> Layer:
    """Draw escape time and trap."""
    return escape.drawn(np.array(params["view"]), _formula(params), params, size)


FAMILY = Family(sample=sample, probe=probe, render=render, varied=("a", "b", "view"))
