"""Brightness, contrast, saturation, elastic transform, pixelation and JPEG compression."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ipmix_cli.corruptions.corruption import Conditions, Corruption, to_bytes
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.gaussian import gaussian
from ipmix_cli.corruptions.profiles import PROFILES, SIZES
from ipmix_cli.picture import Picture

ELASTIC_SIDES = {"32": 32, "64": 64, "224": 244, "299": 360}
"""The side that elastic_transform's published constants are multiplied by: 244 for 224, and 360 for 299."""


def in_hsv(picture: Picture, factor: float, saturate: float, brighten: float, half: float) -> Picture:
    """Return a picture with its saturation (factor >= 0) or its value changed."""
    from ipmix_cli.kernels.corruptions.colour import shift_colours

    out = np.empty_like(picture)
    pixels = picture.reshape(-1, 3)
    shift_colours(pixels, float(factor), float(saturate), float(brighten), half, out.reshape(-1, 3))
    return out


def brightness(picture: Picture, shift: float, _: Draws, conditions: Conditions) -> Picture:
    """Add to the value of HSV."""
    return in_hsv(picture, -1.0, 0.0, shift, conditions.half)


def saturate(picture: Picture, values: tuple[float, float], _: Draws, conditions: Conditions) -> Picture:
    """Multiply and add to the saturation of HSV."""
    return in_hsv(picture, *values, 0.0, conditions.half)


def contrast(picture: Picture, factor: float, _: Draws, conditions: Conditions) -> Picture:
    """Shrink each channel towards its mean."""
    import cv2

    means = np.mean(picture / 255.0, axis=(0, 1))
    levels = (np.arange(256) / 255.0)[:, None]
    table = to_bytes((levels - means) * factor + means, conditions.half)
    return np.asarray(cv2.LUT(picture, table[None]), np.uint8)


def pixelate(picture: Picture, scale: float, _: Draws, __: Conditions) -> Picture:
    """Shrink with a box filter, and enlarge again with one."""
    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    small = image.resize((max(int(width * scale), 1), max(int(height * scale), 1)), Image.Resampling.BOX)
    return np.array(small.resize((width, height), Image.Resampling.BOX))


def jpeg_compression(picture: Picture, quality: int, _: Draws, __: Conditions) -> Picture:
    """Store as JPEG of low quality and read back, by Pillow."""
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG", quality=quality)
    with Image.open(stored) as image:
        return np.array(image)


def elastic_side(size: tuple[int, int], conditions: Conditions) -> float:
    """Return what the constants of an elastic transform are multiplied by, in pixels.

    It follows the short side, in the published proportion; `corrected` makes that 1.
    """
    if conditions.corrected:
        return float(min(size))
    return min(size) * ELASTIC_SIDES[conditions.profile] / SIZES[conditions.profile]


def elastic_transform(
    picture: Picture, values: tuple[float, float, float], draws: Draws, conditions: Conditions
) -> Picture:
    """Move three points, and then each pixel by a smooth random field."""
    import cv2

    from ipmix_cli.kernels.corruptions.geometry import warp

    height, width = picture.shape[:2]
    side = elastic_side((height, width), conditions)
    alpha, sigma, reach = (side * value for value in values)
    moves = np.array([draws.numbers[name] for name in POINTS]).reshape(3, 2)
    matrix = affine_of((height, width), -reach + 2 * reach * moves)
    x = picture.astype(np.float32) / np.float32(255)
    x = np.asarray(cv2.warpAffine(x, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.float32)
    if alpha == 0:
        return to_bytes(x, conditions.half)
    right, down = (
        (gaussian(-1 + 2 * draws.uniform(number, height, width), sigma, "reflect", 3.0) * alpha).astype(np.float32)
        for number in (0, 1)
    )
    out = np.empty_like(x)
    warp(x, right, down, out)
    return to_bytes(out, conditions.half)


def affine_of(size: tuple[int, int], moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the affine matrix (2, 3) that moves three points about the centre by `moves` (3, 2), in pixels."""
    import cv2

    centre = np.array(size, np.float32) // 2
    reach = min(size) // 3
    before = np.array([centre + reach, [centre[0] + reach, centre[1] - reach], centre - reach], np.float32)
    if reach == 0:  # three points in one place, below 3 px: a shift by the first
        return np.array([[1, 0, moves[0, 0]], [0, 1, moves[0, 1]]], np.float64)
    return np.asarray(cv2.getAffineTransform(before, before + moves.astype(np.float32)))


POINTS = tuple(f"point{point}_{axis}" for point in range(3) for axis in ("first", "second"))


def elastic_fields(values: Any, draws: Draws, size: tuple[int, int], _: Conditions) -> dict[str, NDArray[Any]]:
    """Return the uniforms of both displacement fields, where they are used."""
    if values[0] == 0:
        return {}
    return {"right": draws.uniform(0, *size), "down": draws.uniform(1, *size)}


BRIGHTNESS = Corruption(
    name="brightness",
    code=10,
    summary="more light: the value of HSV is raised",
    parameters=PROFILES["brightness"],
    meaning=("shift",),
    apply=brightness,
)
CONTRAST = Corruption(
    name="contrast",
    code=11,
    summary="less contrast: each channel is drawn towards its mean",
    parameters=PROFILES["contrast"],
    meaning=("factor",),
    apply=contrast,
)
ELASTIC_TRANSFORM = Corruption(
    name="elastic_transform",
    code=12,
    summary="small regions stretched and shifted",
    parameters=PROFILES["elastic_transform"],
    meaning=("alpha", "sigma", "affine"),
    apply=elastic_transform,
    numbers=dict.fromkeys(POINTS, (0.0, 1.0)),
    fields=elastic_fields,
)
PIXELATE = Corruption(
    name="pixelate",
    code=13,
    summary="a small picture enlarged",
    parameters=PROFILES["pixelate"],
    meaning=("scale",),
    apply=pixelate,
)
JPEG_COMPRESSION = Corruption(
    name="jpeg_compression",
    code=14,
    summary="the artefacts of JPEG at low quality",
    parameters=PROFILES["jpeg_compression"],
    meaning=("quality",),
    apply=jpeg_compression,
)
SATURATE = Corruption(
    name="saturate",
    code=18,
    summary="weaker and stronger colours",
    parameters=PROFILES["saturate"],
    meaning=("factor", "shift"),
    apply=saturate,
)
