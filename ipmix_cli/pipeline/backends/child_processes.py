"""Child processes that ignore signals to stop, which their parent handles, and do not outlive it."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

from ipmix_cli.pipeline.backends.stop_signals import STOP_SIGNALS

WATCH_SECONDS = 1.0
PR_SET_PDEATHSIG = 1  # of Linux's prctl


@contextlib.contextmanager
def deaf_children() -> Iterator[None]:
    """Let processes that are started in the block never see the signals that ask a run to stop.

    A terminal, and Slurm too, sends these to every process of a job. The main process hears them and ends its workers;
    a worker, or the process that tracks joblib's semaphores, that heard them as well would die in the middle of its
    work and say so on stderr. A mask is inherited by threads and children; SIGKILL, which ends workers, passes it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        _start_trackers()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_trackers() -> None:
    """Start the processes that track semaphores, which joblib else starts with its first worker.

    Python before 3.14 lifts the mask of SIGINT and SIGTERM when it has started one, and the worker would hear them.
    """
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as of_joblib

    resource_tracker.ensure_running()
    of_joblib.ensure_running()


@functools.cache
def die_with(parent: int) -> None:
    """End this process soon after the main process is gone: one that was killed cannot end its workers.

    They would hold their memory for minutes, waiting for work. It costs a thread that sleeps. `parent` is the main
    process, for workers that are its own children; those from a fork server hold a pipe that ends with it.
    """
    die_with_starter()
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def die_with_starter() -> None:
    """Have Linux end this process with the one that has started it, even in the middle of compiling a kernel.

    A thread that watches has no turn meanwhile, and whoever reads our output would wait for its end.
    """
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(AttributeError):  # of a C library without it
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(parent: int) -> None:
    ancestor = multiprocessing.parent_process()
    if os.getppid() != parent and ancestor is not None:
        with contextlib.suppress(ValueError):  # it was the parent, without a pipe, and is gone already
            ancestor.join()
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
