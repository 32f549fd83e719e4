"""Run a function over tasks, somewhere: the table of backends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ipmix_cli.errors import IpmixError, check_name
from ipmix_cli.pipeline.backends.backend import Backend, Died, R, T
from ipmix_cli.pipeline.backends.dask_cluster import dask_cluster
from ipmix_cli.pipeline.backends.local import in_process, local_processes
from ipmix_cli.pipeline.backends.ray_cluster import ray_cluster
from ipmix_cli.pipeline.job import Execution

BACKENDS: dict[str, Backend] = {
    "serial": in_process,
    "joblib": local_processes,
    "dask": dask_cluster,
    "ray": ray_cluster,
}


def backend_for(execution: Execution) -> Backend:
    """Return the backend that an execution names; one job on this machine needs no worker process.

    Raises
    ------
    UsageError
        For a name that does not exist.
    """
    check_name("backend", execution.backend, BACKENDS)
    alone = execution.backend == "joblib" and execution.jobs == 1
    return BACKENDS["serial" if alone else execution.backend]


def results(function: Callable[[T], R], tasks: Sequence[T], execution: Execution) -> Iterator[R]:
    """Run the tasks and yield their results as they come, for work that changes nothing on the disk.

    Raises
    ------
    IpmixError
        If a worker dies.
    """
    for event in backend_for(execution)(function, tasks, execution):
        if isinstance(event, Died):
            raise IpmixError("a worker died", "if the system ran out of memory, give fewer --jobs")
        yield event.result
