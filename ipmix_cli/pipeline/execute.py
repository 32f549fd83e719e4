"""Run a function over tasks, somewhere: the table of backends, and what happens when workers die."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ipmix_cli.errors import IpmixError
from ipmix_cli.pipeline.job import Execution

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Done(Generic[R]):
    """Task number `task` of the sequence has been done, with this result."""

    task: int
    result: R


@dataclass(frozen=True)
class Died:
    """A worker died, not with an error but altogether; these tasks have not been done, one of them killed it."""

    tasks: tuple[int, ...]


class Backend(Protocol):
    """Runs ``function(task)`` for every task, in any order, and yields each result as it comes.

    Errors that the function raises come out of the iterator. When a worker dies, the backend yields one Died with all
    tasks that have not been done, and ends.
    """

    def __call__(
        self, function: Callable[[T], R], tasks: Sequence[T], execution: Execution
    ) -> Iterator[Done[R] | Died]: ...


def in_process(
    function: Callable[[T], R], tasks: Sequence[T], execution: Execution
) -> Iterator[Done[R] | Died]:
    """Run the tasks here, one after the other."""
    for number, task in enumerate(tasks):
        yield Done(number, function(task))


def local_processes(
    function: Callable[[T], R], tasks: Sequence[T], execution: Execution
) -> Iterator[Done[R] | Died]:
    """Run the tasks in worker processes of this machine, through joblib."""
    import joblib

    waiting = set(range(len(tasks)))
    parallel = joblib.Parallel(
        n_jobs=max(2, execution.jobs),  # with 1, joblib would run the tasks in this process, and die with them
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch="2*n_jobs",
    )
    results: Any = parallel(
        joblib.delayed(_numbered)(function, number, tasks[number]) for number in range(len(tasks))
    )
    try:
        for done in results:
            waiting.discard(done.task)
            yield done
    except BrokenProcessPool:
        yield Died(tuple(sorted(waiting)))
    finally:
        results.close()


def _numbered(function: Callable[[T], R], number: int, task: T) -> Done[R]:
    return Done(number, function(task))


BACKENDS: dict[str, Backend] = {
    "serial": in_process,
    "joblib": local_processes,
}


def results(function: Callable[[T], R], tasks: Sequence[T], execution: Execution) -> Iterator[R]:
    """Run the tasks and yield their results as they come, for work that changes nothing on the disk.

    Raises
    ------
    IpmixError
        Where a worker dies.
    """
    backend = BACKENDS["serial" if execution.jobs == 1 else execution.backend]
    for event in backend(function, tasks, execution):
        if isinstance(event, Died):
            raise IpmixError("a worker died", "if the system ran out of memory, give fewer --jobs")
        yield event.result
