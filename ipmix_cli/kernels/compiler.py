"""How this folder's kernels are compiled: they borrow all memory, so numba need not count references to it.

Counting took half a microsecond a step, a third of the whole time at 32 px. A kernel here can therefore not make an
array, or return one. Most are called by other kernels alone, and do without the wrappers that Python calls: they are a
fifth of what there is to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba.core.compiler import Compiler

from ipmix_cli.numba_cache.jit import compiled

F = TypeVar("F", bound=Callable[..., Any])


def entry(function: F) -> F:
    """Compile a function that Python calls."""
    return compiled(function, _nrt=False, no_cfunc_wrapper=True)


def kernel(function: F) -> F:
    """Compile a function that kernels call."""
    return compiled(function, _nrt=False, no_cfunc_wrapper=True, no_cpython_wrapper=True)


def interleaved(function: F) -> F:
    """Compile a kernel that takes pixels apart into channels, which LLVM does twice as fast in vectors of 256 bits."""
    return compiled(function, _nrt=False, no_cfunc_wrapper=True, no_cpython_wrapper=True, pipeline_class=Compiler)


def inlined(function: F) -> F:
    """Compile a small function, and have LLVM copy it into its callers."""
    return compiled(function, _nrt=False, no_cfunc_wrapper=True, no_cpython_wrapper=True, forceinline=True)


def spliced(function: F) -> F:
    """Have numba copy a function into its callers before types are known; it is never compiled by itself.

    For the middle layers, which call many kernels: each compiled layer would compile all those below it once more.
    """
    return compiled(function, _nrt=False, inline="always")
