"""Threads that take turns on one CPU: while one waits for the disk, the next computes.

A process that makes one shard after the other idles while a finished shard is on its way to the disk. So it holds two:
the thread whose turn it is computes, the other one waits for the disk, or for its turn. There is never more than one
thread computing, so a job that was given one CPU takes one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

THREADS = 2


class StoppedError(Exception):
    """The work of this thread is no longer wanted."""


class Turn:
    """Who may compute, and whether the work is still wanted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stopped = False


_own = threading.local()


def hand_over() -> None:
    """Let another thread compute from now on: all that is left of this thread's task is waiting for the disk."""
    turn: Turn | None = getattr(_own, "turn", None)
    if turn is not None:
        del _own.turn
        turn.lock.release()


def check_wanted() -> None:
    """Raise StoppedError if the task is no longer wanted; called several times a second."""
    turn: Turn | None = getattr(_own, "turn", None)
    if turn is not None and turn.stopped:
        raise StoppedError


def taking_turns(function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
    """Yield ``function(task)`` for each task in order, one more under way while one waits for the disk.

    If the function raises, or the iterator is closed, what is under way gives up soon and nothing new begins.
    """
    turn = Turn()
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="shard")
    try:
        under_way: deque[Future[R]] = deque()
        for number in range(len(tasks)):
            under_way.append(pool.submit(_in_turn, turn, function, tasks[number]))
            if len(under_way) > THREADS:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        turn.stopped = True
        pool.shutdown(cancel_futures=True)


def _in_turn(turn: Turn, function: Callable[[T], R], task: T) -> R:
    turn.lock.acquire()
    _own.turn = turn
    try:
        check_wanted()
        return function(task)
    finally:
        hand_over()
