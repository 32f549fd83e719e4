"""What is wished for: everything that decides the pictures of a bank."""

from __future__ import annotations

from dataclasses import dataclass

from fractals.mixes import check_mix

SMALLEST, LARGEST = 32, 1024


@dataclass(frozen=True, kw_only=True)
class DrawSpec:
    """Everything that decides the pictures of a bank, but how many they are.

    Parameters
    ----------
    mix : dict of str to float
        Families and their relative weights.
    seed : int
        At least 0.
    size : int
        Width and height in pixels, 32 to 1024.
    per_class : int
        0, or how many pictures in a row are varied from one system (the labelled mode).
    """

    mix: dict[str, float]
    seed: int = 0
    size: int = 256
    per_class: int = 0

    def __post_init__(self) -> None:
        check_mix(self.mix)
        if not SMALLEST <= self.size <= LARGEST:
            raise ValueError(f"size {self.size} is out of range: {SMALLEST} to {LARGEST} pixels")
        if self.seed < 0:
            raise ValueError(f"seed {self.seed} is negative: seeds start at 0")
        if self.per_class < 0:
            raise ValueError(f"{self.per_class} pictures per class: at least 1")
