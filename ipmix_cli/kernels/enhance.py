"""Operations of Pillow's ImageEnhance that see more than one byte: color, contrast, sharpness."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import inlined, kernel
from ipmix_cli.kernels.exact_blend import Shares, is_exact, shares_of
from ipmix_cli.kernels.frames import ONE, THREE, TWO, byte_rows, copy_bytes
from ipmix_cli.kernels.lanes import (
    COUNT,
    Lanes,
    blended_in_floats,
    by_sign,
    channels,
    clipped,
    everywhere,
    high_product,
    high_unsigned,
    load,
    low,
    repeated,
    store,
    total,
    upper_bytes,
    wide,
)
from ipmix_cli.kernels.types import Bytes, Frame, Number

LIMIT = np.int32(32768)
AT_ONCE = 3 * COUNT  # bytes of as many pixels as there are lanes
NEXT = np.uintp(COUNT)
GROUP = 256  # of which the greys add up in 16 bits
THIRTEENTH = 5042  # 2**16 / 13, rounded up: right for all sums of sixteen bytes
ENOUGH = 8192  # bytes from which on it is worth while to look for a factor's shares


@inlined
def grey(red: Number, green: Number, blue: Number) -> Number:
    """Return Pillow's luma of a pixel (libImaging/Convert.c, L24)."""
    weighted = np.int32(np.int32(red) * 19595 + np.int32(green) * 38470 + np.int32(blue) * 7471)
    return np.int32(np.int32(weighted + LIMIT) >> 16)


@inlined
def greys(first: Lanes, second: Lanes, third: Lanes) -> Lanes:
    """Return the luma of 64 pixels: the weights' upper and lower bytes, so that sums fit into 16 bits."""
    colours = channels(first, second, third)
    red, green, blue = wide(colours[0]), wide(colours[1]), wide(colours[2])
    lower = red * everywhere(-117) + green * everywhere(70) + blue * everywhere(47) + everywhere(32768)
    return upper_bytes(red * everywhere(77) + green * everywhere(150) + blue * everywhere(29) + upper_bytes(lower))


@kernel
def mean_grey(source: Bytes) -> Number:
    """Return the mean luma of a picture, rounded as ImageEnhance.Contrast does."""
    found = np.int64(0)
    blocks = source.size // AT_ONCE
    for group in range(0, blocks, GROUP):
        sums = everywhere(0)
        for block in range(group, min(group + GROUP, blocks)):
            at = np.uintp(block * AT_ONCE)
            sums += greys(load(source, at), load(source, at + NEXT), load(source, at + NEXT + NEXT))
        found += total(sums)
    for i in range(np.uintp(blocks * AT_ONCE), np.uintp(source.size), THREE):
        found += grey(source[i], source[i + ONE], source[i + TWO])
    return np.int64(np.float64(found) / np.float64(source.size // 3) + 0.5)


@inlined
def blended(base: Lanes, value: Lanes, factor: Number, shares: Shares) -> Lanes:
    """Blend bytes, given in lanes of 16 bits, as Pillow's Image.blend does."""
    if not is_exact(shares):
        return blended_in_floats(base, value, np.float32(factor))
    d = value - base
    share = by_sign(d, everywhere(shares[2]), everywhere(shares[1]))
    return clipped(base + d * everywhere(shares[0]) + high_product(d, share))


@kernel
def color(source: Bytes, target: Bytes, frame: Frame, factor: Number, lines: Bytes) -> None:
    """Blend every pixel with its own luma; ``lines`` is (2, 192) or more, to work in."""
    rows, first, count, stride = byte_rows(frame)
    shares = shares_of(factor, rows * count >= ENOUGH)
    for r in range(rows):
        a, b = source[first + r * stride :], target[r * count : (r + 1) * count]
        if count >= AT_ONCE:
            color_pixels(a, b, factor, shares)
        else:
            copy_bytes(a[:count], lines[0])
            color_pixels(lines[0], lines[1][:AT_ONCE], factor, shares)
            copy_bytes(lines[1][:count], b)


@kernel
def color_pixels(source: Bytes, target: Bytes, factor: Number, shares: Shares) -> None:
    """Blend a run of pixels with their luma, 64 at once and the last ones, if need be, twice."""
    for start in range(0, target.size, AT_ONCE):
        at = np.uintp(min(start, target.size - AT_ONCE))
        first, second, third = load(source, at), load(source, at + NEXT), load(source, at + NEXT + NEXT)
        luma = repeated(low(greys(first, second, third)))
        store(target, at, blended(wide(luma[0]), wide(first), factor, shares))
        store(target, at + NEXT, blended(wide(luma[1]), wide(second), factor, shares))
        store(target, at + NEXT + NEXT, blended(wide(luma[2]), wide(third), factor, shares))


@kernel
def sharpness(source: Bytes, target: Bytes, frame: Frame, factor: Number, lines: Bytes) -> None:
    """Blend with the picture smoothed by ImageFilter.SMOOTH, whose border is the picture's own.

    ``lines`` is (4, 192) or more, to work in.
    """
    H, W, top, left, height, width = frame
    shares = shares_of(factor, height * width * 3 >= ENOUGH)
    first, stop = max(left, 1), min(left + width, W - 1)  # columns that are not border
    count = (stop - first) * 3
    for y in range(top, top + height):
        b = target[(y - top) * width * 3 : (y - top + 1) * width * 3]
        if not 0 < y < H - 1 or count <= 0:
            copy_bytes(source[(y * W + left) * 3 : (y * W + left + width) * 3], b)
            continue
        copy_bytes(source[(y * W + left) * 3 : (y * W + first) * 3], b)
        copy_bytes(source[(y * W + stop) * 3 : (y * W + left + width) * 3], b[(stop - left) * 3 :])
        above, here, below = (y - 1) * W + first - 1, y * W + first - 1, (y + 1) * W + first - 1
        middle = b[(first - left) * 3 : (stop - left) * 3]
        if count >= COUNT:
            sharpen_bytes((source[above * 3 :], source[here * 3 :], source[below * 3 :]), factor, shares, middle)
        else:
            copy_bytes(source[above * 3 :][: count + 6], lines[0])
            copy_bytes(source[here * 3 :][: count + 6], lines[1])
            copy_bytes(source[below * 3 :][: count + 6], lines[2])
            sharpen_bytes((lines[0], lines[1], lines[2]), factor, shares, lines[3][:COUNT])
            copy_bytes(lines[3][:count], middle)


@inlined
def across(row: Bytes, at: Number) -> Lanes:
    """Return the sums of bytes with those of their pixel's neighbours; the row starts one pixel to the left."""
    return wide(load(row, at)) + wide(load(row, at + THREE)) + wide(load(row, at + THREE + THREE))


@kernel
def sharpen_bytes(rows: tuple[Bytes, Bytes, Bytes], factor: Number, shares: Shares, out: Bytes) -> None:
    """Sharpen a row, 64 bytes at once and the last ones, if need be, twice.

    ``rows`` are the ones above, of and below the bytes, from one pixel to the left on.
    """
    for start in range(0, out.size, COUNT):
        at = np.uintp(min(start, out.size - COUNT))
        value = wide(load(rows[1], at + THREE))
        sums = across(rows[0], at) + across(rows[1], at) + across(rows[2], at) + value * everywhere(4) + everywhere(6)
        smooth = high_unsigned(sums, everywhere(THIRTEENTH))
        store(out, at, blended(smooth, value, factor, shares))
