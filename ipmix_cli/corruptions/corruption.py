"""What a corruption is: a name, parameters by severity, distributions of its draws, and a deterministic function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.frost import FrostPictures
from ipmix_cli.picture import Picture


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What a corruption depends on beside the picture, its parameters and the draws.

    Parameters
    ----------
    profile : str
        The published profile, never ``auto``.
    corrected : bool
        Whether the published faults are fixed, truncation to whole levels among them.
    frost : FrostPictures or None
        Pictures of frost; only ``frost`` needs them.
    """

    profile: str
    corrected: bool = False
    frost: FrostPictures | None = None

    @property
    def half(self) -> float:
        """What is added before levels are truncated: 0 as published, 1/2 to round."""
        return 0.5 if self.corrected else 0.0


Range = tuple[float, float]
"""The ends of a uniform distribution."""

Apply = Callable[[Picture, Any, Draws, Conditions], Picture]
"""``apply(picture, parameters, draws, conditions)`` returns the corrupted picture, and changes none of them."""

Fields = Callable[[Any, Draws, tuple[int, int], Conditions], dict[str, NDArray[Any]]]
"""``fields(parameters, draws, (height, width), conditions)`` returns the random arrays that `apply` uses, by name."""


def no_fields(_: Any, _draws: Draws, _size: tuple[int, int], _conditions: Conditions) -> dict[str, NDArray[Any]]:
    """Return no random arrays: for corruptions that draw at most a few numbers of the plan."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """One corruption.

    Parameters
    ----------
    name : str
        The published name.
    code : int
        Its number in plans and streams; never given to another.
    summary : str
        One line for help pages.
    parameters : mapping of str to sequence
        By profile: those of severities 1 to 5.
    meaning : tuple of str
        What each parameter is called.
    apply : callable
        See :data:`Apply`.
    numbers : mapping of str to (low, high)
        The numbers a plan draws, each uniform between two ends. At most eight.
    fields : callable
        See :data:`Fields`.
    """

    name: str
    code: int
    summary: str
    parameters: Mapping[str, Any]
    meaning: tuple[str, ...]
    apply: Apply
    numbers: Mapping[str, Range] = field(default_factory=dict)
    fields: Fields = no_fields

    def __post_init__(self) -> None:
        assert len(self.numbers) <= 8

    @property
    def draws_fields(self) -> bool:
        """Whether random arrays belong to a plan."""
        return self.fields is not no_fields

    def described(self, profile: str, severity: int) -> dict[str, Any]:
        """Return the parameters of a severity by their names."""
        values = self.parameters[profile][severity - 1]
        given = values if isinstance(values, tuple) else (values,)
        return dict(zip(self.meaning, given, strict=True))


def to_bytes(values: NDArray[np.floating[Any]], half: float) -> Picture:
    """Return values of 0 .. 1 as bytes, in their own precision: clipped, times 255, truncated after adding `half`."""
    scaled = np.clip(values, 0, 1) * 255
    if half:
        scaled += np.asarray(half, scaled.dtype)
    return np.asarray(scaled.astype(np.uint8))
