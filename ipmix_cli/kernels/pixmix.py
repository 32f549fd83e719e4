"""PixMix: a chain of mixings of the whole picture in float32, clipped after each, quantised once at the end.

Powers of the running picture are a polynomial's in float32, within 3e-7 of the range, so that bytes are within one
level of the published code's (they differ where a value lies next to the middle between two levels). Those of the
partner, which is made of bytes, come from a table.
"""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.compiler import entry, inlined, kernel
from ipmix_cli.kernels.copies import crop_partner
from ipmix_cli.kernels.elementary import power_table
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.operations import forget, operate
from ipmix_cli.kernels.types import Bytes, Floats, Number, PlanRows, Reals, Words
from ipmix_cli.kernels.workspace import CLEAN, Workspace

# 2 / ln 2 over 1, 3, 5, 7 and 9: log2 of (1 + s) / (1 - s)
L1, L3, L5, L7, L9 = (np.float32(2.0 / math.log(2.0) / n) for n in (1, 3, 5, 7, 9))
# ln 2 ** n / n!
E1, E2, E3, E4, E5, E6, E7 = (np.float32(math.log(2.0) ** n / math.factorial(n)) for n in range(1, 8))
ROOT_HALF = np.int32(0x3F3504F3)  # the bits of its square root
BIAS, S1, S23 = np.int32(127), np.int32(1), np.int32(23)
# 1.5 * 2**23: a whole number that is added to it, or to its bits, appears in the others
SHIFT, SHIFT_BITS = np.float32(12582912.0), np.int32(0x4B400000)
SMALLEST = np.float32(-240.0)  # of which half still is an exponent
DARKEST = np.float32(2.0**-126)  # the smallest number that has its bits in the usual form
ZERO, HALF, ONE = (np.float32(v) for v in (0.0, 0.5, 1.0))
LEVELS = np.float32(255.0)


@inlined
def scale_of(exponent: Number) -> Number:
    """Return 2 to the power of a whole number of -126 to 127."""
    return np.int32(np.int32(exponent + BIAS) << S23).view(np.float32)


@inlined
def times_power(factor: Number, x: Number, exponent: Number) -> Number:
    """Return factor * x ** exponent in float32, for x of 2**-126 to 2 and an exponent of 0 to 2.

    There is no branch, table or conversion in it, so that it is done for many numbers at once. It is off by 3e-7 of the
    whole range, where the product is within it. The power's scale is multiplied in halves: it does not underflow before
    a factor, of up to 1e37, raises it again.
    """
    bits = np.float32(x).view(np.int32)
    e = np.int32(np.int32(bits - ROOT_HALF) >> S23)
    m = np.int32(bits - np.int32(e << S23)).view(np.float32)
    s = np.float32((m - ONE) / (m + ONE))
    z = s * s
    whole = np.int32(e + SHIFT_BITS).view(np.float32) - SHIFT
    y = max(exponent * (whole + s * (L1 + z * (L3 + z * (L5 + z * (L7 + z * L9))))), SMALLEST)
    shifted = np.float32(y + SHIFT)
    r = y - (shifted - SHIFT)
    p = ONE + r * (E1 + r * (E2 + r * (E3 + r * (E4 + r * (E5 + r * (E6 + r * E7))))))
    n = np.int32(shifted.view(np.int32) - SHIFT_BITS)
    half = np.int32(n >> S1)
    return factor * scale_of(half) * scale_of(np.int32(n - half)) * p


@kernel
def multiply(canvas: Floats, partner: Bytes, a: Number, table: Reals, factors: Floats) -> None:
    """Multiply a power of twice the canvas with the partner's, from a table of 256 that has the half, and clip.

    ``factors`` is as long as a row of the picture, to work in.
    """
    exponent = np.float32(a)
    for first in range(0, canvas.size, factors.size):
        part, other = canvas[first : first + factors.size], partner[first:]
        for i in range(part.size):
            factors[i] = np.float32(table[other[i]])
        for i in range(part.size):
            doubled = part[i] + part[i]
            factor = factors[i] if doubled > ZERO else ZERO
            part[i] = min(times_power(factor, max(doubled, DARKEST), exponent), ONE)


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


@inlined
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
        multiply(canvas, partner, a, workspace.terms[1], workspace.fractions[: 3 * workspace.width])


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
