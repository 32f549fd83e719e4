"""The only source of randomness: independent streams, each a pure function of seed, purpose, index and copy.

A stream is SplitMix64 read at a counter, so any number of it can be had without those before it. This is the plain
twin of ``kernels/stream.py``, for draws too few to need a compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipmix_cli.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# What a stream is for: two purposes never share numbers. A number once given stays.
PURPOSES = {"copy": 1, "crop": 2, "choice": 3, "corruption": 4, "frost": 5, "perturbation": 7}

MASK = 0xFFFFFFFFFFFFFFFF
GOLDEN = 0x9E3779B97F4A7C15


def scramble(z: int) -> int:
    """Return SplitMix64's finaliser of 64 bits (Steele, Lea and Flood, OOPSLA 2014)."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def scramble_all(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return :func:`scramble` of each number of an array, in a new array."""
    import numpy as np

    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def check_seed(seed: int) -> int:
    """Return the seed if it fits into 64 bits without sign.

    Raises
    ------
    UsageError
        If it does not.
    """
    if not 0 <= seed <= MASK:
        raise UsageError(f"seed is {seed}: expected a whole number from 0 to 2**64 - 1", "choose another seed")
    return seed


def stream_key(seed: int, purpose: str, index: int, copy: int = 0) -> int:
    """Return the 64-bit key of a stream."""
    key = scramble((check_seed(seed) + GOLDEN) & MASK)
    for word in (PURPOSES[purpose], index, copy):
        key = scramble(((key ^ word) + GOLDEN) & MASK)
    return key


def uniforms(seed: int, purpose: str, index: int, count: int, copy: int = 0) -> list[float]:
    """Return the first numbers of a stream, each in the open interval (0, 1).

    Parameters
    ----------
    seed : int
        The job's seed, 0 to 2**64 - 1.
    purpose : str
        One of :data:`PURPOSES`.
    index : int
        The sample's index in its source.
    count : int
        How many numbers.
    copy : int
        The copy's (or crop's) number.

    Examples
    --------
    >>> uniforms(0, "crop", 7, 2) == uniforms(0, "crop", 7, 3)[:2]
    True
    """
    return uniforms_of(stream_key(seed, purpose, index, copy), count)


def uniforms_of(key: int, count: int) -> list[float]:
    """Return the first numbers of the stream with this key, each in the open interval (0, 1)."""
    words = (scramble((key + (slot + 1) * GOLDEN) & MASK) for slot in range(count))
    return [((word >> 12) + 0.5) * 2.0**-52 for word in words]
