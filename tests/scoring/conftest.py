"""Made-up predictions of two models on the same pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ipmix_cli.scoring.reading.names import STANDARD

PICTURES, CLASSES = 300, 6


def logits(rng: np.random.Generator, labels: np.ndarray, strength: float) -> np.ndarray:
    found = rng.normal(size=(len(labels), CLASSES))
    found[np.arange(len(labels)), labels] += strength
    return found.astype(np.float32)


@pytest.fixture
def predictions(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of predictions by convention, and return it."""

    def write(name: str, strength: float = 2.0, corruptions=STANDARD) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        labels = np.random.default_rng(0).integers(0, CLASSES, PICTURES)
        rng = np.random.default_rng(len(name))
        np.save(folder / "labels.npy", labels)
        np.save(folder / "clean.npy", logits(rng, labels, strength))
        for corruption in corruptions:
            parts = [logits(rng, labels, strength - severity / 4) for severity in range(1, 6)]
            np.save(folder / f"{corruption}.npy", np.concatenate(parts))
        return folder

    return write
