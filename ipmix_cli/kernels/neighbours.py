"""Sixteen neighbours weighted at once, which LLVM does not find by itself: the loops are too short for it.

LLVM makes of a vector what the processor has, be it one register or four.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba.extending
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types

from ipmix_cli.kernels.types import Bytes, Floats, Number

AT_ONCE = 16  # bytes of a row: four pixels, and four bytes that are not used
CHANNELS = 4  # numbers that are stored: three count
FLOAT, INDEX = ir.FloatType(), ir.IntType(32)
ROW, ROW_OF_FLOATS = ir.VectorType(ir.IntType(8), AT_ONCE), ir.VectorType(FLOAT, AT_ONCE)
PIXEL = ir.VectorType(FLOAT, CHANNELS)
Four = tuple[Number, Number, Number, Number]

extending: Any = numba.extending
void: Any = types.void


@extending.intrinsic
def weigh_neighbours(_: Any, source: Bytes, rows: Four, down: Four, across: Four, out: Floats) -> Any:
    """Fill out (4,) with a pixel's channels, and one number more: the weighted sum of 4 x 4 neighbours.

    ``rows`` are the first bytes (uintp) in source of four neighbours in each of four rows; the weights of rows (down)
    and of columns (across) are float32. Sixteen bytes of each row are read.
    """
    return void(source, rows, down, across, out), _weigh


def _weigh(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    """Write the code."""
    source, out = (context.make_array(signature.args[at])(context, builder, values[at]).data for at in (0, 4))
    rows, down, across = ([builder.extract_value(values[at], i) for i in range(4)] for at in (1, 2, 3))
    column = _sum(builder, [_row(builder, source, first) for first in rows], down)
    pixels = [_part(builder, column, first) for first in (0, 3, 6, 9)]
    place = builder.bitcast(out, PIXEL.as_pointer())
    builder.store(_sum(builder, pixels, across), place, align=4)
    return context.get_dummy_value()


def _row(builder: Any, source: Any, first: Any) -> Any:
    """Return sixteen bytes as float32."""
    place = builder.bitcast(builder.gep(source, [first]), ROW.as_pointer())
    return builder.uitofp(builder.load(place, align=1), ROW_OF_FLOATS)


def _part(builder: Any, vector: Any, first: int) -> Any:
    """Return some numbers of a vector."""
    chosen = ir.Constant(ir.VectorType(INDEX, CHANNELS), list(range(first, first + CHANNELS)))
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), chosen)


def _sum(builder: Any, vectors: Sequence[Any], weights: Sequence[Any]) -> Any:
    """Return the sum of four vectors, each times a number."""
    terms = [
        builder.fmul(vector, _repeated(builder, weight, vector.type))
        for vector, weight in zip(vectors, weights, strict=True)
    ]
    return builder.fadd(builder.fadd(terms[0], terms[1]), builder.fadd(terms[2], terms[3]))


def _repeated(builder: Any, number: Any, kind: Any) -> Any:
    """Return a vector that holds one number everywhere."""
    undefined = ir.Constant(kind, ir.Undefined)
    single = builder.insert_element(undefined, number, ir.Constant(INDEX, 0))
    return builder.shuffle_vector(single, undefined, ir.Constant(ir.VectorType(INDEX, kind.count), None))
