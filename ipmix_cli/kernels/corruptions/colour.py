"""Brightness and saturation by way of HSV, in the order of operations of scikit-image's conversions."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.kernels.compiler import entry, inlined
from ipmix_cli.kernels.corruptions.noise import to_byte
from ipmix_cli.kernels.types import Bytes, Number


@inlined
def hue_of(r: Number, g: Number, b: Number, value: Number, delta: Number) -> Number:
    """Return the hue, 0 .. 1, of a colour whose largest channel is `value` and spans `delta` > 0."""
    if b == value:  # the last of the published assignments wins
        hue = 4.0 + (r - g) / delta
    elif g == value:
        hue = 2.0 + (b - r) / delta
    else:
        hue = (g - b) / delta
    hue /= 6.0  # -1/6 .. 5/6
    return hue + 1.0 if hue < 0.0 else hue


@inlined
def write_colour(hue: Number, saturation: Number, value: Number, half: Number, out: Bytes) -> None:
    """Write an HSV colour as three bytes."""
    sector = math.floor(hue * 6.0)
    f = hue * 6.0 - sector
    p = value * (1.0 - saturation)
    q = value * (1.0 - f * saturation)
    t = value * (1.0 - (1.0 - f) * saturation)
    which = np.int64(sector) % 6
    r, g, b = value, t, p
    if which == 1:
        r, g, b = q, value, p
    elif which == 2:
        r, g, b = p, value, t
    elif which == 3:
        r, g, b = p, q, value
    elif which == 4:
        r, g, b = t, p, value
    elif which == 5:
        r, g, b = value, p, q
    out[0], out[1], out[2] = to_byte(r, half), to_byte(g, half), to_byte(b, half)


@entry
def shift_colours(pixels: Bytes, factor: Number, saturate: Number, brighten: Number, half: Number, out: Bytes) -> None:
    """Make saturation * factor + saturate of the saturation, and value + brighten of the value, of (N, 3) pixels.

    A factor below 0 leaves the saturation as it is.
    """
    for i in range(pixels.shape[0]):
        r, g, b = pixels[i, 0] / 255.0, pixels[i, 1] / 255.0, pixels[i, 2] / 255.0
        value = max(r, g, b)
        delta = value - min(r, g, b)
        hue, saturation = 0.0, 0.0
        if delta > 0.0:
            hue = hue_of(r, g, b, value, delta)
            saturation = delta / value
        if factor >= 0.0:
            saturation = min(max(saturation * factor + saturate, 0.0), 1.0)
        else:
            value = min(max(value + brighten, 0.0), 1.0)
        write_colour(hue, saturation, value, half, out[i])
