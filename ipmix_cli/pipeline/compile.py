"""Compile the kernels once per machine, before any worker starts, and say so."""

from __future__ import annotations

from ipmix_cli.algorithm.warm import is_warm, warm_up
from ipmix_cli.pipeline.listener import Listener


def compile_kernels(listener: Listener) -> None:
    """Compile, or load from the cache, what the workers need."""
    if not is_warm():
        listener.note("Compiling the kernels, once on this machine: about 20 seconds ...")
        warm_up()
