"""How this folder's kernels are compiled: they borrow all memory, so numba need not count references to it.

Counting took half a microsecond a step, a third of the whole time at 32 px. A kernel here can therefore not make an
array, or return one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ipmix_cli.numba_cache.jit import compiled, compiled_part

F = TypeVar("F", bound=Callable[..., Any])


def entry(function: F) -> F:
    """Compile a function that Python calls."""
    return compiled(function, _nrt=False)


def kernel(function: F) -> F:
    """Compile a function that kernels call."""
    return compiled_part(function, _nrt=False)


def interleaved(function: F) -> F:
    """Compile a kernel that takes pixels apart into channels, which LLVM does twice as fast in vectors of 256 bits."""
    return compiled_part(function, is_wide=False, _nrt=False)


def inlined(function: F) -> F:
    """Compile a small function, or a layer between others, and have LLVM copy it into its callers."""
    return compiled_part(function, _nrt=False, forceinline=True)
