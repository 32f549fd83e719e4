"""Run tasks on Ray, as its native tasks: workers come and go, and a dead one costs only what it was busy with.

Native tasks, since Ray's backend for joblib cannot give results as they come. Tries are counted here and not by Ray,
which would repeat a task that runs out of memory for ever.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ipmix_cli.errors import IpmixError
from ipmix_cli.extras import imported
from ipmix_cli.pipeline.backends.backend import Died, Done, R, T
from ipmix_cli.pipeline.job import Execution

WAITING_FOR_EACH = 2  # tasks sent for each CPU: one that runs, one that waits
TRIES = 4  # of one task whose workers die


def ray_cluster(function: Callable[[T], R], tasks: Sequence[T], execution: Execution) -> Iterator[Done[R] | Died]:
    """Run the tasks on the cluster at the option "address" (or ``$RAY_ADDRESS``), or on a local one."""
    with _connected(execution) as ray:
        try:
            yield from _Tasks(ray, function, tasks).run()
        except ray.exceptions.RayError as error:
            raise IpmixError(f"Ray failed: {error}", "repeat the same command: what was made is kept") from error


@contextlib.contextmanager
def _connected(execution: Execution) -> Iterator[Any]:
    ray = imported("ray", "ray")
    if ray.is_initialized():  # by a program that uses this library: it stays its own
        yield ray
        return
    address = execution.backend_options.get("address") or os.environ.get("RAY_ADDRESS")
    here = {"address": "local", "num_cpus": execution.jobs, "include_dashboard": False}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**({"address": address} if address else here), log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray raises just that where its own processes are too slow to start
        raise IpmixError(
            f"no Ray cluster answers at {address or 'this machine'}: {error}",
            "start one with `ray start --head`, and give its --address HOST:6379 (or `auto` on one of its nodes)",
        ) from error
    with contextlib.suppress(ValueError):  # Ray takes SIGTERM for itself; outside the main thread it cannot
        signal.signal(signal.SIGTERM, handler)
    try:
        yield ray
    finally:
        ray.shutdown()


class _Tasks:
    """The tasks of one call on their way through Ray."""

    def __init__(self, ray: Any, function: Callable[[T], R], tasks: Sequence[T]) -> None:
        self._ray, self._tasks = ray, tasks
        self._remote = ray.remote(max_retries=0)(_call)
        self._function = function
        self._following = iter(range(len(tasks)))
        self._running: dict[Any, int] = {}
        self._deaths: Counter[int] = Counter()

    def run(self) -> Iterator[Done[Any] | Died]:
        """Keep the workers busy until all tasks are done or lost."""
        self._send()
        while self._running:
            finished, _ = self._ray.wait(list(self._running), num_returns=1)
            for reference in finished:
                event = self._event(reference, self._running.pop(reference))
                if event is not None:
                    yield event
            self._send()

    def _send(self) -> None:
        """Send tasks until every CPU of the cluster has enough; nodes may have come or gone."""
        cpus = int(self._ray.cluster_resources().get("CPU", 1))
        for _ in range(WAITING_FOR_EACH * max(1, cpus) - len(self._running)):
            number = next(self._following, None)
            if number is None:
                return
            self._submit(number)

    def _submit(self, number: int) -> None:
        self._running[self._remote.remote(self._function, self._tasks[number])] = number

    def _event(self, reference: Any, number: int) -> Done[Any] | Died | None:
        """Return what became of a task, or None where it is tried again; an error that it raised is raised here."""
        errors = self._ray.exceptions
        deaths = (
            errors.WorkerCrashedError,
            errors.OutOfMemoryError,
            errors.NodeDiedError,
            errors.LocalRayletDiedError,
            errors.ObjectLostError,
        )
        try:
            return Done(number, self._ray.get(reference))
        except errors.RayTaskError as error:
            raise error.cause from error
        except deaths:
            self._deaths[number] += 1
            if self._deaths[number] == TRIES:
                return Died((number,))
            self._submit(number)
            return None


def _call(function: Callable[[T], R], task: T) -> R:
    return function(task)
