"""The four mixings of a patch of the running picture with its partner, in place.

``canvas`` is the running picture, ``partner`` the patch alone. Arithmetic is float64 in the order of the formulas, with
one table of 256 entries for each side, so that it makes the bits of the plain formula.
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.algorithm.kernels import codes
from ipmix_cli.algorithm.kernels.compiler import entry, inlined, kernel, spliced
from ipmix_cli.algorithm.kernels.desk import Desk
from ipmix_cli.algorithm.kernels.elementary import power_table
from ipmix_cli.algorithm.kernels.stream import hash32
from ipmix_cli.algorithm.kernels.types import Bytes, Frame, Number, Reals

LOW_HALF = np.uint64(0xFFFFFFFF)
S32 = np.uint64(32)
LIMIT = 2.0**63
PIXEL = np.uint32(3)


@kernel
def fill_terms(code: Number, a: Number, b: Number, wrap: Number, terms: Reals) -> None:
    """Fill terms (2, 256) float64 with those of the picture's bytes and of the partner's.

    They hold the formulas' division by 2, which changes an exponent and no digit.
    """
    if code == codes.MULTIPLY:
        power_table(a, 0.5, wrap, terms[0])
        power_table(b, 1.0, wrap, terms[1])
        terms[0, 0] = 0.0  # only the partner is kept above 1e-37
        return
    for value in range(256):
        doubled = 2.0 * (value / 255.0) - 1.0
        terms[0, value] = a * doubled * 0.5
        terms[1, value] = b * doubled * 0.5


@inlined
def clip_row(values: Reals, out: Bytes) -> None:
    """Make bytes of values: clip to [0, 1], times 255, truncate."""
    for i in range(out.size):
        out[i] = np.uint8(np.int32(min(max(values[i], 0.0), 1.0) * 255.0))


@inlined
def wrap_row(values: Reals, out: Bytes) -> None:
    """Make bytes of values: times 255, truncate to int64, modulo 256; 0 beyond int64."""
    for i in range(out.size):
        scaled = values[i] * 255.0
        fits = scaled >= -LIMIT and scaled < LIMIT
        out[i] = np.uint8(np.int64(scaled) & 255) if fits else 0


@kernel
def mix_row(u: Bytes, v: Bytes, code: Number, terms: Reals, values: Reals, wrap: Number) -> None:
    """Add or multiply a row of bytes; ``values`` is float64, as long as the row, to work in."""
    mine, other = terms[0], terms[1]
    if code == codes.MULTIPLY:
        for i in range(np.uintp(u.size)):
            values[i] = mine[u[i]] * other[v[i]]
    else:
        for i in range(np.uintp(u.size)):
            values[i] = (mine[u[i]] + other[v[i]]) + 0.5
    if wrap == 0:
        clip_row(values, u)
    else:
        wrap_row(values, u)


@spliced
def mix_values(canvas: Bytes, partner: Bytes, frame: Frame, code: Number, desk: Desk) -> None:
    """Add or multiply, by terms."""
    _, W, top, left, height, width = frame
    for r in range(height):
        first = ((top + r) * W + left) * 3
        v = partner[r * width * 3 :]
        mix_row(canvas[first : first + width * 3], v, code, desk.terms, desk.reals, desk.wrap)


@entry
def fill_mask(code: Number, key: Number, p: Number, mask: Bytes) -> None:
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
def mix_masked(canvas: Bytes, partner: Bytes, frame: Frame, mask: Bytes) -> None:
    """Take the partner's bytes where the mask is 0."""
    _, W, top, left, height, width = frame
    for r in range(height):
        u = canvas[((top + r) * W + left) * 3 :]
        v = partner[r * width * 3 :]
        kept = mask[r * width * 3 :]
        for i in range(width * 3):
            u[i] = v[i] ^ ((u[i] ^ v[i]) & kept[i])  # a choice without a branch, which the compiler makes of "if"
