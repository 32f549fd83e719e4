"""Errors of exhausted resources (file handles, memory, threads, processes), whatever path they name."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from ipmix_cli.errors import IpmixError

ADDRESS_SPACE = 2**30  # bytes that the libraries and the kernel compiler take, most of them without touching them
DATA = 2**28
HANDLES = ("there are no file handles left", "raise the limit (ulimit -n 4096), or give fewer --jobs")
MEMORY = (
    "there is not enough memory",
    "give fewer --jobs or fewer --samples-per-shard, or raise the limit (ulimit -v)",
)
THREADS = ("no further process or thread can be started", "raise the limit (ulimit -u), or give fewer --jobs")
BY_NUMBER = {
    errno.EMFILE: HANDLES,
    errno.ENFILE: HANDLES,
    errno.ENOMEM: MEMORY,
    errno.EAGAIN: THREADS,
}
BY_TEXT = {  # what libraries, and errors that come from other processes, say of it
    os.strerror(errno.EMFILE): HANDLES,
    os.strerror(errno.ENFILE): HANDLES,
    os.strerror(errno.ENOMEM): MEMORY,
    "failed to map segment": MEMORY,
    "std::bad_alloc": MEMORY,
    "can't start new thread": THREADS,
}


def check_limits() -> None:
    """Refuse limits under which no command works: numpy's BLAS would wait for memory for ever, and LLVM abort.

    Raises
    ------
    IpmixError
        If the address space or the data of a process is limited to less than the libraries take.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    for kind, option, what, needed in (
        (resource.RLIMIT_AS, "-v", "address space", ADDRESS_SPACE),
        (resource.RLIMIT_DATA, "-d", "data segment", DATA),
    ):
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY and limit < needed:
            raise IpmixError(
                f"there is not enough memory: the {what} is limited to {limit // 2**20} MiB, and ipmix needs "
                f"{needed // 2**20} MiB",
                f"raise the limit: ulimit {option} {2 * needed // 2**10}",
            )


def exhausted(error: BaseException) -> tuple[str, str] | None:
    """Return (message, remedy) where an error, or what caused it, is that something ran out; else None.

    >>> exhausted(OSError(errno.EMFILE, "Too many open files"))[0]
    'there are no file handles left'
    """
    for cause in _causes(error):
        if isinstance(cause, MemoryError):
            return MEMORY
        if isinstance(cause, OSError) and cause.errno in BY_NUMBER:
            return BY_NUMBER[cause.errno]
        found = next((what for text, what in BY_TEXT.items() if text in str(cause)), None)
        if found is not None:
            return found
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
