"""How often copies differ from their clean pictures and from each other, compared with what their plans say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.run.partners import partners_of
from ipmix_cli.pipeline.run.render import RGB
from ipmix_cli.pipeline.run.rendered import render_chosen
from ipmix_cli.transform import Plans

TOLERANCE = 0.25  # of the copies that should differ may still look the same: flat pictures, symmetric ones, tiny blends
DEVIATIONS = 3  # standard deviations beyond it that are not put down to chance, which is large where copies are few


@dataclass
class PlanAgreement:
    """Counts over some copies, to be added up over shards.

    `empty` copies have plans without a step and must equal their clean picture; `other` copies should differ. `pairs`
    are neighbouring copies of different plans, which should differ from each other.
    """

    empty: int = 0
    empty_changed: int = 0
    other: int = 0
    other_unchanged: int = 0
    pairs: int = 0
    equal_pairs: int = 0

    def add(self, clean: Picture, copies: Picture, idle: NDArray[np.bool_], plans: Plans) -> None:
        """Count one sample: clean (H, W, 3), copies (K, H, W, 3), which plans do nothing (K,), and the plans (K,)."""
        same = (copies == clean).all(axis=(1, 2, 3))
        self.empty += int(idle.sum())
        self.empty_changed += int((idle & ~same).sum())
        self.other += int((~idle).sum())
        self.other_unchanged += int((~idle & same).sum())
        pairs = [(a, b) for a, b in pairwise(np.flatnonzero(~idle & ~same)) if plans[a] != plans[b]]
        self.pairs += len(pairs)
        self.equal_pairs += sum(bool((copies[a] == copies[b]).all()) for a, b in pairs)

    def merge(self, other: PlanAgreement) -> None:
        """Add the counts of another shard."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def complaints(self) -> list[str]:
        """Return what does not agree with the plans, in words."""
        found = []
        if self.empty_changed:
            found.append(f"{self.empty_changed} of {self.empty} copies differ whose plans have no step")
        if _beyond_chance(self.other_unchanged, self.other):
            found.append(f"{self.other_unchanged} of {self.other} copies equal their clean picture; plans say less")
        if _beyond_chance(self.equal_pairs, self.pairs):
            found.append(f"{self.equal_pairs} of {self.pairs} pairs of copies of one picture are equal")
        return found


def _beyond_chance(found: int, of: int) -> bool:
    """Return whether so many of some copies are more than the tolerated part, and more than chance makes of it.

    >>> _beyond_chance(2, 4), _beyond_chance(4, 4), _beyond_chance(30, 100), _beyond_chance(40, 100)
    (False, True, False, True)
    """
    deviation = math.sqrt(of * TOLERANCE * (1 - TOLERANCE))
    return of > 0 and found >= TOLERANCE * of + DEVIATIONS * deviation


def idle_plans(job: Job, plans: Plans, indices: Sequence[int]) -> NDArray[np.bool_]:
    """Return (N, K): which plans change nothing, drawn with mixing pictures or without them."""
    idle = job.transform.unchanged(plans)
    if job.transform.mixes_labels:  # a sample that was drawn as its own second one
        idle = idle | (partners_of(job, plans, indices) == np.array(indices, np.int64)[:, None])
    return idle


def without_effect(job: Job, index: int, clean: Picture, copies: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (K,): which of these copies (K,) of one sample are its clean picture, though their plans have steps.

    A change of contrast may leave a picture as it is. These copies are made again; of jobs whose copies take more than
    the stored clean picture none is, and nothing is said of them.
    """
    found = np.zeros_like(copies)
    more = job.needs_mixing or job.transform.mixes_labels or job.has_surroundings or job.output.channels != RGB
    if copies.any() and not more:
        numbers = np.flatnonzero(copies)
        made = render_chosen(job, None, clean[None], np.array([index]), numbers[None])[0]
        found[numbers] = (made == clean).all(axis=(1, 2, 3))
    return found
