"""Iterated function systems of affine maps, drawn by the chaos game.

Sampling by singular values after C. Anderson and R. Farrell, "Improving Fractal Pre-training", WACV 2022:
each map is A = R(theta) S R(phi) D, and the sum of s1 + 2 s2 over the maps lies where systems look rich.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals import elementary, raster
from fractals.family import Family, Layer, Params
from fractals.randomness import RandomStream
from fractals.raster import Grid
from fractals.streams import GOLDEN, mixed
from ipmix_cli.numba_cache.jit import kernel

POINTS = 100_000


def sample(stream: RandomStream) -> Params:
    """Draw a contractive system of 2-4 maps whose singular values sum to a rich amount."""
    n = stream.integer(2, 4)
    sigma = stream.uniform((5 + n) / 2, (6 + n) / 2)
    return {
        "maps": [_matrix(stream, pair) + _offsets(stream) for pair in _singular_values(stream, n, sigma)],
        "dab": [1 if cell == 4 or stream.flag(0.45) else 0 for cell in range(9)],
        "half": stream.log_uniform(0.1, 0.6),
        "share": stream.uniform(0.15, 0.75),
        "stretch": stream.uniform(0.5, 1.0),
        "seed": stream.seed(),
    }


def _singular_values(stream: RandomStream, n: int, sigma: float) -> list[tuple[float, float]]:
    """Draw n pairs 1 >= s1 >= s2 >= 0 with the sum of s1 + 2 s2 equal to sigma (section 3.2 of the paper)."""
    pairs = []
    for remaining in range(n - 1, 0, -1):
        least = max(0.0, sigma - 3 * remaining)  # what the maps after this one cannot make up for
        s1 = stream.uniform(least / 3, min(1.0, sigma))
        s2 = stream.uniform(max(0.0, (least - s1) / 2), min(s1, (sigma - s1) / 2))
        pairs.append((s1, s2))
        sigma -= s1 + 2 * s2
    s2 = stream.uniform(max(0.0, (sigma - 1) / 2), sigma / 3)
    return [*pairs, (sigma - 2 * s2, s2)]


def _matrix(stream: RandomStream, singular: tuple[float, float]) -> list[float]:
    theta, phi = stream.uniform(0, elementary.TURN), stream.uniform(0, elementary.TURN)
    (s1, c1), (s2, c2) = elementary.sincos(theta), elementary.sincos(phi)
    a, b = singular
    flip_x, flip_y = stream.choose((1, -1)), stream.choose((1, -1))
    entries = (
        (a * c1 * c2 - b * s1 * s2) * flip_x,
        (-a * c1 * s2 - b * s1 * c2) * flip_y,
        (a * s1 * c2 + b * c1 * s2) * flip_x,
        (-a * s1 * s2 + b * c1 * c2) * flip_y,
    )
    return [float(f"{entry:.7g}") for entry in entries]


def _offsets(stream: RandomStream) -> list[float]:
    return [stream.uniform(-1, 1), stream.uniform(-1, 1)]


def choices(weights: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return 256 map numbers in which each map has its share, at least one: a random byte picks a map."""
    shares = np.maximum(weights / max(float(weights.max()), 1e-12), 0.02)
    ends = np.cumsum(shares)
    numbers: NDArray[np.uint8] = np.searchsorted(ends, (np.arange(256) + 0.5) / 256 * ends[-1]).astype(np.uint8)
    return numbers


@kernel
def chaos_game(
    maps: NDArray[np.float64],
    choice: NDArray[np.uint8],
    seed: int,
    view: NDArray[np.float64],
    steps: int,
    grid: Grid,
) -> NDArray[np.float64]:
    """Play the chaos game into a grid and return the last `PROBE_POINTS` points or fewer.

    The colour of a point is the address of its last maps, as in Draves and Reckase's flames.
    """
    trace = np.empty((min(steps, 4096), 2))
    size = grid.shape[0]
    scale_x, scale_y = size / (view[2] - view[0]), size / (view[3] - view[1])
    shift = 1.0 / max(1, maps.shape[0] - 1)
    word, state = np.uint64(0), np.uint64(seed)
    x, y, colour, x2, y2, colour2 = 0.0, 0.0, 0.5, 0.5, 0.5, 0.5
    for step in range(-24, steps // 2):  # two walkers at once: neither waits for the other's arithmetic
        if step % 4 == 0:
            state += GOLDEN
            word = mixed(state)
        k, k2 = choice[word & np.uint64(255)], choice[(word >> np.uint64(8)) & np.uint64(255)]
        word >>= np.uint64(16)
        a, b = maps[k], maps[k2]
        x, y = a[0] * x + a[1] * y + a[4], a[2] * x + a[3] * y + a[5]
        x2, y2 = b[0] * x2 + b[1] * y2 + b[4], b[2] * x2 + b[3] * y2 + b[5]
        colour, colour2 = 0.5 * (colour + k * shift), 0.5 * (colour2 + k2 * shift)
        if step >= 0:
            raster.hit(grid, (x - view[0]) * scale_x, (y - view[1]) * scale_y, colour)
            raster.hit(grid, (x2 - view[0]) * scale_x, (y2 - view[1]) * scale_y, colour2)
            if 2 * step + 1 < trace.shape[0]:
                trace[2 * step, 0], trace[2 * step, 1] = x, y
                trace[2 * step + 1, 0], trace[2 * step + 1, 1] = x2, y2
    return trace


System = tuple[NDArray[np.float64], NDArray[np.uint8]]  # maps (N, 6), and which of them a random byte picks


def _system(params: Params) -> System:
    maps = np.array(params["maps"], np.float64)
    return maps, choices(np.abs(maps[:, 0] * maps[:, 3] - maps[:, 1] * maps[:, 2]))


def view_of(trace: NDArray[np.float64], params: Params) -> NDArray[np.float64] | None:
    """Return the view that shows a cloud, or None where the cloud diverges or is a point."""
    if not np.isfinite(trace).all() or np.abs(trace).max() > 1e6:
        return None
    view: NDArray[np.float64] = raster.framed(trace, params["stretch"])
    return view if min(view[2] - view[0], view[3] - view[1]) > 1e-4 else None


def _view(params: Params, system: System) -> NDArray[np.float64] | None:
    nothing = np.empty((0, 0), np.uint32)
    whole = np.array([-1.0, -1.0, 1.0, 1.0])
    return view_of(chaos_game(*system, params["seed"], whole, raster.PROBE_POINTS, nothing), params)


def probe(params: Params, least_fill: float = 0.14) -> str:
    """Refuse systems that 4,096 points show to be a few specks or a line."""
    system = _system(params)
    view = _view(params, system)
    if view is None:
        return "diverges"
    grid = np.zeros((64, 64), np.uint32)
    chaos_game(*system, params["seed"], view, raster.PROBE_POINTS, grid)
    return "sparse" if raster.occupancy(grid) < least_fill else ""


def render(params: Params, size: int) -> Layer:
    """Draw the density of 100,000 points (at 256x256; in proportion elsewhere), thickened by a 3x3 dab."""
    system = _system(params)
    view = _view(params, system)
    if view is None:
        raise ValueError("these maps diverge: probe() refuses them")
    grid = np.zeros((size, size), np.uint32)
    chaos_game(*system, params["seed"], view, raster.point_count(POINTS, size), grid)
    return raster.developed(grid, params["dab"], params["half"], params["share"])


FAMILY = Family(sample=sample, probe=probe, render=render, covers=False, varied=("maps", "seed"))
