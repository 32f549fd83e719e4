"""Fractal flames: affine maps and nonlinear variations (S. Draves, E. Reckase, "The Fractal Flame Algorithm", 2003)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals import raster
from fractals.chance import Chance
from fractals.elementary import TURN, atan2, exp, sincos
from fractals.family import Family, Layer, Params
from fractals.jit import kernel
from fractals.raster import Grid
from fractals.streams import GOLDEN, as_unit, mixed

POINTS = 200_000
WALKERS = 512
TRACED = 8  # rounds whose points show the extent of a flame
VARIATIONS = [
    "linear",
    "sinusoidal",
    "spherical",
    "swirl",
    "horseshoe",
    "polar",
    "handkerchief",
    "heart",
    "disc",
    "spiral",
    "hyperbolic",
    "diamond",
    "ex",
    "julia",
    "bent",
    "waves",
    "fisheye",
    "exponential",
    "cosine",
    "bubble",
]


def sample(chance: Chance) -> Params:
    """Draw 2-5 maps with one or two variations each, and a rotational symmetry of up to eight."""
    count = chance.integer(2, 5)
    return {
        "maps": [_map(chance) for _ in range(count)],
        "kinds": [[chance.integer(0, 19), chance.integer(0, 19)] for _ in range(count)],
        "shares": [chance.choose((1.0, chance.uniform(0.3, 0.9))) for _ in range(count)],
        "weights": [chance.uniform(0.3, 1.0) for _ in range(count)],
        "symmetry": chance.choose((1, 2, 3, 4, 5, 6, 8), (10, 3, 3, 2, 2, 1, 1)),
        "half": chance.log_uniform(0.1, 0.6),
        "share": chance.uniform(0.2, 0.7),
        "stretch": chance.uniform(0.3, 1.0),
        "dab": [1] * 9 if chance.flag(0.3) else [0, 1, 0, 1, 1, 1, 0, 1, 0],
        "seed": chance.seed(),
    }


def _map(chance: Chance) -> list[float]:
    """Draw a turned and scaled affine map, sheared a little."""
    sin, cos = sincos(chance.uniform(0, TURN))
    across, down, shear = chance.uniform(0.4, 1.1), chance.uniform(0.4, 1.1), chance.uniform(-0.4, 0.4)
    linear = [across * cos, -down * sin + shear * cos, across * sin, down * cos + shear * sin]
    return [round(entry, 6) for entry in linear] + [chance.uniform(-1, 1), chance.uniform(-1, 1)]


@kernel
def vary(kind: int, x: float, y: float) -> tuple[float, float]:  # noqa: PLR0911, C901 - a table of formulas
    """Return one of the paper's variations 0-16, 18, 20 and 28 of a point."""
    if kind == 0:
        return x, y
    r2 = x * x + y * y + 1e-12
    r = np.sqrt(r2)
    if kind == 2:
        return x / r2, y / r2
    if kind == 4:
        return (x - y) * (x + y) / r, 2.0 * x * y / r
    if kind == 14:
        return (x if x >= 0 else 2.0 * x), (y if y >= 0 else 0.5 * y)
    if kind == 16:
        return 2.0 * y / (r + 1.0), 2.0 * x / (r + 1.0)
    if kind == 19:
        return 4.0 * x / (r2 + 4.0), 4.0 * y / (r2 + 4.0)
    if kind in (1, 15):
        sx, sy = sincos(x)[0], sincos(y)[0]
        return (sx, sy) if kind == 1 else (x + 0.4 * sincos(2.0 * y)[0], y + 0.4 * sincos(2.0 * x)[0])
    if kind == 3:
        sin, cos = sincos(r2)
        return x * sin - y * cos, x * cos + y * sin
    if kind == 17:
        sin, cos = sincos(0.5 * TURN * y)
        scale = exp(min(x, 2.0) - 1.0)
        return scale * cos, scale * sin
    if kind == 18:
        sin, cos = sincos(0.5 * TURN * x)
        e = exp(min(abs(y), 2.0))
        return 0.5 * cos * (e + 1.0 / e), -0.5 * sin * (e - 1.0 / e) * (1.0 if y >= 0 else -1.0)
    return _vary_angle(kind, r, atan2(x, y))


@kernel
def _vary_angle(kind: int, r: float, theta: float) -> tuple[float, float]:  # noqa: PLR0911 - a table of formulas
    """Return the variations that are stated in polar coordinates."""
    if kind == 5:
        return 2.0 * theta / TURN, r - 1.0
    if kind == 13:
        sin, cos = sincos(0.5 * theta)
        root = np.sqrt(r) if int(1e6 * r) % 2 else -np.sqrt(r)  # the paper tosses a coin; the digits of r do as well
        return root * cos, root * sin
    if kind == 6:
        return r * sincos(theta + r)[0], r * sincos(theta - r)[1]
    if kind == 7:
        sin, cos = sincos(theta * r)
        return r * sin, -r * cos
    if kind == 8:
        sin, cos = sincos(0.5 * TURN * r)
        return 2.0 * theta / TURN * sin, 2.0 * theta / TURN * cos
    sin, cos = sincos(theta)
    if kind == 9:
        sr, cr = sincos(r)
        return (cos + sr) / (r + 0.05), (sin - cr) / (r + 0.05)
    if kind == 10:
        return sin / r, r * cos
    sr, cr = sincos(r)
    if kind == 11:
        return sin * cr, cos * sr
    s, c = sin * cr + cos * sr, cos * cr + sin * sr  # sin(theta + r), cos(theta - r)
    s, c = s * s * s, c * c * c
    return r * (s + c), r * (s - c)


@kernel
def iterate(
    maps: NDArray[np.float64],
    groups: tuple[NDArray[np.int64], NDArray[np.float64]],
    seed: int,
    view: NDArray[np.float64],
    rounds: int,
    grid: Grid,
) -> NDArray[np.float64]:
    """Play the chaos game with 512 walkers into a grid and return the points of its first rounds.

    In each round a map moves a group of neighbours, in proportion to its weight, and then all are shuffled. So one
    formula is computed many times in a row, four times as fast as a map drawn for each point.

    Parameters
    ----------
    maps : float64 (N, 9)
        Affine map, first and second variation, share of the first.
    groups : tuple
        Where each map's group ends, int64 (N,), the last at 512; and the rotations of the symmetry as cosine and sine,
        float64 (M, 2).
    """
    ends, turns = groups
    trace = np.empty((min(rounds, TRACED) * WALKERS, 2))
    size = grid.shape[0]
    scale_x, scale_y = size / (view[2] - view[0]), size / (view[3] - view[1])
    shift = 1.0 / max(1, maps.shape[0] - 1)
    state = np.uint64(seed)
    now, after = np.full((3, WALKERS), 0.5), np.empty((3, WALKERS))
    for walker in range(WALKERS):
        state += GOLDEN
        now[0, walker], now[1, walker] = as_unit(mixed(state)) - 0.5, as_unit(mixed(~state)) - 0.5
    for turn in range(-24, rounds):
        state += GOLDEN
        word = mixed(state)
        stride, start = (np.int64(word & np.uint64(255)) << 1) | 1, np.int64((word >> np.uint64(8)) & np.uint64(511))
        first = 0
        for k in range(maps.shape[0]):
            for walker in range(first, ends[k]):
                place = (walker * stride + start) & (WALKERS - 1)
                after[0, place], after[1, place] = _moved(maps[k], now[0, walker], now[1, walker])
                after[2, place] = 0.5 * (now[2, walker] + k * shift)
            first = ends[k]
        now, after = after, now
        if turn < 0:
            continue
        for walker in range(WALKERS):
            spin = turns[(walker + turn) % turns.shape[0]]
            u, v = now[0, walker], now[1, walker]
            x, y = spin[0] * u - spin[1] * v, spin[1] * u + spin[0] * v
            raster.hit(grid, (x - view[0]) * scale_x, (y - view[1]) * scale_y, now[2, walker])
            if turn < TRACED:
                trace[turn * WALKERS + walker, 0], trace[turn * WALKERS + walker, 1] = x, y
    return trace


@kernel
def _moved(a: NDArray[np.float64], x: float, y: float) -> tuple[float, float]:
    """Return a point after an affine map and its one or two variations; one that runs away comes back."""
    u, v = a[0] * x + a[1] * y + a[4], a[2] * x + a[3] * y + a[5]
    x, y = vary(int(a[6]), u, v)
    if a[8] < 1.0:
        u, v = vary(int(a[7]), u, v)
        x, y = a[8] * x + (1.0 - a[8]) * u, a[8] * y + (1.0 - a[8]) * v
    if x * x + y * y < 1e6:  # false for what is no number, too
        return x, y
    return 0.1, 0.2


def _played(params: Params, view: NDArray[np.float64], points: int, size: int) -> tuple[Grid, NDArray[np.float64]]:
    rows = zip(params["maps"], params["kinds"], params["shares"], strict=True)
    maps = np.array([[*affine, *kinds, share] for affine, kinds, share in rows], np.float64)
    turns = np.array([sincos(TURN * number / params["symmetry"])[::-1] for number in range(params["symmetry"])])
    weights = np.cumsum(params["weights"])
    ends = (weights * (WALKERS / weights[-1]) + 0.5).astype(np.int64)
    grid = np.zeros((size, size), np.uint32)
    return grid, iterate(maps, (ends, turns), params["seed"], view, points // WALKERS, grid)


def _view(params: Params) -> NDArray[np.float64] | None:
    """Return the view that shows all but the outermost points, or None where there is hardly a cloud."""
    whole = np.array([-1.0, -1.0, 1.0, 1.0])
    _, trace = _played(params, whole, TRACED * WALKERS, 0)
    core = np.sort(trace, axis=0)[len(trace) // 50 : -(len(trace) // 50)]
    view: NDArray[np.float64] = raster.framed(core, params["stretch"])
    return view if min(np.ptp(core, axis=0)) > 1e-3 and max(np.ptp(core, axis=0)) < 50 else None


def probe(params: Params) -> str:
    """Refuse flames that 4,096 points show to be thin, or a few specks."""
    view = _view(params)
    if view is None:
        return "diverges"
    if not 0.15 < (view[2] - view[0]) / (view[3] - view[1]) < 1 / 0.15:
        return "thin"
    grid, _ = _played(params, view, raster.PROBE_POINTS, 32)
    return "sparse" if raster.occupancy(grid) < 0.12 else ""


def render(params: Params, size: int) -> Layer:
    """Draw the density of 200,000 points (at 256x256; in proportion elsewhere)."""
    view = _view(params)
    if view is None:
        raise ValueError("this flame has no extent: probe() refuses it")
    grid, _ = _played(params, view, raster.point_count(POINTS, size), size)
    return raster.developed(grid, params["dab"], params["half"], params["share"])


FAMILY = Family(sample=sample, probe=probe, render=render, covers=False, varied=("maps", "seed"))
