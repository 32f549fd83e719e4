"""Compile the kernels once per machine, before any shard is begun, and say so."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Sequence

from ipmix_cli import grey
from ipmix_cli.codecs import png
from ipmix_cli.kernels import resize
from ipmix_cli.methods import transform_named
from ipmix_cli.numba_cache.kernel_set import KernelSet
from ipmix_cli.pipeline.backends.table import results
from ipmix_cli.pipeline.job import Execution, Job
from ipmix_cli.pipeline.listener import Listener

METHOD = "method "  # before a transform's name
FAMILY = "family "  # before the name of a family of mixing pictures
KERNELS = {"resize": resize.KERNELS, "png": png.KERNELS, "grey": grey.KERNELS}


def compile_kernels(listener: Listener, job: Job, jobs: int = 1) -> None:
    """Compile what a job needs, side by side, unless this machine's cache holds it already."""
    compile_named(cold_kernels(job), listener, jobs)


def cold_kernels(job: Job) -> list[str]:
    """Return what a job needs and this machine's cache does not hold, as :func:`warm_up` is told it."""
    more = {"png": job.output.encoding == "png", "grey": job.output.channels == 1}
    return cold_of([f"{METHOD}{job.method}", "resize", *(name for name, needed in more.items() if needed)])


def cold_of(names: Sequence[str]) -> list[str]:
    """Return those kernels that this machine's cache does not hold; what takes longest should come first."""
    return [name for name in names if not _kernels(name).is_warm()]


def compile_named(names: Sequence[str], listener: Listener, jobs: int) -> None:
    """Compile what the names stand for, side by side, telling a listener."""
    if not names:
        return
    listener.note("Compiling the kernels needed here, once per machine ...")
    with listener.activity("compiling", len(names), "kernels") as advance:
        for done, _ in enumerate(results(warm_up, names, Execution(jobs=min(jobs, len(names)))), 1):
            advance(done)


def _kernels(name: str) -> KernelSet:
    return transform_named(name.removeprefix(METHOD)).kernel_set() if name.startswith(METHOD) else KERNELS[name]


def warm_up(name: str) -> None:
    """Compile what a name stands for: ``resize``, ``png``, ``method`` and a transform, ``family`` and a family."""
    with paused_collector():
        if name.startswith(FAMILY):
            from ipmix_cli.pipeline.banks.drawing import warm_family  # and with it all that draws

            warm_family(name.removeprefix(FAMILY))
        else:
            _kernels(name).warm_up()


@contextlib.contextmanager
def paused_collector() -> Iterator[None]:
    """Keep Python's collector of cycles from running in the block: a sixth of the time that compiling takes."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
