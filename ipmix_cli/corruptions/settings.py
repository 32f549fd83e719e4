"""Which corruptions a test set has, and how they are made; checked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ipmix_cli.corruptions.named_sets import settings_from
from ipmix_cli.corruptions.profiles import AUTO, SIZES
from ipmix_cli.corruptions.table import C_BAR, CORRUPTIONS, PROFILE_SETS, SETS
from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.record import record_of

FROSTS = ("synthetic", "pictures")
SEVERITIES = (1, 2, 3, 4, 5)
NOT_COMPARABLE = "synthetic frost: not comparable with published numbers"


@dataclass(frozen=True, kw_only=True)
class CorruptionSettings:
    """What a corrupted test set consists of.

    Parameters
    ----------
    corruptions : tuple of str
        Names of the table CORRUPTIONS, in the order of the variants. ``c-bar`` stands for the list of the profile, and
        is replaced by it as soon as that is not ``auto``.
    severities : tuple of int
        Of 1 to 5, rising.
    profile : {"auto", "32", "64", "224", "299"}
        The published parameters; ``auto`` chooses by each picture's size.
    corrected : bool
        Whether the faults of the published code are fixed: glass blur exchanges pixels, all frost pictures are drawn,
        elastic constants follow the true side, and levels are rounded, not truncated.
    frost : {"synthetic", "pictures"}
        Frost of our own making, or the pictures given as mixing pictures.

    Raises
    ------
    UsageError
        For a name that does not exist and a value out of range.
    """

    corruptions: tuple[str, ...]
    severities: tuple[int, ...] = SEVERITIES
    profile: str = AUTO
    corrected: bool = False
    frost: str = FROSTS[0]

    def __post_init__(self) -> None:
        for name in self.corruptions:
            check_name("corruption", name, [*PROFILE_SETS, *CORRUPTIONS])
        check_name("profile", self.profile, [AUTO, *SIZES])
        check_name("kind of frost", self.frost, FROSTS)
        check_distinct("corruptions", self.corruptions)
        if self.profile != AUTO:
            object.__setattr__(self, "corruptions", _members(self.corruptions, self.profile))
        check_distinct("severities", self.severities)
        if not set(self.severities) <= set(SEVERITIES) or list(self.severities) != sorted(self.severities):
            raise UsageError(
                f"severities {list(self.severities)}: expected whole numbers of 1 to 5, rising",
                "give something like --severity 1,3,5, or leave it out for all five",
            )

    @property
    def variants(self) -> tuple[tuple[str, int], ...]:
        """Corruption and severity of each variant: all severities of the first corruption, then of the next."""
        self.check_members()
        return tuple((name, severity) for name in self.corruptions for severity in self.severities)

    def check_members(self) -> None:
        """Refuse a set whose members depend on the profile, where that is still ``auto``.

        Raises
        ------
        UsageError
        """
        if undecided := [name for name in self.corruptions if name in PROFILE_SETS]:
            raise UsageError(
                f"{undecided[0]} has other corruptions for 32 than for 224 px, and these pictures are of many sizes",
                "give --size, or a --profile: 32 for the list of CIFAR-10, 224 for that of ImageNet",
            )

    @property
    def needs_frost(self) -> bool:
        """Whether pictures of frost must be given."""
        return self.frost == "pictures" and "frost" in self.corruptions

    @property
    def remark(self) -> str:
        """What every table made of this test set must say, or nothing."""
        return NOT_COMPARABLE if self.frost == "synthetic" and "frost" in self.corruptions else ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; :meth:`from_dict` is the way back."""
        return record_of(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CorruptionSettings:
        """Make settings from :meth:`to_dict`'s values.

        Raises
        ------
        UsageError
            For a name that no setting has, and a value out of range.
        """
        return settings_from(cls, values, "corruptions", "corruptions")


def corruptions_named(text: str) -> tuple[str, ...]:
    """Return the corruptions that a list of names and sets stands for, each once, in the order of the list.

    Sets that depend on the profile are left to the settings.

    Raises
    ------
    UsageError
        For a name that is neither.

    Examples
    --------
    >>> corruptions_named("fog,validation")
    ('fog', 'speckle_noise', 'gaussian_blur', 'spatter', 'saturate')
    """
    names: dict[str, None] = {}
    for part in (part.strip() for part in text.split(",")):
        check_name("corruption or set", part, [*SETS, *PROFILE_SETS, *CORRUPTIONS])
        names |= dict.fromkeys(SETS.get(part, (part,)))
    return tuple(names)


def set_of(names: tuple[str, ...], profile: str) -> str:
    """Return the name of the set that has just these corruptions, in this order; empty if there is none.

    Examples
    --------
    >>> set_of(corruptions_named("validation"), "32"), set_of(("fog",), "32")
    ('validation', '')
    """
    sets = SETS | {name: members[profile] for name, members in PROFILE_SETS.items() if profile in members}
    return next((name for name, members in sets.items() if members == names), "")


def _members(names: Iterable[str], profile: str) -> tuple[str, ...]:
    """Return corruptions with those of the profile in the place of a set that depends on it, each once."""
    members = [PROFILE_SETS[name][profile] if name in PROFILE_SETS else (name,) for name in names]
    return tuple(dict.fromkeys(name for part in members for name in part))


def check_distinct(what: str, values: Iterable[Any]) -> None:
    """Refuse nothing at all, and what is named twice; raises UsageError."""
    given = list(values)
    if not given or len(set(given)) < len(given):
        raise UsageError(f"{what} {given}: expected at least one, each once", f"name the {what} once each")


PRESETS: dict[str, CorruptionSettings] = {
    # The 15 that mCE averages (Hendrycks and Dietterich, ICLR 2019, section 4)
    "test": CorruptionSettings(corruptions=SETS["test"]),
    # The four that are kept apart to tune on (the same, appendix B)
    "validation": CorruptionSettings(corruptions=SETS["validation"]),
    "all": CorruptionSettings(corruptions=SETS["all"]),
    # The ten of CIFAR-10-C-bar or ImageNet-C-bar (Mintun, Kirillov and Xie, NeurIPS 2021), by the profile
    C_BAR: CorruptionSettings(corruptions=(C_BAR,)),
}
