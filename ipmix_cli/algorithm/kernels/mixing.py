"""The four mixings of a patch of the running picture with its partner, in place.

``canvas`` is the running picture, ``partner`` the patch alone. Arithmetic is float64 in the order of the formulas, with
one table of 256 entries for each side, so that it makes the bits of the plain formula.
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.algorithm.kernels import codes
from ipmix_cli.algorithm.kernels.compiler import inlined, kernel
from ipmix_cli.algorithm.kernels.elementary import power_table
from ipmix_cli.algorithm.kernels.stream import hash32

LOW_HALF = np.uint64(0xFFFFFFFF)
S32 = np.uint64(32)
LIMIT = 2.0**63
PIXEL = np.uint32(3)


@kernel
def fill_tables(code, a, b, tables):  # type: ignore[no-untyped-def]
    """Fill tables (2, 256) float64 with the terms of the picture's bytes and of the partner's."""
    if code == codes.MULTIPLY:
        power_table(a, tables[0])
        power_table(b, tables[1])
        tables[0, 0] = 0.0  # only the partner is kept above 1e-37
        return
    for value in range(256):
        doubled = 2.0 * (value / 255.0) - 1.0
        tables[0, value] = a * doubled
        tables[1, value] = b * doubled


@inlined
def clipped(value):  # type: ignore[no-untyped-def]
    """Make a byte of a value: clip to [0, 1], times 255, truncate."""
    return np.uint8(np.int32(min(max(value, 0.0), 1.0) * 255.0))


@inlined
def wrapped(value):  # type: ignore[no-untyped-def]
    """Make a byte of a value: times 255, truncate to int64, modulo 256; 0 beyond int64."""
    scaled = value * 255.0
    if not -LIMIT <= scaled < LIMIT:
        return np.uint8(0)
    return np.uint8(np.int64(scaled) & 255)


@kernel
def mix_values(canvas, partner, frame, code, tables, wrap):  # type: ignore[no-untyped-def]
    """Add or multiply, by tables."""
    _, W, top, left, height, width = frame
    mine, other = tables[0], tables[1]
    multiply = code == codes.MULTIPLY
    count = np.uintp(width * 3)
    for r in range(height):
        u = canvas[((top + r) * W + left) * 3 :]
        v = partner[r * width * 3 :]
        if multiply and wrap == 0:
            for i in range(count):
                u[i] = clipped(mine[u[i]] * other[v[i]] * 0.5)
        elif multiply:
            for i in range(count):
                u[i] = wrapped(mine[u[i]] * other[v[i]] * 0.5)
        elif wrap == 0:
            for i in range(count):
                u[i] = clipped((mine[u[i]] + other[v[i]] + 1.0) * 0.5)
        else:
            for i in range(count):
                u[i] = wrapped((mine[u[i]] + other[v[i]] + 1.0) * 0.5)


@kernel
def fill_mask(code, key, p, mask):  # type: ignore[no-untyped-def]
    """Fill the mask of a patch, a byte for each of its bytes: 255 where the picture's own stays, else 0.

    Each pixel (its three bytes alike) or each byte stays with probability p.
    """
    low, high = np.uint32(key & LOW_HALF), np.uint32(key >> S32)
    limit = np.uint32(np.int64(p * 4294967296.0))
    if code == codes.RANDOM_ELEMENTS:
        for i in range(mask.size):
            mask[i] = 255 if hash32(np.uint32(i), low, high) < limit else 0
    else:
        for i in range(mask.size):
            mask[i] = 255 if hash32(np.uint32(np.uint32(i) // PIXEL), low, high) < limit else 0


@kernel
def mix_masked(canvas, partner, frame, mask):  # type: ignore[no-untyped-def]
    """Take the partner's bytes where the mask is 0."""
    _, W, top, left, height, width = frame
    for r in range(height):
        u = canvas[((top + r) * W + left) * 3 :]
        v = partner[r * width * 3 :]
        kept = mask[r * width * 3 :]
        for i in range(width * 3):
            u[i] = v[i] ^ ((u[i] ^ v[i]) & kept[i])  # a choice without a branch, which the compiler makes of "if"
