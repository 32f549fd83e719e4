"""Plans of corrupted pictures: the corruption, the severity, and everything random, in a row of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.corruption import Corruption
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.profiles import SIZES, profile_for
from ipmix_cli.corruptions.settings import NOT_COMPARABLE, CorruptionSettings
from ipmix_cli.corruptions.table import CORRUPTIONS
from ipmix_cli.randomness import stream_key, uniforms_of

PURPOSE = "corruption"
NUMBERS = 8
PROFILE_NAMES = tuple(SIZES)
BY_CODE = {corruption.code: corruption for corruption in CORRUPTIONS.values()}

PLAN = np.dtype(
    [
        ("corruption", np.int64),  # its code
        ("severity", np.int64),
        ("profile", np.int64),  # its place in SIZES
        ("key", np.uint64),
        ("numbers", np.float64, (NUMBERS,)),  # uniforms of (0, 1), stretched to the corruption's distributions
    ]
)


def draw_plans(
    settings: CorruptionSettings,
    size: tuple[int, int],
    seed: int,
    indices: NDArray[np.int64],
    variants: Sequence[tuple[str, int]] | None = None,
) -> NDArray[Any]:
    """Draw the plans (N, V) of some samples: of all variants, or of those given as (corruption, severity).

    A plan depends on the seed, the sample's index, the corruption and the severity alone, so a corruption's pictures
    are the same whichever others are made beside it. The size decides the profile where that is ``auto``.
    """
    variants = settings.variants if variants is None else variants
    profile = PROFILE_NAMES.index(profile_for(settings.profile, *size))
    plans = np.zeros((len(indices), len(variants)), PLAN)
    plans["profile"] = profile
    for column, (name, severity) in enumerate(variants):
        corruption = CORRUPTIONS[name]
        plans["corruption"][:, column] = corruption.code
        plans["severity"][:, column] = severity
        for row, index in enumerate(np.asarray(indices).tolist()):
            key = stream_key(seed, PURPOSE, index, corruption.code * 8 + severity)
            plans["key"][row, column] = key
            if corruption.numbers:
                drawn = uniforms_of(key, len(corruption.numbers))
                ends = zip(corruption.numbers.values(), drawn, strict=True)
                plans["numbers"][row, column, : len(drawn)] = [low + (high - low) * u for (low, high), u in ends]
    return plans


def corruption_of(plan: Any) -> Corruption:
    """Return the corruption of one plan."""
    return BY_CODE[int(plan["corruption"])]


def draws_of(plan: Any) -> Draws:
    """Return what one plan drew."""
    numbers = dict(zip(corruption_of(plan).numbers, plan["numbers"].tolist(), strict=False))
    return Draws(int(plan["key"]), numbers)


def profile_of(plan: Any) -> str:
    """Return the profile of one plan."""
    return PROFILE_NAMES[int(plan["profile"])]


@dataclass(frozen=True)
class CorruptionView:
    """One plan in words and plain data; see :class:`ipmix_cli.transform.PlanView`.

    The random arrays follow from `key`: element i of array f is the uniform i of the stream whose key is
    ``field_key(key, f)``, see :mod:`ipmix_cli.corruptions.draws`.
    """

    corruption: str
    severity: int
    profile: str
    parameters: dict[str, Any]
    numbers: dict[str, float]
    key: int
    corrected: bool
    remark: str

    @classmethod
    def of(cls, plan: Any, settings: CorruptionSettings) -> CorruptionView:
        """Return the view of one plan."""
        corruption, severity, profile = corruption_of(plan), int(plan["severity"]), profile_of(plan)
        synthetic = corruption.name == "frost" and settings.frost == "synthetic"
        return cls(
            corruption=corruption.name,
            severity=severity,
            profile=profile,
            parameters=corruption.described(profile, severity),
            numbers=draws_of(plan).numbers,
            key=int(plan["key"]),
            corrected=settings.corrected,
            remark=NOT_COMPARABLE if synthetic else "",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data; a remark stands in it only if there is one."""
        values: dict[str, Any] = dict(vars(self))
        if not self.remark:
            del values["remark"]
        return values

    def describe(self) -> list[str]:
        """Return the plan in words."""
        lines = [f"{self.corruption}, severity {self.severity} of profile {self.profile}: {_listed(self.parameters)}"]
        if self.numbers:
            lines.append(f"drawn: {_listed(self.numbers)}")
        if CORRUPTIONS[self.corruption].draws_fields:
            lines.append(f"random arrays from key {self.key}")
        return [*lines, self.remark] if self.remark else lines


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in values.items())
