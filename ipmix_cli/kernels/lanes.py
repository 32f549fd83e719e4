"""Numbers in lanes: 64 bytes of a picture, or as many numbers of 16 or 32 bits, worked on at once.

LLVM finds no good vectors by itself where channels are taken apart, or where numba's arithmetic of 64 bits hides that
16 are enough. Kernels that need them load lanes, calculate with ``+ - *`` modulo 2**bits and the functions here, and
store them, which is compiled faster, too. LLVM makes of a value what the processor has, be it two registers or eight.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numba.extending
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types

from ipmix_cli.kernels.types import Bytes, Ints, Number

COUNT, HALF = 64, 32
PAIRS = ir.VectorType(ir.IntType(16), HALF)
Lanes = Any  # a value of one of the types below

# Numba states few types
extending: Any = numba.extending
kinds: Any = types
declared: Any = cgutils.get_or_insert_function
models: Any = numba.extending.models


class LanesType(kinds.Type):  # type: ignore[misc]
    """Numba's type of numbers in lanes, of 8, 16 or 32 bits each."""

    def __init__(self, bits: int) -> None:
        super().__init__(name=f"lanes of {bits} bits")
        self.bits = bits


@extending.register_model(LanesType)
class LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    """LLVM's type of them."""

    def __init__(self, dmm: Any, kind: Any) -> None:
        super().__init__(dmm, kind, _vector(kind.bits))


def _vector(bits: int) -> Any:
    return ir.VectorType(ir.IntType(bits), COUNT)


BYTES: Any = LanesType(8)
WORDS: Any = LanesType(16)
LONGS: Any = LanesType(32)


def _constant(bits: int, number: int) -> Any:
    return ir.Constant(_vector(bits), [number] * COUNT)


@extending.intrinsic
def load(_: Any, source: Bytes, at: Number) -> Any:
    """Return bytes of an array, from byte ``at`` (uintp) on."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(_place(context, builder, signature.args[0], values, 8), align=1)

    return BYTES(source, at), write


@extending.intrinsic
def store(_: Any, target: Bytes, at: Number, lanes: Lanes) -> Any:
    """Write bytes into an array, from byte ``at`` (uintp) on."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[2], _place(context, builder, signature.args[0], values, 8), align=1)
        return context.get_dummy_value()

    return kinds.void(target, at, lanes), write


def _place(context: Any, builder: Any, kind: Any, values: Any, bits: int) -> Any:
    """Return the pointer to lanes in an array (values[0]) of numbers of so many bits, from one (values[1]) on."""
    data = context.make_array(kind)(context, builder, values[0]).data
    return builder.bitcast(builder.gep(data, [values[1]]), _vector(bits).as_pointer())


@extending.intrinsic
def wide(_: Any, lanes: Lanes) -> Any:
    """Return bytes as numbers of 16 bits, the even ones first: :func:`low` and :func:`clipped` undo that."""

    def write(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        pairs = builder.bitcast(values[0], PAIRS)
        halves = builder.and_(pairs, PAIRS([255] * HALF)), builder.lshr(pairs, PAIRS([8] * HALF))
        return _shuffled(builder, *halves, list(range(COUNT)))

    return WORDS(lanes), write


@extending.intrinsic
def low(_: Any, lanes: Lanes) -> Any:
    """Return numbers of 0 to 255 as bytes."""
    return BYTES(lanes), lambda _context, builder, _signature, values: _narrowed(builder, values[0])


def _narrowed(builder: Any, lanes: Any) -> Any:
    """Return numbers of 0 to 255 as bytes, the first half those of even places."""
    undefined = ir.Constant(_vector(16), ir.Undefined)
    even, odd = (_shuffled(builder, lanes, undefined, list(range(first, first + HALF))) for first in (0, HALF))
    return builder.bitcast(builder.or_(even, builder.shl(odd, PAIRS([8] * HALF))), _vector(8))


@extending.intrinsic
def clipped(_: Any, lanes: Lanes) -> Any:
    """Return numbers of -2**15 .. 2**15 - 1 as bytes: those below 0 as 0, those above 255 as 255."""

    def write(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        found, zero, top = values[0], _constant(16, 0), _constant(16, 255)
        found = builder.select(builder.icmp_signed("<", found, zero), zero, found)
        found = builder.select(builder.icmp_signed(">", found, top), top, found)
        return _narrowed(builder, found)

    return BYTES(lanes), write


@extending.intrinsic
def everywhere(_: Any, number: Number) -> Any:
    """Return a number, modulo 2**16, in all lanes."""
    return WORDS(number), lambda _context, builder, _signature, values: _spread(builder, values[0], 16)


@extending.intrinsic
def long_everywhere(_: Any, number: Number) -> Any:
    """Return a number, modulo 2**32, in all lanes of 32 bits."""
    return LONGS(number), lambda _context, builder, _signature, values: _spread(builder, values[0], 32)


def _spread(builder: Any, number: Any, bits: int) -> Any:
    kind = ir.IntType(bits)
    number = number if number.type == kind else builder.trunc(number, kind)
    alone = builder.insert_element(ir.Constant(_vector(bits), ir.Undefined), number, ir.IntType(32)(0))
    return _shuffled(builder, alone, alone, [0] * COUNT)


@extending.intrinsic
def lane_numbers(_: Any) -> Any:
    """Return 0 to 63, in 32 bits."""
    return LONGS(), lambda *_: ir.Constant(_vector(32), list(range(COUNT)))


@extending.intrinsic
def upper_halves(_: Any, lanes: Lanes) -> Any:
    """Return numbers of -2**31 .. 2**31 - 1 over 2**16, rounded down."""
    return LONGS(lanes), lambda _context, builder, _signature, values: builder.ashr(values[0], _constant(32, 16))


@extending.intrinsic
def store_longs(_: Any, target: Ints, at: Number, lanes: Lanes) -> Any:
    """Write numbers of 32 bits into an array, from number ``at`` (uintp) on."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[2], _place(context, builder, signature.args[0], values, 32), align=4)
        return context.get_dummy_value()

    return kinds.void(target, at, lanes), write


@extending.intrinsic
def high_product(_: Any, first: Lanes, second: Lanes) -> Any:
    """Return the upper 16 bits of products of 32, of numbers of -2**15 .. 2**15 - 1: ``first * second >> 16``."""
    return WORDS(first, second), _high("sext")


@extending.intrinsic
def high_unsigned(_: Any, first: Lanes, second: Lanes) -> Any:
    """Return the upper 16 bits of products of 32, of numbers of 0 .. 2**16 - 1."""
    return WORDS(first, second), _high("zext")


def _high(extension: str) -> Callable[..., Any]:
    def write(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        first, second = (getattr(builder, extension)(value, _vector(32)) for value in values)
        return builder.trunc(builder.lshr(builder.mul(first, second), _constant(32, 16)), _vector(16))

    return write


@extending.intrinsic
def by_sign(_: Any, lanes: Lanes, negative: Lanes, other: Lanes) -> Any:
    """Return numbers of ``negative`` in the lanes that are below 0, those of ``other`` elsewhere."""

    def write(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.select(builder.icmp_signed("<", values[0], _constant(16, 0)), values[1], values[2])

    return WORDS(lanes, negative, other), write


@extending.intrinsic
def upper_bytes(_: Any, lanes: Lanes) -> Any:
    """Return numbers of 0 .. 2**16 - 1 over 256, rounded down."""
    return WORDS(lanes), lambda _context, builder, _signature, values: builder.lshr(values[0], _constant(16, 8))


@extending.intrinsic
def channels(_: Any, first: Lanes, second: Lanes, third: Lanes) -> Any:
    """Return the reds, the greens and the blues of 64 pixels, bytes one after the other."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        taken = []
        for channel in range(3):
            places = [3 * pixel + channel for pixel in range(COUNT)]
            lower = _shuffled(builder, values[0], values[1], [place if place < 2 * COUNT else 0 for place in places])
            chosen = [lane if place < 2 * COUNT else place - COUNT for lane, place in enumerate(places)]
            taken.append(_shuffled(builder, lower, values[2], chosen))
        return context.make_tuple(builder, signature.return_type, taken)

    return kinds.UniTuple(BYTES, 3)(first, second, third), write


@extending.intrinsic
def repeated(_: Any, lanes: Lanes) -> Any:
    """Return 64 bytes three times each, as three values: a grey for all channels of a pixel."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        parts = [
            _shuffled(builder, values[0], values[0], [(COUNT * part + lane) // 3 for lane in range(COUNT)])
            for part in range(3)
        ]
        return context.make_tuple(builder, signature.return_type, parts)

    return kinds.UniTuple(BYTES, 3)(lanes), write


def _shuffled(builder: Any, first: Any, second: Any, places: list[int]) -> Any:
    """Return the lanes at places of two values, one after the other."""
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places))


@extending.intrinsic
def total(_: Any, lanes: Lanes) -> Any:
    """Return the sum of numbers of 0 .. 2**16 - 1, int64."""

    def write(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), (_vector(32),))
        reduce = declared(builder.module, kind, f"llvm.vector.reduce.add.v{COUNT}i32")
        return builder.zext(builder.call(reduce, (builder.zext(values[0], _vector(32)),)), ir.IntType(64))

    return kinds.int64(lanes), write


@extending.intrinsic
def blended_in_floats(_: Any, base: Lanes, value: Lanes, factor: Number) -> Any:
    """Return base + factor * (value - base) of bytes in lanes of 16 bits, in float32, clipped and truncated."""
    return BYTES(base, value, factor), _blend


def _blend(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
    base, value, factor = values
    kind, whole = ir.VectorType(ir.FloatType(), COUNT), _vector(32)
    alone = builder.insert_element(ir.Constant(kind, ir.Undefined), factor, ir.IntType(32)(0))
    change = builder.sitofp(builder.sext(builder.sub(value, base), whole), kind)
    moved = builder.fmul(change, _shuffled(builder, alone, alone, [0] * COUNT))
    mixed = builder.fadd(builder.uitofp(builder.zext(base, whole), kind), moved)
    zero, top = (ir.Constant(kind, [number] * COUNT) for number in (0.0, 255.0))
    mixed = builder.select(builder.fcmp_ordered("<", mixed, zero), zero, mixed)
    mixed = builder.select(builder.fcmp_ordered(">", mixed, top), top, mixed)
    return _narrowed(builder, builder.trunc(builder.fptosi(mixed, whole), _vector(16)))


def _register(operation: Any, name: str) -> None:
    """Have kernels calculate with lanes by one of Python's operators."""

    def infer(_context: Any) -> Callable[..., Any]:
        return lambda first, second: first if first == second and isinstance(first, LanesType) else None

    def write(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return getattr(builder, name)(*values)

    extending.type_callable(operation)(infer)
    extending.lower_builtin(operation, LanesType, LanesType)(write)


for _operation, _name in ((operator.add, "add"), (operator.iadd, "add"), (operator.sub, "sub"), (operator.mul, "mul")):
    _register(_operation, _name)
