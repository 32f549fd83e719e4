"""Kernels that are compiled together, once on each machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class KernelSet:
    """The kernels that one use needs; making one imports no compiler.

    Parameters
    ----------
    folder : Path
        Where their source is.
    call_each : callable
        Calls each of them once, with small arrays of the types that they are always called with.
    use : str
        What the cache calls them, if a folder's kernels have several uses; empty for all of a folder.
    """

    folder: Path
    call_each: Callable[[], None]
    use: str = ""

    def is_warm(self) -> bool:
        """Whether this machine's cache holds the compiled kernels."""
        from ipmix_cli.numba_cache.jit import is_compiled

        return is_compiled(self.folder, self.use)

    def warm_up(self) -> None:
        """Compile the kernels into the cache, or load them from it, so that the first picture need not wait."""
        from ipmix_cli.numba_cache.jit import mark_compiled

        self.call_each()
        mark_compiled(self.folder, self.use)
