"""The four mixings of a patch of the running picture with its partner, in place.

``canvas`` is the running picture, ``partner`` the patch alone. Arithmetic is float64 in the order of the formulas, with
one table of 256 entries for each side, so that it is the bits of the plain formula.
"""

from __future__ import annotations

import numpy as np

from fractals.jit import inlined, kernel
from ipmix_cli.algorithm.kernels import codes
from ipmix_cli.algorithm.kernels.elementary import power_table
from ipmix_cli.algorithm.kernels.stream import hash32

LOW_HALF = np.uint64(0xFFFFFFFF)
S32 = np.uint64(32)
LIMIT = 2.0**63


@kernel
def fill_tables(code, a, b, tables):  # type: ignore[no-untyped-def]
    """Fill tables (2, 256) float64 with the terms of the picture's bytes and of the partner's."""
    if code == codes.MULTIPLY:
        power_table(a, 0.0, tables[0])
        power_table(b, 1.0, tables[1])
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
def mix_values(canvas, partner, size, box, code, tables, wrap):  # type: ignore[no-untyped-def] # noqa: PLR0913
    """Add or multiply, by tables."""
    top, left, height, width = box
    mine, other = tables[0], tables[1]
    multiply = code == codes.MULTIPLY
    for r in range(height):
        first = ((top + r) * size[1] + left) * 3
        u = canvas[first : first + width * 3]
        v = partner[r * width * 3 : (r + 1) * width * 3]
        if multiply and wrap == 0:
            for i in range(width * 3):
                u[i] = clipped(mine[u[i]] * other[v[i]] / 2.0)
        elif multiply:
            for i in range(width * 3):
                u[i] = wrapped(mine[u[i]] * other[v[i]] / 2.0)
        elif wrap == 0:
            for i in range(width * 3):
                u[i] = clipped((mine[u[i]] + other[v[i]] + 1.0) / 2.0)
        else:
            for i in range(width * 3):
                u[i] = wrapped((mine[u[i]] + other[v[i]] + 1.0) / 2.0)


@inlined
def keep_below(p):  # type: ignore[no-untyped-def]
    """Return the 32-bit hash below which the picture's own value stays, for a probability of (0, 1)."""
    return np.uint32(np.int64(p * 4294967296.0))


@kernel
def mask_elements(key, p, mask):  # type: ignore[no-untyped-def]
    """Fill a mask, flat uint8, with 1 where the picture's own value stays: each with probability p."""
    low, high = np.uint32(key & LOW_HALF), np.uint32(key >> S32)
    limit = keep_below(p)
    for i in range(mask.size):
        mask[i] = np.uint8(hash32(np.uint32(i), low, high) < limit)


@kernel
def mix_masked(canvas, partner, size, box, code, mask):  # type: ignore[no-untyped-def]
    """Take the partner's pixels, or single elements, where the mask (of the patch, flat uint8) is 0."""
    top, left, height, width = box
    for r in range(height):
        first = ((top + r) * size[1] + left) * 3
        u = canvas[first : first + width * 3]
        v = partner[r * width * 3 : (r + 1) * width * 3]
        if code == codes.RANDOM_ELEMENTS:
            own = mask[r * width * 3 : (r + 1) * width * 3]
            for i in range(width * 3):
                u[i] = u[i] if own[i] != 0 else v[i]
        else:
            own = mask[r * width : (r + 1) * width]
            for x in range(width):
                if own[x] == 0:
                    u[3 * x], u[3 * x + 1], u[3 * x + 2] = v[3 * x], v[3 * x + 1], v[3 * x + 2]
