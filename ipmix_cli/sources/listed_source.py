"""A source as its listing: one part that holds all samples, and hands out smaller ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import AnnotationSpec
from ipmix_cli.codecs.decode import pixel_limit
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.source import BadSample, Part, Sample
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.file_state import NO_FILES, WatchedFiles


class Listing(Part, Protocol):
    """All samples of a source, as a part that can be cut."""

    @property
    def labels(self) -> Annotated:
        """The label of each, and the fields that are kept."""
        ...

    def key(self, position: int) -> str:
        """Return the name of the sample at a position."""
        ...

    def cut(self, start: int, stop: int) -> Part:
        """Return the samples start..stop, with no more than they need."""
        ...


@runtime_checkable
class CheckedListing(Protocol):
    """A listing that knows the state of each of its files."""

    def check_unchanged(self) -> None:
        """Refuse files that are no longer what they were; raises SourceError."""
        ...


@dataclass(frozen=True)
class WatchedPart:
    """A part whose files have to be what they were when it was listed, before it is read and after.

    `max_picture_pixels` is the limit under which its pictures are decoded.
    """

    part: Part
    files: WatchedFiles
    max_picture_pixels: int | None = None

    @property
    def start(self) -> int:
        """The index of its first sample."""
        return self.part.start

    def samples(self, clock: StageClock) -> Iterator[Sample | BadSample]:
        """Yield the samples in order; raises SourceError where a file has changed."""
        self.files.check()
        with pixel_limit(self.max_picture_pixels):
            yield from self.part.samples(clock)
        self.files.check()


@dataclass(kw_only=True)
class ListedSource:
    """A :class:`ipmix_cli.sources.source.Source` whose samples are all in one listing, `whole`."""

    format: str
    location: str
    class_names: tuple[str, ...]
    size: tuple[int, int] | None
    digest: str
    settings: dict[str, Any]
    whole: Listing
    notes: tuple[str, ...] = ()
    root: str = ""
    files: WatchedFiles = NO_FILES

    def __len__(self) -> int:
        return len(self.whole.labels)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each sample; empty where labels are no classes."""
        return self.whole.labels.classes

    @property
    def annotations(self) -> AnnotationSpec:
        """Of which kind the labels are, and which fields are kept."""
        return self.whole.labels.spec

    def key(self, index: int) -> str:
        """Return the name of one sample in the source."""
        return self.whole.key(index)

    def part(self, start: int, stop: int) -> Part:
        """Return the samples start..stop for one worker."""
        part = self.whole.cut(start, stop)
        most = self.settings.get("max_picture_pixels")
        return WatchedPart(part, self.files, most) if self.files.paths or most is not None else part

    def check_unchanged(self) -> None:
        """Refuse a source of which a file is no longer what it was when it was listed; raises SourceError."""
        self.files.check()
        if isinstance(self.whole, CheckedListing):
            self.whole.check_unchanged()
