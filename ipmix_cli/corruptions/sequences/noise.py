"""Sequences of noise: the clean picture, and then frames whose noise is drawn anew for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions import noise
from ipmix_cli.corruptions.corruption import Conditions
from ipmix_cli.corruptions.draws import Draws, field_key
from ipmix_cli.corruptions.sequences.perturbation import MakeFrames, Perturbation, truncated
from ipmix_cli.corruptions.sequences.profiles import PROFILES, frames_of
from ipmix_cli.corruptions.sequences.scene import Scene
from ipmix_cli.picture import Picture


def of_frame(draws: Draws, frame: int) -> Draws:
    """Return the draws of one frame: its key is a slot of the sequence's stream."""
    return Draws(field_key(draws.key, frame), {})


def anew(add: Any) -> MakeFrames:
    """Return what makes frames by adding noise: frame 0 is clean, the others are independent of each other."""

    def make_frames(
        scene: Scene, value: float, draws: Draws, frames: Sequence[int], conditions: Conditions
    ) -> Iterator[Picture]:
        picture = scene.picture
        for frame in frames:
            yield add(picture, value, of_frame(draws, frame), conditions) if frame else picture.copy()

    return make_frames


def gaussian_noise(picture: Picture, scale: float, draws: Draws, conditions: Conditions) -> Picture:
    """Add N(0, scale) to each element of 0 .. 1, in float32 as published."""
    drawn = draws.normal(0, *picture.shape).astype(np.float32)
    x = picture.astype(np.float32) / np.float32(255)
    return truncated(np.clip(x + np.float32(scale) * drawn, 0, 1), conditions.half)


def normals(_: Any, draws: Draws, size: tuple[int, int], frame: int) -> dict[str, NDArray[Any]]:
    """Return the standard normals of a frame."""
    return {"normal": of_frame(draws, frame).normal(0, *size, 3)} if frame else {}


def photons(_: Any, draws: Draws, size: tuple[int, int], frame: int) -> dict[str, NDArray[Any]]:
    """Return the uniforms that a frame's counts are the Poisson quantiles of."""
    return {"uniform": of_frame(draws, frame).uniform(0, *size, 3)} if frame else {}


GAUSSIAN_NOISE = Perturbation(
    name="gaussian_noise",
    code=0,
    summary="a normal number is added to each element, anew in each frame",
    frames=frames_of("gaussian_noise"),
    parameters=PROFILES["gaussian_noise"],
    meaning=("standard_deviation",),
    make_frames=anew(gaussian_noise),
    fields=normals,
)
SHOT_NOISE = Perturbation(
    name="shot_noise",
    code=1,
    summary="each element becomes a Poisson count, anew in each frame",
    frames=frames_of("shot_noise"),
    parameters=PROFILES["shot_noise"],
    meaning=("photons",),
    make_frames=anew(noise.shot_noise),
    fields=photons,
)
SPECKLE_NOISE = Perturbation(
    name="speckle_noise",
    code=10,
    summary="noise in proportion to the element, anew in each frame",
    frames=frames_of("speckle_noise"),
    parameters=PROFILES["speckle_noise"],
    meaning=("standard_deviation",),
    make_frames=anew(noise.speckle_noise),
    fields=normals,
)
