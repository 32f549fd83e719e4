"""Compile the kernels once per machine, before any shard is begun, and say so."""

from __future__ import annotations

from typing import Protocol

from ipmix_cli.codecs import png
from ipmix_cli.kernels import resize
from ipmix_cli.methods import transform_named
from ipmix_cli.pipeline.backends.table import results
from ipmix_cli.pipeline.job import Execution, Job
from ipmix_cli.pipeline.listener import Listener


class Compiled(Protocol):
    """Kernels that are compiled once on each machine: a module, or a transform."""

    def is_warm(self) -> bool:
        """Whether this machine's cache holds them."""
        ...

    def warm_up(self) -> None:
        """Compile them into the cache, or load them from it."""
        ...


METHOD = "method "  # before a transform's name
KERNELS: dict[str, Compiled] = {"resize": resize, "png": png}


def compile_kernels(listener: Listener, job: Job, jobs: int = 1) -> None:
    """Compile what a job needs, side by side, unless this machine's cache holds it already."""
    needed = [f"{METHOD}{job.method}", "resize", *(["png"] if job.output.encoding == "png" else [])]
    cold = [name for name in needed if not _kernels(name).is_warm()]  # what takes longest comes first
    if cold:
        listener.note("Compiling the kernels, once on this machine: some 20 seconds ...")
        for _ in results(warm_up, cold, Execution(jobs=min(jobs, len(cold)))):
            pass


def _kernels(name: str) -> Compiled:
    return transform_named(name.removeprefix(METHOD)) if name.startswith(METHOD) else KERNELS[name]


def warm_up(name: str) -> None:
    """Compile what a name stands for: ``resize``, ``png``, or ``method`` and a transform."""
    _kernels(name).warm_up()
