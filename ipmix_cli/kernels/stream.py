"""Counter-based random numbers: each is a pure function of a 64-bit key and a counter (SplitMix64).

Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; the 32-bit hash is the finaliser of
MurmurHash3 (Appleby, public domain).
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.types import Number

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
S30, S27, S31, S12, S32 = (np.uint64(bits) for bits in (30, 27, 31, 12, 32))

M1 = np.uint32(0x85EBCA6B)
M2 = np.uint32(0xC2B2AE35)
T16, T13 = np.uint32(16), np.uint32(13)


@inlined
def scramble(z: Number) -> Number:
    """Return SplitMix64's finaliser of a uint64."""
    z = (z ^ (z >> S30)) * FIRST
    z = (z ^ (z >> S27)) * SECOND
    return z ^ (z >> S31)


@inlined
def word(key: Number, slot: Number) -> Number:
    """Return the 64 random bits of one slot of a stream."""
    return scramble(key + (np.uint64(slot) + np.uint64(1)) * GOLDEN)


@inlined
def uniform(key: Number, slot: Number) -> Number:
    """Return a number of the open interval (0, 1): 52 bits, and a half so that neither end can occur."""
    return (np.float64(word(key, slot) >> S12) + 0.5) * 2.0**-52


@inlined
def below(key: Number, slot: Number, count: Number) -> Number:
    """Return an integer of 0 .. count - 1."""
    return np.int64(uniform(key, slot) * np.float64(count))


@entry
def stream_key(seed: Number, purpose: Number, index: Number, copy: Number) -> Number:
    """Return the key of the stream that one copy (or crop, ...) draws from; all arguments are uint64."""
    key = scramble(seed + GOLDEN)
    key = scramble((key ^ purpose) + GOLDEN)
    key = scramble((key ^ index) + GOLDEN)
    return scramble((key ^ copy) + GOLDEN)


@inlined
def hash32(index: Number, low: Number, high: Number) -> Number:
    """Return 32 random bits of an element's index and a key in two halves (all uint32), in 32-bit lanes."""
    h = np.uint32(index ^ low)
    h = np.uint32(np.uint32(h ^ (h >> T16)) * M1)
    h = np.uint32(h + high)
    h = np.uint32(np.uint32(h ^ (h >> T13)) * M2)
    return np.uint32(h ^ (h >> T16))
