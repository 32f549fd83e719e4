"""Basins of Newton's method, relaxed and with a constant added (A. Cayley, 1879; "nova", P. Derbyshire)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.chance import Chance
from fractals.elementary import TURN, sincos
from fractals.family import Family, Field, Layer, Params
from fractals.jit import kernel
from fractals.tone import equalised

LANES = 16
LIMIT = 28
PROBE_SIDE = 32


def sample(chance: Chance) -> Params:
    """Draw 3-7 roots, in a ring or anywhere, how far each step goes, and a view."""
    count = chance.integer(3, 7)
    manner = chance.choose(("ring", "free", "wobbly"))
    roots = []
    for number in range(count):
        sin, cos = sincos(TURN * number / count + (chance.uniform(-0.4, 0.4) if manner == "wobbly" else 0.0))
        radius = chance.uniform(0.5, 1.3) if manner == "wobbly" else 1.0
        free = [chance.uniform(-1.2, 1.2), chance.uniform(-1.2, 1.2)]
        roots.append(free if manner == "free" else [round(radius * cos, 7), round(radius * sin, 7)])
    return {
        "roots": roots,
        "step": [chance.uniform(0.7, 1.5), chance.choose((0.0, chance.uniform(-0.4, 0.4)))],
        "add": chance.choose(
            ([0.0, 0.0], [chance.uniform(-0.15, 0.15), chance.uniform(-0.15, 0.15)]), (3, 1)
        ),
        "view": [chance.uniform(-0.8, 0.8), chance.uniform(-0.8, 0.8), chance.log_uniform(0.08, 2.0)],
        "angle": chance.uniform(0, TURN),
        "basins": chance.uniform(0.0, 0.8),
        "level": chance.uniform(0.5, 1.0),
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
    x, y, sx, sy, taken = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for first in range(0, size * size, LANES):
        for lane in range(LANES):
            pixel = min(first + lane, size * size - 1)
            u, v = (2 * (pixel % size) + 1.0) / size - 1.0, (2 * (pixel // size) + 1.0) / size - 1.0
            x[lane] = view[0] + u * view[2] - v * view[3]
            y[lane] = view[1] + u * view[3] + v * view[2]
            taken[lane] = 0.0
        for _ in range(LIMIT):
            for lane in range(LANES):
                sx[lane], sy[lane] = 1e-12, 0.0
            for number in range(roots.shape[0]):
                rx, ry = roots[number, 0], roots[number, 1]
                for lane in range(LANES):  # the logarithmic derivative: the sum of 1 / (z - root)
                    dx, dy = x[lane] - rx, y[lane] - ry
                    inverse = 1.0 / (dx * dx + dy * dy + 1e-18)
                    sx[lane] += dx * inverse
                    sy[lane] -= dy * inverse
            for lane in range(LANES):
                inverse = 1.0 / (sx[lane] * sx[lane] + sy[lane] * sy[lane])
                dx = (numbers[0] * sx[lane] + numbers[1] * sy[lane]) * inverse - numbers[2]
                dy = (numbers[1] * sx[lane] - numbers[0] * sy[lane]) * inverse - numbers[3]
                x[lane] -= dx
                y[lane] -= dy
                length = dx * dx + dy * dy
                taken[lane] += length / (length + 0.003)  # 1 for a long step, 0 at the goal: a smooth count
        for lane in range(min(LANES, size * size - first)):
            row, column = (first + lane) // size, (first + lane) % size
            nearest, best = 0, 1e300
            for number in range(roots.shape[0]):
                distance = (x[lane] - roots[number, 0]) ** 2 + (y[lane] - roots[number, 1]) ** 2
                if distance < best:
                    nearest, best = number, distance
            steps[row, column] = min(taken[lane], 40.0)
            root[row, column] = nearest / roots.shape[0]
    return steps, root


def _fields(params: Params, size: int) -> tuple[Field, Field]:
    sin, cos = sincos(params["angle"])
    x, y, half = params["view"]
    view = np.array([x, y, half * cos, half * sin])
    return basins(size, view, np.array(params["roots"]), np.array([*params["step"], *params["add"]]))  # type: ignore[no-any-return]


def probe(params: Params) -> str:
    """Refuse views in which all points take as many steps."""
    steps, _ = _fields(params, PROBE_SIDE)
    if not np.isfinite(steps).all():
        return "diverges"
    return "bland" if steps.std(dtype=np.float64) < 1.0 else ""


def render(params: Params, size: int) -> Layer:
    """Draw the number of steps, and the basins as bands of the palette."""
    steps, root = _fields(params, size)
    share = np.float32(params["basins"])
    value = equalised(steps, params["level"])
    return Layer(value + share * (root - value) + np.float32(0.15) * share * value)


FAMILY = Family(sample=sample, probe=probe, render=render, varied=("roots", "step", "view"))
