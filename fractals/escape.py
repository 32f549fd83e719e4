"""Escape time of z**p + c + b * (the z before), for 32 pixels at a time, with an orbit trap.

Smooth counts after F. Garcia et al., "Coloring dynamical systems in the complex plane" (2009); the trap is a
conic, so that one formula has points, lines, circles and hyperbolas among its shapes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.elementary import TURN, log, sincos
from fractals.family import Field, Layer, Params
from fractals.randomness import RandomStream
from fractals.streams import GOLDEN, as_unit, mixed
from fractals.tone import equalised
from ipmix_cli.numba_cache.jit import inlined, kernel, part

LANES = 32  # pixels at once, a tile of 8 x 4: a loop that becomes vector code, the same bits at every width
WIDE, HIGH = 8, 4
LIMIT = 300  # iterations
STEPS = 4  # iterations between two looks at who has escaped
ZX, ZY, PX, PY, CX, CY, COUNT, NEAR = (number * LANES for number in range(8))  # places of the state
ROWS = 8
BAILOUT = np.float32(1e4)  # |z|**2; large enough for smooth counts
ZERO, ONE, TWO, FAR = np.float32(0.0), np.float32(1.0), np.float32(2.0), np.float32(1e9)
LOG_BAILOUT = 9.210340371976184
PROBE_SIDE = 48


def sample_look(stream: RandomStream) -> Params:
    """Draw the trap and how count and trap are shown."""
    sin, cos = sincos(stream.uniform(0, TURN))
    place = [stream.uniform(-1, 1), stream.uniform(-1, 1)]
    radius = stream.uniform(0.2, 1.2)
    conics = {  # |q0 |z|^2 + q1 x + q2 y + q3 + q4 x y|
        "point": [1.0, -2 * place[0], -2 * place[1], place[0] ** 2 + place[1] ** 2, 0.0],
        "line": [0.0, cos, sin, 0.5 * place[0], 0.0],
        "circle": [1.0, 0.0, 0.0, -radius * radius, 0.0],
        "cross": [0.0, 0.0, 0.0, 0.0, 1.0],
    }
    trap = [float(f"{number:.7g}") for number in conics[stream.choose([*conics])]]
    return {
        "trap": trap,
        "trap_share": stream.choose((0.0, 1.0, stream.uniform(0.2, 0.7)), (5, 3, 2)),
        "level": stream.uniform(0.6, 1.0),
    }


def sample_zoom(stream: RandomStream) -> float:
    """Draw half the width of the view; wide and deep ones are as frequent."""
    return stream.log_uniform(10**-3.0, 10**0.2)


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


@part
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
def escape(size: int, view: NDArray[np.float64], formula: NDArray[np.float64], trap: NDArray[np.float64]) -> Field:
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
    power, of_c = int(formula[0]), formula[1] != 0.0
    out = np.empty((2, size, size), np.float32)
    lanes, single = np.empty(ROWS * LANES, np.float32), trap.astype(np.float32)
    across, down = (size + WIDE - 1) // WIDE, (size + HIGH - 1) // HIGH
    for tile in range(across * down):
        top, left = HIGH * (tile // across), WIDE * (tile % across)
        for lane in range(LANES):
            row, column = min(top + lane // WIDE, size - 1), min(left + lane % WIDE, size - 1)
            u, v = (2 * column + 1.0) / size - 1.0, (2 * row + 1.0) / size - 1.0
            x, y = view[0] + u * view[2] - v * view[3], view[1] + u * view[3] + v * view[2]
            lanes[ZX + lane], lanes[ZY + lane] = (0.0, 0.0) if of_c else (x, y)
            lanes[CX + lane], lanes[CY + lane] = (x, y) if of_c else (formula[2], formula[3])
            lanes[PX + lane], lanes[PY + lane], lanes[COUNT + lane], lanes[NEAR + lane] = ZERO, ZERO, ZERO, FAR
        _run(lanes, power, np.float32(formula[4]), single)
        _smooth(lanes, lanes.shape[0] // ROWS, 1.0 / (power - 1.0))
        for lane in range(LANES):
            row, column = min(top + lane // WIDE, size - 1), min(left + lane % WIDE, size - 1)
            out[0, row, column], out[1, row, column] = lanes[COUNT + lane], lanes[NEAR + lane]
    return out


@part
def _smooth(lanes: Field, count: int, share: float) -> None:
    """Replace counts by the logarithm of smooth counts (0 inside the set), and distances by their fourth root."""
    for lane in range(count):
        x, y = np.float64(lanes[ZX + lane]), np.float64(lanes[ZY + lane])
        r = x * x + y * y
        over = share * (log(max(r, 1e4)) * (1.0 / LOG_BAILOUT) - 1.0)  # 0..1: how far beyond the bailout
        smooth = log(2.0 + lanes[COUNT + lane] - over * (1.35 - 0.35 * over))  # nearly log_p(1 + (p - 1) * over)
        lanes[COUNT + lane] = smooth if r >= BAILOUT else 0.0
        lanes[NEAR + lane] = np.sqrt(np.sqrt(lanes[NEAR + lane]))


@part
def _run(lanes: Field, power: int, b: np.float32, trap: Field) -> None:
    """Iterate a tile of pixels until all have escaped, or to the limit.

    Single precision: at the narrowest view and 1024 pixels a pixel is still ten times its rounding. All state
    lies in one array at constant distances, so that the compiler needs no checks for overlap; the number of
    lanes is a variable to it, so that it makes a loop of vectors instead of copies.
    """
    count = lanes.shape[0] // ROWS
    for step in range(0, LIMIT, STEPS):
        if b != 0.0:
            _advanced(lanes, count, np.int64(2), np.int64(1), b, trap)
        elif power == 2:  # the powers apart: the compiler knows how often to multiply
            _advanced(lanes, count, np.int64(2), np.int64(0), b, trap)
        elif power == 3:
            _advanced(lanes, count, np.int64(3), np.int64(0), b, trap)
        elif power == 4:
            _advanced(lanes, count, np.int64(4), np.int64(0), b, trap)
        else:
            _advanced(lanes, count, np.int64(5), np.int64(0), b, trap)
        if step == 0:
            lanes[NEAR : NEAR + count] = FAR  # the first points are near to the pixel's own place, whatever the set
        going, taken = np.int32(0), np.float32(step + STEPS)
        for lane in range(count):
            going = np.int32(going + np.int32(lanes[COUNT + lane] == taken))
        if going == 0:
            break


@inlined
def _advanced(lanes: Field, count: int, power: np.int64, two: np.int64, b: np.float32, trap: Field) -> None:
    """Take four steps of z**p + c + b * (the z before) with every pixel; those that have escaped stand still.

    The power, and whether there is a b, are numbers of 64 bits: plain ones would be compiled each for itself.
    """
    t0, t1, t2, t3, t4 = trap[0], trap[1], trap[2], trap[3], trap[4]
    for lane in range(count):
        x, y, near, taken = lanes[ZX + lane], lanes[ZY + lane], lanes[NEAR + lane], lanes[COUNT + lane]
        cx, cy = lanes[CX + lane], lanes[CY + lane]
        px, py = lanes[PX + lane], lanes[PY + lane]
        for _ in range(STEPS):
            r = x * x + y * y
            alive = r < BAILOUT
            distance = abs(t0 * r + t1 * x + t2 * y + t3 + t4 * x * y)
            near = distance if (distance < near) & alive else near
            wx, wy = x * x - y * y, TWO * x * y
            for _ in range(power - 2):
                wx, wy = wx * x - wy * y, wx * y + wy * x
            wx, wy = wx + cx, wy + cy
            if two:
                wx, wy = wx + b * px, wy + b * py
                px, py = (x if alive else px), (y if alive else py)
            x, y = (wx if alive else x), (wy if alive else y)
            taken += ONE if alive else ZERO
        lanes[ZX + lane], lanes[ZY + lane], lanes[NEAR + lane], lanes[COUNT + lane] = x, y, near, taken
        if two:
            lanes[PX + lane], lanes[PY + lane] = px, py


@kernel
def blended(fields: Field, share: float) -> Field:
    """Return the escape time mixed with the trap, each in its own unit; inside the set there is only the trap."""
    size = fields.shape[1]
    out = np.empty((size, size), np.float32)
    highest = ZERO
    for row in range(size):
        for column in range(size):
            highest = max(highest, fields[0, row, column])
    for row in range(size):
        for column in range(size):
            time, trap = fields[0, row, column], fields[1, row, column]
            if time == 0.0:
                time = highest + np.float32(0.3) * trap
            out[row, column] = (1.0 - share) * time - 2.0 * share * trap
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
