"""What a perturbation is: a name, parameters by profile, the number of frames, and a function that makes frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.corruption import Conditions
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.sequences.scene import Scene
from ipmix_cli.picture import Picture

DIFFICULTIES = (1, 2, 3)

MakeFrames = Callable[[Scene, Any, Draws, Sequence[int], Conditions], Iterator[Picture]]
"""``make_frames(scene, parameters, draws, frames, conditions)`` yields these frames, whose numbers rise."""

Fields = Callable[[Any, Draws, tuple[int, int], int], dict[str, NDArray[Any]]]
"""``fields(parameters, draws, (height, width), frame)`` returns the random arrays that a frame uses, by name."""


def no_fields(_: Any, _draws: Draws, _size: tuple[int, int], _frame: int) -> dict[str, NDArray[Any]]:
    """Return no random arrays."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """One perturbation.

    Parameters
    ----------
    name : str
        The published name.
    code : int
        Its number in plans and streams; never given to another.
    summary : str
        One line for help pages.
    frames : mapping of str to int
        How many frames a sequence has, by profile.
    parameters : mapping of str to tuple
        By profile: those of each difficulty, or of the only one.
    meaning : tuple of str
        What each parameter is called.
    make_frames : callable
        See :data:`MakeFrames`.
    fields : callable
        See :data:`Fields`.
    """

    name: str
    code: int
    summary: str
    frames: Mapping[str, int]
    parameters: Mapping[str, tuple[Any, ...]]
    meaning: tuple[str, ...]
    make_frames: MakeFrames
    fields: Fields = no_fields

    @property
    def is_noise(self) -> bool:
        """Whether each frame is compared with the first one, which is clean, and the difficulty is in the pictures."""
        return len(next(iter(self.parameters.values()))) > 1

    def values(self, profile: str, difficulty: int) -> Any:
        """Return the parameters of a difficulty."""
        return self.parameters[profile][difficulty - 1]

    def described(self, profile: str, difficulty: int) -> dict[str, Any]:
        """Return the parameters of a difficulty by their names."""
        values = self.values(profile, difficulty)
        given = values if isinstance(values, tuple) else (values,)
        return dict(zip(self.meaning, given, strict=True))


def truncated(values: NDArray[np.floating[Any]], half: float) -> Picture:
    """Return values of 0 .. 1 as bytes in their own precision, truncated after adding `half`."""
    scaled = values * np.asarray(255, values.dtype)
    if half:
        scaled = scaled + np.asarray(half, scaled.dtype)
    return np.asarray(scaled.astype(np.uint8))
