"""Random phases under a spectrum of natural pictures, 1 / (|fx|**a + |fy|**b) (M. Baradad et al., NeurIPS 2021)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.elementary import TURN, power, sincos
from fractals.family import Family, Layer, Params, no_probe
from fractals.plasma import fitted, power_of_two
from fractals.randomness import RandomStream
from fractals.streams import GOLDEN, as_unit, mixed
from fractals.tone import equalised
from ipmix_cli.numba_cache.jit import kernel


def sample(stream: RandomStream) -> Params:
    """Draw how fast the amplitude falls off in both directions."""
    return {
        "fall": [stream.uniform(0.8, 2.4), stream.uniform(0.8, 2.4)],
        "level": stream.uniform(0.3, 1.0),
        "seed": stream.seed(),
    }


@kernel
def waves(size: int, a: float, b: float, seed: int) -> NDArray[np.complex128]:
    """Return the half spectrum (S, S / 2 + 1) of a real picture; a frequency's phase does not depend on the size."""
    out = np.zeros((size, size // 2 + 1), np.complex128)
    for column in range(size // 2 + 1):
        across = power(float(column), a)
        for row in range(size):
            frequency = row if row < size // 2 else row - size
            if row == 0 and column == 0:
                continue
            place = np.uint64(seed) + GOLDEN * np.uint64((frequency + 65536) * 131072 + column)
            sin, cos = sincos(TURN * as_unit(mixed(place)))
            amplitude = 1.0 / (across + power(float(abs(frequency)), b))
            out[row, column] = complex(amplitude * cos, amplitude * sin)
    return out


def render(params: Params, size: int) -> Layer:
    """Add up the waves with an inverse Fourier transform (numpy's is plain C++, without code for special CPUs)."""
    side = power_of_two(size)
    picture = np.fft.irfft2(waves(side, params["fall"][0], params["fall"][1], params["seed"]), (side, side))
    field = np.pad(picture.astype(np.float32) * np.float32(side * side), ((0, 1), (0, 1)), mode="wrap")
    return Layer(equalised(fitted(field, size), params["level"]))


FAMILY = Family(sample=sample, probe=no_probe, render=render, varied=("fall", "seed"))
