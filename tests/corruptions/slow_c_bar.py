"""Every corruption of C-bar once more: obvious, on square pictures, and with its chance given. NumPy and SciPy."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import ndimage


def bytes_of(values):
    return np.clip(values, 0, 255).astype(np.uint8)


def grid(x):
    return np.mgrid[: x.shape[0], : x.shape[1]].astype(float)


def beam(y, x, centre, lengths, exponent):
    """How much of a star's light each point has."""
    rays = len(lengths)
    dy, dx = y - centre[0], x - centre[1]
    place = (np.arctan2(dx, dy) + np.pi) / (2 * np.pi) * rays
    ray = place.astype(int)
    f = place - ray
    length = lengths[ray % rays] + f * (lengths[(ray + 1) % rays] - lengths[ray % rays])
    light = (length**2 / (dy**2 + dx**2 + 1e-4)) ** exponent
    return np.clip((1 - (f - 0.5) ** 2) * light, 0, 1)[..., None]


def sparkles(x, level, arrays, *_):
    side, values = len(x), x.astype(float)
    for centre, rays, normal in zip(arrays["centres"], arrays["rays"], arrays["normal"], strict=True):
        lengths = np.maximum(1, level * 0.01 * side * (1 + 0.25 * normal[:rays]))
        values = values.astype(np.float32)
        values = values + beam(*grid(x), centre * side, lengths, 1.0) * (255.0 - values)
    return bytes_of(values)


def inverse_sparkles(x, level, arrays, numbers, *_):
    side = len(x)
    lengths = side / 4 * (1 + 0.25 * arrays["normal"])
    light = beam(*grid(x), (numbers["row"] * side, numbers["column"] * side), lengths, level * 6.5 / 50)
    return bytes_of(255.0 + light * (x - 255.0))


def checkerboard_cutout(x, level, arrays, numbers, *_):
    y, across = grid(x)
    c, s = np.cos(numbers["radians"]), np.sin(numbers["radians"])
    cell = max(numbers["cell"] * len(x), 1)
    a, b = (c * y + s * across) / cell, (-s * y + c * across) / cell
    dark = (a % 2).astype(int) == (b % 2).astype(int)
    drawn = arrays["uniform"][a.astype(int), b.astype(int)] < level / 10
    return np.where((dark & drawn)[..., None], 128, x).astype(np.uint8)


def points_of(row, column, last_row, last_column):
    """Every point within a pixel of a line, as Zingl's plotLineAA finds them, and its share."""
    rows, columns = abs(row - last_row), abs(column - last_column)
    down, right = 1 if row < last_row else -1, 1 if column < last_column else -1
    length, error = np.hypot(rows, columns) or 1.0, columns - rows
    while True:
        yield row, column, 1 - abs(error - columns + rows) / length
        before, at = error, column
        if 2 * before >= -columns:
            if column == last_column:
                return
            if before + rows < length:
                yield row + down, column, 1 - abs(before + rows) / length
            error, column = error - rows, column + right
        if 2 * before <= rows:
            if row == last_row:
                return
            if columns - before < length:
                yield row, at + right, 1 - abs(columns - before) / length
            error, row = error + columns, row + down


def lines(x, _, arrays, numbers, *__):
    side, out = len(x), x.copy()
    for u, v, w in arrays["uniform"]:
        angle = numbers["radians"] + 2 * np.pi * numbers["spread"] * (w - 0.5)
        down, right = np.cos(angle) * side, np.sin(angle) * side
        ends = [int(at) for at in (u * side - down, v * side - right, u * side + down, v * side + right)]
        before = out.copy()
        for row, column, share in points_of(*ends):
            if 0 <= row < side and 0 <= column < side:
                out[row, column] = ((1 - share) * before[row, column] + share * 128).astype(np.uint8)
    return out


def spectral(x, uniforms, power):
    """Noise of a given power by its distance from the middle of the spectrum."""
    side = len(x)
    left = uniforms[: side * (side // 2)].reshape(side, side // 2)
    parts = [left, left[::-1, ::-1]]
    if side % 2:
        column = uniforms[side * (side // 2) :]
        parts.insert(1, np.concatenate([column, [0.0], column[::-1]])[:, None])
    phases = 2 * np.pi * np.concatenate(parts, 1)
    y, across = grid(x)
    spectrum = power(np.hypot(y - side / 2, across - side / 2)) * np.exp(1j * phases)
    noise = np.fft.ifft2(np.roll(spectrum, (side // 2, side // 2), (0, 1))).real
    return noise / noise.std()


def blue_noise_sample(x, level, arrays, *_):
    return x * (spectral(x, arrays["uniform"], lambda d: d) > level * 0.3 - 2.5)[..., None]


def brownish_noise(x, level, arrays, *_):
    noise = [spectral(x, uniforms, lambda d: 1 / (d * d + 1)) for uniforms in arrays["uniform"]]
    return bytes_of(x + level * 6.4 * np.stack(noise, 2))


def perlin_noise(x, level, arrays, *_):
    order = list(range(256))
    for i, j in zip(range(255, -1, -1), arrays["shuffle"], strict=True):
        order[i], order[j] = order[j], order[i]
    order = np.array(order)
    with np.errstate(invalid="ignore"):  # one without length
        vectors = arrays["gradients"] / np.linalg.norm(arrays["gradients"], axis=1, keepdims=True)

    def noise(u, v):
        i, j = np.floor(u).astype(int), np.floor(v).astype(int)
        a, b = u - i, v - j

        def pull(right, down):
            node = vectors[order[(order[(i + right) % 256] + j + down) % 256]]
            return (a - right) * node[..., 0] + (b - down) * node[..., 1]

        s, t = a * a * (3 - 2 * a), b * b * (3 - 2 * b)
        upper = pull(0, 0) + s * (pull(1, 0) - pull(0, 0))
        lower = pull(0, 1) + s * (pull(1, 1) - pull(0, 1))
        return 1.5 * (upper + t * (lower - upper))

    u, v = grid(x) * 7 / len(x)
    total = sum(np.abs(noise(u * f, v * f)) / f for f in (1, 2, 4, 8, 16))
    alpha = level * 0.05
    veil = np.nan_to_num(np.clip(0.5 * total + 0.5, 0, 1), nan=-1e9)[..., None]
    return bytes_of(np.float32(1 - alpha) * x.astype(np.float32) + 255 * alpha * veil)


def plasma_noise(x, level, _, numbers, *__):
    y, across = grid(x) / (numbers["scale"] * len(x))
    time, frequency, slower, weaker = numbers["time"], 1.0, 1.0, 1.0
    for _ in range(int(numbers["iterations"])):
        first = np.cos(y * frequency + time / slower) / weaker
        second = np.sin(across * frequency + time / slower) / weaker
        across, y = across + first - 0.3 * second, y + second + 0.3 * first
        frequency, slower, weaker = frequency * 1.93, slower * 1.15, weaker * (2.25 - numbers["sharpness"])
    light = [np.sin(across - time), np.sin((across + y + np.sin(time)) / 2), np.sin(y + time)]
    strength = level * 6.4
    return bytes_of((1 - strength / 255) * x + strength * np.stack(light, 2))


def single_frequency_greyscale(x, level, _, numbers, *__):
    y, across = grid(x)
    pair = [numbers["frequency"], abs(numbers["frequency"]) * numbers["share"]]
    if numbers["order"] >= 0.5:
        pair.reverse()
    return bytes_of(x + level * 19.6 * np.sin(across * pair[0] + y * pair[1] + numbers["phase"])[..., None])


def cocentric_sine_waves(x, level, _, numbers, *__):
    side = len(x)
    y, across = grid(x) - np.array([numbers["row"], numbers["column"]])[:, None, None] * side
    wave = np.sin(np.arctan2(across, y) * numbers["frequency"]) * numbers["amplitude"] * side
    ring = numbers["ring"] * side
    return bytes_of(x + level * 12.8 * ((np.hypot(across, y) + wave) % ring / ring - 0.5)[..., None])


def read(x, y, across):
    """The picture between pixels; black beyond the edges. In this order: truncation shows each rounding error."""
    padded = np.pad(x.astype(float), ((1, 2), (1, 2), (0, 0)))
    top, left = np.floor(y).astype(int), np.floor(across).astype(int)
    a, p = (1 - y + top)[..., None], (1 - across + left)[..., None]
    b, q = (1 - (top + 1) + y)[..., None], (1 - (left + 1) + across)[..., None]

    def at(down, right):
        rows, columns = (np.clip(v + 1, 0, n + 2) for v, n in ((top + down, len(x)), (left + right, x.shape[1])))
        return padded[rows, columns]

    return (at(0, 0) * p + at(0, 1) * q) * a + (at(1, 0) * p + at(1, 1) * q) * b


def ripple(x, level, _, numbers, *__):
    places = []
    for place, axis in zip(grid(x), ("down", "across"), strict=True):
        turns = 2 * np.pi * place / (numbers[f"wavelength_{axis}"] * len(x)) + numbers[f"phase_{axis}"]
        places.append(place + level * 0.0025 * len(x) * np.sin(turns))
    return bytes_of(read(x, *places))


def pinch_and_twirl(x, level, arrays, *_):
    out, signs = x.astype(np.float32), arrays["signs"]
    side = len(x) // len(signs)
    y, across = np.mgrid[:side, :side] - side / 2
    far = np.hypot(y, across) / (side / 2)
    moved = (far <= 1) & (far > 1e-3)
    stretch = np.where(moved, np.sin(np.pi / 2 * np.where(moved, far, 1.0)) ** -(level * 0.04 + 0.1), 1.0)
    for i, j in np.ndindex(signs.shape):
        turn = np.where(moved, signs[i, j] * level * np.pi / 20 * (1 - far) ** 2, 0.0)
        dy, dx = y * stretch, across * stretch
        rows = j * side + side / 2 + dy * np.cos(turn) - dx * np.sin(turn)
        columns = i * side + side / 2 + dy * np.sin(turn) + dx * np.cos(turn)
        out[j * side : (j + 1) * side, i * side : (i + 1) * side] = read(out, rows, columns)
    return bytes_of(out)


def caustics(side, time, size):
    p = np.mgrid[:side, :side] / size % 1 * 6.28318530718 - 250
    i, total = p, 1.0
    for n in range(5):
        t = time * (1 - 3.5 / (n + 1))
        i = p + np.stack([np.cos(t - i[0]) + np.sin(t + i[1]), np.sin(t - i[1]) + np.cos(t + i[0])])
        total += 1 / np.hypot(p[0] / (np.sin(i[0] + t) / 0.005), p[1] / (np.cos(i[1] + t) / 0.005))
    return np.clip(np.abs(1.17 - (total / 5) ** 1.4) ** 8, 0, 1)


def caustic_refraction(x, level, _, numbers, *__):
    """By vectors: the normal of the surface, and Snell's law within the plane of normal and light."""
    side = len(x)
    light = np.pad(ndimage.gaussian_filter(caustics(side, numbers["time"], numbers["size"] * side), 1), 1)
    across, down = light[1:-1, 2:] - light[1:-1, :-2], light[2:, 1:-1] - light[:-2, 1:-1]
    normal = np.stack([down, across, np.ones_like(down)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    upright = np.array([0.0, 0.0, 1.0])
    with np.errstate(invalid="ignore"):
        axis = np.cross(upright, normal)
        axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
        out = np.arcsin(np.sin(np.arccos(normal[..., 2])) / 4)[..., None]
        bent = np.cos(out) * normal + np.sin(out) * np.cross(normal, axis)
    bent = np.where(normal[..., 2:] >= 0.999, upright, bent)
    moves = np.round(bent * level * 0.05 * side, 3)
    y, columns = grid(x)
    seen = read((x.astype(np.float32) / np.float32(255)), y + moves[..., 0], columns + moves[..., 1])
    seen = seen - (across * level * 0.2)[..., None] + (down * level * 0.2)[..., None]
    return bytes_of(np.clip(seen, 0, 1) * 255)


def transverse_chromatic_abberation(x, level, _, numbers, *__):
    scales, out = [1, 1 + level * 0.025, 1 + level * 0.05], x.copy()
    for channel, number in enumerate(list(itertools.permutations(range(3)))[int(numbers["order"])]):
        large = ndimage.zoom(x[..., channel], scales[number], prefilter=False)
        edge = (len(large) - len(x)) // 2
        out[..., channel] = large[edge : edge + len(x), edge : edge + len(x)]
    return out


def circular_motion_blur(x, level, *_):
    x = (x / 255).astype(np.float32)
    shares = [2 * i / 20 - 1 for i in range(21)]
    weights = [np.exp(-2 * share**2) for share in shares]
    total = np.zeros_like(x)
    for share, weight in zip(shares, weights, strict=True):
        total += weight * ndimage.rotate(x, share * level * 1.5, reshape=False).astype(np.float64)
    return bytes_of((total / sum(weights)).astype(np.float32) * np.float32(255))
