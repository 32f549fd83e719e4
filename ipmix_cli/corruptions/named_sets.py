"""What corruptions and perturbation sequences do alike: settings from sets and records, and plans of some variants."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ipmix_cli.corruptions.profiles import AUTO
from ipmix_cli.errors import UsageError, check_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ipmix_cli.transform import Plans

Settings = TypeVar("Settings")

DEFAULT_SET = "test"


def settings_of_set(presets: Mapping[str, Settings], preset: str, changes: Mapping[str, Any], members: str) -> Settings:
    """Return the settings of a set, ``auto`` for the test set, with some fields replaced.

    `members` is what errors call what a set holds.

    Raises
    ------
    UsageError
        For a set or a field that does not exist, and a value out of range.
    """
    name = DEFAULT_SET if preset == AUTO else preset
    check_name(f"set of {members}", name, presets)
    chosen: Any = presets[name]
    for field in changes:
        check_name("setting", field, [known.name for known in dataclasses.fields(chosen)])
    replaced: Settings = dataclasses.replace(chosen, **changes)
    return replaced


def settings_from(kind: type[Settings], values: Mapping[str, Any], title: str, members: str) -> Settings:
    """Return settings from the plain values of a record.

    `title` and `members` are what errors call the settings' owner, and what has to be named.

    Raises
    ------
    UsageError
        For a name that no setting has, and a value out of range.
    """
    fields: Any = dataclasses.fields(kind)  # type: ignore[arg-type]  # each is a dataclass
    for name in values:
        check_name("setting", name, [field.name for field in fields])
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return kind(**plain)
    except TypeError as error:
        raise UsageError(f"settings of {title}: {error}", f"name the {members}") from error


def plans_of_numbers(
    draw: Callable[[NDArray[np.int64], list[Any]], Plans],
    every: Sequence[Any],
    indices: NDArray[np.int64],
    numbers: NDArray[np.int64],
) -> Plans:
    """Return the plans (N, V) of the variants with these numbers (N, V), by a function that draws some samples'.

    Parameters
    ----------
    draw : callable
        Takes indices of samples (n,) and a list of variants, and returns their plans (n, v).
    every : sequence
        All variants, in order.
    """
    import numpy as np

    drawn = [draw(indices[n : n + 1], [every[number] for number in row.tolist()])[0] for n, row in enumerate(numbers)]
    return np.stack(drawn)
