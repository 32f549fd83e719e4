"""Apply plans: nothing random, no disk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.corruption import Conditions
from ipmix_cli.corruptions.frost import FrostPictures, synthetic_frost
from ipmix_cli.corruptions.plan import corruption_of, draws_of, profile_of
from ipmix_cli.corruptions.settings import CorruptionSettings
from ipmix_cli.picture import Picture
from ipmix_cli.transform import MixingPictures


class FrostMemory:
    """What is kept from picture to picture: resized pictures of frost."""

    def __init__(self) -> None:
        self._given: MixingPictures | None = None
        self._frost: FrostPictures | None = None

    def frost(self, given: MixingPictures | None) -> FrostPictures:
        """Return the pictures of frost: those given, or synthetic ones."""
        if self._frost is None or self._given is not given:
            self._given = given
            self._frost = synthetic_frost() if given is None else FrostPictures(len(given.shapes), given.picture)
        return self._frost


def conditions_of(
    plan: Any, mixing: MixingPictures | None, settings: CorruptionSettings, workspace: FrostMemory
) -> Conditions:
    """Return what one plan is applied under."""
    needed = corruption_of(plan).name == "frost"
    return Conditions(
        profile=profile_of(plan),
        corrected=settings.corrected,
        frost=workspace.frost(mixing if settings.frost == "pictures" else None) if needed else None,
    )


def apply_plan(
    picture: Picture, plan: Any, mixing: MixingPictures | None, settings: CorruptionSettings, workspace: FrostMemory
) -> Picture:
    """Return the corrupted picture that one plan describes. Does not modify its input.

    Parameters
    ----------
    picture : ndarray of uint8, (H, W, 3), C-contiguous
    plan : numpy.void
        One element of what ``draw_plans`` returns.
    mixing : MixingPictures or None
        Pictures of frost, for settings that need them.
    """
    corruption = corruption_of(plan)
    values = corruption.parameters[profile_of(plan)][int(plan["severity"]) - 1]
    return corruption.apply(picture, values, draws_of(plan), conditions_of(plan, mixing, settings, workspace))


def random_arrays(size: tuple[int, int], plan: Any, settings: CorruptionSettings) -> dict[str, NDArray[Any]]:
    """Return the random arrays that one plan stands for, by name, in the order in which the published code draws them.

    Forced into the published functions, they give the same picture; see docs/corruptions.md.
    """
    corruption = corruption_of(plan)
    values = corruption.parameters[profile_of(plan)][int(plan["severity"]) - 1]
    conditions = Conditions(profile=profile_of(plan), corrected=settings.corrected)
    return corruption.fields(values, draws_of(plan), size, conditions)


def stages_of(
    picture: Picture, plan: Any, mixing: MixingPictures | None, settings: CorruptionSettings
) -> dict[str, NDArray[Any]]:
    """Return the clean picture, the random arrays, and the corrupted picture."""
    size = (picture.shape[0], picture.shape[1])
    out = apply_plan(picture, plan, mixing, settings, FrostMemory())
    return {"clean": picture.copy(), **random_arrays(size, plan, settings), "out": np.ascontiguousarray(out)}
