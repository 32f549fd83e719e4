"""What a set to be evaluated is, and what its workers read."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import class_of
from ipmix_cli.errors import SourceError
from ipmix_cli.sources.source import BadSample, Part
from ipmix_cli.stages import StageClock

Pictures = list[NDArray[np.uint8]]


class Piece(Protocol):
    """Some pictures of one variant, picklable, with no more than they need; read by one worker."""

    def read(self) -> tuple[Pictures, list[int]]:
        """Return the pictures, each (H, W, 3) uint8, and labels; frames of a sequence follow one another."""
        ...


class PictureReader(Protocol):
    """Hands out pieces of a data set."""

    def piece(self, variant: int, start: int, stop: int) -> Piece:
        """Return pictures, or sequences, start..stop of a variant, given by its number."""
        ...


@dataclass(frozen=True, kw_only=True)
class EvaluationData:
    """One set to be evaluated.

    Parameters
    ----------
    name, role : str
        What predictions on it are for; see :mod:`ipmix_cli.scoring.reading.predictions`.
    location, format, digest : str
    keys : sequence of str
        One for each picture, or sequence.
    variants : tuple of str
        Empty for a plain list.
    shape : tuple of int
        Height and width, or empty if they differ or are not known.
    class_names : tuple of str
    reader : PictureReader
    """

    name: str
    role: str
    location: str
    format: str
    digest: str
    keys: Sequence[str]
    variants: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    class_names: tuple[str, ...] = ()
    reader: PictureReader = field(repr=False)


@dataclass(frozen=True)
class SourcePiece:
    """Some pictures of a source that `ipmix augment` takes too."""

    location: str
    part: Part

    def read(self) -> tuple[Pictures, list[int]]:
        """Return pictures and labels; one that cannot be read is an error, since it would be missing from all means."""
        pictures, labels = [], []
        for sample in self.part.samples(StageClock()):
            if isinstance(sample, BadSample):
                raise SourceError(
                    f"{self.location}: {sample.key} cannot be read: {sample.reason}",
                    "repair it, or remove it from the test set: every picture must be scored",
                )
            pictures.append(sample.picture)
            labels.append(class_of(sample.label))
        return pictures, labels


def folders_in(path: Path) -> list[Path]:
    """Return the folders in a folder, sorted, but for hidden ones; none of one that may not be read."""
    with contextlib.suppress(PermissionError):
        return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    return []
