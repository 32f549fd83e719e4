"""Settings of a method: a frozen dataclass whose fields say themselves what they are, and what they can be."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field
from typing import TYPE_CHECKING, Any

from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.record import added, record_of

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing from 3.11 on


def setting(  # noqa: PLR0913 - one keyword for each thing a field says
    help_text: str,
    *,
    default: Any = MISSING,
    low: float | None = None,
    high: float | None = None,
    choices: Iterable[str] = (),
    length: int | None = None,
    later: bool = False,
) -> Any:
    """Return a field of settings, described for the command line and checked when settings are made.

    Parameters
    ----------
    help_text : str
        What it is, for help pages.
    default : optional
        What it is if a preset does not say.
    low, high : float, optional
        Smallest and largest number, or smallest and largest of a list's numbers.
    choices : iterable of str
        The names it can be, or those that its list can hold.
    length : int, optional
        How many numbers its list has.
    later : bool
        Whether it was added after a release, so that records have it only where it differs from its default.
    """
    metadata = {"help": help_text, "low": low, "high": high, "choices": tuple(choices), "length": length}
    return field(default=default, metadata={**metadata, **(added(default).metadata if later else {})})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one copy is drawn from; every field is made by :func:`setting`.

    Raises
    ------
    UsageError
        For a number out of range, a name that does not exist, or a list of another length.
    """

    def __post_init__(self) -> None:
        for one in dataclasses.fields(self):
            value = getattr(self, one.name)
            if isinstance(value, list):
                value = tuple(value)
            if value is not None and str(one.type).startswith("float"):  # 3 and 3.0 are one setting, so one record
                value = float(value)
            object.__setattr__(self, one.name, value)
            _check(one, value)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; :meth:`from_dict` is the way back."""
        return record_of(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make settings from :meth:`to_dict`'s values.

        Raises
        ------
        UsageError
            For a name that no setting has, a setting left out, or a value out of range.
        """
        for name in values:
            check_name("setting", name, [one.name for one in dataclasses.fields(cls)])
        try:
            return cls(**values)
        except TypeError as error:
            raise UsageError(f"settings: {error}", "give every setting of the preset") from error


def _check(one: dataclasses.Field[Any], value: Any) -> None:
    about = one.metadata
    items = value if isinstance(value, tuple) else (value,)
    if about["length"] is not None and len(items) != about["length"]:
        raise UsageError(
            f"{one.name} has {len(items)} values: expected {about['length']}", f"give {about['length']} numbers"
        )
    if about["choices"]:
        _check_names(one.name, items, about["choices"])
        return
    for item in items:
        if item is not None and not _low(about) <= item <= _high(about):
            raise UsageError(
                f"{one.name} is {item}: expected a number from {_low(about):g} to {_high(about):g}",
                f"choose a value of {one.name} in that range, or leave it to the preset",
            )


def _check_names(what: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in names:
        check_name(what, name, known)
    if not names or len(set(names)) < len(names):
        raise UsageError(
            f"{what} list {list(names)}: expected at least one name, each once", f"choose from: {', '.join(known)}"
        )


def _low(about: Mapping[str, Any]) -> float:
    return float("-inf") if about["low"] is None else float(about["low"])


def _high(about: Mapping[str, Any]) -> float:
    return float("inf") if about["high"] is None else float(about["high"])
