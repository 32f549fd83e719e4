"""How often copies differ from their clean pictures and from each other, compared with what their plans say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.run.render import plans_without_mixing

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
        """Add the counts of another shard."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def complaints(self) -> list[str]:
        """Return what does not agree with the plans, in words."""
        found = []
        if self.empty_changed:
            found.append(f"{self.empty_changed} of {self.empty} copies differ whose plans have no step")
        if self.other_unchanged > TOLERANCE * self.other:
            found.append(f"{self.other_unchanged} of {self.other} copies equal their clean picture; plans say less")
        if self.equal_pairs > TOLERANCE * self.pairs:
            found.append(f"{self.equal_pairs} of {self.pairs} pairs of copies of one picture are equal")
        return found


def idle_plans(job: Job, size: tuple[int, int], indices: Sequence[int]) -> NDArray[np.bool_]:
    """Return (N, K): which copies' plans change nothing; no mixing pictures are opened for that."""
    return job.transform.unchanged(plans_without_mixing(job, size, indices))
