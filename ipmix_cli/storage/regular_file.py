"""The one way to open a file for reading, or to put a written one in its place: regular files only, without waiting.

A named pipe waits for its other end, /dev/zero never ends, and opening some devices acts on them. So anything but a
regular file is refused before it is opened, and again once it is open, since the name may mean something else by then.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

Name = str | bytes | Path


def open_regular(path: Name) -> BinaryIO:
    """Open a regular file for reading; symbolic links are followed.

    Raises
    ------
    OSError
        If it is missing (FileNotFoundError), may not be read, or is a pipe, a device, a socket or a folder.
    """
    descriptor = _descriptor(path)
    try:
        _check(os.fstat(descriptor), path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Name, most: int | None = None) -> bytes:
    """Return the content of a regular file, of at most `most` bytes.

    Raises
    ------
    OSError
        As :func:`open_regular`; with EFBIG where it is larger.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if most is not None and size > most:
            raise OSError(errno.EFBIG, f"it has {size} bytes, more than the {most} that such a file has", _shown(path))
        return file.read(size)


def check_regular(path: Name) -> None:
    """Refuse anything but a regular file, for a library that opens it by its name; raises OSError."""
    open_regular(path).close()


def regular_size(path: Name) -> int | None:
    """Return the size of a regular file in bytes; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - of bytes, too
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def replace_regular(written: Path, path: Path) -> None:
    """Give a written file its name; only a regular file, or nothing, may stand there: a device would be lost.

    Raises
    ------
    OSError
        As :func:`check_replaceable`, and where the file system refuses.
    """
    check_replaceable(path)
    written.replace(path)


def check_replaceable(path: Path) -> None:
    """Refuse to write in the place of a folder, a device, a pipe or a socket; raises OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    _check(found, path)


def _descriptor(path: Name) -> int:
    try:
        _check(os.stat(path), path)  # noqa: PTH116 - of bytes, too
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # a null byte, or what no file system can spell
        raise OSError(errno.EINVAL, f"no file can have that name: {error}", _shown(path)) from error


def _check(found: os.stat_result, path: Name) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), _shown(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", _shown(path))


def _shown(path: Name) -> str:
    return os.fsdecode(path)
