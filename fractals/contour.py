"""Nested contours with wavy and noisy radii (RCDB, H. Kataoka et al., CVPR 2022; VisualAtom, S. Takashima, 2023)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals import raster
from fractals.elementary import TURN, sincos
from fractals.family import Family, Layer, Params, no_probe
from fractals.randomness import RandomStream
from fractals.raster import Grid
from fractals.streams import GOLDEN, as_unit, mixed
from ipmix_cli.numba_cache.jit import kernel


def sample(stream: RandomStream) -> Params:
    """Draw 200-1,000 vertices, 3-200 lines, two waves and the noise along the contour."""
    return {
        "vertices": stream.integer(200, 1000),
        "lines": int(stream.log_uniform(3, 200)),
        "hole": stream.uniform(0.0, 0.6),
        "squeeze": [stream.uniform(0.5, 1.0), stream.uniform(0.5, 1.0)],
        "waves": [stream.integer(1, 20), stream.integer(2, 60)],
        "heights": [stream.uniform(0.02, 0.4), stream.uniform(0.0, 0.15)],
        "noise": stream.choose((0.0, stream.log_uniform(0.003, 0.1))),
        "twist": stream.uniform(-0.02, 0.02),
        "middle": [stream.uniform(0.3, 0.7), stream.uniform(0.3, 0.7)],
        "zoom": stream.uniform(0.9, 1.8),
        "dab": [1 if cell == 4 or stream.flag(0.4) else 0 for cell in range(9)],
        "half": stream.log_uniform(0.1, 0.5),
        "seed": stream.seed(),
    }


@kernel
def contours(grid: Grid, radii: NDArray[np.float64], numbers: NDArray[np.float64], lines: int) -> None:
    """Draw nested contours into a grid as points less than a pixel apart; colours run from outside in.

    Parameters
    ----------
    radii : float64 (V,)
        The outermost contour, as a share of half the picture.
    numbers : float64 (7,)
        Radius of the innermost one, squeeze across and down, turns from one contour to the next, middle, zoom.
    """
    size, count = grid.shape[0], radii.shape[0]
    half = 0.5 * size * numbers[6]
    for line in range(lines):
        part = line / max(1, lines - 1)
        scale = half * (1.0 - part * (1.0 - numbers[0]))
        px, py = 0.0, 0.0
        for index in range(count + 1):
            sin, cos = sincos(TURN * (index / count + numbers[3] * line))
            radius = scale * radii[index % count]
            x, y = numbers[4] * size + numbers[1] * radius * cos, numbers[5] * size + numbers[2] * radius * sin
            pieces = int(1.5 * max(abs(x - px), abs(y - py))) + 1 if index else 0
            for piece in range(pieces):
                t = piece / pieces
                raster.hit(grid, px + t * (x - px), py + t * (y - py), part)
            px, py = x, y


@kernel
def outline(count: int, waves: NDArray[np.float64], noise: float, seed: int) -> NDArray[np.float64]:
    """Return the radii (V,) of a circle with two sine waves (number, height, number, height) and smooth noise."""
    radii = np.empty(count)
    state, drift = np.uint64(seed), 0.0
    for index in range(count):
        state += GOLDEN
        drift = 0.8 * drift + noise * (2.0 * as_unit(mixed(state)) - 1.0)
        first, _ = sincos(TURN * waves[0] * index / count)
        second, _ = sincos(TURN * waves[2] * index / count)
        radii[index] = 1.0 + waves[1] * first + waves[3] * second + drift
    largest = 0.0
    for index in range(count):
        largest = max(largest, abs(radii[index]))
    for index in range(count):
        radii[index] *= 0.95 / largest
    return radii


def render(params: Params, size: int) -> Layer:
    """Draw the contours."""
    grid = np.zeros((size, size), np.uint32)
    (first, second), (high, low) = params["waves"], params["heights"]
    waves = np.array([first, high, second, low], np.float64)
    radii = outline(params["vertices"], waves, params["noise"], params["seed"])
    numbers = np.array([params["hole"], *params["squeeze"], params["twist"], *params["middle"], params["zoom"]])
    contours(grid, radii, numbers, params["lines"])
    return raster.developed(grid, params["dab"], params["half"], 0.1)


FAMILY = Family(
    sample=sample,
    probe=no_probe,
    render=render,
    covers=False,
    varied=("heights", "noise", "squeeze", "hole", "seed"),
)
