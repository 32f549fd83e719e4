"""From plans of operations, one after the other, to copies: what methods without mixings and chains need."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.affine import fill_outside, nearest
from ipmix_cli.kernels.bicubic import bicubic
from ipmix_cli.kernels.chunk import borrowed
from ipmix_cli.kernels.compiler import entry, inlined, kernel
from ipmix_cli.kernels.erasing import erase, erase_with_noise
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.geometric import shear_x, shear_y
from ipmix_cli.kernels.histogram import map_histogram, stretch_tables
from ipmix_cli.kernels.lookup import apply_tables
from ipmix_cli.kernels.operations import HISTOGRAM, STRETCHED, forget, operate_on
from ipmix_cli.kernels.pointwise import solarize_add
from ipmix_cli.kernels.rotate import resample
from ipmix_cli.kernels.types import Bytes, Frame, Matrix, Number, PlanRows, Reals, Words
from ipmix_cli.kernels.workspace import CLEAN, Workspace

RUNNING = 1  # row of Workspace.buffers beside the clean picture
HEAD = codes.SEQUENCE_HEAD_WORDS


@inlined
def move(words: Words, reals: Reals, source: Bytes, target: Bytes, frame: Frame, workspace: Workspace) -> None:
    """Apply the geometric operation of a step: every pixel is taken from where the step's matrix says."""
    m = reals[codes.OP_NUMBERS : codes.OP_NUMBERS + 6]
    matrix = (m[0], m[1], m[2], m[3], m[4], m[5])
    colour = words[codes.OP_FILL]
    if words[codes.OP_RESAMPLE] == codes.NEAREST:
        nearest(source, target, frame, matrix, colour, workspace.parts)
    elif words[codes.OP_RESAMPLE] == codes.BICUBIC:
        bicubic(source, target, frame, matrix, colour, workspace)
    else:
        bilinear(source, target, frame, matrix, workspace)
        if colour != 0:
            fill_outside(target, frame, matrix, colour)


@inlined
def bilinear(source: Bytes, target: Bytes, frame: Frame, matrix: Matrix, workspace: Workspace) -> None:
    """Take every pixel from where a matrix says, bilinearly; along one axis, this is a shear or a shift."""
    a, b, c, d, e, f = matrix
    unit = a == 1.0 and e == 1.0
    if unit and d == 0.0 and f == 0.0 and (b == 0.0 or c == 0.0):
        shear_x(source, target, frame, (b, c), workspace.lines[0], workspace.denominators)
    elif unit and b == 0.0 and c == 0.0 and (d == 0.0 or f == 0.0):
        shear_y(source, target, frame, (d, f), workspace)
    else:
        resample(source, target, frame, matrix, workspace)


@inlined
def run_operation(
    words: Words, reals: Reals, source: Bytes, target: Bytes, which: Number, workspace: Workspace
) -> None:
    """Apply one step to a whole picture; ``which`` as :func:`operate_on` has it."""
    code, parameter = words[codes.OP_CODE], reals[codes.OP_PARAMETER]
    frame = workspace.height, workspace.width, 0, 0, workspace.height, workspace.width
    if codes.ROTATE <= code <= codes.TRANSLATE_Y:
        move(words, reals, source, target, frame, workspace)
    elif code == codes.AUTOCONTRAST and parameter == 0.0:
        row = workspace.width * 3
        tables = workspace.tables[STRETCHED]
        stretch_tables(source, workspace.lines[0][:row], workspace.lines[1][:row], tables)
        apply_tables(source, target, frame, tables)
    elif code == codes.SOLARIZE_ADD:
        solarize_add(source, target, frame, np.int64(parameter))
    elif code < codes.IDENTITY:
        operate_on(code, parameter, source, target, which, frame, workspace)
    else:
        copy_bytes(source, target)
        run_eraser(words, reals, target, workspace)


@inlined
def run_eraser(words: Words, reals: Reals, target: Bytes, workspace: Workspace) -> None:
    """Apply a step that erases, in place; no other does anything."""
    box = (
        workspace.height,
        workspace.width,
        words[codes.OP_TOP],
        words[codes.OP_LEFT],
        words[codes.OP_HEIGHT],
        words[codes.OP_WIDTH],
    )
    if words[codes.OP_CODE] == codes.ERASE:
        erase(target, box, words[codes.OP_FILL])
    elif words[codes.OP_CODE] == codes.ERASE_WITH_NOISE:
        numbers = reals[codes.OP_NUMBERS : codes.OP_NUMBERS + 6]
        memory = workspace.terms, workspace.reals, workspace.parts
        erase_with_noise(target, box, np.uint64(words[codes.OP_KEY]), numbers, memory)


@kernel
def erases_alone(words: Words) -> Number:
    """Return whether a plan does nothing but erase."""
    for step in range(words[codes.SEQUENCE_LENGTH]):
        if words[HEAD + step * codes.OP_WORDS + codes.OP_CODE] < codes.ERASE:
            return False
    return True


@inlined
def run_sequence(words: Words, reals: Reals, picture: Bytes, workspace: Workspace, out: Bytes) -> None:
    """Apply one plan to a picture; its last step writes the copy itself."""
    length = words[codes.SEQUENCE_LENGTH]
    source = picture
    for step in range(length):
        at = HEAD + step * codes.OP_WORDS
        target = out if step == length - 1 else workspace.buffers[RUNNING + step % 2]
        if step > 0:
            forget(workspace.known[1])
            last = words[at - codes.OP_WORDS + codes.OP_CODE]
            if words[at + codes.OP_CODE] == codes.EQUALIZE and last == codes.EQUALIZE:  # known without counting
                before = np.int64(step > 1)
                histograms = workspace.histograms
                map_histogram(histograms[before], workspace.tables[before], workspace.counters, histograms[1])
                workspace.known[1, HISTOGRAM] = 1
        run_operation(words[at:], reals[at:], source, target, np.int64(step > 0), workspace)
        source = target


@inlined
def begins_scattered(words: Words) -> Number:
    """Return whether a plan's first step takes pixels from all over the picture, one by one.

    Such a step is three times as fast from a copy, which is in the processor's cache; it may read a byte too much.
    """
    code = words[HEAD + codes.OP_CODE]
    return words[HEAD + codes.OP_RESAMPLE] == codes.NEAREST and (code == codes.ROTATE or code == codes.SHEAR_Y)  # noqa: PLR1714


@entry
def make_sequences(pictures: Bytes, rows: PlanRows, workspace: Workspace, out: Bytes) -> None:
    """Apply plans (N, V, words) to pictures (N, H * W * 3), into out (N, V, H * W * 3)."""
    clean = workspace.buffers[CLEAN]
    for n in range(pictures.shape[0]):
        picture, copied = borrowed(pictures[n]), False
        forget(workspace.known[0])
        for variant in range(out.shape[1]):
            words, reals = rows.words[n, variant], rows.reals[n, variant]
            if erases_alone(words):
                copy_bytes(picture, out[n, variant])
                for step in range(words[codes.SEQUENCE_LENGTH]):
                    at = HEAD + step * codes.OP_WORDS
                    run_eraser(words[at:], reals[at:], out[n, variant], workspace)
                continue
            if not copied and begins_scattered(words):
                copy_bytes(picture, clean)
                picture, copied = clean, True
            run_sequence(words, reals, picture, workspace, out[n, variant])
