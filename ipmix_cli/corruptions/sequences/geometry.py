"""Sequences that move, turn, tilt, scale and shear a picture.

The maps are those of torchvision's ``affine`` and OpenCV's ``warpPerspective``, on the wide picture, before the middle
is cut out. torchvision of 2018 turned about a point half a pixel further right and down, and its shear made pictures
lower too; that code no longer runs, and today's is followed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ipmix_cli.corruptions.corruption import Conditions
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.sequences.perturbation import Perturbation
from ipmix_cli.corruptions.sequences.profiles import PROFILES, frames_of
from ipmix_cli.corruptions.sequences.scene import Scene
from ipmix_cli.picture import Picture


def inverse_matrix(
    centre: tuple[float, float], degrees: float, scale: float, shear: float
) -> tuple[float, float, float, float, float, float]:
    """Return where each pixel of a turned, scaled and sheared picture comes from, row by row, as torchvision does."""
    turn, lean = math.radians(degrees), math.radians(shear)
    a, b = math.cos(turn), -math.cos(turn) * math.tan(lean) - math.sin(turn)
    c, d = math.sin(turn), -math.sin(turn) * math.tan(lean) + math.cos(turn)
    xx, xy, yx, yy = (value / scale for value in (d, -b, -c, a))
    x, y = centre
    right = xx * -x + xy * -y + x
    down = yx * -x + yy * -y + y
    return xx, xy, right, yx, yy, down


def mapped(picture: Picture, degrees: float = 0.0, scale: float = 1.0, shear: float = 0.0) -> Picture:
    """Return a picture turned about its centre, scaled or sheared; black where there is nothing."""
    height, width = picture.shape[:2]
    matrix = inverse_matrix((width * 0.5, height * 0.5), degrees, scale, shear)
    image = Image.fromarray(picture)
    return np.array(image.transform((width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR))


def shifted(picture: Picture, right: int) -> Picture:
    """Return a picture moved to the right by whole pixels; black where there is nothing."""
    out = np.zeros_like(picture)
    width = picture.shape[1]
    if abs(right) < width:
        out[:, max(right, 0) : width + min(right, 0)] = picture[:, max(-right, 0) : width - max(right, 0)]
    return out


def perspective(size: tuple[int, int], degrees: float, corrected: bool = False) -> NDArray[np.float64]:
    """Return the matrix (3, 3) of a picture turned about both its axes, seen from as far as its diagonal is long.

    The published one stands a pixel behind the axes, so that it is smaller by that even if it is not turned.
    """
    behind = 0 if corrected else 1
    height, width = size
    sine, cosine = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    focus = np.sqrt(width**2 + height**2)
    before = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, behind], [0, 0, 1]])
    about_x = np.array([[1, 0, 0, 0], [0, cosine, -sine, 0], [0, sine, cosine, 0], [0, 0, 0, 1]])
    about_y = np.array([[cosine, 0, -sine, 0], [0, 1, 0, 0], [sine, 0, cosine, 0], [0, 0, 0, 1]])
    away = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, focus], [0, 0, 0, 1]])
    after = np.array([[focus, 0, width / 2, 0], [0, focus, height / 2, 0], [0, 0, 1, 0]])
    matrix: NDArray[np.float64] = after @ away @ about_x @ about_y @ before
    return matrix


def acted_on(scene: Scene, conditions: Conditions) -> Picture:
    """Return the picture that is scaled: the wide one, but in the profile 299 the middle alone, as published."""
    return scene.picture if conditions.profile == "299" else scene.wide


def translate(scene: Scene, first: int, _: Draws, frames: Sequence[int], __: Conditions) -> Iterator[Picture]:
    """Move to the right, a pixel a frame."""
    for frame in frames:
        yield scene.cut(shifted(scene.wide, first + frame))


def rotate(scene: Scene, first: int, _: Draws, frames: Sequence[int], __: Conditions) -> Iterator[Picture]:
    """Turn clockwise, a degree a frame."""
    for frame in frames:
        yield scene.cut(mapped(scene.wide, degrees=first + frame))


def tilt(scene: Scene, step: float, _: Draws, frames: Sequence[int], conditions: Conditions) -> Iterator[Picture]:
    """Turn out of the plane, about both axes."""
    import cv2

    height, width = scene.wide.shape[:2]
    for frame in frames:
        matrix = perspective((height, width), step * (frame - 15), conditions.corrected)
        yield scene.cut(np.asarray(cv2.warpPerspective(scene.wide, matrix, (width, height)), np.uint8))


def scale(
    scene: Scene, values: tuple[float, float], _: Draws, frames: Sequence[int], conditions: Conditions
) -> Iterator[Picture]:
    """Scale about the centre, from smaller to larger."""
    first, step = values
    wide = acted_on(scene, conditions)
    for frame in frames:
        yield scene.cut(mapped(wide, scale=(frame * step + first) / 100.0))


def shear(scene: Scene, first: int, _: Draws, frames: Sequence[int], __: Conditions) -> Iterator[Picture]:
    """Shear sideways, a degree a frame."""
    for frame in frames:
        yield scene.cut(mapped(scene.wide, shear=first + frame))


TRANSLATE = Perturbation(
    name="translate",
    code=6,
    summary="a picture that moves to the right",
    frames=frames_of("translate"),
    parameters=PROFILES["translate"],
    meaning=("first_shift",),
    make_frames=translate,
)
ROTATE = Perturbation(
    name="rotate",
    code=7,
    summary="a picture that turns",
    frames=frames_of("rotate"),
    parameters=PROFILES["rotate"],
    meaning=("first_degrees",),
    make_frames=rotate,
)
TILT = Perturbation(
    name="tilt",
    code=8,
    summary="a picture that turns out of its plane",
    frames=frames_of("tilt"),
    parameters=PROFILES["tilt"],
    meaning=("step",),
    make_frames=tilt,
)
SCALE = Perturbation(
    name="scale",
    code=9,
    summary="a picture that grows",
    frames=frames_of("scale"),
    parameters=PROFILES["scale"],
    meaning=("first_per_cent", "step"),
    make_frames=scale,
)
SHEAR = Perturbation(
    name="shear",
    code=13,
    summary="a picture that is sheared sideways",
    frames=frames_of("shear"),
    parameters=PROFILES["shear"],
    meaning=("first_degrees",),
    make_frames=shear,
)
