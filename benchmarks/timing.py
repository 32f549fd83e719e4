"""Time things interleaved: machines drift, so ratios are taken within a turn, and the median over the turns counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

WARM_SECONDS = 0.02  # its caches, its clock, and what it has learned of branches

Seconds = NDArray[np.float64]
"""Of one action, one for each turn: (turns,)."""


def by_turns(
    actions: Mapping[str, Callable[[], object]],
    turns: int,
    clock: Callable[[], float] = time.thread_time,
    *,
    warm: bool = False,
) -> dict[str, Seconds]:
    """Run all actions one after the other, turn after turn, and a first time that does not count.

    The clock is that of this thread on its processor, unless told otherwise: other programs hardly disturb it. Warm
    actions run for some time before each run that counts, so that each finds the processor as itself has left it.
    """
    found: dict[str, list[float]] = {name: [] for name in actions}
    firsts: dict[str, float] = {}
    for turn in range(turns + 1):
        for name, action in actions.items():
            for _ in range(int(WARM_SECONDS / firsts[name]) if warm and turn else 0):
                action()
            began = clock()
            action()
            spent = clock() - began
            if turn:
                found[name].append(spent)
            else:
                firsts[name] = max(spent, 1e-6)
    return {name: np.array(spent) for name, spent in found.items()}


def ratio(more: Seconds, less: Seconds) -> float:
    """Return the median, over the turns, of how many times as long one takes as the other."""
    return float(np.median(more / less))


def typical(seconds: Seconds, count: int = 1) -> float:
    """Return the median seconds of one of `count` equal pieces of work."""
    return float(np.median(seconds)) / count
