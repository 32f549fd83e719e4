"""Names of temporary files: they say which process writes them, so that those of dead ones can be told."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import socket
import time
from pathlib import Path

PART = ".part"
STALE_SECONDS = 24 * 3600  # a temporary file of another machine is a dead run's after so long without a change

_NAME = re.compile(r"\.([^.]+)-(\d+)-(\d+)\.part$")


def temporary_path(path: Path) -> Path:
    """Return the hidden temporary path beside `path` that this process writes to.

    A process is told by its machine, its number, and the moment it was started: in a container the next run often
    has the numbers of the one that was killed.
    """
    return path.with_name(f".{path.name}.{machine()}-{os.getpid()}-{_started(os.getpid()) or 0}{PART}")


def is_stale(path: Path) -> bool:
    """Tell whether the process that wrote a temporary file is dead; of another machine's, after a day of no change."""
    match = _NAME.search(path.name)
    if match and match[1] == machine():
        return _started(int(match[2])) != int(match[3])
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > STALE_SECONDS
    return False


@functools.cache
def machine() -> str:
    """Return what tells one set of process numbers from another: the host, and the container's number space."""
    host = re.sub(r"[^A-Za-z0-9-]", "_", socket.gethostname())
    try:
        return f"{host}-{os.stat('/proc/self/ns/pid').st_ino}"  # noqa: PTH116 - no file, a number that the kernel gives
    except OSError:
        return host


def _started(process: int) -> int | None:
    """Return when a process was started, in the kernel's ticks; 0 where that cannot be told; None if it is dead."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0 if not Path("/proc/self/stat").exists() and _answers(process) else None
    return None if fields[0] in "ZX" else int(fields[19])


def _answers(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
