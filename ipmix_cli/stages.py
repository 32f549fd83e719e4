"""Where the time goes: a stopwatch that books each lap under the name of a stage."""

from __future__ import annotations

import time

STAGES = ("read", "decode", "resize", "plan", "apply", "encode", "write", "checksum")


class StageClock:
    """Book the seconds since the previous lap under a stage.

    >>> clock = StageClock()
    >>> clock.lap("read")
    >>> sorted(clock.seconds)
    ['read']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def start(self) -> None:
        """Forget the time since the last lap."""
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Add the seconds since the last lap, or since :meth:`start`, to a stage."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now
