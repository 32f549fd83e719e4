"""Drawing plans: every distribution of IPMix as a closed form of uniforms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.elementary import log, power
from ipmix_cli.kernels.stream import below, stream_key, uniform, word
from ipmix_cli.kernels.types import Number, PlanRows, Reals, Size, Words


class Distributions(NamedTuple):
    """The settings that plans are drawn by."""

    chains: int
    max_steps: int
    severity: float
    beta: float
    self_mix: float
    operations: npt.NDArray[np.int64]  # codes
    mixings: npt.NDArray[np.int64]  # codes
    patch_sizes: npt.NDArray[np.int64]
    shapes: npt.NDArray[np.int32]  # (M, 2) of the mixing pictures


class Wanted(NamedTuple):
    """Whose plans are drawn: the pictures' indices (N,), and the numbers of copies of each (N, K)."""

    indices: npt.NDArray[np.int64]
    copies: npt.NDArray[np.int64]


@entry
def parameter_of(code: Number, level: Number, sign: Number, size: Size) -> Number:
    """Return the parameter that an operation has at a level; sign is +1 or -1."""
    value = 0.0
    if code == codes.POSTERIZE:
        value = max(4.0 - np.trunc(level * 4.0 / 10.0), 1.0)  # at level 10 itself: Pillow knows no 0 bits
    elif code == codes.SOLARIZE:
        value = 256.0 - np.trunc(level * 256.0 / 10.0)
    elif code == codes.ROTATE:
        value = sign * np.trunc(level * 30.0 / 10.0)
    elif code == codes.SHEAR_X or code == codes.SHEAR_Y:  # noqa: PLR1714
        value = sign * (level * 0.3 / 10.0)
    elif code == codes.TRANSLATE_X:
        value = sign * np.trunc(level * (size[1] / 3.0) / 10.0)
    elif code == codes.TRANSLATE_Y:
        value = sign * np.trunc(level * (size[0] / 3.0) / 10.0)
    elif code == codes.AUTOCONTRAST:
        value = 10.0 - level
    elif code >= codes.COLOR:
        value = level * 1.8 / 10.0 + 0.1
    return value


@inlined
def draw_operation(key: Number, slot: Number, distributions: Distributions, size: Size) -> tuple[Number, Number]:
    """Draw an operation and its parameter from three slots: code, level, sign."""
    code = distributions.operations[below(key, slot, distributions.operations.size)]
    level = 0.1 + (distributions.severity - 0.1) * uniform(key, slot + 1)
    sign = 1.0 if uniform(key, slot + 2) < 0.5 else -1.0
    return code, parameter_of(code, level, sign, size)


@inlined
def draw_patch(key: Number, slot: Number, distributions: Distributions, size: Size, words: Words) -> None:
    """Draw a patch: left and top for the square, then, half of the time, a thinner one in its place."""
    largest = distributions.patch_sizes[below(key, slot + codes.DRAW_PATCH_SIZE, distributions.patch_sizes.size)]
    words[codes.LEFT] = below(key, slot + codes.DRAW_LEFT, size[1] - largest + 1)
    words[codes.TOP] = below(key, slot + codes.DRAW_TOP, size[0] - largest + 1)
    width = height = largest
    if uniform(key, slot + codes.DRAW_SQUARE) >= 0.5:
        width = 2 + below(key, slot + codes.DRAW_WIDTH, largest - 1)
        height = 2 + below(key, slot + codes.DRAW_HEIGHT, largest - 1)
    words[codes.WIDTH] = width
    words[codes.HEIGHT] = height


@inlined
def draw_mixing(key: Number, slot: Number, distributions: Distributions, words: Words, reals: Reals) -> None:
    """Draw a mixing and its numbers."""
    code = distributions.mixings[below(key, slot + codes.DRAW_CODE, distributions.mixings.size)]
    words[codes.CODE] = code
    branch = uniform(key, slot + codes.DRAW_BRANCH)
    if code == codes.RANDOM_PIXELS or code == codes.RANDOM_ELEMENTS:  # noqa: PLR1714
        reals[codes.P] = branch
        words[codes.MASK_KEY] = np.int64(word(key, slot + codes.DRAW_MASK))
        return
    first = power(uniform(key, slot + codes.DRAW_A), 1.0 / distributions.beta)  # Beta(beta, 1), or 1 - Beta(1, beta)
    second = 1.0 - power(uniform(key, slot + codes.DRAW_B), 1.0 / distributions.beta)  # Beta(1, beta)
    if branch < 0.5:
        reals[codes.A], reals[codes.B] = first, second
    else:
        reals[codes.A], reals[codes.B] = 1.0 + (1.0 - first), -second


@inlined
def draw_step(key: Number, slot: Number, distributions: Distributions, size: Size, words: Words, reals: Reals) -> None:
    """Draw one step into its words, which hold its kind already."""
    if words[codes.KIND] == codes.OPERATION:
        words[codes.CODE], reals[codes.PARAMETER] = draw_operation(key, slot + codes.DRAW_CODE, distributions, size)
        return
    draw_patch(key, slot, distributions, size, words)
    draw_mixing(key, slot, distributions, words, reals)
    if uniform(key, slot + codes.DRAW_PARTNER) < distributions.self_mix:
        words[codes.PARTNER] = codes.PARTNER_OPERATION
        code, parameter = draw_operation(key, slot + codes.DRAW_PARTNER_CODE, distributions, size)
        words[codes.PARTNER_CODE], reals[codes.PARTNER_PARAMETER] = code, parameter


@inlined
def draw_weights(key: Number, distributions: Distributions, reals: Reals) -> None:
    """Draw the chains' weights, Dirichlet(1, .., 1): exponentials over their sum."""
    per_chain = codes.CHAIN_DRAWS + distributions.max_steps * codes.STEP_DRAWS
    total = 0.0
    for chain in range(distributions.chains):
        drawn = -log(uniform(key, codes.HEAD_DRAWS + chain * per_chain + codes.DRAW_WEIGHT))
        reals[codes.HEAD_WORDS + chain] = drawn
        total += drawn
    for chain in range(distributions.chains):
        reals[codes.HEAD_WORDS + chain] /= total


@inlined
def draw_head(key: Number, distributions: Distributions, size: Size, words: Words, reals: Reals) -> None:
    """Draw blend, weights, and the mixing picture with its crop."""
    reals[codes.BLEND] = uniform(key, codes.DRAW_BLEND)
    index = below(key, codes.DRAW_MIXING, distributions.shapes.shape[0])
    height, width = np.int64(distributions.shapes[index, 0]), np.int64(distributions.shapes[index, 1])
    words[codes.MIXING_INDEX] = index
    words[codes.CROP_TOP] = below(key, codes.DRAW_CROP_TOP, height - size[0] + 1)
    words[codes.CROP_LEFT] = below(key, codes.DRAW_CROP_LEFT, width - size[1] + 1)
    draw_weights(key, distributions, reals)


@inlined
def draw_plan(key: Number, distributions: Distributions, size: Size, words: Words, reals: Reals) -> None:
    """Draw one plan into a row of zeros."""
    draw_head(key, distributions, size, words, reals)
    lengths = codes.HEAD_WORDS + distributions.chains
    first = lengths + distributions.chains
    for chain in range(distributions.chains):
        slot = codes.HEAD_DRAWS + chain * (codes.CHAIN_DRAWS + distributions.max_steps * codes.STEP_DRAWS)
        kind = codes.OPERATION if uniform(key, slot + codes.DRAW_CHAIN_KIND) < 0.5 else codes.MIXING
        words[lengths + chain] = below(key, slot + codes.DRAW_LENGTH, distributions.max_steps + 1)
        for step in range(words[lengths + chain]):
            at = first + (chain * distributions.max_steps + step) * codes.STEP_WORDS
            drawn = slot + codes.CHAIN_DRAWS + step * codes.STEP_DRAWS
            words[at + codes.KIND] = kind
            draw_step(key, drawn, distributions, size, words[at:], reals[at:])


@entry
def draw_plans(
    seed: Number, purpose: Number, wanted: Wanted, distributions: Distributions, size: Size, rows: PlanRows
) -> None:
    """Draw the plans of copies of pictures, into rows of zeros (N, K, words)."""
    for n in range(wanted.indices.size):
        for copy in range(rows.words.shape[1]):
            key = stream_key(seed, purpose, np.uint64(wanted.indices[n]), np.uint64(wanted.copies[n, copy]))
            draw_plan(key, distributions, size, rows.words[n, copy], rows.reals[n, copy])
