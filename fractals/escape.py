"""Escape time of z**p + c + b * (the z before), for sixteen pixels at a time, with an orbit trap.

Smooth counts after F. Garcia et al., "Coloring dynamical systems in the complex plane" (2009); the trap is a
conic, so that one formula has points, lines, circles and hyperbolas among its shapes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.chance import Chance
from fractals.elementary import TURN, log, sincos
from fractals.family import Field, Layer, Params
from fractals.jit import kernel
from fractals.streams import GOLDEN, as_unit, mixed
from fractals.tone import equalised

LANES = (
    16  # pixels side by side: a loop that the compiler turns into vector code, the same bits at every width
)
LIMIT = 300  # iterations
BAILOUT = 1e4  # |z|**2; large enough for smooth counts
PROBE_SIDE = 48


def sample_look(chance: Chance) -> Params:
    """Draw the trap and how count and trap are shown."""
    sin, cos = sincos(chance.uniform(0, TURN))
    place = [chance.uniform(-1, 1), chance.uniform(-1, 1)]
    radius = chance.uniform(0.2, 1.2)
    conics = {  # |q0 |z|^2 + q1 x + q2 y + q3 + q4 x y|
        "point": [1.0, -2 * place[0], -2 * place[1], place[0] ** 2 + place[1] ** 2, 0.0],
        "line": [0.0, cos, sin, 0.5 * place[0], 0.0],
        "circle": [1.0, 0.0, 0.0, -radius * radius, 0.0],
        "cross": [0.0, 0.0, 0.0, 0.0, 1.0],
    }
    trap = [float(f"{number:.7g}") for number in conics[chance.choose([*conics])]]
    return {
        "trap": trap,
        "trap_share": chance.choose((0.0, 1.0, chance.uniform(0.2, 0.7)), (5, 3, 2)),
        "level": chance.uniform(0.6, 1.0),
    }


def sample_zoom(chance: Chance) -> float:
    """Draw half the width of the view; wide and deep ones are as frequent."""
    return chance.log_uniform(10**-3.2, 10**0.2)


@kernel
def edge_point(
    seed: int, formula: NDArray[np.float64], reach: float, fewest: float, most: float
) -> tuple[float, float]:
    """Return the first random point of a disc whose escape time lies in a range: points near the boundary.

    `formula` is as in :func:`escape`; the point is c for the Mandelbrot kind, else the starting z. After
    4,000 points the one with the highest finite escape time is taken.
    """
    state = np.uint64(seed)
    best_x, best_y, best = 0.0, 0.0, -1.0
    for _ in range(4000):
        state += GOLDEN
        x = reach * (2.0 * as_unit(mixed(state)) - 1.0)
        state += GOLDEN
        y = reach * (2.0 * as_unit(mixed(state)) - 1.0)
        time = _escape_time(x, y, formula)
        if fewest <= time <= most:
            return x, y
        if time < LIMIT and time > best:
            best_x, best_y, best = x, y, time
    return best_x, best_y


@kernel
def _escape_time(x: float, y: float, formula: NDArray[np.float64]) -> float:
    power, of_c = int(formula[0]), formula[1] != 0.0
    cx, cy = (x, y) if of_c else (formula[2], formula[3])
    zx, zy = (0.0, 0.0) if of_c else (x, y)
    px, py = 0.0, 0.0
    for step in range(LIMIT):
        if zx * zx + zy * zy > BAILOUT:
            return float(step)
        wx, wy = zx, zy
        for _ in range(power - 1):
            wx, wy = wx * zx - wy * zy, wx * zy + wy * zx
        nx, ny = wx + cx + formula[4] * px, wy + cy + formula[4] * py
        px, py, zx, zy = zx, zy, nx, ny
    return float(LIMIT)


@kernel
def escape(
    size: int, view: NDArray[np.float64], formula: NDArray[np.float64], trap: NDArray[np.float64]
) -> Field:
    """Return the fields float32 (2, S, S): smooth escape time (0 inside the set), and nearness to the trap.

    Parameters
    ----------
    size : int
    view : float64 (4,)
        Centre x and y, and the vector from the centre to the middle of the right side.
    formula : float64 (5,)
        Power p, 1 for the Mandelbrot kind (c is the pixel) or 0 for the Julia kind (z starts there), c, and
        b.
    trap : float64 (5,)
        Conic, see :func:`sample_look`.
    """
    power, of_c, b = int(formula[0]), formula[1] != 0.0, formula[4]
    out = np.empty((2, size, size), np.float32)
    zx, zy, px, py = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    cx, cy, wx, wy = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    count, near = np.empty(LANES), np.empty(LANES)
    inverse = 1.0 / log(float(power))
    for first in range(0, size * size, LANES):
        for lane in range(LANES):
            pixel = min(first + lane, size * size - 1)
            u, v = (2 * (pixel % size) + 1.0) / size - 1.0, (2 * (pixel // size) + 1.0) / size - 1.0
            x, y = view[0] + u * view[2] - v * view[3], view[1] + u * view[3] + v * view[2]
            zx[lane], zy[lane] = (0.0, 0.0) if of_c else (x, y)
            cx[lane], cy[lane] = (x, y) if of_c else (formula[2], formula[3])
            px[lane], py[lane], count[lane], near[lane] = 0.0, 0.0, 0.0, 1e9
        for step in range(LIMIT):
            if step % 8 == 7 and count.max() < step:
                break
            for lane in range(LANES):
                wx[lane], wy[lane] = zx[lane], zy[lane]
            for _ in range(power - 1):
                for lane in range(LANES):
                    x, y = wx[lane], wy[lane]
                    wx[lane], wy[lane] = x * zx[lane] - y * zy[lane], x * zy[lane] + y * zx[lane]
            for lane in range(LANES):
                x, y = zx[lane], zy[lane]
                r = x * x + y * y
                alive = r < BAILOUT
                distance = abs(trap[0] * r + trap[1] * x + trap[2] * y + trap[3] + trap[4] * x * y)
                nearer = alive and distance < near[lane] and step > 0
                near[lane] = distance if nearer else near[lane]
                zx[lane] = wx[lane] + cx[lane] + b * px[lane] if alive else x
                zy[lane] = wy[lane] + cy[lane] + b * py[lane] if alive else y
                px[lane] = x if alive else px[lane]
                py[lane] = y if alive else py[lane]
                count[lane] += 1.0 if alive else 0.0
        for lane in range(min(LANES, size * size - first)):
            row, column = (first + lane) // size, (first + lane) % size
            r = zx[lane] * zx[lane] + zy[lane] * zy[lane]
            smooth = count[lane] + 1.0 - log(log(max(r, BAILOUT)) / log(BAILOUT)) * inverse
            out[0, row, column] = log(1.0 + smooth) if r >= BAILOUT else 0.0
            out[1, row, column] = log(1e-4 + near[lane])
    return out


@kernel
def blended(fields: Field, share: float) -> Field:
    """Return the escape time mixed with the trap, each in its own unit; inside the set there is only the trap."""
    size = fields.shape[1]
    out = np.empty((size, size), np.float32)
    highest = fields[0].max()
    for row in range(size):
        for column in range(size):
            time, trap = fields[0, row, column], fields[1, row, column]
            if time == 0.0:
                time = highest + np.float32(0.02) * trap
            out[row, column] = (1.0 - share) * time - 0.25 * share * trap
    return out


def complaint(view: NDArray[np.float64], formula: NDArray[np.float64], trap: list[float]) -> str:
    """Return why a view is degenerate: nearly all inside the set, or one escape time nearly everywhere."""
    time = escape(PROBE_SIDE, view, formula, np.array(trap))[0]
    if np.count_nonzero(time) < 0.3 * time.size:
        return "inside"
    return "bland" if time[time > 0].std(dtype=np.float64) < 0.25 else ""


def drawn(view: NDArray[np.float64], formula: NDArray[np.float64], params: Params, size: int) -> Layer:
    """Return the layer of a view."""
    fields = escape(size, view, formula, np.array(params["trap"]))
    return Layer(equalised(blended(fields, params["trap_share"]), params["level"]))


def view_around(centre: tuple[float, float], half: float, angle: float) -> list[float]:
    """Return the view with this centre, half width and turn, rounded for JSON."""
    sin, cos = sincos(angle)
    return [float(f"{number:.12g}") for number in (*centre, half * cos, half * sin)]
