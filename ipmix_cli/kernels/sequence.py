"""From plans of operations, one after the other, to copies: what methods without mixings and chains need."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.affine import bicubic, fill_outside, nearest, paint
from ipmix_cli.kernels.compiler import entry, kernel, spliced
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.normal import normal
from ipmix_cli.kernels.operations import forget, operate_on
from ipmix_cli.kernels.pointwise import solarize_add
from ipmix_cli.kernels.rotate import resample
from ipmix_cli.kernels.stream import uniform
from ipmix_cli.kernels.types import Bytes, Frame, Number, PlanRows, Reals, Words
from ipmix_cli.kernels.workspace import CLEAN, Workspace

RUNNING = 1  # row of Workspace.buffers beside the clean picture
HEAD = codes.SEQUENCE_HEAD_WORDS


@kernel
def erase(target: Bytes, frame: Frame, colour: Number) -> None:
    """Fill the frame's box of a whole picture with a colour."""
    _, W, top, left, height, width = frame
    for r in range(height):
        first = ((top + r) * W + left) * 3
        paint(target[first : first + width * 3], colour)


@kernel
def erase_with_noise(target: Bytes, frame: Frame, key: Number, numbers: Reals) -> None:
    """Fill the frame's box with normal noise, numbers its three means and deviations; rounded, clipped to a byte."""
    _, W, top, left, height, width = frame
    slot = 0
    for r in range(height):
        first = ((top + r) * W + left) * 3
        for i in range(width * 3):
            value = numbers[i % 3] + numbers[3 + i % 3] * normal(uniform(key, slot))
            target[first + i] = np.uint8(np.int32(min(max(value + 0.5, 0.0), 255.0)))
            slot += 1


@spliced
def move(words: Words, reals: Reals, source: Bytes, target: Bytes, frame: Frame, workspace: Workspace) -> None:
    """Apply the geometric operation of a step: every pixel is taken from where the step's matrix says."""
    m = reals[codes.OP_NUMBERS : codes.OP_NUMBERS + 6]
    matrix = (m[0], m[1], m[2], m[3], m[4], m[5])
    colour = words[codes.OP_FILL]
    if words[codes.OP_RESAMPLE] == codes.NEAREST:
        nearest(source, target, frame, matrix, colour)
    elif words[codes.OP_RESAMPLE] == codes.BICUBIC:
        bicubic(source, target, frame, matrix, colour)
    else:
        resample(source, target, frame, matrix, workspace)
        if colour != 0:
            fill_outside(target, frame, matrix, colour)


@spliced
def run_operation(
    words: Words, reals: Reals, source: Bytes, target: Bytes, which: Number, workspace: Workspace
) -> None:
    """Apply one step to a whole picture; ``which`` as :func:`operate_on` has it."""
    code, parameter = words[codes.OP_CODE], reals[codes.OP_PARAMETER]
    frame = workspace.height, workspace.width, 0, 0, workspace.height, workspace.width
    if codes.ROTATE <= code <= codes.TRANSLATE_Y:
        move(words, reals, source, target, frame, workspace)
    elif code == codes.SOLARIZE_ADD:
        solarize_add(source, target, frame, np.int64(parameter))
    elif code < codes.IDENTITY:
        operate_on(code, parameter, source, target, which, frame, workspace)
    else:
        copy_bytes(source, target)
        box = (
            workspace.height,
            workspace.width,
            words[codes.OP_TOP],
            words[codes.OP_LEFT],
            words[codes.OP_HEIGHT],
            words[codes.OP_WIDTH],
        )
        if code == codes.ERASE:
            erase(target, box, words[codes.OP_FILL])
        elif code == codes.ERASE_WITH_NOISE:
            numbers = reals[codes.OP_NUMBERS : codes.OP_NUMBERS + 6]
            erase_with_noise(target, box, np.uint64(words[codes.OP_KEY]), numbers)


@spliced
def run_sequence(words: Words, reals: Reals, workspace: Workspace, out: Bytes) -> None:
    """Apply one plan to the clean picture; its last step writes the copy itself."""
    length = words[codes.SEQUENCE_LENGTH]
    if length == 0:
        copy_bytes(workspace.buffers[CLEAN], out)
    source = workspace.buffers[CLEAN]
    for step in range(length):
        at = HEAD + step * codes.OP_WORDS
        target = out if step == length - 1 else workspace.buffers[RUNNING + step % 2]
        if step > 0:
            forget(workspace.known[1])
        run_operation(words[at:], reals[at:], source, target, np.int64(step > 0), workspace)
        source = target


@entry
def make_sequences(pictures: Bytes, rows: PlanRows, workspace: Workspace, out: Bytes) -> None:
    """Apply plans (N, V, words) to pictures (N, H * W * 3), into out (N, V, H * W * 3)."""
    clean = workspace.buffers[CLEAN]
    for n in range(pictures.shape[0]):
        copy_bytes(pictures[n], clean)
        forget(workspace.known[0])
        for variant in range(out.shape[1]):
            run_sequence(rows.words[n, variant], rows.reals[n, variant], workspace, out[n, variant])
