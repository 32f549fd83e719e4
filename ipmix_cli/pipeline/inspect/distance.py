"""How far copies are from their clean pictures, and how many samples each class has, from some of the shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import classes_of
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.output.dataset import Dataset
from ipmix_cli.pipeline.output.manifest import ShardRecord
from ipmix_cli.pipeline.run.rendered import MOST_RENDERED, shown_pictures

MOST_SHARDS = 8
MOST_SAMPLES = 256  # decoding 224 px pictures takes some milliseconds each
COUNT_ALL = 200_000  # samples up to which every label is counted: seconds
PERCENTILES = (5, 50, 95)


@dataclass
class Distances:
    """Distances of copies from their clean pictures, in grey levels 0..255.

    `means` holds the mean absolute difference of each copy that was looked at from its clean picture, `between` that of
    copies of one picture from each other; `shards` and `samples` say how many were looked at.
    """

    shards: int = 0
    samples: int = 0
    means: list[float] = field(default_factory=list)
    between: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean over the copies; 0 without any."""
        return float(np.mean(self.means)) if self.means else 0.0

    @property
    def unchanged(self) -> float:
        """Share of copies that equal their clean picture, or what a lossy encoding left of it."""
        return sum(value == 0 for value in self.means) / len(self.means) if self.means else 0.0

    def percentiles(self) -> dict[str, float]:
        """Return percentiles 5, 50 and 95."""
        values = np.percentile(self.means or [0.0], PERCENTILES)
        return {str(percent): float(value) for percent, value in zip(PERCENTILES, values, strict=True)}


def mean_difference(clean: Picture, copy: Picture) -> float:
    """Return the mean absolute difference of two pictures of one size, in grey levels.

    Examples
    --------
    >>> mean_difference(np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 7, np.uint8))
    7.0
    """
    return float(np.abs(clean.astype(np.int16) - copy).mean())


def measure_distances(dataset: Dataset, most_samples: int = MOST_SAMPLES) -> Distances | None:
    """Measure copies in some shards, spread evenly over the data set; None where no clean pictures are stored.

    Raises
    ------
    SourceError
        If a shard cannot be read.
    """
    if not dataset.manifest.job.output.clean:
        return None
    found = Distances()
    chosen = spread(dataset.manifest.shards, MOST_SHARDS)
    most = dataset.manifest.job.output.stored_copies or MOST_RENDERED
    for shard in chosen:
        with dataset.view(shard) as view:
            for position in _positions(len(view), max(1, most_samples // len(chosen))):
                clean, copies = shown_pictures(dataset, view.sample(position), most)
                assert clean is not None
                found.means += [mean_difference(clean, copy) for copy in copies]
                found.between += [mean_difference(a, b) for a, b in pairwise(copies)]
                found.samples += 1
        found.shards += 1
    return found


@dataclass(frozen=True)
class ClassCounts:
    """How many samples each class has, counted in some of the shards."""

    counts: dict[int, int]
    shards: int


def count_classes(dataset: Dataset) -> ClassCounts:
    """Count the samples of each class: all of them, or in a large data set those of some shards.

    A sample of several classes counts for each; labels that are no classes are not counted.
    """
    shards: Sequence[ShardRecord] = dataset.manifest.shards
    if dataset.manifest.samples > COUNT_ALL:
        shards = spread(shards, MOST_SHARDS)
    counts: Counter[int] = Counter()
    for shard in shards:
        with dataset.view(shard) as view:
            for position in range(len(view)):
                counts.update(classes_of(view.label(position)))
    return ClassCounts(dict(sorted(counts.items())), len(shards))


def spread(shards: Sequence[ShardRecord], most: int) -> list[ShardRecord]:
    """Return some shards that are not empty, spread over a data set."""
    full = [shard for shard in shards if shard.samples]
    return [full[int(position)] for position in _positions(len(full), most)]


def _positions(count: int, most: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))
