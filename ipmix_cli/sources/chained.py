"""Several sources one after the other as one: what a data set is made from after ``ipmix extend``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import AnnotationSpec
from ipmix_cli.errors import SourceError
from ipmix_cli.record import json_digest
from ipmix_cli.sources.source import BadSample, Part, Sample, Source
from ipmix_cli.stages import StageClock

CHAINED = "chained"
"""The setting that holds the digests of the sources, in order."""


@dataclass(frozen=True)
class ShiftedPart:
    """A part of a later source: `by` pictures come before that source, whose class c is `classes[c]` of the whole."""

    part: Part
    by: int
    classes: tuple[int, ...]

    @property
    def start(self) -> int:
        """The index of its first sample."""
        return self.part.start + self.by

    def samples(self, clock: StageClock) -> Iterator[Sample | BadSample]:
        """Yield the samples in order."""
        for item in self.part.samples(clock):
            index = item.index + self.by
            if isinstance(item, Sample) and self.classes and isinstance(item.label, int):
                yield dataclasses.replace(item, index=index, label=self.classes[item.label])
            else:
                yield dataclasses.replace(item, index=index)


@dataclass(frozen=True)
class ChainedPart:
    """Parts that follow each other."""

    parts: tuple[Part, ...]

    @property
    def start(self) -> int:
        """The index of its first sample."""
        return self.parts[0].start

    def samples(self, clock: StageClock) -> Iterator[Sample | BadSample]:
        """Yield the samples in order."""
        for part in self.parts:
            yield from part.samples(clock)


class ChainedSource:
    """Sources one after the other; the first one's classes, settings and kinds of labels are those of all.

    Parameters
    ----------
    sources : sequence of Source

    Raises
    ------
    SourceError
        If a later source has a class that the first lacks, or other labels or kept fields.
    """

    format = CHAINED
    root = ""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        first = self.sources[0]
        self.location, self.class_names = first.location, first.class_names
        self.notes = tuple(note for source in sources for note in source.notes)
        sizes = {source.size for source in sources}
        self.size: tuple[int, int] | None = sizes.pop() if len(sizes) == 1 else None
        self.settings: dict[str, Any] = chained_settings(first.settings, [source.digest for source in sources])
        self.digest = chained_digest(self.settings[CHAINED])
        self._starts = np.cumsum([0, *map(len, sources)]).tolist()
        self._classes = [class_map(first, source) for source in sources]

    @property
    def annotations(self) -> AnnotationSpec:
        """Of which kind the labels are, and which fields are kept."""
        return self.sources[0].annotations

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each sample; empty where labels are no classes."""
        if self.annotations.labels != "class":
            return np.zeros(0, np.int64)
        pairs = zip(self.sources, self._classes, strict=True)
        return np.concatenate([np.array(classes, np.int64)[source.labels] for source, classes in pairs])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def _of(self, index: int) -> int:
        return int(np.searchsorted(self._starts, index, side="right")) - 1

    def key(self, index: int) -> str:
        """Return the name of one sample in its source."""
        number = self._of(index)
        return self.sources[number].key(index - self._starts[number])

    def part(self, start: int, stop: int) -> Part:
        """Return the samples start..stop for one worker."""
        parts: list[Part] = []
        for number, source in enumerate(self.sources):
            first, last = self._starts[number], self._starts[number + 1]
            low, high = max(start, first), min(stop, last)
            if low < high:
                parts.append(ShiftedPart(source.part(low - first, high - first), first, self._classes[number]))
        return ChainedPart(tuple(parts))

    def check_unchanged(self) -> None:
        """Refuse sources of which a local file is no longer what it was when it was listed; raises SourceError."""
        for source in self.sources:
            source.check_unchanged()


def chained_settings(first: dict[str, Any], digests: Sequence[str]) -> dict[str, Any]:
    """Return the settings of a chain: those of its first source, and the digests of all."""
    return {**first, CHAINED: list(digests)}


def chained_digest(digests: Sequence[str]) -> str:
    """Return the digest of a chain."""
    return json_digest({CHAINED: list(digests)})


def class_map(first: Source, other: Source) -> tuple[int, ...]:
    """Return the number in the first source of each class of another one.

    Raises
    ------
    SourceError
        For a class that the first source lacks, and labels or kept fields of another kind.
    """
    if other.annotations != first.annotations:
        raise SourceError(
            f"{other.location} has other labels or kept fields than the first source: {other.annotations}",
            "read it with the same --labels-as, --unlabelled and --keep",
        )
    if other.annotations.labels != "class":
        if other.class_names != first.class_names:
            raise SourceError(f"{other.location} has other classes than the first source", "name them in one order")
        return ()
    places = {name: number for number, name in enumerate(first.class_names)}
    lost = next((name for name in other.class_names if name not in places), None)
    if lost is not None:
        raise SourceError(
            f"{other.location} has the class {lost!r}, which is none of the {len(places)} classes of the data set",
            "name the data set's classes, in their order, with --classes-from",
        )
    return tuple(places[name] for name in other.class_names)
