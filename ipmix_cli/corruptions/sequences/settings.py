"""Which perturbation sequences a test set has, and how they are made; checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ipmix_cli.corruptions.named_sets import settings_from
from ipmix_cli.corruptions.profiles import AUTO, SIZES
from ipmix_cli.corruptions.sequences.perturbation import DIFFICULTIES
from ipmix_cli.corruptions.sequences.table import PERTURBATIONS, SETS
from ipmix_cli.corruptions.settings import check_distinct
from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.frames import frame_name
from ipmix_cli.record import record_of


@dataclass(frozen=True, kw_only=True)
class SequenceSettings:
    """What a test set of perturbation sequences consists of.

    Parameters
    ----------
    perturbations : tuple of str
        Names of the table PERTURBATIONS, in the order of the variants.
    profile : {"auto", "32", "64", "224", "299"}
        The published parameters, and numbers of frames; ``auto`` chooses by the pictures' size.
    difficulties : tuple of int
        Of 1 to 3, rising: the strengths of noise. Of other perturbations the difficulty is in the scoring, which
        compares frames further apart.
    corrected : bool
        Whether the faults of the published code are fixed: levels are rounded, not truncated, and tilted pictures are
        not seen from a pixel too far.

    Raises
    ------
    UsageError
        For a name that does not exist and a value out of range.
    """

    perturbations: tuple[str, ...]
    profile: str = AUTO
    difficulties: tuple[int, ...] = DIFFICULTIES[:1]
    corrected: bool = False

    def __post_init__(self) -> None:
        for name in self.perturbations:
            check_name("perturbation", name, PERTURBATIONS)
        check_name("profile", self.profile, [AUTO, *SIZES])
        check_distinct("perturbations", self.perturbations)
        check_distinct("difficulties", self.difficulties)
        wrong = not set(self.difficulties) <= set(DIFFICULTIES)
        if wrong or list(self.difficulties) != sorted(self.difficulties):
            raise UsageError(
                f"difficulties {list(self.difficulties)}: expected whole numbers of 1 to 3, rising",
                "give something like --difficulty 1,3, or leave it out for the first",
            )

    @property
    def sequences(self) -> tuple[tuple[str, int], ...]:
        """Perturbation and difficulty of each sequence: those of noise in every difficulty, the others once."""
        return tuple(
            (name, difficulty)
            for name in self.perturbations
            for difficulty in (self.difficulties if PERTURBATIONS[name].is_noise else DIFFICULTIES[:1])
        )

    def variants(self, profile: str) -> tuple[tuple[str, int, int], ...]:
        """Return perturbation, difficulty and frame of each variant: all frames of a sequence, then of the next."""
        return tuple(
            (name, difficulty, frame)
            for name, difficulty in self.sequences
            for frame in range(PERTURBATIONS[name].frames[profile])
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; :meth:`from_dict` is the way back."""
        return record_of(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SequenceSettings:
        """Make settings from :meth:`to_dict`'s values.

        Raises
        ------
        UsageError
            For a name that no setting has, and a value out of range.
        """
        return settings_from(cls, values, "sequences", "perturbations")


def sequence_name(perturbation: str, difficulty: int) -> str:
    """Return what a sequence is called, as in ImageNet-P.

    Examples
    --------
    >>> sequence_name("tilt", 1), sequence_name("shot_noise", 3)
    ('tilt', 'shot_noise_3')
    """
    return perturbation if difficulty == 1 else f"{perturbation}_{difficulty}"


def variant_name(perturbation: str, difficulty: int, frame: int) -> str:
    """Return the name of one frame as a variant."""
    return frame_name(sequence_name(perturbation, difficulty), frame)


def perturbations_named(text: str) -> tuple[str, ...]:
    """Return the perturbations that a list of names and sets stands for, each once, in the order of the list.

    Raises
    ------
    UsageError
        For a name that is neither.

    Examples
    --------
    >>> perturbations_named("tilt,validation")
    ('tilt', 'speckle_noise', 'gaussian_blur', 'spatter', 'shear')
    """
    names: dict[str, None] = {}
    for part in (part.strip() for part in text.split(",")):
        check_name("perturbation or set", part, [*SETS, *PERTURBATIONS])
        names |= dict.fromkeys(SETS.get(part, (part,)))
    return tuple(names)


PRESETS: dict[str, SequenceSettings] = {
    # The 10 that the mean flip rate averages (Hendrycks and Dietterich, ICLR 2019, section 4)
    "test": SequenceSettings(perturbations=SETS["test"]),
    # The four that are kept apart to tune on (the same, appendix)
    "validation": SequenceSettings(perturbations=SETS["validation"]),
    "all": SequenceSettings(perturbations=SETS["all"]),
}
