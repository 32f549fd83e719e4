"""Plans of frames: the sequence, the frame, and all of its chance in one key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.corruption import Conditions
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.profiles import SIZES, profile_for
from ipmix_cli.corruptions.sequences.perturbation import Perturbation
from ipmix_cli.corruptions.sequences.scene import Scene
from ipmix_cli.corruptions.sequences.settings import SequenceSettings, sequence_name
from ipmix_cli.corruptions.sequences.table import PERTURBATIONS
from ipmix_cli.picture import Picture
from ipmix_cli.randomness import stream_key

PURPOSE = "perturbation"
PROFILE_NAMES = tuple(SIZES)
BY_CODE = {perturbation.code: perturbation for perturbation in PERTURBATIONS.values()}

PLAN = np.dtype(
    [
        ("perturbation", np.int64),  # its code
        ("difficulty", np.int64),
        ("frame", np.int64),
        ("profile", np.int64),  # its place in SIZES
        ("key", np.uint64),  # of the sequence: all its frames have the same one
        ("size", np.int64, (2,)),  # height and width of the frames
    ]
)


def draw_plans(
    settings: SequenceSettings,
    size: tuple[int, int],
    seed: int,
    indices: NDArray[np.int64],
    variants: Sequence[tuple[str, int, int]] | None = None,
) -> NDArray[Any]:
    """Draw the plans (N, V) of some samples: of all frames, or of those given as (perturbation, difficulty, frame).

    A plan depends on the seed, the sample's index, the perturbation, the difficulty and the frame alone.
    """
    profile = profile_for(settings.profile, *size)
    variants = settings.variants(profile) if variants is None else variants
    plans = np.zeros((len(indices), len(variants)), PLAN)
    plans["profile"] = PROFILE_NAMES.index(profile)
    plans["size"] = size
    for column, (name, difficulty, frame) in enumerate(variants):
        plans["perturbation"][:, column] = PERTURBATIONS[name].code
        plans["difficulty"][:, column] = difficulty
        plans["frame"][:, column] = frame
    for row, index in enumerate(np.asarray(indices).tolist()):
        keys = {
            (name, difficulty): stream_key(seed, PURPOSE, index, PERTURBATIONS[name].code * 4 + difficulty)
            for name, difficulty, _ in variants
        }
        plans["key"][row] = [keys[name, difficulty] for name, difficulty, _ in variants]
    return plans


def perturbation_of(plan: Any) -> Perturbation:
    """Return the perturbation of one plan."""
    return BY_CODE[int(plan["perturbation"])]


def profile_of(plan: Any) -> str:
    """Return the profile of one plan."""
    return PROFILE_NAMES[int(plan["profile"])]


def values_of(plan: Any) -> Any:
    """Return the parameters of one plan."""
    return perturbation_of(plan).values(profile_of(plan), int(plan["difficulty"]))


def frames_of_plans(picture: Picture, plans: NDArray[Any], settings: SequenceSettings) -> Iterator[tuple[int, Picture]]:
    """Yield the number of each plan and its frame, (H, W, 3); frames of one sequence are made together.

    Parameters
    ----------
    picture : ndarray of uint8, C-contiguous
        The sample's picture, or the larger one that it is the centre of.
    plans : ndarray, (V,)
        Plans of one sample.
    """
    numbered = sorted(
        range(len(plans)), key=lambda n: (*(int(plans[n][name]) for name in ("perturbation", "difficulty", "frame")),)
    )
    for _, group in groupby(numbered, key=lambda n: (int(plans[n]["perturbation"]), int(plans[n]["difficulty"]))):
        numbers = list(group)
        plan = plans[numbers[0]]
        frames = sorted({int(plans[number]["frame"]) for number in numbers})
        scene = Scene(picture, (int(plan["size"][0]), int(plan["size"][1])))
        conditions = Conditions(profile=profile_of(plan), corrected=settings.corrected)
        draws = Draws(int(plan["key"]), {})
        made = perturbation_of(plan).make_frames(scene, values_of(plan), draws, frames, conditions)
        for frame, result in zip(frames, made, strict=True):
            yield from ((number, result) for number in numbers if int(plans[number]["frame"]) == frame)


@dataclass(frozen=True)
class FrameView:
    """One plan in words and plain data; see :class:`ipmix_cli.transform.PlanView`.

    The random arrays follow from `key`: those of a noise's frame f from ``field_key(key, f)``, those of snow and
    spatter from `key` itself, see :mod:`ipmix_cli.corruptions.draws`.
    """

    perturbation: str
    difficulty: int
    frame: int
    frames: int
    profile: str
    parameters: dict[str, Any]
    key: int
    corrected: bool

    @classmethod
    def of(cls, plan: Any, settings: SequenceSettings) -> FrameView:
        """Return the view of one plan."""
        perturbation, profile, difficulty = perturbation_of(plan), profile_of(plan), int(plan["difficulty"])
        return cls(
            perturbation=perturbation.name,
            difficulty=difficulty,
            frame=int(plan["frame"]),
            frames=perturbation.frames[profile],
            profile=profile,
            parameters=perturbation.described(profile, difficulty),
            key=int(plan["key"]),
            corrected=settings.corrected,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        return dict(vars(self))

    def describe(self) -> list[str]:
        """Return the plan in words."""
        name = sequence_name(self.perturbation, self.difficulty)
        values = ", ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in self.parameters.items())
        lines = [f"{name}, frame {self.frame} of 0 to {self.frames - 1}, profile {self.profile}: {values}"]
        drawn = PERTURBATIONS[self.perturbation].fields(None, Draws(self.key, {}), (1, 1), self.frame)
        return [*lines, f"random arrays from key {self.key}"] if drawn else lines


def _shown(value: Any) -> str:
    return "(" + ", ".join(f"{one:g}" for one in value) + ")" if isinstance(value, tuple) else f"{value:g}"
