"""Lyapunov exponents of the logistic map driven by a word of two letters (M. Markus and B. Hess, 1989)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.elementary import log
from fractals.family import Family, Field, Layer, Params
from fractals.randomness import RandomStream
from fractals.tone import equalised
from ipmix_cli.numba_cache.jit import kernel

PROBE_SIDE = 40
STEPS = 72


def sample(stream: RandomStream) -> Params:
    """Draw a word of 2-12 letters that has both, and a window in the square from 2 to 4."""
    length = stream.integer(2, 12)
    letters = [stream.integer(0, 1) for _ in range(length)]
    letters[stream.integer(0, length - 1)] = 1 - letters[0]
    letters[0] = 1 - max(letters[1:]) if len({*letters}) == 1 else letters[0]
    side = stream.log_uniform(0.12, 1.6)
    return {
        "word": letters,
        "window": [stream.uniform(2.4, 4.0 - side), stream.uniform(2.4, 4.0 - side), side],
        "turn": stream.integer(0, 3),
        "chaos": stream.uniform(0.1, 0.6),
        "level": stream.uniform(0.5, 1.0),
    }


@kernel
def exponents(size: int, window: NDArray[np.float64], word: NDArray[np.int64], steps: int) -> Field:
    """Return the mean of log |r (1 - 2x)| along the orbit of each pixel (r_a, r_b), float32 (S, S)."""
    out = np.empty((size, size), np.float32)
    one, two, least = np.float32(1.0), np.float32(2.0), np.float32(1e-3)
    x, r_a = np.empty(size, np.float32), np.empty(size, np.float32)
    product, total = np.empty(size, np.float32), np.empty(size)
    for row in range(size):
        r_b = np.float32(window[1] + window[2] * (row + 0.5) / size)
        for column in range(size):
            r_a[column] = window[0] + window[2] * (column + 0.5) / size
        x[:] = 0.5
        product[:] = 1.0
        total[:] = 0.0
        for step in range(-24, steps):
            b_turn = word[(step + 24) % word.shape[0]] == 1
            for column in range(size):
                r = r_b if b_turn else r_a[column]
                slope = abs(r * (one - two * x[column]))
                product[column] *= slope if slope > least else least
                x[column] = r * x[column] * (one - x[column])
            if (step + 24) % 12 == 11:  # twelve factors stay within the range of a single
                for column in range(size):
                    total[column] += log(np.float64(product[column])) if step > 0 else 0.0
                product[:] = 1.0
        for column in range(size):
            out[row, column] = total[column] / steps
    return out


def _field(params: Params, size: int) -> Field:
    field = exponents(size, np.array(params["window"]), np.array(params["word"], np.int64), STEPS)
    chaos = np.float32(params["chaos"])
    return np.ascontiguousarray(np.rot90(np.where(field > 0, field * chaos, np.maximum(field, -4)), params["turn"]))


def probe(params: Params) -> str:
    """Refuse windows with one exponent nearly everywhere, or with chaos alone."""
    field = _field(params, PROBE_SIDE).astype(np.float64)
    chaos = np.count_nonzero(field > 0) / field.size
    if chaos > 0.6:
        return "noise"
    return "bland" if chaos < 0.02 or field.std() < 0.15 else ""


def render(params: Params, size: int) -> Layer:
    """Draw the exponents; chaos is compressed, since its neighbours differ at random."""
    return Layer(equalised(_field(params, size), params["level"]))


FAMILY = Family(sample=sample, probe=probe, render=render, varied=("window",))
