"""Bytes that are copied many at once, however few are wanted: a copy of unknown length costs more than it moves.

LLVM makes of a chunk what the processor has, be it one instruction or eight.
"""

from __future__ import annotations

from typing import Any

import numba.extending
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types

from ipmix_cli.kernels.types import Bytes, Number

CHUNK = 64  # bytes
VECTOR = ir.VectorType(ir.IntType(8), CHUNK)
PIXEL = ir.IntType(32)  # three bytes and one more

extending: Any = numba.extending
void: Any = types.void


@extending.intrinsic
def copy_chunk(_: Any, source: Bytes, first: Number, target: Bytes, to: Number) -> Any:
    """Copy a chunk of source, from byte ``first`` on, to the bytes of target from ``to`` on; both are uintp."""
    return void(source, first, target, to), _copying(VECTOR)


@extending.intrinsic
def copy_pixel(_: Any, source: Bytes, first: Number, target: Bytes, to: Number) -> Any:
    """Copy four bytes of source, from byte ``first`` on, to the bytes of target from ``to`` on; both are uintp."""
    return void(source, first, target, to), _copying(PIXEL)


@extending.intrinsic
def copy_four_pixels(_: Any, source: Bytes, firsts: Number, target: Bytes, to: Number) -> Any:
    """Copy pixels of source, of four first bytes, side by side to the bytes of target from ``to`` on; all are uintp.

    Four bytes more are written than the pixels have. One store for four takes half of the time that one for each does.
    """
    return void(source, firsts, target, to), _copy_four


@extending.intrinsic
def borrowed(_: Any, array: Bytes) -> Any:
    """Return a read-only array as the type of others, for kernels that only read it: they are not compiled twice."""
    kind: Any = array
    return kind.copy(readonly=False)(kind), lambda _context, _builder, _signature, values: values[0]


def _copying(kind: Any) -> Any:
    """Return what writes the code that copies one value of a kind, wherever it begins."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        places = []
        for at in (0, 2):
            array = context.make_array(signature.args[at])(context, builder, values[at])
            place = builder.gep(array.data, [values[at + 1]])
            places.append(builder.bitcast(place, kind.as_pointer()))
        builder.store(builder.load(places[0], align=1), places[1], align=1)
        return context.get_dummy_value()

    return write


def _copy_four(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    """Write the code that copies four pixels."""
    source, target = (context.make_array(signature.args[at])(context, builder, values[at]).data for at in (0, 2))
    pixels = ir.Constant(ir.VectorType(PIXEL, 4), ir.Undefined)
    for number in range(4):
        place = builder.gep(source, [builder.extract_value(values[1], number)])
        pixel = builder.load(builder.bitcast(place, PIXEL.as_pointer()), align=1)
        pixels = builder.insert_element(pixels, pixel, PIXEL(number))
    read = builder.bitcast(pixels, ir.VectorType(ir.IntType(8), 16))
    places = [byte for byte in range(16) if byte % 4 < 3] + [3, 7, 11, 15]
    packed = builder.shuffle_vector(read, read, ir.Constant(ir.VectorType(PIXEL, 16), places))
    place = builder.gep(target, [values[3]])
    builder.store(packed, builder.bitcast(place, read.type.as_pointer()), align=1)
    return context.get_dummy_value()
