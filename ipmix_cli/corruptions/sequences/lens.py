"""Sequences of blur and light: motion blur that turns, zoom blur that grows, Gaussian blur, brightness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.blur import bytes_of, levels_of, motion
from ipmix_cli.corruptions.corruption import Conditions
from ipmix_cli.corruptions.digital import in_hsv
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.gaussian import gaussian
from ipmix_cli.corruptions.sequences.geometry import acted_on, mapped
from ipmix_cli.corruptions.sequences.perturbation import Perturbation, truncated
from ipmix_cli.corruptions.sequences.profiles import PROFILES, frames_of
from ipmix_cli.corruptions.sequences.scene import Scene
from ipmix_cli.picture import Picture


def levels(picture: Picture) -> NDArray[np.float32]:
    """Return a picture as float32 of 0 .. 1."""
    return picture.astype(np.float32) / np.float32(255)


def motion_blur(
    scene: Scene, values: tuple[int, float, int, int], _: Draws, frames: Sequence[int], conditions: Conditions
) -> Iterator[Picture]:
    """Blur along a line that turns."""
    radius, sigma, first, step = values
    picture = scene.picture
    for frame in frames:
        yield levels_of(motion(picture, radius, sigma, first + step * frame), conditions)


def zoom_blur(scene: Scene, step: float, _: Draws, frames: Sequence[int], conditions: Conditions) -> Iterator[Picture]:
    """Average all enlargements so far, in float32 as published."""
    picture = scene.picture
    wide = acted_on(scene, conditions)
    total = levels(picture)
    wanted = set(frames)
    for frame in range(max(frames) + 1):
        if frame:
            total += levels(scene.cut(mapped(wide, scale=1 + step * frame)))
        if frame in wanted:
            yield truncated(total / np.float32(frame + 1), conditions.half) if frame else picture.copy()


def gaussian_blur(
    scene: Scene, values: tuple[float, float, float], _: Draws, frames: Sequence[int], conditions: Conditions
) -> Iterator[Picture]:
    """Filter by a Gaussian that widens."""
    sigma, step, truncate = values
    x = scene.picture / 255.0
    for frame in frames:
        yield bytes_of(gaussian(x, sigma + step * frame, "nearest", truncate), conditions.half)


def brightness(
    scene: Scene, per_cent: float, _: Draws, frames: Sequence[int], conditions: Conditions
) -> Iterator[Picture]:
    """Add to the value of HSV, from below 0 to above."""
    picture = scene.picture
    for frame in frames:
        yield in_hsv(picture, -1.0, 0.0, (frame - 15) * per_cent / 100.0, conditions.half)


MOTION_BLUR = Perturbation(
    name="motion_blur",
    code=2,
    summary="a blur along a line that turns",
    frames=frames_of("motion_blur"),
    parameters=PROFILES["motion_blur"],
    meaning=("radius", "sigma", "first_degrees", "step"),
    make_frames=motion_blur,
)
ZOOM_BLUR = Perturbation(
    name="zoom_blur",
    code=3,
    summary="the mean of more and more enlargements",
    frames=frames_of("zoom_blur"),
    parameters=PROFILES["zoom_blur"],
    meaning=("step",),
    make_frames=zoom_blur,
)
BRIGHTNESS = Perturbation(
    name="brightness",
    code=5,
    summary="from darker to brighter",
    frames=frames_of("brightness"),
    parameters=PROFILES["brightness"],
    meaning=("step_in_per_cent",),
    make_frames=brightness,
)
GAUSSIAN_BLUR = Perturbation(
    name="gaussian_blur",
    code=11,
    summary="a Gaussian filter that widens",
    frames=frames_of("gaussian_blur"),
    parameters=PROFILES["gaussian_blur"],
    meaning=("first_sigma", "step", "truncate"),
    make_frames=gaussian_blur,
)
