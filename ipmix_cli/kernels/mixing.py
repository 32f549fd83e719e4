"""The four mixings of a patch of the running picture with its partner, in place.

``canvas`` is the running picture, ``partner`` the patch alone. To clip, arithmetic is float64 in the order of the
formulas, so that it makes the bits of the plain formula: for ``multiply`` with one table of 256 entries for each side,
for ``add`` in those rows alone where whole numbers of 2**-22 levels, four times as fast, leave a byte in doubt.
To wrap, and for tiny betas, it is the float32 arithmetic of the published code: there the last bits are seen.
"""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.compiler import entry, inlined, kernel
from ipmix_cli.kernels.elementary import power_table, single_power_table
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.stream import hash32
from ipmix_cli.kernels.types import Bytes, Frame, Number, Pair, Reals

LOW_HALF = np.uint64(0xFFFFFFFF)
S32 = np.uint64(32)
LIMIT = 2.0**31
LEVELS = np.float32(255.0)
PIXEL = np.uint32(3)
DOUBLED = 2.0 * (np.arange(256) / 255.0) - 1.0
SINGLE_DOUBLED = np.float32(2) * (np.arange(256, dtype=np.float32) / np.float32(255)) - np.float32(1)

BITS = np.int32(22)
ONE = 2.0**22
PART = np.int32((1 << 22) - 1)
MARGIN = 257  # two factors and a sum, each off by half a unit, the factors times 255
BLACK, WHITE = np.int32(0), np.int32(255)


@kernel
def fill_terms(a: Number, b: Number, overflow: Number, terms: Reals) -> None:
    """Fill terms (2, 256) float64 with the factors of the picture's bytes and of the partner's, for multiply.

    They hold the formula's division by 2, which changes an exponent and no digit.
    """
    if overflow != codes.CLIP:
        single_power_table(a, terms[0])
        single_power_table(b, terms[1])
        for value in range(256):
            terms[0, value] *= 0.5
        terms[0, 0] = 0.5 if np.float32(a) == 0.0 else 0.0  # 0 ** 0 is 1
        return
    power_table(a, 0.5, terms[0])
    power_table(b, 1.0, terms[1])
    terms[0, 0] = 0.0  # only the partner is kept above 1e-37


@inlined
def clip_row(values: Reals, out: Bytes) -> None:
    """Make bytes of values: clip to [0, 1], times 255, truncate."""
    for i in range(out.size):
        out[i] = np.uint8(np.int32(min(max(values[i], 0.0), 1.0) * 255.0))


@inlined
def clip_single_row(values: Reals, out: Bytes) -> None:
    """Make bytes of float32 values: clip to [0, 1], times 255 in float32, truncate."""
    for i in range(out.size):
        out[i] = np.uint8(np.int32(np.float32(min(max(values[i], 0.0), 1.0)) * LEVELS))


@inlined
def wrap_row(values: Reals, out: Bytes) -> None:
    """Make bytes of float32 values: times 255 in float32, truncate to int32, modulo 256; 0 beyond int32."""
    for i in range(out.size):
        scaled = np.float64(np.float32(values[i]) * LEVELS)
        fits = scaled >= -LIMIT and scaled < LIMIT
        out[i] = np.uint8(np.int64(scaled) & 255) if fits else 0


@inlined
def quantise(values: Reals, out: Bytes, overflow: Number) -> None:
    """Make bytes of values."""
    if overflow == codes.CLIP:
        clip_row(values, out)
    elif overflow == codes.CLIP_SINGLE:
        clip_single_row(values, out)
    else:
        wrap_row(values, out)


@kernel
def multiply(canvas: Bytes, partner: Bytes, frame: Frame, terms: Reals, values: Reals, overflow: Number) -> None:
    """Multiply with a patch, by terms; ``values`` is float64, as long as the patch is wide, to work in."""
    _, W, top, left, height, width = frame
    mine, other = terms[0], terms[1]
    for r in range(height):
        first = ((top + r) * W + left) * 3
        u, v = canvas[first : first + width * 3], partner[r * width * 3 :]
        for i in range(np.uintp(u.size)):
            values[i] = mine[u[i]] * other[v[i]]
        if overflow != codes.CLIP:
            for i in range(np.uintp(u.size)):
                values[i] = np.float64(np.float32(values[i]))  # the product of two float32, rounded once
        quantise(values, u, overflow)


@inlined
def add_single_row(u: Bytes, v: Bytes, factors: Pair, values: Reals) -> None:
    """Add a row of bytes in float32 arithmetic, in the order of the published code."""
    a, b = np.float32(factors[0]), np.float32(factors[1])
    for i in range(u.size):
        total = np.float32(np.float32(a * SINGLE_DOUBLED[u[i]]) + np.float32(b * SINGLE_DOUBLED[v[i]]))
        values[i] = np.float64(np.float32(total + np.float32(1.0)) * np.float32(0.5))


@kernel
def add_row(u: Bytes, v: Bytes, factors: Pair, values: Reals, overflow: Number) -> None:
    """Add a row of bytes; ``values`` is float64, as long as the row, to work in."""
    a, b = factors
    if overflow != codes.CLIP:
        add_single_row(u, v, factors, values)
        quantise(values, u, overflow)
        return
    for i in range(np.uintp(u.size)):
        values[i] = (a * DOUBLED[u[i]] * 0.5 + b * DOUBLED[v[i]] * 0.5) + 0.5
    quantise(values, u, overflow)


@kernel
def add_quickly(u: Bytes, v: Bytes, factors: Pair, line: Bytes) -> Number:
    """Add a row of bytes into a line, in whole numbers, and clip; return whether any byte is in doubt.

    The factors' magnitudes sum up to 3 at most.
    """
    a, b = np.int32(np.floor(factors[0] * ONE + 0.5)), np.int32(np.floor(factors[1] * ONE + 0.5))
    start = np.int32(np.floor(127.5 * (1.0 - factors[0] - factors[1]) * ONE + 0.5) + MARGIN)
    least = PART
    for i in range(u.size):
        total = np.int32(np.int32(np.int32(u[i]) * a) + np.int32(np.int32(v[i]) * b))
        total = np.int32(total + start)
        line[i] = np.uint8(min(max(np.int32(total >> BITS), BLACK), WHITE))
        part = np.int32(total & PART)
        least = part if part < least else least
    return least < 2 * MARGIN


@inlined
def add(
    canvas: Bytes, partner: Bytes, frame: Frame, factors: Pair, work: tuple[Bytes, Reals], overflow: Number
) -> None:
    """Add a patch; ``work`` is a row of bytes and one of float64, to work in."""
    _, W, top, left, height, width = frame
    line, values = work
    exactly = overflow != codes.CLIP or abs(factors[0]) + abs(factors[1]) > 3.0
    for r in range(height):
        first = ((top + r) * W + left) * 3
        u, v = canvas[first : first + width * 3], partner[r * width * 3 :]
        if exactly or add_quickly(u, v, factors, line):
            add_row(u, v, factors, values, overflow)
        else:
            copy_bytes(line[: width * 3], u)


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
