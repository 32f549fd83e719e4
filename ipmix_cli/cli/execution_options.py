"""Options that say how and where a job runs: workers, tasks of an array, clusters; none of them changes a byte."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.listener import Listener

RUNNING = "Running"
GROUP = "Many machines"

JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs", help="Worker processes.  [default: the CPUs this process may use]", min=1, rich_help_panel=RUNNING
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.", rich_help_panel=RUNNING)]
HideProgressOption = Annotated[  # of commands whose result is the text that they print
    bool, typer.Option("--quiet", "-q", help="Print the result alone, no progress.", rich_help_panel=RUNNING)
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel=RUNNING)]

TaskIndexOption = Annotated[
    int | None,
    typer.Option(
        "--task-index",
        min=0,
        help="Do only this task's part, 0 to N-1.  [default: from Slurm, Kubernetes or PBS]",
        rich_help_panel=GROUP,
    ),
]
TaskCountOption = Annotated[
    int | None,
    typer.Option(
        "--task-count", min=1, help="Number of tasks, N.  [default: from Slurm, else 1]", rich_help_panel=GROUP
    ),
]
BackendOption = Annotated[
    str,
    typer.Option("--backend", help="What runs the tasks: {names}.", rich_help_panel=GROUP),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="Dask's scheduler, tcp://HOST:8786, or its file.  [default: a cluster on this machine]",
        rich_help_panel=GROUP,
    ),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address", help="Ray's cluster, HOST:6379 or auto.  [default: one on this machine]", rich_help_panel=GROUP
    ),
]


def execution_for(
    jobs: int | None,
    max_errors: str,
    tasks: tuple[int | None, int | None],
    cluster: tuple[str, str | None, str | None],
    listener: Listener,
) -> Execution:
    """Return how a job is to be run: `tasks` are index and count, `cluster` is backend, scheduler and address.

    Raises
    ------
    UsageError
        For an array task that cannot be, and options of another backend.
    """
    from ipmix_cli.errors import UsageError
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.run.array_task import array_task_of

    backend, scheduler, address = cluster
    for option, value, owner in (("--scheduler", scheduler, "dask"), ("--address", address, "ray")):
        if value is not None and backend != owner:
            raise UsageError(f"{option} is for --backend {owner}, not for {backend}", f"give --backend {owner}")
    array_task = array_task_of(*tasks, os.environ)
    if array_task.told_by:
        listener.note(f"This is task {array_task.index} of {array_task.count}, as {array_task.told_by} says")
    options = {"scheduler": scheduler, "address": address}
    return Execution(
        jobs=jobs or available_cpus(),
        backend=backend,
        backend_options={name: value for name, value in options.items() if value is not None},
        max_errors=max_errors,
        task_index=array_task.index,
        task_count=array_task.count,
    )


def prepare_workers(jobs: int | None, method: str) -> None:
    """Begin to load what worker processes need, so that they can start as soon as there is work; for one job, none."""
    if (jobs or available_cpus()) > 1:
        from ipmix_cli.pipeline.backends.fork_server import start_fork_server

        start_fork_server(method)


def available_cpus() -> int:
    """Return the number of CPUs that this process may use: affinity, cgroup limits and batch systems count."""
    import joblib

    from ipmix_cli.pipeline.run.array_task import given_cpus

    return given_cpus(joblib.cpu_count(), os.environ)
