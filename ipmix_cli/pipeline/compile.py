"""Compile the kernels once per machine, before any worker starts, and say so."""

from __future__ import annotations

from ipmix_cli.algorithm import resize
from ipmix_cli.algorithm import warm as copies
from ipmix_cli.formats import png
from ipmix_cli.pipeline.listener import Listener


def compile_kernels(listener: Listener, encoding: str) -> None:
    """Compile what the workers of a job with this encoding need, unless this machine's cache holds it already."""
    needed = [copies, resize, png] if encoding == "png" else [copies, resize]
    cold = [kernels for kernels in needed if not kernels.is_warm()]
    if cold:
        listener.note("Compiling the kernels, once on this machine: some 20 seconds ...")
    for kernels in cold:
        kernels.warm_up()
