"""Bytes replaced by tables, one for each channel: 64 at once where the processor looks up so many (AVX-512 VBMI)."""

from __future__ import annotations

from typing import Any

import numba.extending
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types

from ipmix_cli.kernels.compiler import kernel
from ipmix_cli.kernels.frames import THREE, byte_rows
from ipmix_cli.kernels.types import Bytes, Frame, Number

LANES = 64
BLOCK = 3 * LANES  # the fewest bytes that are whole vectors and whole pixels
WHOLE = np.uint8(BLOCK)
FEATURE = "+avx512vbmi"

BYTE, WORD, BIT = ir.IntType(8), ir.IntType(32), ir.IntType(1)
VECTOR, MASK = ir.VectorType(BYTE, LANES), ir.VectorType(BIT, LANES)
PLACE, NOTHING = VECTOR.as_pointer(), VECTOR([0] * LANES)

# Numba states few types
extending: Any = numba.extending
void: Any = types.void
declared: Any = cgutils.get_or_insert_function


@kernel
def apply_tables(source: Bytes, target: Bytes, frame: Frame, tables: Bytes) -> None:
    """Replace every byte by its channel's table (3, 256)."""
    rows, first, count, stride = byte_rows(frame)
    for r in range(rows):
        a, b = source[first + r * stride :], target[r * count :]
        whole = count // BLOCK * BLOCK
        for at in range(0, whole, BLOCK):
            look_up(a, np.uintp(at), b, tables, WHOLE)
        look_up(a, np.uintp(whole), b, tables, np.uint8(count - whole))


@extending.intrinsic
def look_up(_: Any, source: Bytes, at: Number, target: Bytes, tables: Bytes, count: Number) -> Any:
    """Replace ``count`` bytes of whole pixels, a block at most, from byte ``at`` (uintp) on."""
    return void(source, at, target, tables, count), _write_look_up


@extending.intrinsic
def looks_up_at_once(_: Any) -> Any:
    """Return whether the processor looks up a vector at once; known when kernels are compiled."""
    return types.boolean(), lambda context, *_: context.get_constant(types.boolean, _at_once(context))


def _at_once(context: Any) -> bool:
    """Return whether the processor that is compiled for has the instructions."""
    return FEATURE in context.codegen().magic_tuple()[2].split(",")


def _write_look_up(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    """Write the code for the processor that is compiled for."""
    if not _at_once(context):
        return context.compile_internal(builder, look_up_pixels, signature, values)
    source, target, tables = (
        context.make_array(signature.args[i])(context, builder, values[i]).data for i in (0, 2, 3)
    )
    entries = [_loaded(builder, tables, part * LANES) for part in range(12)]
    for first in range(0, BLOCK, LANES):
        taken = _below(builder, values[4], first)
        place = builder.gep(source, [builder.add(values[1], values[1].type(first))])
        goal = builder.gep(target, [builder.add(values[1], values[1].type(first))])
        found = _looked_up(builder, entries, _load_some(builder, place, taken), first)
        _store_some(builder, found, goal, taken)
    return context.get_dummy_value()


def look_up_pixels(source: Bytes, at: Number, target: Bytes, tables: Bytes, count: Number) -> None:
    """Do the same pixel by pixel."""
    red, green, blue = tables[0], tables[1], tables[2]
    for pixel in range(np.uintp(count) // THREE):
        i = at + pixel * THREE
        target[i] = red[source[i]]
        target[i + np.uintp(1)] = green[source[i + np.uintp(1)]]
        target[i + np.uintp(2)] = blue[source[i + np.uintp(2)]]


def _loaded(builder: Any, data: Any, at: int) -> Any:
    """Return a vector of bytes."""
    place = builder.gep(data, [ir.IntType(64)(at)])
    return builder.load(builder.bitcast(place, VECTOR.as_pointer()), align=1)


def _looked_up(builder: Any, entries: list[Any], indices: Any, first: int) -> Any:
    """Return the entries of the three tables, four vectors each, at the bytes of a block from the first on."""
    choose = _function(builder, "llvm.x86.avx512.vpermi2var.qi.512", VECTOR, (VECTOR, VECTOR, VECTOR))
    upper = builder.icmp_signed("<", indices, NOTHING)
    found = indices
    for channel in range(3):
        a, b, c, d = entries[channel * 4 : channel * 4 + 4]
        low, high = builder.call(choose, (a, indices, b)), builder.call(choose, (c, indices, d))
        here = MASK([(first + lane) % 3 == channel for lane in range(LANES)])
        found = builder.select(here, builder.select(upper, high, low), found)
    return found


def _below(builder: Any, count: Any, first: int) -> Any:
    """Return which lanes, the first of them numbered so, are below a count."""
    alone = builder.insert_element(NOTHING, count, WORD(0))
    everywhere = builder.shuffle_vector(alone, NOTHING, ir.VectorType(WORD, LANES)([0] * LANES))
    return builder.icmp_unsigned("<", VECTOR(list(range(first, first + LANES))), everywhere)


def _load_some(builder: Any, place: Any, taken: Any) -> Any:
    """Return a vector of bytes, of which only those taken are read."""
    load = _function(builder, "llvm.masked.load.v64i8.p0", VECTOR, (PLACE, WORD, MASK, VECTOR))
    return builder.call(load, (builder.bitcast(place, PLACE), WORD(1), taken, NOTHING))


def _store_some(builder: Any, vector: Any, place: Any, taken: Any) -> None:
    """Write the bytes of a vector that are taken."""
    store = _function(builder, "llvm.masked.store.v64i8.p0", ir.VoidType(), (VECTOR, PLACE, WORD, MASK))
    builder.call(store, (vector, builder.bitcast(place, PLACE), WORD(1), taken))


def _function(builder: Any, name: str, result: Any, arguments: tuple[Any, ...]) -> Any:
    """Return one of LLVM's own functions."""
    return declared(builder.module, ir.FunctionType(result, arguments), name)
