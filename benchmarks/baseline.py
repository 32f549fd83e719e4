"""IPMix as one would write it with Pillow and numpy, one copy at a time: what the kernels are measured against.

It is written for speed within those means: float32, one generator, no torch, no conversion that can be left out. It
draws from the same laws, not the same stream.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from ipmix_cli.algorithm.config import AugmentConfig

AFFINE, BILINEAR = Image.Transform.AFFINE, Image.Resampling.BILINEAR


def operate(name: str, image: Image.Image, level: float, sign: int) -> Image.Image:
    """One of the ten basic operations."""
    width, height = image.size
    if name in {"equalize", "mirror", "invert"}:
        return getattr(ImageOps, name)(image)
    if name == "posterize":
        return ImageOps.posterize(image, 4 - int(level * 4 / 10))
    if name == "solarize":
        return ImageOps.solarize(image, 256 - int(level * 256 / 10))
    if name == "rotate":
        return image.rotate(sign * int(level * 30 / 10), BILINEAR)
    shear = sign * level * 0.3 / 10
    matrix = {
        "shear_x": (1, shear, 0, 0, 1, 0),
        "shear_y": (1, 0, 0, shear, 1, 0),
        "translate_x": (1, 0, sign * int(level * (width / 3) / 10), 0, 1, 0),
        "translate_y": (1, 0, 0, 0, 1, sign * int(level * (height / 3) / 10)),
    }[name]
    return image.transform(image.size, AFFINE, matrix, BILINEAR)


class Baseline:
    """Plain IPMix for pictures of one size."""

    def __init__(self, config: AugmentConfig, size: int, seed: int) -> None:
        self.config = config
        self.sizes = config.patch_sizes_for(size, size)
        self.rng = np.random.default_rng(seed)

    def copy(self, picture: np.ndarray, mixing: np.ndarray) -> np.ndarray:
        """One copy of uint8 (S, S, 3), with a mixing picture that is at least as large."""
        rng, config, size = self.rng, self.config, len(picture)
        top, left = rng.integers(mixing.shape[0] - size + 1), rng.integers(mixing.shape[1] - size + 1)
        mixing = mixing[top : top + size, left : left + size]
        weights = rng.dirichlet(np.ones(config.chains)).astype(np.float32)
        blend = np.float32(rng.uniform())
        total = (1 - blend) * picture.astype(np.float32)
        image = Image.fromarray(picture)
        for weight in weights:
            total += blend * weight * self._chain(image, picture, mixing)
        return (total + np.float32(0.5)).astype(np.uint8)

    def _operated(self, image: Image.Image) -> Image.Image:
        rng, names = self.rng, self.config.operations
        name = names[rng.integers(len(names))]
        return operate(name, image, rng.uniform(0.1, self.config.severity), 1 if rng.uniform() < 0.5 else -1)

    def _chain(self, image: Image.Image, picture: np.ndarray, mixing: np.ndarray) -> np.ndarray:
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

    def _mix(self, running: np.ndarray, image: Image.Image, mixing: np.ndarray) -> None:
        rng, size = self.rng, len(running)
        side = self.sizes[rng.integers(len(self.sizes))]
        left, top = rng.integers(size - side + 1), rng.integers(size - side + 1)
        width, height = side, side
        if rng.uniform() < 0.5:
            width, height = rng.integers(2, side + 1, 2)
        if self.config.self_mix and rng.uniform() < self.config.self_mix:
            mixing = np.asarray(self._operated(image))
        u = running[top : top + height, left : left + width]
        v = mixing[top : top + height, left : left + width]
        running[top : top + height, left : left + width] = self._mixed(u, v)

    def _mixed(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        rng = self.rng
        kind = rng.integers(4)
        if kind >= 2:
            shape = (*u.shape[:2], 1 if kind == 2 else 3)
            return np.where(rng.random(shape, np.float32) < rng.uniform(), u, v)
        a, b = rng.beta(self.config.beta, 1), rng.beta(1, self.config.beta)
        if rng.uniform() < 0.5:
            a, b = 1 + rng.beta(1, self.config.beta), -rng.beta(1, self.config.beta)
        x, y = u * np.float32(2 / 255), v * np.float32(2 / 255)
        if kind == 0:
            value = (np.float32(a) * (x - 1) + np.float32(b) * (y - 1) + 1) / 2
        else:
            value = x ** np.float32(a) * np.maximum(y, np.float32(1e-37)) ** np.float32(b) / 2
        return (255 * np.clip(value, 0, 1)).astype(np.uint8)
