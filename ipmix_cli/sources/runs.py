"""Samples that lie in runs, one run after the other: which parts of them a range of samples takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def cut_runs(lengths: Iterable[int], start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield of each run that holds some of the samples start .. stop its number, and where in it they start and stop.

    >>> list(cut_runs([3, 2, 4], 2, 6))
    [(0, 2, 3), (1, 0, 2), (2, 0, 1)]
    """
    first = 0
    for number, length in enumerate(lengths):
        low, high = max(start - first, 0), min(stop - first, length)
        if low < high:
            yield number, low, high
        first += length
