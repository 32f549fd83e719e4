"""PixMix: a chain of mixings of the whole picture in float32, clipped after each, quantised once at the end.

Powers of the running picture are a polynomial's, within 2e-5 of themselves, so that bytes are within one level of the
published code's (they differ where a value lies next to the middle between two levels). Those of the partner, which is
made of bytes, come from a table.
"""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.compiler import entry, inlined, kernel, spliced
from ipmix_cli.kernels.copies import crop_partner
from ipmix_cli.kernels.elementary import power_table
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.operations import forget, operate
from ipmix_cli.kernels.types import Bytes, Floats, Number, PlanRows, Reals, Words
from ipmix_cli.kernels.workspace import CLEAN, Workspace

FRACTION = np.int32(0x007FFFFF)
ONE_BITS = np.int32(0x3F800000)
BIAS, S23 = np.int32(127), np.int32(23)
ROOT_2 = np.float32(1.4142135)
# 2 / ln 2 over 1, 3, 5, 7 and 9: log2 of (1 + s) / (1 - s)
L1, L3, L5, L7, L9 = (np.float32(2.0 / np.log(2.0) / n) for n in (1, 3, 5, 7, 9))
# ln 2 ** n / n!
E1, E2, E3, E4, E5, E6 = (np.float32(np.log(2.0) ** n / math.factorial(n)) for n in range(1, 7))
ZERO, HALF, ONE, TWO = (np.float32(v) for v in (0.0, 0.5, 1.0, 2.0))
TINY, SCALE, SCALE_BITS = np.float32(2.0**-100), np.float32(2.0**64), np.float32(64.0)
LEVELS = np.float32(255.0)


@inlined
def power32(x: Number, exponent: Number) -> Number:
    """Return x ** exponent, for x of 0 to 2 in float32, denormal numbers among them, and an exponent of 0 to 2.

    The power is float64, so that it does not underflow: a black partner can raise it by 1e37.
    """
    tiny = x < TINY
    scaled = np.float32(x * SCALE) if tiny else np.float32(x)
    bits = np.float32(scaled).view(np.int32)
    m = np.int32((bits & FRACTION) | ONE_BITS).view(np.float32)
    above = m > ROOT_2
    m = np.float32(m * HALF) if above else m
    e = np.float32(np.int32(np.int32(bits >> S23) - BIAS))
    e = np.float32(e + ONE) if above else e
    e = np.float32(e - SCALE_BITS) if tiny else e
    s = np.float32(np.float32(m - ONE) / np.float32(m + ONE))
    z = np.float32(s * s)
    series = np.float32(L1 + z * np.float32(L3 + z * np.float32(L5 + z * np.float32(L7 + z * L9))))
    y = np.float32(exponent * np.float32(e + np.float32(s * series)))
    n = np.int32(np.floor(np.float32(y + HALF)))
    r = np.float32(y - np.float32(n))
    p = np.float32(E3 + r * np.float32(E4 + r * np.float32(E5 + r * E6)))
    p = np.float32(ONE + r * np.float32(E1 + r * np.float32(E2 + r * p)))
    power = np.float64(p) * np.int64((np.int64(n) + 1023) << 52).view(np.float64)
    return power if x > ZERO else 0.0


@kernel
def multiply(canvas: Floats, partner: Bytes, a: Number, table: Reals) -> None:
    """Multiply a power of twice the canvas with the partner's, from a table of 256 that has the half, and clip."""
    exponent = np.float32(a)
    for i in range(canvas.size):
        value = power32(np.float32(canvas[i] * TWO), exponent) * table[partner[i]]
        canvas[i] = np.float32(min(value, 1.0))


@kernel
def add(canvas: Floats, partner: Bytes, a: Number, b: Number) -> None:
    """Add with two factors, about the middle of the range, and clip."""
    first, second = np.float32(a), np.float32(b)
    scale = np.float32(ONE / LEVELS)
    rest = np.float32((ONE - first - second) * HALF)
    for i in range(canvas.size):
        value = np.float32(canvas[i] * first + np.float32(np.float32(partner[i]) * scale) * second + rest)
        canvas[i] = min(max(value, ZERO), ONE)


@kernel
def to_floats(picture: Bytes, canvas: Floats) -> None:
    """Scale bytes to [0, 1]."""
    scale = np.float32(ONE / LEVELS)
    for i in range(canvas.size):
        canvas[i] = np.float32(picture[i]) * scale


@kernel
def to_bytes(canvas: Floats, out: Bytes) -> None:
    """Make bytes of a canvas, each the nearest."""
    for i in range(out.size):
        out[i] = np.uint8(np.int32(canvas[i] * LEVELS + HALF))


@spliced
def run_round(words: Words, reals: Reals, at: Number, canvas: Floats, workspace: Workspace) -> None:
    """Run the step at a row's word ``at``: an operation on the clean picture, or a mixing of the canvas."""
    patch = workspace.chains + 2
    mixing = words[at + codes.KIND] == codes.MIXING
    frame = workspace.height, workspace.width, 0, 0, workspace.height, workspace.width
    if not mixing or words[at + codes.PARTNER] == codes.PARTNER_OPERATION:
        code = words[at + (codes.PARTNER_CODE if mixing else codes.CODE)]
        parameter = reals[at + (codes.PARTNER_PARAMETER if mixing else codes.PARAMETER)]
        operate(code, parameter, CLEAN, patch, frame, workspace)
    else:
        crop_partner(words, frame, workspace)
    partner, a, b = workspace.buffers[patch], reals[at + codes.A], reals[at + codes.B]
    if not mixing:
        to_floats(partner, canvas)
    elif words[at + codes.CODE] == codes.ADD:
        add(canvas, partner, a, b)
    else:
        power_table(b, 0.5, workspace.terms[1])
        multiply(canvas, partner, a, workspace.terms[1])


@entry
def make_mixed(pictures: Bytes, rows: PlanRows, workspace: Workspace, canvas: Floats, out: Bytes) -> None:
    """Apply plans (N, K, words) of one chain to pictures (N, H * W * 3), into out (N, K, H * W * 3)."""
    clean = workspace.buffers[CLEAN]
    length = codes.HEAD_WORDS + 1
    for n in range(pictures.shape[0]):
        copy_bytes(pictures[n], clean)
        forget(workspace.known[0])
        for copy in range(out.shape[1]):
            words, reals = rows.words[n, copy], rows.reals[n, copy]
            to_floats(clean, canvas)
            for step in range(words[length]):
                run_round(words, reals, length + 1 + step * codes.STEP_WORDS, canvas, workspace)
            to_bytes(canvas, out[n, copy])
