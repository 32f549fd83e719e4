"""Run tasks on a Dask cluster: workers come and go, and a dead one costs only what it was busy with.

Futures of our own, and not joblib's Dask backend: joblib ends the whole call at the first task that the scheduler gives
up, without saying which one it was; here every other task goes on, and that one is known. Tasks are also sent a few
at a time, so that neither this process nor the scheduler ever holds all of them.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from ipmix_cli.errors import IpmixError
from ipmix_cli.extras import imported
from ipmix_cli.pipeline.backends.backend import Died, Done, R, T
from ipmix_cli.pipeline.job import Execution

CONNECT_SECONDS = 30


def dask_cluster(function: Callable[[T], R], tasks: Sequence[T], execution: Execution) -> Iterator[Done[R] | Died]:
    """Run the tasks on the cluster at the option "scheduler" (an address or a scheduler file), or on a local one.

    The scheduler tries a task on four workers that die, one after the other, before it gives it up.
    """
    with _connected(execution) as client:
        yield from _run(client, function, tasks)


@contextlib.contextmanager
def _connected(execution: Execution) -> Iterator[Any]:
    distributed = imported("distributed", "dask")
    scheduler = execution.backend_options.get("scheduler")
    if scheduler is None:
        workers = {"n_workers": execution.jobs, "threads_per_worker": 1, "memory_limit": 0}
        with (
            distributed.LocalCluster(**workers, dashboard_address=None, silence_logs=logging.CRITICAL) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    where = {"scheduler_file" if Path(scheduler).is_file() else "address": scheduler}
    try:
        client = distributed.Client(**where, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise IpmixError(
            f"no Dask scheduler answers at {scheduler}: {error}",
            "start one with `dask scheduler` and workers with `dask worker tcp://HOST:8786 --nthreads 1`",
        ) from error
    with client:
        yield client


def _run(client: Any, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Died]:
    """Keep the workers busy until all tasks are done or lost."""
    numbers: dict[Any, int] = {}
    completed = imported("distributed", "dask").as_completed(loop=client.loop)
    following = iter(range(len(tasks)))
    try:
        _send(client, function, tasks, following, numbers, completed)
        for future in completed:
            number = numbers.pop(future)
            yield _event(future, number)
            future.release()
            _send(client, function, tasks, following, numbers, completed)
    finally:
        with contextlib.suppress(Exception):  # the cluster may be gone, and there may be an error on its way already
            client.cancel(list(numbers))


def _send(
    client: Any,
    function: Callable[[T], R],
    tasks: Sequence[T],
    following: Iterator[int],
    numbers: dict[Any, int],
    completed: Any,
) -> None:
    """Send tasks until every thread of the cluster has one; workers may have come or gone."""
    threads = max(1, sum(client.nthreads().values()))
    for _ in range(threads - len(numbers)):  # one that waited would be suspected with the one before it
        number = next(following, None)
        if number is None:
            return
        future = client.submit(function, tasks[number], pure=False)
        numbers[future] = number
        completed.add(future)


def _event(future: Any, number: int) -> Done[Any] | Died:
    """Return what became of one task; an error that it raised is raised here."""
    killed = imported("distributed.scheduler", "dask").KilledWorker
    try:
        return Done(number, future.result())
    except killed:
        return Died((number,))
    except CancelledError as error:
        raise IpmixError("the Dask scheduler was lost", "repeat the same command: what was made is kept") from error
