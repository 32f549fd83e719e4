"""PRIME's three random operators on real numbers: a smooth displacement, a smooth change of colour, a 3 x 3 filter.

Pictures are planes here, (3, H * W) of [0, 1]: colours and filters work on one channel at a time. Every random
number of an operator is a normal one of the step's own stream. Values are float64: a change of colour can have slopes
of 1,500, and two of them in a row show the last bits of float32, in which the published code computes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.compiler import entry, inlined, kernel
from ipmix_cli.kernels.normal import normal
from ipmix_cli.kernels.stream import uniform
from ipmix_cli.kernels.types import Bytes, Number, PlanRows, Reals, Words

ZERO, ONE, LEVELS, HALF = (np.float64(v) for v in (0.0, 1.0, 255.0, 0.5))
BLOCK = 512  # numbers whose sines are advanced together
# Taylor's series of sin(pi x) about 0, for |x| up to 1/2
SINES = np.array([(-1.0) ** n * np.pi ** (2 * n + 1) / np.prod(np.arange(1.0, 2 * n + 2)) for n in range(9)])
COSINES = np.array([(-1.0) ** n * np.pi ** (2 * n) / np.prod(np.arange(1.0, 2 * n + 1)) for n in range(10)])


class PrimeMemory(NamedTuple):
    """Memory to work in, for one thread at a time."""

    height: int
    width: int
    planes: npt.NDArray[np.float64]  # (4, 3, H * W): clean, running, next, and the sum of the chains
    fields: npt.NDArray[np.float64]  # (2, H, W): displacements in pixels, across and down
    modes: npt.NDArray[np.float64]  # (cut, W)
    sines: npt.NDArray[np.float64]  # (2, cut, longer side): of a wave across, and of one down
    waves: npt.NDArray[np.float64]  # (4, BLOCK)


@kernel
def to_planes(picture: Bytes, planes: Reals) -> None:
    """Scale bytes (H * W * 3,) to [0, 1], as planes (3, H * W)."""
    for channel in range(3):
        plane = planes[channel]
        for i in range(plane.size):
            plane[i] = np.float64(picture[i * 3 + channel]) / LEVELS


@kernel
def to_bytes(clean: Reals, mixed: Reals, blend: Number, out: Bytes) -> None:
    """Blend with the clean planes, and make bytes, each the nearest."""
    rest, part = np.float64(1.0 - blend), np.float64(blend)
    for channel in range(3):
        first, second = clean[channel], mixed[channel]
        for i in range(first.size):
            value = np.float64(np.float64(first[i] * rest) + np.float64(second[i] * part))
            out[i * 3 + channel] = np.uint8(np.int32(np.float64(min(max(value, ZERO), ONE) * LEVELS) + HALF))


@inlined
def polynomial(coefficients: Reals, x: Number) -> Number:
    """Return the value of a polynomial, lowest coefficient first."""
    value = coefficients[coefficients.size - 1]
    for power in range(coefficients.size - 2, -1, -1):
        value = value * x + coefficients[power]
    return value


@inlined
def sine_and_cosine(turns: Number) -> tuple[Number, Number]:
    """Return sine and cosine of pi times a number."""
    whole = np.floor(turns + 0.5)
    r = turns - whole
    sign = 1.0 - 2.0 * (np.int64(whole) & 1)
    return sign * r * polynomial(SINES, r * r), sign * polynomial(COSINES, r * r)


@kernel
def add_waves(plane: Reals, stream: tuple[Number, Number], band: tuple[Number, Number, Number], waves: Reals) -> None:
    """Add sines of each value, ``band`` the lowest frequency, their count and their scale, times normal numbers; clip.

    ``stream`` is a key and the first slot that is drawn.
    """
    key, slot = stream
    first, count, scale = band
    for start in range(0, plane.size, BLOCK):
        part = plane[start : start + BLOCK]
        s, c, s1, c1 = waves[0], waves[1], waves[2], waves[3]
        for i in range(part.size):
            s[i], c[i] = sine_and_cosine(np.float64(part[i]) * first)
            s1[i], c1[i] = sine_and_cosine(np.float64(part[i]))
        for k in range(count):
            weight = np.float64(normal(uniform(key, slot + k)) * scale)
            for i in range(part.size):
                part[i] = np.float64(part[i] + np.float64(weight * s[i]))
                sine = np.float64(np.float64(s[i] * c1[i]) + np.float64(c[i] * s1[i]))
                c[i] = np.float64(np.float64(c[i] * c1[i]) - np.float64(s[i] * s1[i]))
                s[i] = sine
        for i in range(part.size):
            part[i] = min(max(part[i], ZERO), ONE)


@kernel
def copy_plane(source: Reals, target: Reals) -> None:
    """Copy a plane."""
    for i in range(source.size):
        target[i] = source[i]


@kernel
def clear_plane(target: Reals) -> None:
    """Make a plane black."""
    for i in range(target.size):
        target[i] = ZERO


@kernel
def convolve(source: Reals, numbers: Reals, width: Number, target: Reals) -> None:
    """Filter a plane with 3 x 3 numbers, row by row; zero outside; clip."""
    height = source.size // width
    for y in range(height):
        out = target[y * width : (y + 1) * width]
        out[:] = ZERO
        for dy in range(-1, 2):
            if y + dy < 0 or y + dy >= height:
                continue
            row = source[(y + dy) * width : (y + dy + 1) * width]
            for dx in range(-1, 2):
                factor = np.float64(numbers[(dy + 1) * 3 + dx + 1])
                left, right = max(-dx, 0), min(width - dx, width)
                for x in range(left, right):
                    out[x] = np.float64(out[x] + np.float64(row[x + dx] * factor))
        for x in range(width):
            out[x] = min(max(out[x], ZERO), ONE)


@kernel
def fill_field(key: Number, slot: Number, cut: Number, scale: Number, memory: PrimeMemory, field: Reals) -> None:
    """Fill a field (H, W) with random modes of a frequency below ``cut`` and a half, each over its frequency."""
    across, down, modes = memory.sines[0], memory.sines[1], memory.modes
    width = memory.width
    limit = (cut + 0.5) * (cut + 0.5)
    for j in range(1, cut + 1):
        mode = modes[j - 1]
        mode[:] = 0.0
        for i in range(1, cut + 1):
            if i * i + j * j >= limit:
                break
            weight = normal(uniform(key, slot + (i - 1) * cut + (j - 1))) / np.sqrt(np.float64(i * i + j * j)) * scale
            wave = across[i - 1]
            for x in range(width):
                mode[x] += weight * wave[x]
    for y in range(memory.height):
        row = field[y]
        row[:] = 0.0
        for j in range(cut):
            weight = down[j, y]
            mode = modes[j]
            for x in range(width):
                row[x] += weight * mode[x]


@kernel
def displace(source: Reals, fields: Reals, target: Reals) -> None:
    """Take every value of planes (3, H * W) from where the fields (2, H, W) say, bilinearly, at the border at most."""
    H, W = fields.shape[1], fields.shape[2]
    for y in range(H):
        for x in range(W):
            across = min(max(x - fields[0, y, x], 0.0), W - 1.0)
            along = min(max(y - fields[1, y, x], 0.0), H - 1.0)
            left, top = np.int64(across), np.int64(along)
            right, bottom = min(left + 1, W - 1), min(top + 1, H - 1)
            dx, dy = np.float64(across - left), np.float64(along - top)
            for channel in range(3):
                plane = source[channel]
                upper = plane[top * W + left] * (ONE - dx) + plane[top * W + right] * dx
                lower = plane[bottom * W + left] * (ONE - dx) + plane[bottom * W + right] * dx
                target[channel, y * W + x] = upper * (ONE - dy) + lower * dy


@inlined
def run_operator(words: Words, reals: Reals, source: Reals, target: Reals, memory: PrimeMemory) -> None:
    """Run one step from planes to other planes."""
    code, key, count = words[codes.PRIME_CODE], np.uint64(words[codes.PRIME_KEY]), words[codes.PRIME_COUNT]
    scale = reals[codes.PRIME_SCALE]
    if code == codes.DISPLACE:
        fill_field(key, np.int64(0), count, scale, memory, memory.fields[0])
        fill_field(key, count * count, count, scale, memory, memory.fields[1])
        displace(source, memory.fields, target)
        return
    for channel in range(3):
        if code == codes.FILTER:
            convolve(source[channel], reals[codes.PRIME_NUMBERS :], np.int64(memory.width), target[channel])
        else:
            copy_plane(source[channel], target[channel])
            band = words[codes.PRIME_FIRST], count, scale
            add_waves(target[channel], (key, np.int64(channel) * count), band, memory.waves)


@inlined
def run_plan(words: Words, reals: Reals, chains: Number, memory: PrimeMemory, out: Bytes) -> None:
    """Apply one plan to the clean planes."""
    planes = memory.planes
    steps = (words.size - 1 - 2 * chains) // (chains * codes.PRIME_WORDS)
    for channel in range(3):
        clear_plane(planes[3, channel])
    for chain in range(chains):
        source = 0
        for step in range(words[1 + chains + chain]):
            at = 1 + 2 * chains + (chain * steps + step) * codes.PRIME_WORDS
            target = 2 if source == 1 else 1
            run_operator(words[at:], reals[at:], planes[source], planes[target], memory)
            source = target
        weight = np.float64(reals[1 + chain])
        for channel in range(3):
            total, running = planes[3, channel], planes[source, channel]
            for i in range(total.size):
                total[i] = np.float64(total[i] + np.float64(running[i] * weight))
    to_bytes(planes[0], planes[3], reals[0], out)


@entry
def make_prime(pictures: Bytes, rows: PlanRows, chains: Number, memory: PrimeMemory, out: Bytes) -> None:
    """Apply plans (N, V, words) to pictures (N, H * W * 3), into out (N, V, H * W * 3)."""
    for n in range(pictures.shape[0]):
        to_planes(pictures[n], memory.planes[0])
        for v in range(out.shape[1]):
            run_plan(rows.words[n, v], rows.reals[n, v], chains, memory, out[n, v])
