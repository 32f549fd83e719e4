"""The contract of a backend: it runs a function on tasks, somewhere, and reports the result of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

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
    """A worker died, not with an error but altogether; any of these tasks may have killed it, or have been done."""

    tasks: tuple[int, ...]


class Backend(Protocol):
    """Runs ``function(task)`` for every task, in any order, and yields each result as it comes.

    Errors that the function raises come out of the iterator. When a worker dies, the backend yields a Died with the
    tasks that were lost with it. It may go on with the others then, or end: a task is in one Done, in one Died, or has
    never been handed out.
    """

    def __call__(
        self, function: Callable[[T], R], tasks: Sequence[T], execution: Execution
    ) -> Iterator[Done[R] | Died]:
        """Run the tasks; the execution says with how many workers, and where."""
        ...
