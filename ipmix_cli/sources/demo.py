"""A small labelled set of drawn pictures, made on the spot for a first try.

Nothing here is random: pictures vary by steps of irrational numbers. Only + - * / and square roots are used,
which give the same bits on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.arrays import ArrayData, array_source
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import SourceSpec

SIDE = 32
COUNTS = {"train": 400, "test": 100}

Plane = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """What varies from picture to picture: `vary(k)` gives the k-th number in [0, 1)."""

    number: int

    def vary(self, which: int) -> float:
        """Return a number in [0, 1) that is spread evenly over the pictures."""
        root = (2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0)[which] ** 0.5
        return float((self.number + 1) * root % 1.0)

    def grid(self) -> tuple[Plane, Plane]:
        """Return x and y in about [-1, 1], shifted and turned for this picture."""
        steps = (np.arange(SIDE) + 0.5) * (2 / SIDE) - 1
        x = steps[np.newaxis, :] - 0.5 * (self.vary(0) - 0.5)
        y = steps[:, np.newaxis] - 0.5 * (self.vary(1) - 0.5)
        tangent = 1.6 * (self.vary(2) - 0.5)  # of half the angle: sine and cosine without their functions
        sine, cosine = 2 * tangent / (1 + tangent**2), (1 - tangent**2) / (1 + tangent**2)
        return x * cosine + y * sine, y * cosine - x * sine


def disc(x: Plane, y: Plane) -> Plane:
    """Return the distance to a disc's edge, negative inside; so do all shapes below."""
    distance: Plane = np.sqrt(x * x + y * y) - 0.55
    return distance


def ring(x: Plane, y: Plane) -> Plane:
    """Return the distance to a ring."""
    return np.abs(np.sqrt(x * x + y * y) - 0.5) - 0.16


def square(x: Plane, y: Plane) -> Plane:
    """Return the distance to a square."""
    return np.maximum(np.abs(x), np.abs(y)) - 0.5


def triangle(x: Plane, y: Plane) -> Plane:
    """Return the distance to a triangle of three equal sides."""
    return np.maximum(0.8660254 * np.abs(x) + 0.5 * y, -y) - 0.34


def cross(x: Plane, y: Plane) -> Plane:
    """Return the distance to a cross."""
    far, near = np.maximum(np.abs(x), np.abs(y)), np.minimum(np.abs(x), np.abs(y))
    distance: Plane = np.maximum(far - 0.66, near - 0.2)
    return distance


def star(x: Plane, y: Plane) -> Plane:
    """Return the distance to a star of eight points: two squares with hollow sides."""
    a, b = np.abs(x), np.abs(y)
    c, d = np.abs(x + y) * 0.70710678, np.abs(x - y) * 0.70710678
    return np.minimum(np.maximum(a, b) + 0.9 * np.minimum(a, b), np.maximum(c, d) + 0.9 * np.minimum(c, d)) - 0.58


def stripes(x: Plane, y: Plane) -> Plane:
    """Return the distance to a set of stripes."""
    distance: Plane = np.abs((x + 0 * y) * 2.2 % 1.0 - 0.5) / 2.2 - 0.115
    return distance


def checker(x: Plane, y: Plane) -> Plane:
    """Return the distance to the dark fields of a checkerboard."""
    across, down = np.abs(x * 1.2 % 1.0 - 0.5) - 0.25, np.abs(y * 1.2 % 1.0 - 0.5) - 0.25
    distance: Plane = np.maximum(np.minimum(across, down), -np.maximum(across, down)) / 1.2
    return distance


def waves(x: Plane, y: Plane) -> Plane:
    """Return the distance to waves: stripes bent by parabolas."""
    phase = x * 1.1 % 1.0 - 0.5
    bend = phase * (1 - 2 * np.abs(phase)) * 1.6
    distance: Plane = np.abs((y + bend) * 1.9 % 1.0 - 0.5) / 1.9 - 0.12
    return distance


def dots(x: Plane, y: Plane) -> Plane:
    """Return the distance to rows of dots."""
    u, v = (x * 1.7 % 1.0 - 0.5) / 1.7, (y * 1.7 % 1.0 - 0.5) / 1.7
    distance: Plane = np.sqrt(u * u + v * v) - 0.19
    return distance


SHAPES: dict[str, Callable[[Plane, Plane], Plane]] = {
    "disc": disc,
    "ring": ring,
    "square": square,
    "triangle": triangle,
    "cross": cross,
    "star": star,
    "stripes": stripes,
    "checker": checker,
    "waves": waves,
    "dots": dots,
}
CLASSES = tuple(SHAPES)


@dataclass(frozen=True)
class DemoRows:
    """The pictures first.. of the demo set, drawn when asked for."""

    first: int
    shape: tuple[int, ...]

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the rows start..stop."""
        return np.stack([draw(self.first + number) for number in range(start, stop)])


def open_demo(spec: SourceSpec) -> ListedSource:
    """Open the demo set: ten classes of drawn shapes, 400 training and 100 test pictures of 32x32 pixels.

    Raises
    ------
    SourceError
        For another split.
    """
    if spec.split not in COUNTS:
        raise SourceError(f"demo has no {spec.split} split, only train and test", "choose another --split")
    count = COUNTS[spec.split]
    data = ArrayData(
        format="demo",
        location="demo",
        rows=DemoRows(0 if spec.split == "train" else COUNTS["train"], (count, SIDE, SIDE, 3)),
        labels=np.arange(count) % len(CLASSES),
        class_names=CLASSES,
        keys=Names.of(
            f"{spec.split}/{CLASSES[number % len(CLASSES)]}-{number // len(CLASSES)}" for number in range(count)
        ),
        settings={"split": spec.split},
    )
    return array_source(data, spec)


def draw(number: int) -> NDArray[np.uint8]:
    """Return one picture, uint8 (32, 32, 3); its class is `number` modulo ten.

    >>> draw(3).shape
    (32, 32, 3)
    """
    scene = Scene(number)
    x, y = scene.grid()
    scale = 0.8 + 0.5 * scene.vary(3)
    distance = SHAPES[CLASSES[number % len(CLASSES)]](x / scale, y / scale) * scale
    cover = np.clip(0.5 - distance * (SIDE / 2), 0, 1)[..., np.newaxis]
    shadow = np.clip(0.75 + distance * 1.5, 0.75, 1)[..., np.newaxis]
    light = (1.12 - 0.28 * (x + y) - 0.25 * (x * x + y * y))[..., np.newaxis]
    front = hue(scene.vary(4), 0.55 + 0.4 * scene.vary(5)) * light
    picture = cover * front + (1 - cover) * backdrop(scene) * shadow
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), dtype=np.uint8)


def backdrop(scene: Scene) -> Plane:
    """Return a background: two colours that run into each other, in one direction or from the middle."""
    steps = (np.arange(SIDE) + 0.5) / SIDE
    across, down = steps[np.newaxis, :], steps[:, np.newaxis]
    tilt = scene.vary(6)
    ramp = tilt * across + (1 - tilt) * down
    if scene.vary(7) < 0.4:
        ramp = 2 * ((across - 0.5) ** 2 + (down - 0.5) ** 2)
    tone = scene.vary(4) + 0.35 + 0.3 * scene.vary(8)  # far from the shape's own
    near, far = hue(tone, 0.5) * 0.45, hue(tone + 0.12, 0.25)
    return near + ramp[..., np.newaxis] * (far - near)


def hue(turn: float, saturation: float) -> Plane:
    """Return a colour (3,) in [0, 1]: `turn` of the colour circle, from grey (0) to pure (1)."""
    sixth = (turn % 1.0) * 6
    pure = np.array([abs(sixth - 3) - 1, 2 - abs(sixth - 2), 2 - abs(sixth - 4)])
    colour: Plane = 1 - saturation * (1 - np.clip(pure, 0, 1))
    return colour
