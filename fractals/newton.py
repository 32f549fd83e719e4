"""Basins of Newton's method, relaxed and with a constant added (A. Cayley, 1879; "nova", P. Derbyshire)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.elementary import TURN, sincos
from fractals.family import Family, Field, Layer, Params
from fractals.randomness import RandomStream
from fractals.tone import equalised
from ipmix_cli.numba_cache.jit import kernel, part

LANES = 32  # pixels at once, a tile of 8 x 4
WIDE, HIGH = 8, 4
ROWS = 5
LIMIT = 28
X, Y, SX, SY, TAKEN = (number * LANES for number in range(ROWS))  # places of the state in one array
PROBE_SIDE = 32
ZERO, ONE, TINY, SHORT = np.float32(0.0), np.float32(1.0), np.float32(1e-12), np.float32(0.003)


def sample(stream: RandomStream) -> Params:
    """Draw 3-7 roots, in a ring or anywhere, how far each step goes, and a view."""
    count = stream.integer(3, 7)
    manner = stream.choose(("ring", "free", "wobbly"))
    roots = []
    for number in range(count):
        sin, cos = sincos(TURN * number / count + (stream.uniform(-0.4, 0.4) if manner == "wobbly" else 0.0))
        radius = stream.uniform(0.5, 1.3) if manner == "wobbly" else 1.0
        free = [stream.uniform(-1.2, 1.2), stream.uniform(-1.2, 1.2)]
        roots.append(free if manner == "free" else [round(radius * cos, 7), round(radius * sin, 7)])
    return {
        "roots": roots,
        "step": [stream.uniform(0.7, 1.5), stream.choose((0.0, stream.uniform(-0.4, 0.4)))],
        "add": stream.choose(([0.0, 0.0], [stream.uniform(-0.15, 0.15), stream.uniform(-0.15, 0.15)]), (3, 1)),
        "view": [stream.uniform(-0.8, 0.8), stream.uniform(-0.8, 0.8), stream.log_uniform(0.08, 2.0)],
        "angle": stream.uniform(0, TURN),
        "basins": stream.uniform(0.0, 0.8),
        "level": stream.uniform(0.5, 1.0),
    }


@kernel
def basins(
    size: int, view: NDArray[np.float64], roots: NDArray[np.float64], numbers: NDArray[np.float64]
) -> tuple[Field, Field]:
    """Return the smooth number of steps to a root, and which root it is, both float32 (S, S).

    Parameters
    ----------
    view : float64 (4,)
        Centre, and the vector from the centre to the middle of the right side.
    roots : float64 (N, 2)
    numbers : float64 (4,)
        The relaxation (complex), and the constant that is added after each step (complex).
    """
    steps, root = np.empty((size, size), np.float32), np.empty((size, size), np.float32)
    lanes, near, single = np.empty(ROWS * LANES, np.float32), roots.astype(np.float32), numbers.astype(np.float32)
    across, down = (size + WIDE - 1) // WIDE, (size + HIGH - 1) // HIGH
    for tile in range(across * down):
        top, left = HIGH * (tile // across), WIDE * (tile % across)
        for lane in range(LANES):
            u = (2 * (left + lane % WIDE) + 1.0) / size - 1.0
            v = (2 * (top + lane // WIDE) + 1.0) / size - 1.0
            lanes[X + lane] = view[0] + u * view[2] - v * view[3]
            lanes[Y + lane] = view[1] + u * view[3] + v * view[2]
            lanes[TAKEN + lane] = 0.0
        for _ in range(LIMIT):
            if _step(lanes, lanes.shape[0] // ROWS, near, single) < 1e-9:
                break
        for lane in range(LANES):
            row, column = top + lane // WIDE, left + lane % WIDE
            if row < size and column < size:
                steps[row, column] = min(lanes[TAKEN + lane], 40.0)
                root[row, column] = _nearest(near, lanes[X + lane], lanes[Y + lane]) / roots.shape[0]
    return steps, root


@part
def _step(lanes: Field, count: int, roots: Field, numbers: Field) -> float:
    """Take one step with all lanes (see `_run` of escape.py for their layout); return the longest, squared."""
    a, b, c, d = numbers[0], numbers[1], numbers[2], numbers[3]
    for lane in range(count):
        lanes[SX + lane], lanes[SY + lane] = TINY, ZERO
    for number in range(roots.shape[0]):
        rx, ry = roots[number, 0], roots[number, 1]
        for lane in range(count):  # the logarithmic derivative: the sum of 1 / (z - root)
            dx, dy = lanes[X + lane] - rx, lanes[Y + lane] - ry
            inverse = ONE / (dx * dx + dy * dy + TINY)
            lanes[SX + lane] += dx * inverse
            lanes[SY + lane] -= dy * inverse
    for lane in range(count):
        sx, sy = lanes[SX + lane], lanes[SY + lane]
        inverse = ONE / (sx * sx + sy * sy + TINY)  # no step is longer than a million: nothing overflows
        dx, dy = (a * sx + b * sy) * inverse - c, (b * sx - a * sy) * inverse - d
        lanes[X + lane] -= dx
        lanes[Y + lane] -= dy
        length = dx * dx + dy * dy
        lanes[SX + lane] = length
        lanes[TAKEN + lane] += length / (length + SHORT)  # 1 for a long step, 0 at the goal: a smooth count
    longest = 0.0
    for lane in range(count):
        longest = max(longest, float(lanes[SX + lane]))
    return longest


@part
def _nearest(roots: Field, x: float, y: float) -> int:
    nearest, best = 0, 1e300
    for number in range(roots.shape[0]):
        distance = (x - roots[number, 0]) ** 2 + (y - roots[number, 1]) ** 2
        if distance < best:
            nearest, best = number, distance
    return nearest


def _fields(params: Params, size: int) -> tuple[Field, Field]:
    sin, cos = sincos(params["angle"])
    x, y, half = params["view"]
    view = np.array([x, y, half * cos, half * sin])
    return basins(size, view, np.array(params["roots"]), np.array([*params["step"], *params["add"]]))


def probe(params: Params) -> str:
    """Refuse views in which all points take as many steps."""
    steps, _ = _fields(params, PROBE_SIDE)
    if not np.isfinite(steps).all():
        return "diverges"
    return "bland" if steps.std(dtype=np.float64) < 1.8 else ""


def render(params: Params, size: int) -> Layer:
    """Draw the number of steps, and the basins as bands of the palette."""
    steps, root = _fields(params, size)
    share = np.float32(params["basins"])
    value = equalised(steps, params["level"])
    return Layer(value + share * (root - value) + np.float32(0.15) * share * value)


FAMILY = Family(sample=sample, probe=probe, render=render, varied=("roots", "step", "view"))
