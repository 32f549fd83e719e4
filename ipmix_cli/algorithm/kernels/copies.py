"""From plans to copies: the steps of a chain, the chains of a copy, the copies of a batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fractals.jit import kernel
from ipmix_cli.algorithm.kernels import codes
from ipmix_cli.algorithm.kernels.blend import fixed_weights, weighted_sum
from ipmix_cli.algorithm.kernels.mixing import fill_tables, mask_elements, mix_masked, mix_values
from ipmix_cli.algorithm.kernels.operations import Figures, forget, operate
from ipmix_cli.algorithm.kernels.pointwise import copy_box


class Bank(NamedTuple):
    """Mixing pictures, already resized, one after the other."""

    pixels: npt.NDArray[np.uint8]  # flat
    offsets: npt.NDArray[np.int64]  # (M,) first byte of each
    shapes: npt.NDArray[np.int32]  # (M, 2) height and width of each


class Rows(NamedTuple):
    """Plans, seen as integers and as reals: the same bytes, (N, K, words)."""

    words: npt.NDArray[np.int64]
    reals: npt.NDArray[np.float64]


class Scratch(NamedTuple):
    """Memory to work in: nothing in it outlives a copy but the clean picture and its figures."""

    buffers: npt.NDArray[np.uint8]  # (k + 2, H * W * 3): the clean picture, one a chain, one spare
    patch: npt.NDArray[np.uint8]  # (H * W * 3,) the partner's patch
    mask: npt.NDArray[np.uint8]  # (H * W * 3,)
    slots: npt.NDArray[
        np.int64
    ]  # (k + 2,) which buffer holds the clean picture, which each chain; then the spare
    fixed: npt.NDArray[np.int32]  # (k + 1,) weights
    sums: npt.NDArray[np.int32]
    tables: npt.NDArray[np.float64]  # (2, 256) of add and multiply
    clean: Figures
    running: Figures


@kernel
def partner_patch(words, reals, at, size, bank, scratch):  # type: ignore[no-untyped-def]
    """Fill scratch.patch with the partner of the mixing step at a row's word ``at``; return the patch's box."""
    top, left = words[at + codes.TOP], words[at + codes.LEFT]
    height, width = words[at + codes.HEIGHT], words[at + codes.WIDTH]
    box = (top, left, height, width)
    if words[at + codes.PARTNER] == codes.PARTNER_OPERATION:
        code, parameter = words[at + codes.PARTNER_CODE], reals[at + codes.PARTNER_PARAMETER]
        operate(code, parameter, scratch.buffers[0], scratch.patch, size, box, scratch.clean)
        return box
    index = words[codes.MIXING_INDEX]
    start = bank.offsets[index]
    stride = np.int64(bank.shapes[index, 1]) * 3
    for r in range(height):
        first = start + (words[codes.CROP_TOP] + top + r) * stride + (words[codes.CROP_LEFT] + left) * 3
        a = bank.pixels[first : first + width * 3]
        b = scratch.patch[r * width * 3 : (r + 1) * width * 3]
        for i in range(width * 3):
            b[i] = a[i]
    return box


@kernel
def mix_step(words, reals, at, canvas, size, bank, scratch, wrap):  # type: ignore[no-untyped-def] # noqa: PLR0913
    """Mix a patch of the canvas with its partner, in place."""
    box = partner_patch(words, reals, at, size, bank, scratch)
    code = words[at + codes.CODE]
    if code == codes.ADD or code == codes.MULTIPLY:  # noqa: PLR1714
        fill_tables(code, reals[at + codes.A], reals[at + codes.B], scratch.tables)
        mix_values(canvas, scratch.patch, size, box, code, scratch.tables, wrap)
        return
    count = box[2] * box[3]
    if code == codes.RANDOM_ELEMENTS:
        count *= 3
    mask = scratch.mask[:count]
    mask_elements(np.uint64(words[at + codes.MASK_KEY]), reals[at + codes.P], mask)
    mix_masked(canvas, scratch.patch, size, box, code, mask)


@kernel
def run_chain(words, reals, first, chain, length, size, bank, scratch, wrap):  # type: ignore[no-untyped-def] # noqa: PLR0913
    """Run the steps of one chain; its result is in the buffer scratch.slots[chain + 1]."""
    whole = (0, 0, size[0], size[1])
    slots, spare = scratch.slots, scratch.slots.size - 1
    current = 0
    for step in range(length):
        at = first + step * codes.STEP_WORDS
        if words[at + codes.KIND] == codes.OPERATION:
            figures = scratch.clean
            if current != 0:
                figures = scratch.running
                forget(figures)
            source, target = scratch.buffers[current], scratch.buffers[slots[spare]]
            operate(words[at + codes.CODE], reals[at + codes.PARAMETER], source, target, size, whole, figures)
            slots[chain + 1], slots[spare] = slots[spare], slots[chain + 1]
        else:
            if current == 0:
                copy_box(scratch.buffers[0], scratch.buffers[slots[chain + 1]], size, whole)
            mix_step(words, reals, at, scratch.buffers[slots[chain + 1]], size, bank, scratch, wrap)
        current = slots[chain + 1]


@kernel
def make_copy(words, reals, size, bank, scratch, wrap, out):  # type: ignore[no-untyped-def] # noqa: PLR0913
    """Apply one plan to the picture in buffer 0."""
    chains = scratch.fixed.size - 1
    weights = reals[codes.HEAD_WORDS : codes.HEAD_WORDS + chains]
    lengths = words[codes.HEAD_WORDS + chains : codes.HEAD_WORDS + 2 * chains]
    steps = codes.HEAD_WORDS + 2 * chains
    words_per_chain = (words.size - steps) // chains
    for chain in range(chains):
        first = steps + chain * words_per_chain
        run_chain(words, reals, first, chain, lengths[chain], size, bank, scratch, wrap)
    fixed_weights(weights, reals[codes.BLEND], lengths, scratch.fixed)
    weighted_sum(scratch.buffers, scratch.slots[: chains + 1], scratch.fixed, out, scratch.sums)


@kernel
def make_copies(pictures, rows, size, bank, scratch, wrap, out):  # type: ignore[no-untyped-def] # noqa: PLR0913
    """Apply plans (N, K, words) to pictures (N, H * W * 3), into out (N, K, H * W * 3)."""
    clean = scratch.buffers[0]
    for n in range(pictures.shape[0]):
        picture = pictures[n]
        for i in range(picture.size):
            clean[i] = picture[i]
        forget(scratch.clean)
        for copy in range(out.shape[1]):
            words, reals = rows.words[n, copy], rows.reals[n, copy]
            make_copy(words, reals, size, bank, scratch, wrap, out[n, copy])
