"""Run tasks on this machine: in this process, or in worker processes through joblib."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ipmix_cli.pipeline.backend import Died, Done, R, T
from ipmix_cli.pipeline.children import deaf_children, die_with
from ipmix_cli.pipeline.job import Execution


def in_process(
    function: Callable[[T], R],
    tasks: Sequence[T],
    execution: Execution,  # noqa: ARG001 - every backend takes it
) -> Iterator[Done[R] | Died]:
    """Run the tasks here, one after the other."""
    for number, task in enumerate(tasks):
        yield Done(number, function(task))


def local_processes(function: Callable[[T], R], tasks: Sequence[T], execution: Execution) -> Iterator[Done[R] | Died]:
    """Run the tasks in worker processes of this machine, through joblib; with the first that dies it ends."""
    import joblib

    waiting = set(range(len(tasks)))
    parallel = joblib.Parallel(
        n_jobs=max(2, execution.jobs),  # with 1, joblib would run the tasks in this process, and die with them
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch="2*n_jobs",
    )
    with deaf_children():
        results: Any = parallel(
            joblib.delayed(_numbered)(function, number, tasks[number], os.getpid()) for number in range(len(tasks))
        )
    try:
        for done in results:
            waiting.discard(done.task)
            yield done
    except BrokenProcessPool:
        yield Died(tuple(sorted(waiting)))
    finally:
        results.close()


def _numbered(function: Callable[[T], R], number: int, task: T, parent: int) -> Done[R]:
    die_with(parent)
    return Done(number, function(task))
