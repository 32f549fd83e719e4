"""Windows on the boundary of the Mandelbrot set and of its kin z**p + c (B. Mandelbrot, 1980)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals import escape
from fractals.elementary import TURN
from fractals.family import Family, Layer, Params
from fractals.randomness import RandomStream


def sample(stream: RandomStream) -> Params:
    """Draw a centre by its escape time: the narrower the view, the nearer to the boundary it has to be."""
    power = stream.choose((2, 3, 4), (7, 2, 1))
    half = escape.sample_zoom(stream)
    fewest = 18.0 if half > 0.05 else 40.0
    centre = escape.edge_point(stream.seed(), _formula({"power": power}), 2.0, fewest, 290.0)
    view = escape.view_around(centre, half, stream.uniform(0, TURN))
    return {"power": power, "view": view} | escape.sample_look(stream)


def _formula(params: Params) -> NDArray[np.float64]:
    return np.array([params["power"], 1.0, 0.0, 0.0, 0.0])


def probe(params: Params) -> str:
    """Look at a thumbnail."""
    return escape.complaint(np.array(params["view"]), _formula(params), params["trap"])


def render(params: Params, size: int) -> Layer:
    """Draw escape time and trap."""
    return escape.drawn(np.array(params["view"]), _formula(params), params, size)


FAMILY = Family(sample=sample, probe=probe, render=render, varied=("view", "trap"))
