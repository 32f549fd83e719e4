"""Gaussian, shot, impulse and speckle noise."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.corruption import Conditions, Corruption
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.profiles import PROFILES
from ipmix_cli.picture import Picture

GUIDES = 256  # entries a level in the table that a search begins from
NEGLIGIBLE = 1e-19  # probability over the largest one, far below what 52 bits of a uniform can meet


def gaussian_noise(picture: Picture, scale: float, draws: Draws, conditions: Conditions) -> Picture:
    """Add N(0, scale) to each element of 0 .. 1."""
    from ipmix_cli.kernels.corruptions.noise import add_noise

    out = np.empty_like(picture)
    noise = draws.normal(0, picture.size)
    add_noise(picture.reshape(-1), noise, float(scale), conditions.half, out.reshape(-1))
    return out


def speckle_noise(picture: Picture, scale: float, draws: Draws, conditions: Conditions) -> Picture:
    """Add to each element itself times N(0, scale)."""
    from ipmix_cli.kernels.corruptions.noise import multiply_noise

    out = np.empty_like(picture)
    noise = draws.normal(0, picture.size)
    multiply_noise(picture.reshape(-1), noise, float(scale), conditions.half, out.reshape(-1))
    return out


def normals(_: Any, draws: Draws, size: tuple[int, int], __: Conditions) -> dict[str, NDArray[Any]]:
    """Return the standard normals of each element."""
    return {"normal": draws.normal(0, *size, 3)}


def impulse_noise(picture: Picture, amount: float, draws: Draws, conditions: Conditions) -> Picture:
    """Turn each element, not each pixel, to 0 or 255 with probability `amount`."""
    from ipmix_cli.kernels.corruptions.noise import salt_and_pepper

    out = np.empty_like(picture)
    keys = draws.field_key(0), draws.field_key(1)
    salt_and_pepper(picture.reshape(-1), *keys, float(amount), conditions.half, out.reshape(-1))
    return out


def impulses(_: Any, draws: Draws, size: tuple[int, int], __: Conditions) -> dict[str, NDArray[Any]]:
    """Return the uniforms that choose elements, and those that choose salt."""
    return {"flipped": draws.uniform(0, *size, 3), "salted": draws.uniform(1, *size, 3)}


@functools.lru_cache(maxsize=32)
def poisson_tables(photons: float) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Return starts, guides and cumulative sums of Poisson(photons * level / 255) for the 256 levels of a byte.

    From sums, products and quotients alone, so that every machine draws the same counts. See ``count_photons``.
    """
    starts = np.zeros(256, np.int64)
    guides = np.zeros((256, GUIDES), np.int32)
    sums: list[NDArray[np.float64]] = []
    used = 0
    digits = np.arange(GUIDES) / GUIDES
    for level in range(256):
        first, cumulative = poisson_sums(level / 255.0 * photons)
        starts[level] = used - first
        guides[level] = first + np.searchsorted(cumulative, digits)
        used += len(cumulative)
        sums.append(cumulative)
    return starts, guides, np.concatenate(sums)


def poisson_sums(mean: float) -> tuple[int, NDArray[np.float64]]:
    """Return the first count that matters, and the cumulative probabilities from it on; the last is 1.

    Examples
    --------
    >>> poisson_sums(0.0)
    (0, array([1.]))
    """
    mode = int(mean)
    above, below = [1.0], [1.0]  # over the mode's probability
    while mean > 0.0 and above[-1] > NEGLIGIBLE:
        above.append(above[-1] * mean / (mode + len(above)))
    while len(below) <= mode and below[-1] > NEGLIGIBLE:
        below.append(below[-1] * (mode - len(below) + 1) / mean)
    cumulative = np.cumsum(np.array(below[:0:-1] + above))
    cumulative /= cumulative[-1]
    return mode - len(below) + 1, cumulative


def photon_counts(picture: Picture, photons: float, draws: Draws) -> NDArray[np.int64]:
    """Return a Poisson count of mean photons * x for each element x of 0 .. 1."""
    from ipmix_cli.kernels.corruptions.noise import count_photons

    counts = np.empty(picture.shape, np.int64)
    count_photons(picture.reshape(-1), draws.field_key(0), *poisson_tables(float(photons)), counts.reshape(-1))
    return counts


def shot_noise(picture: Picture, photons: float, draws: Draws, conditions: Conditions) -> Picture:
    """Replace each element x by Poisson(photons * x) / photons."""
    counts = photon_counts(picture, photons, draws)
    levels = np.clip(np.arange(counts.max() + 1) / photons, 0, 1) * 255 + conditions.half
    out: Picture = levels.astype(np.uint8)[counts]
    return out


def photons_drawn(_: Any, draws: Draws, size: tuple[int, int], __: Conditions) -> dict[str, NDArray[Any]]:
    """Return the uniforms that counts are the Poisson quantiles of."""
    return {"uniform": draws.uniform(0, *size, 3)}


GAUSSIAN_NOISE = Corruption(
    name="gaussian_noise",
    code=0,
    summary="noise of electronics in poor light: a normal number is added to each element",
    parameters=PROFILES["gaussian_noise"],
    meaning=("standard_deviation",),
    apply=gaussian_noise,
    fields=normals,
)
SHOT_NOISE = Corruption(
    name="shot_noise",
    code=1,
    summary="noise of counted photons: each element becomes a Poisson count",
    parameters=PROFILES["shot_noise"],
    meaning=("photons",),
    apply=shot_noise,
    fields=photons_drawn,
)
IMPULSE_NOISE = Corruption(
    name="impulse_noise",
    code=2,
    summary="salt and pepper on single elements, from bit errors",
    parameters=PROFILES["impulse_noise"],
    meaning=("amount",),
    apply=impulse_noise,
    fields=impulses,
)
SPECKLE_NOISE = Corruption(
    name="speckle_noise",
    code=15,
    summary="noise in proportion to the element",
    parameters=PROFILES["speckle_noise"],
    meaning=("standard_deviation",),
    apply=speckle_noise,
    fields=normals,
)
