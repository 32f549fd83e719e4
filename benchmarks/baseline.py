"""IPMix as one would write it with Pillow and numpy, one copy at a time: what the kernels are measured against.

It is written for speed within those means: float32, one generator, no torch, no conversion that can be left out. It
draws from the same distributions, not the same stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from ipmix_cli.methods.ipmix.settings import AugmentConfig

Pixels = NDArray[np.uint8]
AFFINE, BILINEAR = Image.Transform.AFFINE, Image.Resampling.BILINEAR


def _affine(image: Image.Image, matrix: tuple[float, ...]) -> Image.Image:
    return image.transform(image.size, AFFINE, matrix, BILINEAR)


OPERATIONS: dict[str, Callable[[Image.Image, float], Image.Image]] = {
    "equalize": lambda image, _: ImageOps.equalize(image),
    "posterize": lambda image, bits: ImageOps.posterize(image, int(bits)),
    "rotate": lambda image, degrees: image.rotate(degrees, BILINEAR),
    "solarize": lambda image, threshold: ImageOps.solarize(image, int(threshold)),
    "shear_x": lambda image, f: _affine(image, (1, f, 0, 0, 1, 0)),
    "shear_y": lambda image, f: _affine(image, (1, 0, 0, f, 1, 0)),
    "translate_x": lambda image, d: _affine(image, (1, 0, d, 0, 1, 0)),
    "translate_y": lambda image, d: _affine(image, (1, 0, 0, 0, 1, d)),
    "mirror": lambda image, _: ImageOps.mirror(image),
    "invert": lambda image, _: ImageOps.invert(image),
    "autocontrast": ImageOps.autocontrast,
    "color": lambda image, factor: ImageEnhance.Color(image).enhance(factor),
    "contrast": lambda image, factor: ImageEnhance.Contrast(image).enhance(factor),
    "brightness": lambda image, factor: ImageEnhance.Brightness(image).enhance(factor),
    "sharpness": lambda image, factor: ImageEnhance.Sharpness(image).enhance(factor),
}
"""The image operations, as functions of a picture and the operation's parameter."""

PARAMETERS: dict[str, Callable[[float, int, int], float]] = {
    "posterize": lambda level, _sign, _side: 4 - int(level * 4 / 10),
    "rotate": lambda level, sign, _side: sign * int(level * 30 / 10),
    "solarize": lambda level, _sign, _side: 256 - int(level * 256 / 10),
    "shear_x": lambda level, sign, _side: sign * level * 0.3 / 10,
    "shear_y": lambda level, sign, _side: sign * level * 0.3 / 10,
    "translate_x": lambda level, sign, side: sign * int(level * (side / 3) / 10),
    "translate_y": lambda level, sign, side: sign * int(level * (side / 3) / 10),
}
"""The parameters of the basic operations that have one, as functions of level, sign and the picture's side."""


def operated(name: str, image: Image.Image, rng: np.random.Generator, severity: float) -> Image.Image:
    """Apply an operation with a drawn parameter."""
    parameter = 0.0
    if name in PARAMETERS:
        parameter = PARAMETERS[name](rng.uniform(0.1, severity), 1 if rng.uniform() < 0.5 else -1, image.width)
    return OPERATIONS[name](image, parameter)


def factors(beta: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw the factors of the patch and of its partner in ``add`` and ``multiply``."""
    if rng.uniform() < 0.5:
        return 1 + rng.beta(1, beta), -rng.beta(1, beta)
    return rng.beta(beta, 1), rng.beta(1, beta)


def added(u: Pixels, v: Pixels, a: float, b: float) -> Pixels:
    """Mix by ``add``."""
    x, y = u * np.float32(2 / 255), v * np.float32(2 / 255)
    return _bytes((np.float32(a) * (x - 1) + np.float32(b) * (y - 1) + 1) / 2)


def multiplied(u: Pixels, v: Pixels, a: float, b: float) -> Pixels:
    """Mix by ``multiply``."""
    x, y = u * np.float32(2 / 255), v * np.float32(2 / 255)
    return _bytes(x ** np.float32(a) * np.maximum(y, np.float32(1e-37)) ** np.float32(b) / 2)


def _bytes(values: NDArray[np.floating[Any]]) -> Pixels:
    pixels: Pixels = (255 * np.clip(values, 0, 1)).astype(np.uint8)
    return pixels


def masked(u: Pixels, v: Pixels, p: float, channels: int, rng: np.random.Generator) -> Pixels:
    """Mix by ``random_pixels`` (one channel of mask) or ``random_elements`` (three)."""
    mixed: Pixels = np.where(rng.random((*u.shape[:2], channels), np.float32) < p, u, v)
    return mixed


class Baseline:
    """Plain IPMix for pictures of one size."""

    def __init__(self, config: AugmentConfig, side: int, seed: int) -> None:
        self.config = config
        self.sizes = config.patch_sizes_for(side, side)
        self.rng = np.random.default_rng(seed)

    def copy(self, picture: Pixels, mixing: Pixels) -> Pixels:
        """One copy of uint8 (S, S, 3), with a mixing picture that is at least as large."""
        rng, config, side = self.rng, self.config, len(picture)
        top, left = rng.integers(mixing.shape[0] - side + 1), rng.integers(mixing.shape[1] - side + 1)
        mixing = mixing[top : top + side, left : left + side]
        weights = rng.dirichlet(np.ones(config.chains)).astype(np.float32)
        blend = np.float32(rng.uniform())
        total = (1 - blend) * picture.astype(np.float32)
        image = Image.fromarray(picture)
        for weight in weights:
            total += blend * weight * self._chain(image, picture, mixing)
        return (total + np.float32(0.5)).astype(np.uint8)

    def _operated(self, image: Image.Image) -> Image.Image:
        names = self.config.operations
        return operated(names[self.rng.integers(len(names))], image, self.rng, self.config.severity)

    def _chain(self, image: Image.Image, picture: Pixels, mixing: Pixels) -> Pixels:
        rng = self.rng
        steps = rng.integers(self.config.max_steps + 1)
        if rng.uniform() < 0.5:
            for _ in range(steps):
                image = self._operated(image)
            return np.asarray(image)
        running = picture.copy() if steps else picture
        for _ in range(steps):
            self._mix(running, image, mixing)
        return running

    def _mix(self, running: Pixels, image: Image.Image, mixing: Pixels) -> None:
        rng, whole = self.rng, len(running)
        side = self.sizes[rng.integers(len(self.sizes))]
        left, top = rng.integers(whole - side + 1), rng.integers(whole - side + 1)
        width, height = (side, side) if rng.uniform() < 0.5 else rng.integers(2, side + 1, 2)
        if self.config.self_mix and rng.uniform() < self.config.self_mix:
            mixing = np.asarray(self._operated(image))
        patch = np.s_[top : top + height, left : left + width]
        running[patch] = self._mixed(running[patch], mixing[patch])

    def _mixed(self, u: Pixels, v: Pixels) -> Pixels:
        kind = self.rng.integers(4)
        if kind >= 2:
            return masked(u, v, self.rng.uniform(), 1 if kind == 2 else 3, self.rng)
        mixing = added if kind == 0 else multiplied
        return mixing(u, v, *factors(self.config.beta, self.rng))
