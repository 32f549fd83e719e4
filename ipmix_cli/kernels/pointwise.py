"""Operations that look at one byte at a time: invert, posterize, solarize, brightness, and contrast's last step."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.frames import byte_rows, copy_box
from ipmix_cli.kernels.lookup import apply_tables, looks_up_at_once
from ipmix_cli.kernels.types import Bytes, Frame, Number

HALF, WHITE = np.uint8(128), np.uint8(255)
ZERO, TOP = np.float32(0.0), np.float32(255.0)


@kernel
def invert(source: Bytes, target: Bytes, frame: Frame) -> None:
    """255 - v."""
    rows, first, count, stride = byte_rows(frame)
    for r in range(rows):
        a = source[first + r * stride : first + r * stride + count]
        b = target[r * count : r * count + count]
        for i in range(count):
            b[i] = ~a[i]


@kernel
def posterize(source: Bytes, target: Bytes, frame: Frame, bits: Number) -> None:
    """Keep the highest ``bits`` bits."""
    mask = np.uint8((0xFF00 >> bits) & 0xFF)
    rows, first, count, stride = byte_rows(frame)
    for r in range(rows):
        a = source[first + r * stride : first + r * stride + count]
        b = target[r * count : r * count + count]
        for i in range(count):
            b[i] = a[i] & mask


@kernel
def solarize(source: Bytes, target: Bytes, frame: Frame, threshold: Number) -> None:
    """Invert the bytes from the threshold on."""
    if threshold > 255:
        copy_box(source, target, frame)
        return
    limit = np.uint8(threshold)
    rows, first, count, stride = byte_rows(frame)
    for r in range(rows):
        a = source[first + r * stride : first + r * stride + count]
        b = target[r * count : r * count + count]
        for i in range(count):
            b[i] = a[i] if a[i] < limit else ~a[i]


@kernel
def solarize_add(source: Bytes, target: Bytes, frame: Frame, added: Number) -> None:
    """Add to the bytes below 128, up to 255."""
    rows, first, count, stride = byte_rows(frame)
    amount = np.uint8(min(added, 255))
    for r in range(rows):
        a = source[first + r * stride : first + r * stride + count]
        b = target[r * count : r * count + count]
        for i in range(count):
            raised = np.uint8(a[i] + amount)
            raised = raised if raised >= amount else WHITE
            b[i] = raised if a[i] < HALF else a[i]


@inlined
def blended(degenerate: Number, value: Number, factor: Number) -> Number:
    """Pillow's Image.blend of two bytes: in float32, clamped, truncated (libImaging/Blend.c)."""
    base = np.float32(degenerate)
    mixed = np.float32(base + np.float32(factor * np.float32(np.float32(value) - base)))
    return np.uint8(np.int32(min(max(mixed, ZERO), TOP)))


@kernel
def away_from(source: Bytes, target: Bytes, frame: Frame, levels: tuple[Number, Number], tables: Bytes) -> None:
    """Blend with one grey level: brightness (0) and contrast (the mean grey); ``levels`` is the level and the factor.

    ``tables`` is uint8 (3, 256) to work in, for processors that look up as fast as they copy.
    """
    base, alpha = np.float32(levels[0]), np.float32(levels[1])
    if looks_up_at_once():
        for value in range(256):
            tables[0, value] = tables[1, value] = tables[2, value] = blended(base, np.uint8(value), alpha)
        apply_tables(source, target, frame, tables)
        return
    rows, first, count, stride = byte_rows(frame)
    for r in range(rows):
        a = source[first + r * stride : first + r * stride + count]
        b = target[r * count : r * count + count]
        for i in range(count):
            b[i] = blended(base, a[i], alpha)
