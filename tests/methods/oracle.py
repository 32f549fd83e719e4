"""IPMix, slow and obvious: one step at a time with Pillow and float64 numpy, from a plan as plain data."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

BILINEAR = Image.Resampling.BILINEAR
AFFINE = Image.Transform.AFFINE


def operate(name, parameters, picture):
    """One image operation on uint8 (H, W, 3), by Pillow."""
    image = Image.fromarray(picture)
    value = next(iter(parameters.values()), None)
    affine = {
        "shear_x": (1, value, 0, 0, 1, 0),
        "shear_y": (1, 0, 0, value, 1, 0),
        "translate_x": (1, 0, value, 0, 1, 0),
        "translate_y": (1, 0, 0, 0, 1, value),
    }
    enhancers = {
        "color": ImageEnhance.Color,
        "contrast": ImageEnhance.Contrast,
        "brightness": ImageEnhance.Brightness,
        "sharpness": ImageEnhance.Sharpness,
    }
    if name in affine:
        image = image.transform(image.size, AFFINE, affine[name], BILINEAR)
    elif name in enhancers:
        image = enhancers[name](image).enhance(value)
    elif name == "rotate":
        image = image.rotate(value, BILINEAR)
    else:
        image = getattr(ImageOps, name)(image, *parameters.values())
    return np.array(image)


def power(values, exponent, floor):
    """max(2v, floor) ** exponent of bytes v, scaled to [0, 1], by the C library."""
    table = [math.pow(max(2 * (value / 255.0), floor), exponent) for value in range(256)]
    return np.array(table)[values]


def single_power(values, exponent, floor):
    """The same as the published code has it: each number is a float32."""
    one, exponent = np.float32, float(np.float32(exponent))
    bases = [float(max(one(2) * (one(value) / one(255)), one(floor))) for value in range(256)]
    return np.array([math.pow(base, exponent) for base in bases]).astype(one)[values]


def mix_singles(step, u, v, overflow):
    """One mixing of two uint8 patches in float32, operation by operation as torch does it."""
    one = np.float32
    a, b = one(step["a"]), one(step["b"])
    if step["mixing"] == "add":
        u, v = (one(2) * (patch.astype(one) / one(255)) - one(1) for patch in (u, v))
        value = (a * u + b * v + one(1)) / one(2)
    else:
        value = single_power(u, a, 0.0) * single_power(v, b, 1e-37) / one(2)
    if overflow != "wrap":
        return (one(255) * np.clip(value, 0, 1)).astype(np.uint8)
    with np.errstate(over="ignore"):  # 1e37 * 255 is infinite, and so 0
        scaled = one(255) * value
    fits = np.abs(scaled) < 2.0**31
    return (np.where(fits, scaled, 0).astype(np.int64) % 256).astype(np.uint8)


def mix(step, u, v, overflow, mask):
    """One mixing of two uint8 patches."""
    if mask is not None:
        kept = mask if mask.ndim == 3 else mask[..., None]
        return np.where(kept, u, v)
    if overflow != "clip":
        return mix_singles(step, u, v, overflow)
    a, b = step["a"], step["b"]
    if step["mixing"] == "add":
        value = (a * (2 * (u / 255.0) - 1) + b * (2 * (v / 255.0) - 1) + 1) / 2
    else:
        value = power(u, a, 0.0) * power(v, b, 1e-37) / 2
    return (255 * np.clip(value, 0, 1)).astype(np.uint8)


def apply(picture, plan, mixing, overflow, masks):
    """One copy: the picture and the cropped mixing picture, uint8 (H, W, 3); masks as explain names them."""
    total = (1 - plan["blend"]) * picture.astype(np.float64)
    for i, chain in enumerate(plan["chains"]):
        running = picture.copy()
        for j, step in enumerate(chain["steps"]):
            if step["kind"] == "operation":
                running = operate(step["operation"], step["parameters"], running)
                continue
            partner = mixing
            if step["partner"]["kind"] == "operation":
                partner = operate(step["partner"]["operation"], step["partner"]["parameters"], picture)
            box = step["patch"]
            rows = slice(box["top"], box["top"] + box["height"])
            columns = slice(box["left"], box["left"] + box["width"])
            patch = mix(step, running[rows, columns], partner[rows, columns], overflow, masks.get((i, j)))
            running[rows, columns] = patch
        total += plan["blend"] * chain["weight"] * running
    return np.floor(total + 0.5).astype(np.uint8)
