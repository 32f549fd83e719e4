"""Compile the kernels once per machine, before any shard is begun, and say so."""

from __future__ import annotations

from ipmix_cli.codecs import png
from ipmix_cli.kernels import resize
from ipmix_cli.methods import transform_named
from ipmix_cli.numba_cache.kernel_set import KernelSet
from ipmix_cli.pipeline.backends.table import results
from ipmix_cli.pipeline.job import Execution, Job
from ipmix_cli.pipeline.listener import Listener

METHOD = "method "  # before a transform's name
KERNELS = {"resize": resize.KERNELS, "png": png.KERNELS}


def compile_kernels(listener: Listener, job: Job, jobs: int = 1) -> None:
    """Compile what a job needs, side by side, unless this machine's cache holds it already."""
    needed = [f"{METHOD}{job.method}", "resize", *(["png"] if job.output.encoding == "png" else [])]
    cold = [name for name in needed if not _kernels(name).is_warm()]  # what takes longest comes first
    if cold:
        listener.note("Compiling the kernels, once per machine: about 20 seconds ...")
        for _ in results(warm_up, cold, Execution(jobs=min(jobs, len(cold)))):
            pass


def _kernels(name: str) -> KernelSet:
    return transform_named(name.removeprefix(METHOD)).kernel_set() if name.startswith(METHOD) else KERNELS[name]


def warm_up(name: str) -> None:
    """Compile what a name stands for: ``resize``, ``png``, or ``method`` and a transform."""
    _kernels(name).warm_up()
