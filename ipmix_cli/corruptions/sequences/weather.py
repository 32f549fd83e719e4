"""Sequences of snow that changes its direction, and of drops that run down the lens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.blur import bytes_of, levels_of, motion
from ipmix_cli.corruptions.corruption import Conditions
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.gaussian import gaussian
from ipmix_cli.corruptions.sequences.perturbation import Perturbation
from ipmix_cli.corruptions.sequences.profiles import PROFILES, frames_of
from ipmix_cli.corruptions.sequences.scene import Scene
from ipmix_cli.corruptions.weather import with_water
from ipmix_cli.corruptions.zoom import zoom_of_layer
from ipmix_cli.picture import Picture

WATER = 0.6  # the share of water's colour


def one_normal(_: Any, draws: Draws, size: tuple[int, int], __: int) -> dict[str, NDArray[Any]]:
    """Return the standard normals of each pixel, which all frames share."""
    return {"normal": draws.normal(0, *size)}


def snow(
    scene: Scene, values: tuple[float, ...], draws: Draws, frames: Sequence[int], conditions: Conditions
) -> Iterator[Picture]:
    """Lay flakes over a whitened picture; the same ones fall in another direction in each frame."""
    import cv2

    mean, deviation, zoom, threshold, radius, sigma, keep, first, step = values
    flakes = zoom_of_layer(mean + deviation * draws.normal(0, *scene.size), zoom)
    flakes[flakes < threshold] = 0
    levels = bytes_of(flakes, conditions.half)[..., None]
    x = scene.picture / 255.0
    grey = np.asarray(cv2.cvtColor(x.astype(np.float32), cv2.COLOR_RGB2GRAY), np.float32)[..., None]
    whitened = keep * x + (1 - keep) * np.maximum(x, grey * np.float32(1.5) + np.float32(0.5))
    for frame in frames:
        layer = levels_of(motion(levels, int(radius), sigma, first + step * frame), conditions) / 255.0
        yield bytes_of(whitened + layer + layer[::-1, ::-1], conditions.half)


def run_down(liquid: NDArray[np.float64], weights: Sequence[float]) -> NDArray[np.float64]:
    """Return a layer a step later: each pixel a weighed sum of those above it, as NumPy's convolution of columns."""
    height = len(liquid)
    ahead = (len(weights) - 1) // 2
    padded = np.pad(liquid, ((len(weights), len(weights)), (0, 0)))
    starts = (len(weights) + ahead - step for step in range(len(weights)))
    moved: NDArray[np.float64] = sum(
        (weight * padded[start : start + height] for weight, start in zip(weights, starts, strict=True)),
        np.zeros_like(liquid),
    )
    return moved


def spatter(
    scene: Scene, values: tuple[Any, ...], draws: Draws, frames: Sequence[int], conditions: Conditions
) -> Iterator[Picture]:
    """Splash the lens with water that runs down."""
    mean, deviation, sigma, threshold, weights = values
    liquid = gaussian(mean + deviation * draws.normal(0, *scene.size), sigma)
    liquid[liquid < threshold] = 0
    x = scene.picture.astype(np.float32) / np.float32(255)
    wanted = set(frames)
    for frame in range(max(frames) + 1):
        if frame in wanted:
            yield with_water(x, liquid, WATER, conditions.half)
        liquid = run_down(liquid, weights)


SNOW = Perturbation(
    name="snow",
    code=4,
    summary="falling snow whose direction changes",
    frames=frames_of("snow"),
    parameters=PROFILES["snow"],
    meaning=(
        "mean",
        "standard_deviation",
        "zoom",
        "threshold",
        "radius",
        "sigma",
        "keep",
        "first_degrees",
        "step",
    ),
    make_frames=snow,
    fields=one_normal,
)
SPATTER = Perturbation(
    name="spatter",
    code=12,
    summary="drops of water that run down the lens",
    frames=frames_of("spatter"),
    parameters=PROFILES["spatter"],
    meaning=("mean", "standard_deviation", "sigma", "threshold", "drift"),
    make_frames=spatter,
    fields=one_normal,
)
