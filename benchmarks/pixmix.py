"""PixMix as its published code has it, without torch: operations by Pillow, mixings by numpy in float32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.baseline import operated
from ipmix_cli.methods.augmix import BASIC_OPERATIONS

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
SEVERITY, BETA, ROUNDS = 3.0, 3.0, 4


def factors(rng: np.random.Generator) -> tuple[np.float32, np.float32]:
    """Return the factors a and b of a mixing."""
    if rng.random() < 0.5:
        return np.float32(rng.beta(BETA, 1)), np.float32(rng.beta(1, BETA))
    return np.float32(1 + rng.beta(1, BETA)), np.float32(-rng.beta(1, BETA))


def add(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """Add two pictures of [0, 1]."""
    a, b = factors(rng)
    return np.asarray((a * (u * 2 - 1) + b * (v * 2 - 1) + 1) / 2, np.float32)


def multiply(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """Multiply two pictures of [0, 1]."""
    a, b = factors(rng)
    return np.asarray((u * 2) ** a * np.maximum(v * 2, np.float32(1e-37)) ** b / 2, np.float32)


def pixmix_copier() -> Callable[[Pixels], Pixels]:
    """Return PixMix; its mixing picture is the picture itself, turned."""
    rng = np.random.default_rng(0)

    def scaled(picture: Pixels) -> Floats:
        return np.asarray(picture, np.float32) / np.float32(255)

    def copy(picture: Pixels) -> Pixels:
        image, other = Image.fromarray(picture), scaled(picture[::-1])

        def changed() -> Floats:
            return scaled(
                np.asarray(operated(BASIC_OPERATIONS[rng.integers(len(BASIC_OPERATIONS))], image, rng, SEVERITY))
            )

        mixed = changed() if rng.random() < 0.5 else scaled(picture)
        for _ in range(rng.integers(ROUNDS + 1)):
            partner = changed() if rng.random() < 0.5 else other
            mixed = np.clip((add, multiply)[rng.integers(2)](mixed, partner, rng), 0, 1)
        return (mixed * 255 + 0.5).astype(np.uint8)

    return copy
