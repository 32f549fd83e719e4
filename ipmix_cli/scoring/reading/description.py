"""A description of predictions in TOML: the files of a model, and what each is for."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipmix_cli.errors import PredictionsError
from ipmix_cli.record import SMALL_BYTES, check_values, typed
from ipmix_cli.storage.regular_file import read_regular

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, kw_only=True)
class DescribedFile:
    """One of the ``[[predictions]]``: a file beside the description, and what it is for; None for what is not said."""

    file: str
    role: str = "labelled"
    name: str | None = None
    corruption: str | None = None
    severity: int | None = None
    perturbation: str | None = None
    labels: str | None = None
    scores: str | None = None
    class_list: str | None = None

    def said(self) -> dict[str, Any]:
        """Return what is said, by name."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Description:
    """A whole description; `size` is the side of the pictures, or (height, width)."""

    predictions: tuple[DescribedFile, ...] = ()
    name: str | None = None
    labels: str | None = None
    scores: str | None = None
    size: int | tuple[int, int] | None = None

    def sides(self) -> tuple[int, int] | None:
        """Return the height and width, if they are said."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size


def read_description(path: Path) -> Description:
    """Read a description; every setting is known, and of its type.

    Raises
    ------
    PredictionsError
        Naming the setting.
    """
    try:
        values = tomllib.loads(read_regular(path, SMALL_BYTES).decode())
        check_values(values)
        return typed(Description, values)
    except OSError as error:
        raise PredictionsError(f"cannot read {path}: {error.strerror}", "check the path") from error
    except (ValueError, RecursionError) as error:
        settings = ", ".join(field.name for field in dataclasses.fields(DescribedFile))
        raise PredictionsError(
            f"{path}: {error}", f"each of the [[predictions]] has a file, and may have {settings}"
        ) from error
