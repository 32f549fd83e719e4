"""Noise on each element of a picture."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.stream import uniform
from ipmix_cli.kernels.types import Bytes, Ints, Number, Reals, Words


@inlined
def to_byte(value: Number, half: Number) -> Number:
    """Return a value of 0 .. 1 as a byte: clipped, times 255, plus `half`, truncated.

    Half is 0.0 to truncate, as the published code does, and 0.5 to round.
    """
    return np.uint8(min(max(value, 0.0), 1.0) * 255.0 + half)


@entry
def write_bytes(values: Reals, half: Number, out: Bytes) -> None:
    """Write values of 0 .. 1 as bytes; see :func:`to_byte`."""
    for i in range(out.size):
        out[i] = to_byte(values[i], half)


@entry
def add_noise(picture: Bytes, noise: Reals, scale: Number, half: Number, out: Bytes) -> None:
    """Add scale * noise to each element."""
    for i in range(out.size):
        out[i] = to_byte(picture[i] / 255.0 + scale * noise[i], half)


@entry
def multiply_noise(picture: Bytes, noise: Reals, scale: Number, half: Number, out: Bytes) -> None:
    """Add element * scale * noise to each element."""
    for i in range(out.size):
        x = picture[i] / 255.0
        out[i] = to_byte(x + x * (scale * noise[i]), half)


@entry
def salt_and_pepper(
    picture: Bytes, flip_key: Number, salt_key: Number, amount: Number, half: Number, out: Bytes
) -> None:
    """Turn each element to 0 or 255 with probability `amount`, each half of the time."""
    for i in range(out.size):
        flipped = uniform(flip_key, i) <= amount
        salted = uniform(salt_key, i) <= 0.5
        noise = np.uint8(255) if salted else np.uint8(0)
        out[i] = noise if flipped else to_byte(picture[i] / 255.0, half)


@entry
def count_photons(picture: Bytes, key: Number, starts: Words, guides: Ints, sums: Reals, counts: Words) -> None:
    """Draw a Poisson count for each element by inversion: the first whose cumulative probability reaches a uniform.

    Parameters
    ----------
    starts : ndarray of int64, (256,)
        Where a level's cumulative probabilities begin in `sums`, less the count that the first of them is for.
    guides : ndarray of int32, (256, G)
        The count to begin the search at, for a level and the uniform's first digit in base G.
    sums : ndarray of float64
        Cumulative probabilities of all levels; each level's last is 1.
    counts : ndarray of int64
        Filled.
    """
    digits = np.float64(guides.shape[1])
    for i in range(counts.size):
        level = picture[i]
        u = uniform(key, i)
        count = np.int64(guides[level, np.int64(u * digits)])
        start = starts[level]
        while sums[start + count] < u:
            count += 1
        counts[i] = count
