"""Run tasks on this machine: in this process, or in worker processes through joblib."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ipmix_cli.errors import IpmixError
from ipmix_cli.pipeline.backends.backend import Died, Done, R, T
from ipmix_cli.pipeline.backends.child_processes import deaf_children, die_with
from ipmix_cli.pipeline.backends.overlapped_io import taking_turns
from ipmix_cli.pipeline.job import Execution

MOST_AT_ONCE = 4  # tasks that travel to a worker together


def in_process(
    function: Callable[[T], R],
    tasks: Sequence[T],
    execution: Execution,  # noqa: ARG001 - every backend takes it
) -> Iterator[Done[R] | Died]:
    """Run the tasks here, one after the other; while one waits for the disk the next computes."""
    for number, result in enumerate(taking_turns(function, tasks)):
        yield Done(number, result)


def local_processes(function: Callable[[T], R], tasks: Sequence[T], execution: Execution) -> Iterator[Done[R] | Died]:
    """Run the tasks in worker processes of this machine, through joblib; with the first that dies it ends."""
    import joblib

    handed_out: set[int] = set()
    workers = max(2, execution.jobs)  # with 1, joblib would run the tasks in this process, and die with them
    parallel = joblib.Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")

    def calls() -> Iterator[Any]:
        for some in bundles(len(tasks), workers):
            handed_out.update(some)
            yield joblib.delayed(_runs)(function, some, [tasks[number] for number in some], os.getpid())

    results: Any = None
    try:
        with deaf_children():
            results = parallel(calls())
        for some in results:
            for done in some:
                handed_out.discard(done.task)
                yield done
    except BrokenProcessPool:  # raised where results are taken, and where the first tasks are handed out
        yield Died(tuple(sorted(handed_out)))
    except EOFError as error:  # the process that workers are forked from has closed its pipe
        raise IpmixError(
            "the process that starts the workers has ended",
            "most often the system ran out of memory: give fewer --jobs, then type the same command again",
        ) from error
    finally:
        if results is not None:
            with warnings.catch_warnings():  # that tasks are cancelled is what closing means
                warnings.filterwarnings("ignore", ".*have been cancelled", UserWarning)
                results.close()


def bundles(tasks: int, workers: int) -> Iterator[range]:
    """Yield the tasks' numbers in runs: a few at first, so that workers can overlap them, and single ones at the end.

    >>> list(bundles(7, 1))
    [range(0, 2), range(2, 3), range(3, 4), range(4, 5), range(5, 6), range(6, 7)]
    """
    start = 0
    while start < tasks:
        stop = start + max(1, min(MOST_AT_ONCE, (tasks - start) // (3 * workers)))
        yield range(start, stop)
        start = stop


def _runs(function: Callable[[T], R], numbers: range, tasks: list[T], parent: int) -> list[Done[R]]:
    die_with(parent)
    return [Done(number, result) for number, result in zip(numbers, taking_turns(function, tasks), strict=True)]
