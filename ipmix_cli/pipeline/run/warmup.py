"""Compile the kernels once per machine, before any shard is begun, and say so."""

from __future__ import annotations

from types import ModuleType

from ipmix_cli.codecs import png
from ipmix_cli.kernels import resize
from ipmix_cli.methods.ipmix import warmup as copies
from ipmix_cli.pipeline.backends.table import results
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.listener import Listener

KERNELS: dict[str, ModuleType] = {"copies": copies, "resize": resize, "png": png}
"""By name: each has ``is_warm()`` and ``warm_up()``. Those that take longest come first."""


def compile_kernels(listener: Listener, encoding: str, jobs: int = 1) -> None:
    """Compile what a job with this encoding needs, side by side, unless this machine's cache holds it already."""
    needed = KERNELS if encoding == "png" else KERNELS.keys() - {"png"}
    cold = [name for name in KERNELS if name in needed and not KERNELS[name].is_warm()]
    if cold:
        listener.note("Compiling the kernels, once on this machine: some 20 seconds ...")
        for _ in results(_warm_up, cold, Execution(jobs=min(jobs, len(cold)))):
            pass


def _warm_up(name: str) -> None:
    KERNELS[name].warm_up()
