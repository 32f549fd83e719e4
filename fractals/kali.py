"""The Kali set: fold by the absolute value and invert in a circle (Kali, fractalforums.com, 2010)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.elementary import TURN, sincos
from fractals.family import Family, Field, Layer, Params
from fractals.randomness import RandomStream
from fractals.tone import equalised
from ipmix_cli.numba_cache.jit import kernel

PROBE_SIDE = 48


def sample(stream: RandomStream) -> Params:
    """Draw the shift, 7-14 iterations, and a narrow view."""
    return {
        "shift": [stream.uniform(0.3, 1.2), stream.uniform(0.3, 1.2)],
        "iterations": stream.integer(7, 14),
        "centre": [stream.uniform(0.02, 1.2), stream.uniform(0.02, 1.2)],
        "zoom": stream.log_uniform(0.03, 0.8),
        "angle": stream.uniform(0, TURN),
        "memory": stream.uniform(0.15, 0.6),
        "least": stream.choose((0.0, 1.0, stream.uniform(0.2, 0.8)), (4, 2, 3)),
        "level": stream.uniform(0.6, 1.0),
    }


@kernel
def folds(size: int, view: NDArray[np.float64], numbers: NDArray[np.float64], iterations: int) -> Field:
    """Return the field float32 (S, S): a moving average of |z|**2 / (1 + |z|**2), mixed with its least value.

    Parameters
    ----------
    view : float64 (4,)
        Centre, and the vector from the centre to the middle of the right side.
    numbers : float64 (4,)
        Shift a, b; weight of the newest value in the average; share of the least value.
    """
    out = np.empty((size, size), np.float32)
    a, b = np.float32(numbers[0]), np.float32(numbers[1])
    memory, share = np.float32(numbers[2]), np.float32(numbers[3])
    one, two, tiny = np.float32(1.0), np.float32(2.0), np.float32(1e-12)
    x, y = np.empty(size, np.float32), np.empty(size, np.float32)
    mean, least = np.empty(size, np.float32), np.empty(size, np.float32)
    for row in range(size):
        v = (2 * row + 1.0) / size - 1.0
        for column in range(size):
            u = (2 * column + 1.0) / size - 1.0
            x[column] = view[0] + u * view[2] - v * view[3]
            y[column] = view[1] + u * view[3] + v * view[2]
        for step in range(iterations + 1):
            for column in range(size):
                r = x[column] * x[column] + y[column] * y[column]
                near, far = r + tiny, one + r
                quotient = one / (near * far)  # one division for both: they take most of the time
                inverse, soft = far * quotient, r * near * quotient
                mean[column] += memory * (soft - mean[column])
                least[column] = soft if soft < least[column] else least[column]
                x[column], y[column] = abs(x[column]) * inverse - a, abs(y[column]) * inverse - b
            if step == 0:  # that was the pixel's own place
                mean[:] = 0.0
                least[:] = 1.0
        for column in range(size):
            out[row, column] = mean[column] + share * (two * np.sqrt(least[column]) - mean[column])
    return out


def _field(params: Params, size: int) -> Field:
    sin, cos = sincos(params["angle"])
    view = np.array([*params["centre"], params["zoom"] * cos, params["zoom"] * sin])
    numbers = np.array([*params["shift"], params["memory"], params["least"]])
    return folds(size, view, numbers, params["iterations"])


@kernel
def contrasts(field: Field) -> tuple[float, float]:
    """Return the standard deviation of a field, and the mean difference between neighbours in a row."""
    size = field.shape[0]
    total, squares, steps = 0.0, 0.0, 0.0
    for row in range(size):
        for column in range(size):
            value = np.float64(field[row, column])
            total += value
            squares += value * value
            steps += abs(value - field[row, max(column - 1, 0)])
    mean = total / field.size
    return np.sqrt(max(squares / field.size - mean * mean, 0.0)), steps / (size * (size - 1))


def probe(params: Params) -> str:
    """Refuse thumbnails without structure, and those that are noise at every scale."""
    spread, rough = contrasts(_field(params, PROBE_SIDE))
    if spread < 0.03:
        return "bland"
    return "noise" if rough > 0.75 * spread else ""


def render(params: Params, size: int) -> Layer:
    """Draw the folded plane."""
    return Layer(equalised(_field(params, size), params["level"]))


FAMILY = Family(sample=sample, probe=probe, render=render, varied=("shift", "centre", "zoom"))
