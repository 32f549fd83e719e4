"""From plans to copies: the steps of a chain, the chains of a copy, the copies of a batch."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.blend import weighted_sum
from ipmix_cli.kernels.compiler import entry, inlined, kernel
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.mixing import add, fill_mask, fill_terms, mix_masked, multiply
from ipmix_cli.kernels.operations import forget, operate
from ipmix_cli.kernels.types import Bytes, Frame, Number, PlanRows, Reals, Words
from ipmix_cli.kernels.workspace import CLEAN, Workspace


@inlined
def frame_of(words: Words, at: Number, workspace: Workspace) -> Frame:
    """Return the frame that a step makes: the whole picture, or the patch of a mixing."""
    if words[at + codes.KIND] == codes.OPERATION:
        return workspace.height, workspace.width, 0, 0, workspace.height, workspace.width
    top, left = words[at + codes.TOP], words[at + codes.LEFT]
    return workspace.height, workspace.width, top, left, words[at + codes.HEIGHT], words[at + codes.WIDTH]


@kernel
def crop_patch(pixels: Bytes, first: Number, stride: Number, frame: Frame, patch: Bytes) -> None:
    """Copy a patch of a mixing picture, from its byte ``first`` on."""
    height, count = frame[4], frame[5] * 3
    for r in range(height):
        source, target = pixels[first + r * stride :], patch[r * count : (r + 1) * count]
        for i in range(count):
            target[i] = source[i]


@inlined
def crop_partner(words: Words, frame: Frame, workspace: Workspace) -> None:
    """Fill the workspace's patch with the frame's box of the plan's mixing picture, where the plan crops it."""
    index = words[codes.MIXING_INDEX]
    stride = np.int64(workspace.shapes[index, 1]) * 3
    row, column = words[codes.CROP_TOP] + frame[2], words[codes.CROP_LEFT] + frame[3]
    first = workspace.offsets[index] + row * stride + column * 3
    crop_patch(workspace.pixels, first, stride, frame, workspace.buffers[workspace.chains + 2])


@inlined
def mix(words: Words, reals: Reals, at: Number, canvas: Bytes, frame: Frame, workspace: Workspace) -> None:
    """Mix a box of the canvas with the workspace's patch, in place."""
    code, factors = words[at + codes.CODE], (reals[at + codes.A], reals[at + codes.B])
    buffers, terms, values, overflow, chains = (
        workspace.buffers,
        workspace.terms,
        workspace.reals,
        workspace.overflow,
        workspace.chains,
    )
    patch = buffers[chains + 2]
    if code == codes.RANDOM_PIXELS or code == codes.RANDOM_ELEMENTS:  # noqa: PLR1714
        mask = buffers[chains + 3][: frame[4] * frame[5] * 3]
        fill_mask(code, np.uint64(words[at + codes.MASK_KEY]), reals[at + codes.P], mask)
        mix_masked(canvas, patch, frame, mask)
    elif code == codes.ADD:
        add(canvas, patch, frame, factors, (workspace.lines[0], values), overflow)
    else:
        fill_terms(factors[0], factors[1], overflow, terms)
        multiply(canvas, patch, frame, terms, values, overflow)


@kernel
def fill_rows(clean: Bytes, canvas: Bytes, frame: Frame, touched: Words) -> None:
    """Copy rows of the clean picture, so that the canvas holds those of the frame beside the ones touched before.

    A canvas of patches holds no more than that: the rows that it has not touched are the picture's.
    """
    _, W, top, _, height, _ = frame
    first: Number = min(top, touched[0])
    last: Number = max(top + height, touched[1])
    if touched[0] == touched[1]:
        first, last = top, top + height
        touched[0], touched[1] = top, top
    copy_bytes(clean[first * W * 3 : touched[0] * W * 3], canvas[first * W * 3 :])
    copy_bytes(clean[touched[1] * W * 3 : last * W * 3], canvas[touched[1] * W * 3 :])
    touched[0], touched[1] = first, last


@inlined
def run_step(words: Words, reals: Reals, at: Number, chain: Number, current: Number, workspace: Workspace) -> None:
    """Run the step at a row's word ``at`` on the buffer ``current``, into the chain's buffer.

    An operation on the running picture, and one that makes a partner, are the same call: it is compiled once.
    """
    buffers, slots, touched, patch, spare = (
        workspace.buffers,
        workspace.slots,
        workspace.touched,
        workspace.chains + 2,
        workspace.chains + 1,
    )
    mixing = words[at + codes.KIND] == codes.MIXING
    frame = frame_of(words, at, workspace)
    if mixing or current != CLEAN:
        canvas = slots[chain + 1]
        fill_rows(buffers[CLEAN], buffers[canvas], frame, touched[canvas])
    if not mixing or words[at + codes.PARTNER] == codes.PARTNER_OPERATION:
        if not mixing and current != CLEAN:
            forget(workspace.known[1])
        code = words[at + (codes.PARTNER_CODE if mixing else codes.CODE)]
        parameter = reals[at + (codes.PARTNER_PARAMETER if mixing else codes.PARAMETER)]
        source, target = (CLEAN, patch) if mixing else (current, slots[spare])
        operate(code, parameter, source, target, frame, workspace)
    else:
        crop_partner(words, frame, workspace)
    if not mixing:
        slots[chain + 1], slots[spare] = slots[spare], slots[chain + 1]
        touched[slots[chain + 1]] = 0, frame[0]
        return
    mix(words, reals, at, buffers[canvas], frame, workspace)


@inlined
def make_copy(words: Words, reals: Reals, workspace: Workspace, out: Bytes) -> None:
    """Apply one plan to the clean picture."""
    chains, slots = workspace.chains, workspace.slots
    first_length = codes.HEAD_WORDS + chains
    at = first_length + chains
    max_steps = (words.size - at) // (chains * codes.STEP_WORDS)
    workspace.touched[:] = 0
    for chain in range(chains):
        current = np.int64(CLEAN)  # a constant has a type of its own, for which all of a step would be compiled twice
        for step in range(words[first_length + chain]):
            run_step(words, reals, at + step * codes.STEP_WORDS, chain, current, workspace)
            current = slots[chain + 1]
        at += max_steps * codes.STEP_WORDS
    head, lengths = reals[codes.HEAD_WORDS : first_length], words[first_length : first_length + chains]
    weighted_sum(head, reals[codes.BLEND], lengths, workspace, out)


@entry
def make_copies(pictures: Bytes, rows: PlanRows, workspace: Workspace, out: Bytes) -> None:
    """Apply plans (N, K, words) to pictures (N, H * W * 3), into out (N, K, H * W * 3)."""
    clean = workspace.buffers[CLEAN]
    for n in range(pictures.shape[0]):
        picture = pictures[n]
        for i in range(picture.size):
            clean[i] = picture[i]
        forget(workspace.known[0])
        for copy in range(out.shape[1]):
            make_copy(rows.words[n, copy], rows.reals[n, copy], workspace, out[n, copy])
