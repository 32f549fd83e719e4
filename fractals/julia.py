"""Julia sets of z**p + c (G. Julia, 1918), with c near the boundary of the Mandelbrot set, where they are rich."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals import escape
from fractals.elementary import TURN
from fractals.family import Family, Layer, Params
from fractals.randomness import RandomStream


def sample(stream: RandomStream) -> Params:
    """Draw c by its escape time, 18-290 (a random c gives dust or a blob), and a view on the set."""
    power = stream.choose((2, 3, 4, 5), (7, 2, 1, 0.5))
    c = escape.edge_point(stream.seed(), np.array([power, 1.0, 0.0, 0.0, 0.0]), 2.0, 18.0, 290.0)
    c = (float(f"{c[0]:.9g}"), float(f"{c[1]:.9g}"))
    half = escape.sample_zoom(stream)
    params = {"power": power, "c": list(c)}
    fewest = 12.0 if half < 0.5 else 0.0  # a narrow view has to look at the set
    centre = escape.edge_point(stream.seed(), _formula(params), 0.4 if half >= 0.5 else 1.6, fewest, 290.0)
    view = escape.view_around(centre, max(half, 0.002), stream.uniform(0, TURN))
    return params | {"view": view} | escape.sample_look(stream)


def _formula(params: Params) -> NDArray[np.float64]:
    return np.array([params["power"], 0.0, *params["c"], 0.0])


def probe(params: Params) -> str:
    """Look at a thumbnail."""
    return escape.complaint(np.array(params["view"]), _formula(params), params["trap"])


def render(params: Params, size: int) -> Layer:
    """Draw escape time and trap."""
    return escape.drawn(np.array(params["view"]), _formula(params), params, size)


FAMILY = Family(sample=sample, probe=probe, render=render, varied=("c", "view"))
