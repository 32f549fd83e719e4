"""Blue noise, brownish noise, Perlin noise and plasma."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.c_bar.levels import levels_of, share_of
from ipmix_cli.corruptions.corruption import Conditions, Corruption
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.picture import Picture

NODES = 256  # of the lattice of Perlin noise along an axis
CELLS = 7  # of that lattice in the short side, in the first octave


def phases_of(draws: Draws, number: int, size: tuple[int, int]) -> NDArray[np.float64]:
    """Return the uniforms that decide the phases of one channel: of the left half, then of the middle column if any."""
    height, width = size
    return draws.uniform(number, height * (width // 2) + (height // 2 if width % 2 else 0))


def spectral_noise(uniforms: NDArray[np.float64], size: tuple[int, int], rising: bool) -> NDArray[np.float64]:
    """Return noise (H, W) of standard deviation 1, whose amplitude rises with frequency, or falls with its square."""
    from ipmix_cli.kernels.corruptions.spectrum import fill_spectrum

    spectrum = np.empty((*size, 2))
    fill_spectrum(uniforms, int(rising), spectrum)
    noise = np.fft.ifft2(spectrum.view(np.complex128)[..., 0]).real
    deviation = np.std(noise)
    return np.asarray(noise / deviation if deviation else noise, np.float64)


def blue_noise_sample(picture: Picture, level: float, draws: Draws, _: Conditions) -> Picture:
    """Keep the pixels where blue noise exceeds a threshold; the others turn black."""
    size = (picture.shape[0], picture.shape[1])
    noise = spectral_noise(phases_of(draws, 0, size), size, True)
    kept = noise > share_of(level, 3.0) - 2.5
    return picture * kept[..., None]


def blue_fields(_: Any, draws: Draws, size: tuple[int, int], __: Conditions) -> dict[str, NDArray[Any]]:
    """Return the uniforms of the phases."""
    return {"uniform": phases_of(draws, 0, size)}


def brownish_noise(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Add noise of long waves, of each channel its own."""
    from ipmix_cli.kernels.corruptions.spectrum import add_coloured

    size = (picture.shape[0], picture.shape[1])
    noise = np.stack([spectral_noise(phases_of(draws, channel, size), size, False) for channel in range(3)])
    out = np.empty_like(picture)
    add_coloured(picture, noise, share_of(level, 64), conditions.half, out)
    return out


def brownish_fields(_: Any, draws: Draws, size: tuple[int, int], __: Conditions) -> dict[str, NDArray[Any]]:
    """Return the uniforms of the phases of each channel."""
    return {"uniform": np.stack([phases_of(draws, channel, size) for channel in range(3)])}


def perlin_noise(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Mix with grey turbulence.

    Published: one of 262,144 gradients has no length, and what it reaches is black, as it is not a number.
    """
    from ipmix_cli.kernels.corruptions.lattice import mix_turbulence, shuffle_nodes

    size = (picture.shape[0], picture.shape[1])
    arrays = perlin_fields(level, draws, size, conditions)
    order = np.empty(NODES, np.int64)
    shuffle_nodes(arrays["shuffle"], order)
    gradients = arrays["gradients"] / NODES
    lengths = np.sqrt((gradients * gradients).sum(1, keepdims=True))
    with np.errstate(invalid="ignore"):
        gradients = gradients / (np.maximum(lengths, 1e-9) if conditions.corrected else lengths)
    out = np.empty_like(picture)
    frequency = 1 / (32 * min(size) / 224)
    mix_turbulence(picture, (order, gradients), frequency, share_of(level, 0.5), conditions.half, out)
    return out


def perlin_fields(_: Any, draws: Draws, __: tuple[int, int], ___: Conditions) -> dict[str, NDArray[Any]]:
    """Return the gradients in 1/256, and the nodes that each is exchanged with, from the last one down."""
    return {"gradients": draws.steps(0, NODES, NODES, 2), "shuffle": draws.steps(1, NODES // 2, NODES) + NODES // 2}


def plasma_noise(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Mix with coloured plasma: sines of sines."""
    from ipmix_cli.kernels.corruptions.waves import mix_plasma

    drawn = draws.numbers
    rates = np.array([1.93, 1.15, 2.25 - drawn["sharpness"]])
    scales = np.cumprod(np.vstack([np.ones(3), np.tile(rates, (int(drawn["iterations"]) - 1, 1))]), axis=0)
    pattern = drawn["time"], drawn["scale"] * min(picture.shape[:2])
    out = np.empty_like(picture)
    mix_plasma(picture, scales, pattern, share_of(level, 64), conditions.half, out)
    return out


BLUE_NOISE_SAMPLE = Corruption(
    name="blue_noise_sample",
    code=36,
    summary="pixels turn black where blue noise is low",
    parameters=levels_of("blue_noise_sample"),
    meaning=("level",),
    apply=blue_noise_sample,
    fields=blue_fields,
)
BROWNISH_NOISE = Corruption(
    name="brownish_noise",
    code=37,
    summary="coloured clouds: noise of long waves is added",
    parameters=levels_of("brownish_noise"),
    meaning=("level",),
    apply=brownish_noise,
    fields=brownish_fields,
)
PERLIN_NOISE = Corruption(
    name="perlin_noise",
    code=38,
    summary="a veil of grey turbulence",
    parameters=levels_of("perlin_noise"),
    meaning=("level",),
    apply=perlin_noise,
    fields=perlin_fields,
)
PLASMA_NOISE = Corruption(
    name="plasma_noise",
    code=39,
    summary="coloured plasma of sines within sines",
    parameters=levels_of("plasma_noise"),
    meaning=("level",),
    apply=plasma_noise,
    numbers={
        "time": (0.0, 6 * math.pi),
        "iterations": (4.0, 7.0),
        "sharpness": (0.5, 1.0),
        "scale": (0.075, 0.2),
    },
)
