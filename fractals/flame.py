"""Fractal flames: affine maps and nonlinear variations (S. Draves, E. Reckase, "The Fractal Flame Algorithm", 2003)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals import raster
from fractals.elementary import TURN, atan2, exp, sincos
from fractals.family import Family, Layer, Params
from fractals.randomness import RandomStream
from fractals.raster import Grid
from fractals.streams import GOLDEN, as_unit, mixed
from ipmix_cli.numba_cache.jit import kernel, part

Points = NDArray[np.float64]
POINTS = 200_000
WALKERS = 512
MOST_TURNS = 8  # of a flame's symmetry
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


def sample(stream: RandomStream) -> Params:
    """Draw 2-5 maps with one or two variations each, and a rotational symmetry of up to eight."""
    count = stream.integer(2, 5)
    return {
        "maps": [_map(stream) for _ in range(count)],
        "kinds": [[stream.integer(0, 19), stream.integer(0, 19)] for _ in range(count)],
        "shares": [stream.choose((1.0, stream.uniform(0.3, 0.9))) for _ in range(count)],
        "weights": [stream.uniform(0.3, 1.0) for _ in range(count)],
        "symmetry": stream.choose((1, 2, 3, 4, 5, 6, 8), (10, 3, 3, 2, 2, 1, 1)),
        "half": stream.log_uniform(0.1, 0.6),
        "share": stream.uniform(0.2, 0.7),
        "stretch": stream.uniform(0.3, 1.0),
        "dab": [1] * 9 if stream.flag(0.3) else [0, 1, 0, 1, 1, 1, 0, 1, 0],
        "seed": stream.seed(),
    }


def _map(stream: RandomStream) -> list[float]:
    """Draw a turned and scaled affine map, sheared a little."""
    sin, cos = sincos(stream.uniform(0, TURN))
    across, down, shear = stream.uniform(0.4, 1.1), stream.uniform(0.4, 1.1), stream.uniform(-0.4, 0.4)
    linear = [across * cos, -down * sin + shear * cos, across * sin, down * cos + shear * sin]
    return [round(entry, 6) for entry in linear] + [stream.uniform(-1, 1), stream.uniform(-1, 1)]


@part
def vary(kind: int, x: Points, y: Points) -> None:
    """Move points, in place, by one of the paper's variations 0-16, 18, 20 and 28: a loop each, and so in vectors."""
    if kind in (1, 3, 15, 17, 18):
        _vary_by_waves(kind, x, y)
    elif kind in (0, 2, 4, 14, 16, 19):
        _vary_by_length(kind, x, y)
    else:
        _vary_by_angle(kind, x, y)


@part
def _vary_by_length(kind: int, x: Points, y: Points) -> None:  # noqa: C901 - a table of formulas
    """Take the variations that are quotients and roots."""
    if kind == 2:
        for i in range(x.shape[0]):
            r2 = x[i] * x[i] + y[i] * y[i] + 1e-12
            x[i], y[i] = x[i] / r2, y[i] / r2
    elif kind == 4:
        for i in range(x.shape[0]):
            r = np.sqrt(x[i] * x[i] + y[i] * y[i] + 1e-12)
            x[i], y[i] = (x[i] - y[i]) * (x[i] + y[i]) / r, 2.0 * x[i] * y[i] / r
    elif kind == 14:
        for i in range(x.shape[0]):
            x[i], y[i] = (x[i] if x[i] >= 0 else 2.0 * x[i]), (y[i] if y[i] >= 0 else 0.5 * y[i])
    elif kind == 16:
        for i in range(x.shape[0]):
            r = np.sqrt(x[i] * x[i] + y[i] * y[i] + 1e-12)
            x[i], y[i] = 2.0 * y[i] / (r + 1.0), 2.0 * x[i] / (r + 1.0)
    elif kind == 19:
        for i in range(x.shape[0]):
            r2 = x[i] * x[i] + y[i] * y[i] + 1e-12
            x[i], y[i] = 4.0 * x[i] / (r2 + 4.0), 4.0 * y[i] / (r2 + 4.0)


@part
def _vary_by_waves(kind: int, x: Points, y: Points) -> None:
    """Take the variations that are waves along the axes, or turn a point by its distance."""
    if kind == 1:
        for i in range(x.shape[0]):
            x[i], y[i] = sincos(x[i])[0], sincos(y[i])[0]
    elif kind == 15:
        for i in range(x.shape[0]):
            x[i], y[i] = x[i] + 0.4 * sincos(2.0 * y[i])[0], y[i] + 0.4 * sincos(2.0 * x[i])[0]
    elif kind == 3:
        for i in range(x.shape[0]):
            sin, cos = sincos(x[i] * x[i] + y[i] * y[i] + 1e-12)
            x[i], y[i] = x[i] * sin - y[i] * cos, x[i] * cos + y[i] * sin
    elif kind == 17:
        for i in range(x.shape[0]):
            sin, cos = sincos(0.5 * TURN * y[i])
            scale = exp(min(x[i], 2.0) - 1.0)
            x[i], y[i] = scale * cos, scale * sin
    else:
        for i in range(x.shape[0]):
            sin, cos = sincos(0.5 * TURN * x[i])
            e = exp(min(abs(y[i]), 2.0))
            x[i], y[i] = 0.5 * cos * (e + 1.0 / e), -0.5 * sin * (e - 1.0 / e) * (1.0 if y[i] >= 0 else -1.0)


@part
def _vary_by_angle(kind: int, x: Points, y: Points) -> None:  # noqa: C901, PLR0912 - a table of formulas
    """Take the variations that are stated in polar coordinates."""
    for i in range(x.shape[0]):  # from here on x is the distance, y the angle
        x[i], y[i] = np.sqrt(x[i] * x[i] + y[i] * y[i] + 1e-12), atan2(x[i], y[i])
    if kind == 5:
        for i in range(x.shape[0]):
            x[i], y[i] = 2.0 * y[i] / TURN, x[i] - 1.0
    elif kind == 13:
        for i in range(x.shape[0]):
            sin, cos = sincos(0.5 * y[i])
            odd = int(1e6 * x[i]) % 2  # the paper tosses a coin; the digits of r do as well
            root = np.sqrt(x[i]) if odd else -np.sqrt(x[i])
            x[i], y[i] = root * cos, root * sin
    elif kind == 6:
        for i in range(x.shape[0]):
            r, theta = x[i], y[i]
            x[i], y[i] = r * sincos(theta + r)[0], r * sincos(theta - r)[1]
    elif kind == 7:
        for i in range(x.shape[0]):
            sin, cos = sincos(y[i] * x[i])
            x[i], y[i] = x[i] * sin, -x[i] * cos
    elif kind == 8:
        for i in range(x.shape[0]):
            sin, cos = sincos(0.5 * TURN * x[i])
            x[i], y[i] = 2.0 * y[i] / TURN * sin, 2.0 * y[i] / TURN * cos
    elif kind == 10:
        for i in range(x.shape[0]):
            sin, cos = sincos(y[i])
            x[i], y[i] = sin / x[i], x[i] * cos
    else:
        for i in range(x.shape[0]):
            r, (sin, cos), (sr, cr) = x[i], sincos(y[i]), sincos(x[i])
            if kind == 9:
                x[i], y[i] = (cos + sr) / (r + 0.05), (sin - cr) / (r + 0.05)
            elif kind == 11:
                x[i], y[i] = sin * cr, cos * sr
            else:
                s, c = sin * cr + cos * sr, cos * cr + sin * sr  # sin(theta + r), cos(theta - r)
                s, c = s * s * s, c * c * c
                x[i], y[i] = r * (s + c), r * (s - c)


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
    now, after, work = np.full((3, WALKERS), 0.5), np.empty((3, WALKERS)), np.empty((4, WALKERS))
    spins, cells, marks = _spins(turns), np.empty(WALKERS, np.int32), np.empty(WALKERS, np.uint32)
    scales = scale_x, scale_y
    for walker in range(WALKERS):
        state += GOLDEN
        now[0, walker], now[1, walker] = as_unit(mixed(state)) - 0.5, as_unit(mixed(~state)) - 0.5
    for turn in range(-24, rounds):
        state += GOLDEN
        word = mixed(state)
        stride, start = (np.int64(word & np.uint64(255)) << 1) | 1, np.int64((word >> np.uint64(8)) & np.uint64(511))
        first = 0
        for k in range(maps.shape[0]):
            _move(maps[k], now[:, first : ends[k]], work)
            for walker in range(first, ends[k]):
                place = (walker * stride + start) & (WALKERS - 1)
                after[0, place], after[1, place] = work[0, walker - first], work[1, walker - first]
                after[2, place] = 0.5 * (now[2, walker] + k * shift)
            first = ends[k]
        now, after = after, now
        if turn < 0:
            continue
        _turn(now, spins, turn % turns.shape[0], work)
        if turn < TRACED:
            for walker in range(WALKERS):
                trace[turn * WALKERS + walker, 0], trace[turn * WALKERS + walker, 1] = work[0, walker], work[1, walker]
        _find_cells(work, now[2], view, scales, size, (cells, marks))
        raster.mark(grid, cells, marks)
    return trace


@part
def _spins(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cosines and sines of the walkers' rotations in a round, (2, walkers and more): they take turns."""
    spins = np.empty((2, WALKERS + MOST_TURNS))
    for walker in range(spins.shape[1]):
        spins[0, walker], spins[1, walker] = turns[walker % turns.shape[0], 0], turns[walker % turns.shape[0], 1]
    return spins


@part
def _turn(points: Points, spins: NDArray[np.float64], first: int, out: Points) -> None:
    """Put points, rotated, into the first rows of `out`; the first walker takes the rotation of this number."""
    cosines, sines = spins[0, first:], spins[1, first:]
    across, down, x, y = points[0], points[1], out[0], out[1]
    for walker in range(WALKERS):
        u, v = across[walker], down[walker]
        x[walker], y[walker] = cosines[walker] * u - sines[walker] * v, sines[walker] * u + cosines[walker] * v


@part
def _find_cells(
    points: Points,
    colours: NDArray[np.float64],
    view: NDArray[np.float64],
    scales: tuple[float, float],
    size: int,
    found: tuple[NDArray[np.int32], NDArray[np.uint32]],
) -> None:
    """Find what :func:`fractals.raster.mark` marks: points in a view, by their cells, and their colours."""
    left, top = view[0], view[1]
    cells, marks = found
    for walker in range(WALKERS):
        x, y = (points[0, walker] - left) * scales[0], (points[1, walker] - top) * scales[1]
        inside = (x >= 0.0) & (y >= 0.0) & (x < size) & (y < size)
        row, column = np.int32(y if inside else 0.0), np.int32(x if inside else 0.0)
        cells[walker] = np.int32(row * np.int32(size) + column) if inside else np.int32(-1)
        marks[walker] = raster.mark_of(colours[walker])


@part
def _move(a: NDArray[np.float64], points: NDArray[np.float64], work: NDArray[np.float64]) -> None:
    """Put points (2 or more, N) into the first rows of `work`, after an affine map and its one or two variations."""
    count = points.shape[1]
    x, y, u, v = work[0, :count], work[1, :count], work[2, :count], work[3, :count]
    for i in range(count):
        u[i] = a[0] * points[0, i] + a[1] * points[1, i] + a[4]
        v[i] = a[2] * points[0, i] + a[3] * points[1, i] + a[5]
        x[i], y[i] = u[i], v[i]
    vary(int(a[6]), x, y)
    if a[8] < 1.0:
        vary(int(a[7]), u, v)
        for i in range(count):
            x[i], y[i] = a[8] * x[i] + (1.0 - a[8]) * u[i], a[8] * y[i] + (1.0 - a[8]) * v[i]
    for i in range(count):  # a point that runs away is put back; so is NaN
        near = x[i] * x[i] + y[i] * y[i] < 1e6
        x[i], y[i] = (x[i] if near else 0.1), (y[i] if near else 0.2)


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
