"""Draws over whole batches: uniform numbers by slot, and what distributions need of them beyond arithmetic.

Every draw of a plan has its own slot of the variant's stream, so that no draw depends on how many came before it.
Elementary functions are this package's own: NumPy's differ in the last bit from machine to machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.randomness import PURPOSES, check_seed

Reals = NDArray[np.float64]
Words = NDArray[np.int64]


def draw_uniforms(seed: int, indices: Words, variants: int, slots: int) -> Reals:
    """Return the first numbers, each in the open interval (0, 1), of the streams of all variants of some samples.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.
    indices : ndarray of int64, (N,)
        The samples' indices in their source.
    variants, slots : int
        Variants of each sample, and numbers of each stream.

    Returns
    -------
    ndarray of float64, (N, variants, slots)

    Raises
    ------
    UsageError
        If the seed does not fit into 64 bits.
    """
    from ipmix_cli.kernels.draws import fill_uniforms

    places = np.ascontiguousarray(indices, np.int64)
    out = np.empty((places.size, variants, slots))
    fill_uniforms(np.uint64(check_seed(seed)), np.uint64(PURPOSES["copy"]), places, out)
    return out


def below(uniforms: Reals, count: int | Words) -> Words:
    """Return whole numbers of 0 .. count - 1, each as likely."""
    return (uniforms * count).astype(np.int64)


def signs(uniforms: Reals) -> Reals:
    """Return -1 or 1, each with probability 1/2."""
    return np.where(uniforms < 0.5, 1.0, -1.0)


def keys(uniforms: Reals) -> NDArray[np.uint64]:
    """Return the 52 random bits of uniform numbers, as keys of further streams."""
    return (uniforms * 2.0**52).astype(np.uint64)


def normals(uniforms: Reals) -> Reals:
    """Return standard normal numbers."""
    from ipmix_cli.kernels.draws import take_normals

    out = np.array(uniforms, order="C")
    take_normals(out.reshape(-1))
    return out


def logarithms(positive: Reals) -> Reals:
    """Return natural logarithms."""
    from ipmix_cli.kernels.draws import take_logarithms

    out = np.array(positive, order="C")
    take_logarithms(out.reshape(-1))
    return out


def exponentials(numbers: Reals) -> Reals:
    """Return e to the power of numbers from -700 to 700."""
    from ipmix_cli.kernels.draws import take_exponentials

    out = np.array(numbers, order="C")
    take_exponentials(out.reshape(-1))
    return out


def powers(uniforms: Reals, exponent: float) -> Reals:
    """Return a positive power of numbers of the open interval (0, 1): U**(1 / beta) is Beta(beta, 1)."""
    from ipmix_cli.kernels.draws import take_powers

    out = np.array(uniforms, order="C")
    take_powers(out.reshape(-1), np.float64(exponent))
    return out


def symmetric_beta(side: Reals, tries: Reals, shape: float) -> Reals:
    """Return Beta(shape, shape) numbers by rejection.

    One below 1/2 is ``y ** (1 / shape)``, for y of a density that is proportional to ``(1 - x) ** (shape - 1)``: within
    a factor of two of a constant for a shape up to 2. The last try is always taken.

    Parameters
    ----------
    side : ndarray of float64, (..)
        Uniform numbers: from 1/2 on, the number is that much below 1, not above 0.
    tries : ndarray of float64, (.., tries, 2)
        Uniform numbers.
    shape : float
        0.05 to 4.

    Returns
    -------
    ndarray of float64, (..)
    """
    x = powers(tries[..., 0] * powers(np.array([0.5]), shape), 1.0 / shape)
    x = np.minimum(x, 0.5)
    density = powers(
        np.maximum(1.0 - x, 1e-300) / 2.0, abs(shape - 1.0) or 1.0
    )  # halved: powers are of the open (0, 1)
    limits = powers(np.array([0.25, 0.5]), abs(shape - 1.0) or 1.0)  # at x = 1/2, and at 0
    accepted = tries[..., 1] * limits[1] < density if shape >= 1 else tries[..., 1] * density < limits[0]
    accepted[..., -1] = True
    chosen = np.take_along_axis(x, accepted.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    return np.asarray(np.where(side < 0.5, chosen, 1.0 - chosen))


def dirichlet_of_ones(uniforms: Reals) -> Reals:
    """Return weights of the last axis, Dirichlet(1, .., 1): exponentials over their sum."""
    drawn = -logarithms(uniforms)
    total = drawn[..., 0].copy()
    for i in range(1, drawn.shape[-1]):  # one after the other: NumPy's own sum has an order of its own
        total += drawn[..., i]
    return np.asarray(drawn / total[..., None])


def compile_draws() -> None:
    """Compile what draws, or load it from the cache."""
    draw_uniforms(0, np.zeros(1, np.int64), 1, 1)
    for function in (logarithms, exponentials, normals):
        function(np.array([0.5]))
    powers(np.array([0.5]), 2.0)
