"""How often copies differ from their clean pictures, and from each other, beside how often their plans say so."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.kernels import codes
from ipmix_cli.methods.ipmix.plan import PlanArray, sample_plans
from ipmix_cli.pipeline.job import Job

TOLERANCE = 0.25  # of the copies that should differ may still look the same: flat pictures, symmetric ones, tiny blends


@dataclass
class PlanAgreement:
    """Counts over some copies, to be added up over shards.

    `empty` copies have plans without a step and must equal their clean picture; `other` copies should differ.
    """

    empty: int = 0
    empty_changed: int = 0
    other: int = 0
    other_unchanged: int = 0
    pairs: int = 0
    equal_pairs: int = 0

    def add(self, clean: NDArray[np.uint8], copies: NDArray[np.uint8], idle: NDArray[np.bool_]) -> None:
        """Count one sample: clean (H, W, 3), copies (K, H, W, 3), and which plans do nothing (K,)."""
        same = (copies == clean).all(axis=(1, 2, 3))
        self.empty += int(idle.sum())
        self.empty_changed += int((idle & ~same).sum())
        self.other += int((~idle).sum())
        self.other_unchanged += int((~idle & same).sum())
        changed = copies[~idle & ~same]
        self.pairs += max(len(changed) - 1, 0)
        self.equal_pairs += sum(bool((a == b).all()) for a, b in pairwise(changed))

    def merge(self, other: PlanAgreement) -> None:
        """Add the counts of another share."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def complaints(self) -> list[str]:
        """Return in words what does not fit the plans."""
        found = []
        if self.empty_changed:
            found.append(f"{self.empty_changed} of {self.empty} copies differ whose plans have no step")
        if self.other_unchanged > TOLERANCE * self.other:
            found.append(f"{self.other_unchanged} of {self.other} copies equal their clean picture; plans say less")
        if self.equal_pairs > TOLERANCE * self.pairs:
            found.append(f"{self.equal_pairs} of {self.pairs} pairs of copies of one picture are equal")
        return found


def idle_plans(job: Job, size: tuple[int, int], indices: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (N, K): which copies' plans have no step that changes anything.

    Whether a plan has steps does not depend on the shapes of the mixing pictures, so none are opened.
    """
    shapes = np.tile(np.array([size], np.int32), (job.mixing.pictures, 1))
    plans = sample_plans(job.augment, size, job.seed, indices, job.output.copies, shapes)
    return np.asarray(_idle_steps(plans).all(axis=(2, 3)))


def _idle_steps(plans: PlanArray) -> NDArray[np.bool_]:
    """Return (N, K, chains, steps): True past a chain's end, and for turns and shifts by nothing."""
    steps = plans["steps"]
    past = np.arange(steps.shape[-1]) >= plans["lengths"][..., None]
    still = np.isin(steps["code"], [codes.ROTATE, codes.TRANSLATE_X, codes.TRANSLATE_Y]) & (steps["parameter"] == 0)
    return np.asarray(past | (still & (steps["kind"] == codes.OPERATION)))
