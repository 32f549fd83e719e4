"""Defocus, glass, motion, zoom and Gaussian blur."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.corruption import Conditions, Corruption, to_bytes
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.gaussian import blurred
from ipmix_cli.corruptions.profiles import PROFILES
from ipmix_cli.corruptions.zoom import mean_of_zooms
from ipmix_cli.picture import Picture


def bytes_of(values: NDArray[np.float64], half: float) -> Picture:
    """Return float64 values of 0 .. 1 as bytes; the compiled twin of ``to_bytes``."""
    from ipmix_cli.kernels.corruptions.noise import write_bytes

    out = np.empty(values.shape, np.uint8)
    write_bytes(values.reshape(-1), half, out.reshape(-1))
    return out


@functools.cache
def disk(radius: float, alias: float) -> NDArray[np.float32]:
    """Return a normalised disk on a grid of 17 pixels, or of its own size if that is larger, smoothed by `alias`."""
    import cv2

    reach, side = (8, 3) if radius <= 8 else (radius, 5)
    places = np.arange(-reach, reach + 1)
    lit = (places[None, :] ** 2 + places[:, None] ** 2 <= radius**2).astype(np.float32)
    lit /= np.sum(lit)
    return np.asarray(cv2.GaussianBlur(lit, (side, side), alias), np.float32)


def defocus_blur(picture: Picture, values: tuple[float, float], _: Draws, conditions: Conditions) -> Picture:
    """Correlate with a disk."""
    import cv2

    kernel = disk(*values)
    x = picture / 255.0
    # one channel at a time: OpenCV rounds three together in another order
    channels = [cv2.filter2D(np.ascontiguousarray(x[:, :, c]), -1, kernel) for c in range(3)]
    return bytes_of(np.ascontiguousarray(np.stack(channels, 2)), conditions.half)


def glass_blur(picture: Picture, values: tuple[float, int, int], draws: Draws, conditions: Conditions) -> Picture:
    """Blur, move pixels about, and blur again.

    Published: an exchange of two pixels that are views of one array, which copies one over the other.
    """
    from ipmix_cli.kernels.corruptions.filters import shuffle_pixels

    sigma, reach, _ = values
    moved = (blurred(picture, sigma) * 255 + conditions.half).astype(np.uint8)
    steps = glass_steps(values, draws, (picture.shape[0], picture.shape[1]))
    shuffle_pixels(moved, steps, reach, int(conditions.corrected))
    return bytes_of(blurred(moved, sigma), conditions.half)


def glass_steps(values: tuple[float, int, int], draws: Draws, size: tuple[int, int]) -> NDArray[np.int64]:
    """Return how far right and down each pixel's other one lies, (iterations, rows, columns, 2), in order of use."""
    _, reach, iterations = values
    rows, columns = (max(side - 2 * reach, 0) for side in size)
    return draws.steps(0, reach, iterations, rows, columns, 2)


def glass_fields(values: Any, draws: Draws, size: tuple[int, int], _: Conditions) -> dict[str, NDArray[Any]]:
    """Return the steps of the shuffle."""
    return {"steps": glass_steps(values, draws, size)}


def streak(radius: int, sigma: float, degrees: float) -> tuple[NDArray[np.float64], list[int], list[int]]:
    """Return the weights of a motion, and how far right and down of a pixel each weighed one lies.

    Half a Gaussian over 2 * radius + 1 pixels, as ImageMagick's MotionBlur; degrees run clockwise from the right.
    """
    width = 2 * radius + 1
    weights = np.exp(-(np.arange(width) ** 2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)
    weights /= np.sum(weights)
    down, right = width * np.sin(np.deg2rad(degrees)), width * np.cos(np.deg2rad(degrees))
    length = math.hypot(down, right)
    across = [math.ceil(i * right / length - 0.5) for i in range(width)]
    return weights, across, [math.ceil(i * down / length - 0.5) for i in range(width)]


def motion(picture: Picture, radius: int, sigma: float, degrees: float) -> NDArray[np.float64]:
    """Return a picture (H, W, C) blurred along a line, in levels of 0 .. 255."""
    from ipmix_cli.kernels.corruptions.filters import blur_along

    weights, across, down = streak(radius, sigma, degrees)
    sums = np.empty(picture.shape, np.float64)
    blur_along(picture, weights, np.array(across, np.int64), np.array(down, np.int64), sums)
    return sums


def levels_of(sums: NDArray[np.float64], conditions: Conditions) -> Picture:
    """Return levels of 0 .. 255 as bytes.

    Truncation may turn flat white into 254, since weights do not sum to one exactly: the NumPy port of the published
    code does that, ImageMagick, which sums in 16 bits, does not. Both agree to a level, in all but 0.4 % of values.
    """
    return np.asarray(np.clip(sums + conditions.half, 0, 255).astype(np.uint8))


def motion_blur(picture: Picture, values: tuple[int, float], draws: Draws, conditions: Conditions) -> Picture:
    """Blur along a line of random direction."""
    return levels_of(motion(picture, *values, draws.numbers["degrees"]), conditions)


def zoom_blur(picture: Picture, values: tuple[float, float], _: Draws, conditions: Conditions) -> Picture:
    """Average enlargements from 1 to the last zoom."""
    x = (picture / 255.0).astype(np.float32)
    zooms = tuple(np.arange(1, *values).tolist())  # rounding decides whether the last one is among them
    return to_bytes(mean_of_zooms(x, zooms), conditions.half)


def gaussian_blur(picture: Picture, sigma: float, _: Draws, conditions: Conditions) -> Picture:
    """Filter by a Gaussian."""
    return bytes_of(blurred(picture, sigma), conditions.half)


DEFOCUS_BLUR = Corruption(
    name="defocus_blur",
    code=3,
    summary="a lens out of focus: each pixel becomes a disk",
    parameters=PROFILES["defocus_blur"],
    meaning=("radius", "alias_sigma"),
    apply=defocus_blur,
)
GLASS_BLUR = Corruption(
    name="glass_blur",
    code=4,
    summary="frosted glass: pixels are moved about between two blurs",
    parameters=PROFILES["glass_blur"],
    meaning=("sigma", "reach", "iterations"),
    apply=glass_blur,
    fields=glass_fields,
)
MOTION_BLUR = Corruption(
    name="motion_blur",
    code=5,
    summary="a moving camera: a blur along a line",
    parameters=PROFILES["motion_blur"],
    meaning=("radius", "sigma"),
    apply=motion_blur,
    numbers={"degrees": (-45.0, 45.0)},
)
ZOOM_BLUR = Corruption(
    name="zoom_blur",
    code=6,
    summary="a camera that nears: the mean of enlargements",
    parameters=PROFILES["zoom_blur"],
    meaning=("stop", "step"),
    apply=zoom_blur,
)
GAUSSIAN_BLUR = Corruption(
    name="gaussian_blur",
    code=16,
    summary="a Gaussian filter",
    parameters=PROFILES["gaussian_blur"],
    meaning=("sigma",),
    apply=gaussian_blur,
)
