"""Operations of Pillow's ImageEnhance that see more than one byte: color, contrast, sharpness."""

from __future__ import annotations

import numpy as np

from fractals.jit import inlined, kernel
from ipmix_cli.algorithm.kernels.pointwise import blended


@inlined
def grey(red, green, blue):  # type: ignore[no-untyped-def]
    """Return Pillow's luma of a pixel (libImaging/Convert.c, L24)."""
    return (np.int32(red) * 19595 + np.int32(green) * 38470 + np.int32(blue) * 7471 + 32768) >> 16


@kernel
def mean_grey(source):  # type: ignore[no-untyped-def]
    """Return the mean luma of a picture, rounded as ImageEnhance.Contrast does."""
    total = 0
    for i in range(0, source.size, 3):
        total += grey(source[i], source[i + 1], source[i + 2])
    return np.int64(np.float64(total) / np.float64(source.size // 3) + 0.5)


@kernel
def color(source, target, size, box, factor):  # type: ignore[no-untyped-def]
    """Blend every pixel with its own luma."""
    top, left, height, width = box
    alpha = np.float32(factor)
    for r in range(height):
        first = ((top + r) * size[1] + left) * 3
        a = source[first : first + width * 3]
        b = target[r * width * 3 : (r + 1) * width * 3]
        for i in range(0, width * 3, 3):
            base = grey(a[i], a[i + 1], a[i + 2])
            b[i] = blended(base, a[i], alpha)
            b[i + 1] = blended(base, a[i + 1], alpha)
            b[i + 2] = blended(base, a[i + 2], alpha)


@kernel
def sharpness(source, target, size, box, factor):  # type: ignore[no-untyped-def]
    """Blend with the picture smoothed by ImageFilter.SMOOTH, whose border is the picture's own."""
    top, left, height, width = box
    H, W = size
    alpha = np.float32(factor)
    for r in range(height):
        y = top + r
        b = target[r * width * 3 : (r + 1) * width * 3]
        above = source[max(y - 1, 0) * W * 3 : (max(y - 1, 0) + 1) * W * 3]
        here = source[y * W * 3 : (y + 1) * W * 3]
        below = source[min(y + 1, H - 1) * W * 3 : (min(y + 1, H - 1) + 1) * W * 3]
        inner = 0 < y < H - 1
        for i in range(width * 3):
            j = left * 3 + i
            if inner and j >= 3 and j < W * 3 - 3:
                total = (
                    np.int32(above[j - 3]) + above[j] + above[j + 3]
                    + here[j - 3] + 5 * np.int32(here[j]) + here[j + 3]
                    + below[j - 3] + below[j] + below[j + 3]
                )  # fmt: skip
                b[i] = blended((total + 6) // 13, here[j], alpha)
            else:
                b[i] = here[j]
