"""What stands beside the pictures of a bank that ipmix drew: its settings, and how each picture came to be.

A bank may come from anywhere: what its sidecars say is bounded and checked, and an error names the bank.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import h5py
import numpy as np
from msgspec import Meta

from ipmix_cli.errors import IpmixError, SourceError
from ipmix_cli.hdf5.heap import Heap
from ipmix_cli.hdf5.safety import array, explained, open_file
from ipmix_cli.pipeline.banks.bank import BankSettings
from ipmix_cli.pipeline.banks.folder import RECIPES, SETTINGS
from ipmix_cli.record import SMALL_BYTES, RecordError, decoded, typed
from ipmix_cli.storage.memory_map import mapped
from ipmix_cli.storage.regular_file import read_regular

MOST_RECIPES = 1 << 28  # bytes: some kilobyte a picture
MOST_TEXT = 1 << 16  # bytes of an attribute

Text = Annotated[str, Meta(max_length=4096)]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one picture of a folder was made."""

    file: Text
    recipe: dict[str, Any]
    attempts: int
    rejected: tuple[Text, ...]

    @property
    def family(self) -> str:
        """The family that drew it."""
        return str(self.recipe.get("family", "pictures"))


@dataclass(frozen=True)
class StoredSettings:
    """The settings of a bank, and the version of the generator that drew it."""

    settings: BankSettings
    generator: int | str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**dataclasses.asdict(self.settings), "generator": self.generator}


def stored_settings(path: Path) -> StoredSettings | None:
    """Return the settings that a bank was drawn with; None for a bank that ipmix has not drawn.

    Raises
    ------
    SourceError
        If they are damaged.
    """
    with _named(path):
        if path.is_dir():
            place = path / SETTINGS
            values = decoded(read_regular(place, SMALL_BYTES), SMALL_BYTES) if place.is_file() else {}
        else:
            values = _attributes(path)
        if not isinstance(values, dict):
            raise RecordError("its settings are no object")
        if "settings" not in values:
            return None
        settings = values["settings"]
        settings = decoded(settings.encode(errors="replace"), SMALL_BYTES) if isinstance(settings, str) else settings
        return StoredSettings(typed(BankSettings, settings), values.get("generator", "?"))


def recipes(path: Path) -> Iterator[Recipe]:
    """Yield how each picture of a folder was made, as far as that is known; raises SourceError where it is damaged."""
    with _named(path):
        if (path / RECIPES).is_file():
            for line in read_regular(path / RECIPES, MOST_RECIPES).splitlines():
                yield typed(Recipe, decoded(line, SMALL_BYTES))


def column(path: Path, name: str, kinds: str) -> np.ndarray[Any, Any] | None:
    """Return a column of a bank file that has one value for each picture; None if the file has none."""
    with explained(str(path)), open_file(path) as file:
        if name not in file:
            return None
        found = array(file, name, str(path))
        return np.asarray(found[:]) if found.ndim == 1 and found.dtype.kind in kinds else None


def _attributes(path: Path) -> dict[str, Any]:
    """Return the attributes that hold the settings, which are text of a fixed length or numbers."""
    found = {}
    with explained(str(path)), open_file(path) as file:
        for name in ("settings", "generator"):
            if name in file.attrs and _is_small(file.attrs.get_id(name), path):
                found[name] = _plain(file, name)
    return {name: value for name, value in found.items() if value is not None}


def _is_small(attribute: h5py.h5a.AttrID, path: Path) -> bool:
    """Return whether an attribute is of bearable size; text of variable length may be as long as any in the file."""
    size = attribute.get_storage_size()
    if attribute.dtype.hasobject:
        size = max(size, Heap(mapped(path, str(path)), str(path)).check())
    if size > MOST_TEXT:
        raise RecordError(f"an attribute may have {size} bytes")
    return True


def _plain(file: h5py.File, name: str) -> Any:
    value = file.attrs[name]
    return value.item() if isinstance(value, np.generic) else value if isinstance(value, str) else None


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let errors name the bank."""
    try:
        yield
    except (RecordError, OSError, IpmixError) as error:
        if isinstance(error, SourceError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise SourceError(
            f"the bank {path} has damaged settings or recipes: {reason}", "draw it again with `ipmix generate-fractals`"
        ) from error
