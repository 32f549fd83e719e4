"""Many draws at once, for methods whose distributions are written in NumPy over whole batches."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import entry
from ipmix_cli.kernels.elementary import exp_of_sum, log, power
from ipmix_cli.kernels.normal import normal
from ipmix_cli.kernels.stream import stream_key, uniform
from ipmix_cli.kernels.types import Number, Reals, Words


@entry
def fill_uniforms(seed: Number, purpose: Number, indices: Words, out: Reals) -> None:
    """Fill out (N, V, slots) with the first slots of the streams of all variants of N samples."""
    for n in range(out.shape[0]):
        for variant in range(out.shape[1]):
            key = stream_key(seed, purpose, np.uint64(indices[n]), np.uint64(variant))
            for slot in range(out.shape[2]):
                out[n, variant, slot] = uniform(key, slot)


@entry
def take_logarithms(values: Reals) -> None:
    """Replace positive numbers (n,) by their natural logarithms."""
    for i in range(values.size):
        values[i] = log(values[i])


@entry
def take_exponentials(values: Reals) -> None:
    """Replace numbers (n,) by e to their power."""
    for i in range(values.size):
        values[i] = exp_of_sum(values[i], 0.0)


@entry
def take_powers(values: Reals, exponent: Number) -> None:
    """Replace numbers (n,) of the open interval (0, 1) by a power of them."""
    for i in range(values.size):
        values[i] = power(values[i], exponent)


@entry
def take_normals(values: Reals) -> None:
    """Replace numbers (n,) of the open interval (0, 1) by the standard normal quantiles."""
    for i in range(values.size):
        values[i] = normal(values[i])
