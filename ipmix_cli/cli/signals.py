"""Signals that ask a run to stop become an exception in the main thread, so that everything is cleaned up."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any

from ipmix_cli.pipeline.backends.stop_signals import STOP_SIGNALS

CLEANING_SECONDS = 3.0  # a second signal within this time must not break the cleaning up
PATIENCE_SECONDS = 15.0  # then the exception was swallowed, or the cleaning up hangs
SOON_SECONDS = 0.02


class Interrupted(BaseException):
    """A signal asked the run to stop.

    It is not a KeyboardInterrupt, which typer turns into an exit of its own, nor an Exception, which code may catch.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"by {signal.Signals(number).name}")
        self.exit_code = 128 + number


class ThreadFailedError(RuntimeError):
    """A helper thread ended with an error, its cause; without it, the main thread would wait for ever."""


class StopRequests:
    """Raises Interrupted in a block at SIGINT, SIGTERM, SIGUSR1 (Slurm's warning) or SIGHUP (but under nohup).

    An exception of a signal handler can get lost: in what C calls back, as the kernel compiler does, in ``__del__``, or
    in an import that makes another error of it. So it is raised again until the block is left. While the main thread
    blocks signals, it is raised later. The error of a helper thread is raised in the main thread the same way.

    Attributes
    ----------
    heard : Interrupted or None
        What was heard in the block; whatever error leaves the block then is its consequence.
    """

    def __init__(self) -> None:
        self.heard: Interrupted | None = None
        self._since = 0.0
        self._failure: BaseException | None = None
        self._before: dict[int, Any] = {}
        self._hooks = (sys.unraisablehook, threading.excepthook)

    def __enter__(self) -> StopRequests:  # noqa: PYI034 - typing.Self is of Python 3.11
        self._before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        if self._before.get(signal.SIGHUP) == signal.SIG_IGN:
            del self._before[signal.SIGHUP]
        for number in self._before:
            signal.signal(number, self._hear)
        if hasattr(signal, "SIGALRM"):
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._remind)
        self._hooks = (sys.unraisablehook, threading.excepthook)
        sys.unraisablehook, threading.excepthook = self._lost, self._thread_failed
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _remind_in(0)
        sys.unraisablehook, threading.excepthook = self._hooks
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.heard is None or now - self._since >= CLEANING_SECONDS:
            self.heard, self._since = Interrupted(number), now
            self._raise()

    def _remind(self, number: int, frame: FrameType | None) -> None:
        self._raise()

    def _raise(self) -> None:
        if _blocks_signals():
            _remind_in(SOON_SECONDS)
        elif self.heard is not None:
            _remind_in(PATIENCE_SECONDS)
            raise self.heard
        elif self._failure is not None:
            failure, self._failure = self._failure, None
            raise ThreadFailedError(f"a thread of this run ended: {failure}") from failure

    def _lost(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Hear of an exception that nobody can catch."""
        if isinstance(unraisable.exc_value, Interrupted | ThreadFailedError):
            _remind_in(SOON_SECONDS)
        elif self.heard is None:
            self._hooks[0](unraisable)

    def _thread_failed(self, failed: threading.ExceptHookArgs) -> None:
        """Hear of an exception that ended a helper thread."""
        if self.heard is None and failed.exc_value is not None:
            self._failure = failed.exc_value
            _remind_in(SOON_SECONDS)


def _blocks_signals() -> bool:
    return hasattr(signal, "pthread_sigmask") and bool(signal.pthread_sigmask(signal.SIG_BLOCK, ()) & set(STOP_SIGNALS))


def _remind_in(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)
