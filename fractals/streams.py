"""Random words inside kernels: splitmix64, as a stream or as a hash of a place."""

from __future__ import annotations

import numpy as np

from ipmix_cli.numba_cache.jit import inlined

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@inlined
def mixed(word: np.uint64) -> np.uint64:
    """Return 64 well-mixed bits (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@inlined
def as_unit(word: np.uint64) -> float:
    """Return the upper bits of a word as a number in [0, 1)."""
    return np.float64(word >> np.uint64(11)) * 2.0**-53
