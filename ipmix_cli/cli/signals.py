"""Signals that ask a run to stop become an exception in the main thread, so that everything is cleaned up."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

from ipmix_cli.pipeline.backends.child_processes import STOP_SIGNALS

CLEANING_SECONDS = 3.0  # a second signal within this time must not break the cleaning up


class Interrupted(BaseException):
    """A signal asked the run to stop.

    It is not a KeyboardInterrupt, which typer turns into an exit of its own, nor an Exception, which code may catch.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"by {signal.Signals(number).name}")
        self.exit_code = 128 + number


@contextlib.contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Raise Interrupted in the block at SIGINT, SIGTERM, SIGUSR1 (Slurm's warning) or SIGHUP (but under nohup)."""
    heard = -CLEANING_SECONDS

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        now = time.monotonic()
        if now - heard >= CLEANING_SECONDS:
            heard = now
            raise Interrupted(number)

    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    if before.get(signal.SIGHUP) == signal.SIG_IGN:
        del before[signal.SIGHUP]
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
