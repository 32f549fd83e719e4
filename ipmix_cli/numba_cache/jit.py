"""Compile numba kernels once per machine, with a disk cache keyed on their source.

numba's own cache notices a change in the file of a kernel, not in the kernels it calls from other files. So
the cache folder's name holds a digest of every file beside the kernel, and of how kernels are compiled. Where no
folder can be written (see :mod:`ipmix_cli.numba_cache.user_cache`), kernels are compiled in memory.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config as _config
from numba.core import runtime as _runtime
from numba.core.registry import cpu_target

from ipmix_cli.numba_cache import checked_cache, linking, steps
from ipmix_cli.numba_cache import vector_width as wide
from ipmix_cli.numba_cache.checked_cache import all_sound, check_contents
from ipmix_cli.numba_cache.user_cache import writable_folder

config: Any = _config  # its names are made at run time
runtime: Any = _runtime
target: Any = cpu_target
F = TypeVar("F", bound=Callable[..., Any])

OPTIONS = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
COMPLETE = "complete"  # marker file: what the folder is for, or one use of it, has been compiled into this cache


def kernel(function: F) -> F:
    """Compile a function that Python calls: nopython, nogil, IEEE arithmetic, cached on disk.

    No fast-math, so the same bits come from every x86-64 machine, whatever its vector width.
    """
    return compiled(function)


def part(function: F) -> F:
    """Compile a function that only kernels call; see :mod:`ipmix_cli.numba_cache.linking`."""
    return compiled_part(function)


def inlined(function: F) -> F:
    """Compile a function that only kernels call, and have LLVM copy it into them wherever it is used."""
    return compiled_part(function, forceinline=True)


def compiled(function: F, **more: Any) -> F:
    """Compile a function as :func:`kernel` does, with other options of numba's."""
    options = {**OPTIONS, "pipeline_class": wide.compiler_class(), **more}
    folder = cache_folder(Path(function.__code__.co_filename).parent)
    if folder is None:
        return numba.njit(function, **options)  # type: ignore[no-any-return]
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)  # numba reads it while it decorates, and only then
    try:
        return _forgiving(numba.njit(function, cache=True, **options), folder)  # type: ignore[no-any-return]
    finally:
        config.CACHE_DIR = before


def compiled_part(function: F, is_wide: bool = True, **more: Any) -> F:
    """Compile a function as :func:`part` does, with other options of numba's; the cache holds it in its callers."""
    options = {**OPTIONS, "no_cpython_wrapper": True, "pipeline_class": wide.compiler_class(True, is_wide), **more}
    return numba.njit(function, **options)  # type: ignore[no-any-return]


def _forgiving(dispatcher: Any, folder: Path) -> Any:
    """Let a kernel do without its cache where the disk is full, or where what was cached is cut short or rotten."""
    check_contents(dispatcher, folder)
    cache = dispatcher._cache  # noqa: SLF001 - numba offers no other way to it
    save, load = cache.save_overload, cache._load_overload  # noqa: SLF001

    def save_if_possible(signature: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            save(signature, data)

    def load_if_whole(signature: Any, context: Any) -> Any:
        """Load without what numba's own method loads before: all that compiling needs, in a quarter of a second."""
        runtime.rtsys.initialize(context)  # which counts references to arrays
        with contextlib.suppress(OSError, EOFError, ValueError, KeyError, AttributeError, pickle.UnpicklingError):
            return load(signature, context)
        return None

    cache.save_overload, cache.load_overload = save_if_possible, load_if_whole
    return dispatcher


def load_compiler() -> None:
    """Load what numba needs to compile, which it else does with the first function: a third of a second."""
    target.typing_context.refresh()
    target.target_context.refresh()


def is_compiled(source_folder: Path, use: str = "") -> bool:
    """Whether what a folder's main use needs, or the use named, is in the disk cache, each kernel as it was written."""
    folder = cache_folder(source_folder)
    try:
        return folder is not None and _marker(folder, use).exists() and all_sound(folder)
    except OSError:  # it vanishes while it is looked at
        return False


def mark_compiled(source_folder: Path, use: str = "") -> None:
    """Record that the kernels of a folder that some use needs have been compiled into the disk cache."""
    folder = cache_folder(source_folder)
    if folder is not None:
        with contextlib.suppress(OSError):  # a full disk
            _marker(folder, use).touch()


def _marker(folder: Path, use: str) -> Path:
    return folder / (f"{COMPLETE}-{use}" if use else COMPLETE)


@functools.cache
def cache_folder(source_folder: Path) -> Path | None:
    """Return the cache folder for the kernels of one source folder, or None where nothing can be written."""
    return writable_folder("kernels", f"{source_folder.name}-{_digest(source_folder)[:16]}")


def _digest(source_folder: Path) -> str:
    machine = f"{sys.version}{numba.__version__}{config.CPU_NAME}{config.CPU_FEATURES}{wide.PREFERENCE}"
    digest = hashlib.sha256(machine.encode())
    files = (__file__, wide.__file__, linking.__file__, steps.__file__, checked_cache.__file__)
    compiler = [Path(path) for path in files]
    for path in [*compiler, *_shared_kernels(source_folder), *sorted(source_folder.glob("*.py"))]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _shared_kernels(source_folder: Path) -> list[Path]:
    """Return the kernels that those of a folder within theirs may call."""
    return sorted(source_folder.parent.glob("*.py")) if source_folder.parent.name == "kernels" else []
