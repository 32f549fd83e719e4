"""A source as its listing: one part that holds all samples, and hands out smaller ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.sources.source import Part


class Listing(Part, Protocol):
    """All samples of a source, as a part that can be cut."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """The label of each."""
        ...

    def key(self, position: int) -> str:
        """Return the name of the sample at a position."""
        ...

    def cut(self, start: int, stop: int) -> Part:
        """Return the samples start..stop, with no more than they need."""
        ...


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

    def __len__(self) -> int:
        return len(self.whole.labels)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The label of each sample."""
        return self.whole.labels

    def key(self, index: int) -> str:
        """Return the name of one sample in the source."""
        return self.whole.key(index)

    def part(self, start: int, stop: int) -> Part:
        """Return the samples start..stop for one worker."""
        return self.whole.cut(start, stop)
