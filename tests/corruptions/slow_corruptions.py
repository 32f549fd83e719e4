"""Every corruption once more: slow, obvious, and with its random arrays given. Float64 NumPy and SciPy's ndimage."""

from __future__ import annotations

import colorsys
import io
import math

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage, stats


def levels(values):
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)


def blur(values, sigma, mode="nearest", truncate=4.0):
    sigmas = (sigma, sigma, 0)[: values.ndim]
    return ndimage.gaussian_filter(values, sigmas, mode=mode, truncate=truncate)


def gaussian_noise(x, scale, arrays, *_):
    return levels(x / 255 + scale * arrays["normal"])


def speckle_noise(x, scale, arrays, *_):
    return levels(x / 255 + x / 255 * (scale * arrays["normal"]))


def shot_noise(x, photons, arrays, *_):
    return levels(stats.poisson.ppf(arrays["uniform"], x / 255 * photons) / photons)


def impulse_noise(x, amount, arrays, *_):
    out = x.copy()
    out[arrays["flipped"] <= amount] = np.where(arrays["salted"] <= 0.5, 255, 0)[arrays["flipped"] <= amount]
    return out


def gaussian_blur(x, sigma, *_):
    return levels(blur(x / 255, sigma))


def defocus_blur(x, values, *_):
    radius, alias = values
    reach, side = (8, 3) if radius <= 8 else (radius, 5)
    lit = [
        [float(i * i + j * j <= radius * radius) for i in range(-reach, reach + 1)] for j in range(-reach, reach + 1)
    ]
    kernel = cv2.GaussianBlur(np.array(lit, np.float32) / np.float32(np.sum(lit)), (side, side), alias)
    return levels(cv2.filter2D(x / 255, -1, kernel))


def glass_blur(x, values, arrays, *_):
    sigma, reach, iterations = values
    height, width = x.shape[:2]
    moved = (blur(x / 255, sigma) * 255).astype(np.uint8)
    for i in range(iterations):
        for a, h in enumerate(range(height - reach, reach, -1)):
            for b, w in enumerate(range(width - reach, reach, -1)):
                right, down = arrays["steps"][i, a, b]
                moved[h, w] = moved[h + down, w + right]
    return levels(blur(moved / 255, sigma))


def along(x, radius, sigma, degrees):
    n = 2 * radius + 1
    weights = np.exp(-(np.arange(n) ** 2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma)
    weights /= weights.sum()
    height, width = x.shape[:2]
    total = np.zeros(x.shape)
    for i in range(n):
        down = math.ceil(i * math.sin(math.radians(degrees)) - 0.5)
        right = math.ceil(i * math.cos(math.radians(degrees)) - 0.5)
        rows = np.clip(np.arange(height) + down, 0, height - 1)
        columns = np.clip(np.arange(width) + right, 0, width - 1)
        total += weights[i] * x[rows][:, columns]
    return np.clip(total, 0, 255).astype(np.uint8)


def motion_blur(x, values, _, numbers, *__):
    return along(x, *values, numbers["degrees"])


def enlarged(x, zoom):
    crops = [math.ceil(side / zoom) for side in x.shape[:2]]
    tops = [(side - crop) // 2 for side, crop in zip(x.shape, crops, strict=False)]
    part = x[tops[0] : tops[0] + crops[0], tops[1] : tops[1] + crops[1]]
    large = ndimage.zoom(part, (zoom, zoom, 1)[: x.ndim], order=1)
    trims = [(a - b) // 2 for a, b in zip(large.shape, x.shape, strict=False)]
    return large[trims[0] : trims[0] + x.shape[0], trims[1] : trims[1] + x.shape[1]]


def zoom_blur(x, values, *_):
    x = (x / 255).astype(np.float32)
    zooms = np.arange(1, *values)
    total = np.zeros_like(x)
    for zoom in zooms:
        total += enlarged(x, zoom)
    return levels((x + total) / (len(zooms) + 1))


def snow(x, values, arrays, numbers, *_):
    mean, deviation, zoom, threshold, radius, sigma, keep = values
    layer = enlarged(mean + deviation * arrays["normal"], zoom)
    layer[layer < threshold] = 0
    layer = along(levels(layer), radius, sigma, numbers["degrees"])[..., None] / 255
    x = (x / 255).astype(np.float32)
    grey = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[..., None]
    return levels(keep * x + (1 - keep) * np.maximum(x, 1.5 * grey + 0.5) + layer + np.rot90(layer, 2))


def frost(x, values, _, numbers, frosts):
    keep, share, scale = values
    ice = frosts[int(numbers["which"] * 5)]
    if scale != 1:
        ice = cv2.resize(ice, None, fx=scale, fy=scale)
    top = int(numbers["top"] * (ice.shape[0] - x.shape[0]))
    left = int(numbers["left"] * (ice.shape[1] - x.shape[1]))
    part = ice[top : top + x.shape[0], left : left + x.shape[1]]
    return np.clip(keep * x.astype(float) + share * part, 0, 255).astype(np.uint8)


def plasma(side, decay, uniforms):
    """Diamond-square with whole-array shifts instead of loops over points."""
    out, wibble, step, drawn = np.zeros((side, side)), 100.0, side, iter(uniforms)
    while step >= 2:
        half, n = step // 2, side // step

        def raised(four, wibble=wibble, n=n):
            u = np.array([next(drawn) for _ in range(n * n)]).reshape(n, n)
            return four / 4 + wibble * (2 * wibble * u - wibble)

        corners = out[::step, ::step].copy()
        right, below = np.roll(corners, -1, 1), np.roll(corners, -1, 0)
        centres = raised(corners + right + below + np.roll(right, -1, 0))
        out[half::step, half::step] = centres
        out[::step, half::step] = raised(centres + np.roll(centres, 1, 0) + corners + right)
        out[half::step, ::step] = raised(centres + np.roll(centres, 1, 1) + corners + below)
        step, wibble = half, wibble / decay
    return (out - out.min()) / (out.max() - out.min())


def fog(x, values, arrays, *_):
    strength, decay = values
    side = 2 ** math.ceil(math.log2(max(x.shape)))
    mist = plasma(side, decay, arrays["uniform"])[: x.shape[0], : x.shape[1], None]
    return levels((x / 255 + strength * mist) * (x.max() / 255) / (x.max() / 255 + strength))


def hsv(r, g, b):
    """As colorsys, but with the divisions in scikit-image's order, which truncation shows."""
    v, span = max(r, g, b), max(r, g, b) - min(r, g, b)
    if span == 0:
        return 0.0, 0.0, v
    sixths = 4 + (r - g) / span if b == v else 2 + (b - r) / span if g == v else (g - b) / span
    return sixths / 6 % 1.0, span / v, v


def in_hsv(x, change):
    out = [colorsys.hsv_to_rgb(*change(*hsv(*pixel))) for pixel in (x.reshape(-1, 3) / 255).tolist()]
    return levels(np.array(out).reshape(x.shape))


def brightness(x, shift, *_):
    return in_hsv(x, lambda h, s, v: (h, s, min(v + shift, 1)))


def saturate(x, values, *_):
    return in_hsv(x, lambda h, s, v: (h, min(s * values[0] + values[1], 1), v))


def contrast(x, factor, *_):
    means = (x / 255).mean((0, 1))
    return levels((x / 255 - means) * factor + means)


def pixelate(x, scale, *_):
    height, width = x.shape[:2]
    small = Image.fromarray(x).resize((int(width * scale), int(height * scale)), Image.Resampling.BOX)
    return np.array(small.resize((width, height), Image.Resampling.BOX))


def jpeg_compression(x, quality, *_):
    stored = io.BytesIO()
    Image.fromarray(x).save(stored, "JPEG", quality=quality)
    return np.array(Image.open(stored))


def elastic_transform(x, values, arrays, numbers, _, side):
    alpha, sigma, reach = (side * value for value in values)
    height, width = x.shape[:2]
    centre, arm = np.array([height, width]) // 2, min(height, width) // 3
    before = np.float32([centre + arm, [centre[0] + arm, centre[1] - arm], centre - arm])
    moves = 2 * reach * np.array(list(numbers.values())).reshape(3, 2) - reach
    matrix = cv2.getAffineTransform(before, before + moves.astype(np.float32))
    x = (x / 255).astype(np.float32)
    x = cv2.warpAffine(x, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    if alpha == 0:
        return levels(x)
    right, down = (alpha * blur(2 * arrays[name] - 1, sigma, "reflect", 3) for name in ("right", "down"))
    rows, columns = np.mgrid[:height, :width]
    places = [rows + down.astype(np.float32), columns + right.astype(np.float32)]
    return levels(np.stack([ndimage.map_coordinates(x[..., c], places, order=1, mode="reflect") for c in range(3)], 2))


def spatter(x, values, arrays, *_):
    mean, deviation, sigma, threshold, strength, mud = values
    liquid = blur(mean + deviation * arrays["normal"], sigma)
    liquid[liquid < threshold] = 0
    if mud:
        cover = blur((liquid > threshold).astype(np.float32), strength)
        cover = np.where(cover < 0.8, 0, cover)[..., None]
        return levels(x / 255 * (1 - cover) + cover * np.array([63, 42, 20]) / 255)
    drops = (liquid * 255).astype(np.uint8)
    far = cv2.distanceTransform(255 - cv2.Canny(drops, 50, 150), cv2.DIST_L2, 5)
    rims = cv2.equalizeHist(cv2.blur(np.minimum(far, 20), (3, 3)).astype(np.uint8))
    rims = cv2.filter2D(rims, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
    light = drops * cv2.blur(rims, (3, 3)).astype(np.float64)
    light = strength * light / max(light.max(), 1e-9)
    return levels(x / 255 + light[..., None] * np.array([175, 238, 238]) / 255)
