"""Every method, slow and obvious: a copy from its plan as plain data, by Pillow, float64 numpy and scipy alone."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.special import ndtri

from tests.methods import oracle

RESAMPLE = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}


def replay(plan, picture, mixing):
    """One copy, float64 (H, W, 3): the plan, the picture, and the cropped mixing picture or second sample."""
    if "steps" in plan:
        return sequence(plan["steps"], picture).astype(np.float64)
    if "chains" not in plan:
        return pair(plan, picture, mixing)
    if plan.get("overflow") == "float":
        return float_chain(plan["chains"][0]["steps"], picture, mixing)
    total = (1 - plan["blend"]) * picture.astype(np.float64)
    for chain in plan["chains"]:
        if chain["steps"][0]["kind"] != "operation":
            total += plan["blend"] * chain["weight"] * prime_chain(chain["steps"], picture / 255.0) * 255
            continue
        running = picture
        for step in chain["steps"]:
            running = oracle.operate(step["operation"], step["parameters"], running)
        total += plan["blend"] * chain["weight"] * running
    return total


def sequence(steps, picture):
    for step in steps:
        picture = erase(step, picture) if step["kind"] == "erase" else operate(step, picture)
    return picture


def operate(step, picture):
    if "matrix" in step:
        image = Image.fromarray(picture)
        resample, fill = RESAMPLE[step["resample"]], tuple(step["fill"])
        return np.array(image.transform(image.size, oracle.AFFINE, step["matrix"], resample, fillcolor=fill))
    if step["operation"] == "identity":
        return picture
    if step["operation"] == "solarize_add":
        return np.where(picture < 128, np.minimum(picture + step["parameters"]["added"], 255), picture).astype(np.uint8)
    return oracle.operate(step["operation"], step["parameters"], picture)


def erase(step, picture):
    box = step["box"]
    filled = picture.copy()
    place = filled[box["top"] : box["top"] + box["height"], box["left"] : box["left"] + box["width"]]
    place[...] = step["fill"] if "fill" in step else noise(step, place.shape)
    return filled


def noise(step, shape):
    values = normal_numbers(step, int(np.prod(shape))).reshape(shape) * step["deviation"] + step["mean"]
    return np.clip(np.floor(values + 0.5), 0, 255)


def normal_numbers(step, count):
    """The first numbers of a SplitMix64 stream, as normal ones."""
    z = np.uint64(int(step["key"], 16)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ndtri(((z ^ (z >> np.uint64(31))) >> np.uint64(12)).astype(np.float64) * 2.0**-52 + 2.0**-53)


def float_chain(steps, picture, mixing):
    """In float32, as the published code: small numbers underflow."""
    values = np.float32(picture) / np.float32(255)
    for step in steps:
        if step["kind"] == "operation":
            values = np.float32(oracle.operate(step["operation"], step["parameters"], picture)) / np.float32(255)
            continue
        partner = step["partner"]
        other = mixing
        if partner["kind"] == "operation":
            other = oracle.operate(partner["operation"], partner["parameters"], picture)
        u, v = 2 * values, 2 * np.float32(other) / np.float32(255)
        a, b = np.float32(step["a"]), np.float32(step["b"])
        if step["mixing"] == "add":
            values = (a * (u - 1) + b * (v - 1) + 1) / 2
        else:
            values = u**a * np.maximum(v, np.float32(1e-37)) ** b / 2
        values = np.clip(values, 0, 1)
    return values.astype(np.float64) * 255


def prime_chain(steps, values):
    for step in steps:
        values = {"filter": correlated, "colour": recoloured, "displacement": displaced}[step["kind"]](step, values)
    return values


def correlated(step, values):
    height, width = values.shape[:2]
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)))
    out = sum(step["filter"][dy][dx] * padded[dy : dy + height, dx : dx + width] for dy in range(3) for dx in range(3))
    return np.clip(out, 0, 1)


def recoloured(step, values):
    frequencies = step["first"] + np.arange(step["count"])
    weights = normal_numbers(step, 3 * step["count"]).reshape(3, -1) * step["scale"]
    waves = np.sin(np.pi * values[..., None] * frequencies)
    return np.clip(values + np.einsum("hwcf,cf->hwc", waves, weights, optimize=True), 0, 1)


def displaced(step, values):
    (height, width), cut = values.shape[:2], step["cut"]
    i, j = np.meshgrid(np.arange(1, cut + 1), np.arange(1, cut + 1), indexing="ij")
    radius = np.hypot(i, j)
    weights = normal_numbers(step, 2 * cut * cut).reshape(2, cut, cut) * (radius < cut + 0.5) / radius * step["scale"]
    across = np.sin(np.pi * np.arange(1, cut + 1) * np.linspace(0, 1, width)[:, None])
    down = np.sin(np.pi * np.arange(1, cut + 1) * np.linspace(0, 1, height)[:, None])
    dx, dy = np.einsum("nij,xi,yj->nyx", weights, across, down, optimize=True)
    x = np.clip(np.arange(width) - dx, 0, width - 1)
    y = np.clip(np.arange(height)[:, None] - dy, 0, height - 1)
    left, top, right, bottom = (f.astype(int) for f in (np.floor(x), np.floor(y), np.ceil(x), np.ceil(y)))
    part_x, part_y = (x - left)[..., None], (y - top)[..., None]
    upper = values[top, left] * (1 - part_x) + values[top, right] * part_x
    lower = values[bottom, left] * (1 - part_x) + values[bottom, right] * part_x
    return upper * (1 - part_y) + lower * part_y


def pair(plan, picture, second):
    if plan["kind"] == "mixup":
        return plan["weight"] * picture.astype(np.float64) + (1 - plan["weight"]) * second
    out, box = picture.astype(np.float64), plan.get("box", {"top": 0, "left": 0, "height": 0, "width": 0})
    rows, columns = (slice(box[at], box[at] + box[side]) for at, side in (("top", "height"), ("left", "width")))
    out[rows, columns] = second[rows, columns]
    return out
