"""Files that appear whole or not at all, in a folder that may be local or, with fsspec, anywhere."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import xxhash

from ipmix_cli.errors import IpmixError, WriteError
from ipmix_cli.picture import Bytes
from ipmix_cli.storage.regular_file import (
    check_replaceable,
    open_regular,
    read_regular,
    regular_size,
    replace_regular,
)
from ipmix_cli.storage.temporary import PART, is_stale, temporary_path

WRITES = 20  # of one file, while its temporary file vanishes: other runs of the job, done, clear all of them away


class Folder(Protocol):
    """A place for files; names are relative, with forward slashes."""

    location: str

    def write(self, name: str, data: Bytes) -> None:
        """Write a file that appears under its name only when it is complete and on the disk."""
        ...

    def write_all(self, files: Sequence[tuple[str, Bytes]]) -> None:
        """Write files, names and contents, as `write` does each; what was interrupted may have left some of them."""
        ...

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return a file's content, of at most `most` bytes; raises FileNotFoundError, or another OSError."""
        ...

    def size(self, name: str) -> int | None:
        """Return a file's size in bytes, or None if there is none."""
        ...

    def names(self, below: str = "") -> list[str]:
        """Return the names of all files below a subfolder, sorted; hidden ones too."""
        ...

    def sizes(self, names: Collection[str]) -> dict[str, int]:
        """Return the sizes in bytes of those of these files that are there."""
        ...

    def contents(self, names: Collection[str], most: int | None = None) -> dict[str, bytes]:
        """Return the contents of those of these files that are there, regular, and of at most `most` bytes."""
        ...

    def remove(self, *names: str) -> None:
        """Remove files; one that is missing is not an error."""
        ...

    def path(self, name: str) -> Path | None:
        """Return the local path of a name, or None where the folder is not local."""
        ...


class LocalFolder:
    """A folder on this machine or on a network file system."""

    def __init__(self, root: str | Path) -> None:
        plain = Path(root).absolute()
        self.root = Path(os.path.realpath(plain)) if ".." in plain.parts else plain  # a folder before .. may not exist
        self.location = str(self.root)

    def write(self, name: str, data: Bytes) -> None:
        """Write through a hidden temporary file beside it: length check, fsync, rename, fsync of the folder."""
        write_atomically(self._own_path(name), data)

    def write_all(self, files: Sequence[tuple[str, Bytes]]) -> None:
        """Write files as `write` does, but let the disk take them together, which is many times as fast."""
        write_together([(self._own_path(name), data) for name, data in files])

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return a regular file's content, of at most `most` bytes; raises FileNotFoundError, or another OSError."""
        try:
            return read_regular(self.path(name), most)
        except NotADirectoryError as error:  # a file stands where a folder should be
            raise FileNotFoundError(*error.args) from error

    def size(self, name: str) -> int | None:
        """Return a file's size in bytes, or None if there is no regular file."""
        return regular_size(self.path(name))

    def names(self, below: str = "") -> list[str]:
        """Return the names of all files below a subfolder, sorted; hidden ones too."""
        found = []
        for folder, _, files in os.walk(self.root / below):
            found += [Path(folder, file).relative_to(self.root).as_posix() for file in files]
        return sorted(found)

    def sizes(self, names: Collection[str]) -> dict[str, int]:
        """Return the sizes in bytes of those of these files that are there."""
        found = {name: self.size(name) for name in names}
        return {name: size for name, size in found.items() if size is not None}

    def contents(self, names: Collection[str], most: int | None = None) -> dict[str, bytes]:
        """Return the contents of those of these files that are there, regular, and of at most `most` bytes."""
        found = {}
        for name in names:
            if (size := self.size(name)) is not None and (most is None or size <= most):
                with contextlib.suppress(FileNotFoundError):
                    found[name] = self.read(name, most)
        return found

    def remove(self, *names: str) -> None:
        """Remove files; one that is missing is not an error."""
        for path in map(self._own_path, names):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                if path.exists():  # a read-only file system refuses even what is not there
                    raise write_error(path, error, "remove") from error

    def path(self, name: str) -> Path:
        """Return the local path of a name; a name that leaves the folder is refused."""
        parts = Path(name).parts
        if not parts or Path(name).is_absolute() or ".." in parts or "\0" in name:
            raise IpmixError(
                f"{name!r} points outside the folder {self.location}",
                "the record that names it is damaged or forged: do not use this folder",
            )
        return self.root / name

    def _own_path(self, name: str) -> Path:
        """Return the path of a file to be written or removed; a folder on the way that is a link leads elsewhere.

        Raises
        ------
        WriteError
            Naming the link.
        """
        for folder in Path(name).parents[:-1]:
            if (link := self.root / folder).is_symlink():
                raise WriteError(
                    f"{link} is a link to a folder elsewhere, in which ipmix changes nothing",
                    "remove the link, then type the same command again; only the folder itself may be a link",
                )
        return self.path(name)


def write_atomically(path: Path, data: Bytes) -> None:
    """Write a file that appears under its name only when it is complete and on the disk; see :func:`write_together`."""
    write_together([(path, data)])


def write_together(files: Sequence[tuple[Path, Bytes]]) -> None:
    """Write files, each of which appears under its name only when all are complete and on the disk.

    Raises
    ------
    WriteError
        Naming a file and the reason; nothing half-written is left behind then.
    """
    for attempt in range(WRITES):
        try:
            _write_once(files)
            break
        except WriteError as error:
            if attempt == WRITES - 1 or not isinstance(error.__cause__, FileNotFoundError):
                raise


def _write_once(files: Sequence[tuple[Path, Bytes]]) -> None:
    """Write, then sync, then rename: after the first sync of many files there is little left to do for the others."""
    parts = [(temporary_path(path), path) for path, _ in files]
    try:
        for (part, path), (_, data) in zip(parts, files, strict=True):
            with _named(path):
                _fill(part, data)
        for part, path in parts:
            with _named(path), part.open("r+b") as file:
                os.fsync(file.fileno())
        for part, path in parts:
            with _named(path):
                replace_regular(part, path)
        for folder in {path.parent for _, path in parts}:
            sync_folder(folder)
    finally:
        for part, _ in parts:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def _fill(part: Path, data: Bytes) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as file:
        written = file.write(data)
    if written != memoryview(data).nbytes or part.stat().st_size != written:
        raise OSError(errno.EIO, f"only {written} bytes were written")


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let errors name the file that was to be written."""
    try:
        yield
    except OSError as error:
        raise write_error(path, error) from error


@contextlib.contextmanager
def being_written(path: Path) -> Iterator[Path]:
    """Give a hidden temporary path beside `path`, and rename it to `path` when the block ends well."""
    temporary = temporary_path(path)
    try:
        with _named(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            clear_stale_parts(path)
            check_replaceable(path)
            yield temporary
            replace_regular(temporary, path)
            sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def clear_stale_parts(path: Path) -> None:
    """Remove the temporary files and folders beside `path` of processes that were killed while they wrote it."""
    for part in path.parent.iterdir():
        if part.name.startswith(f".{path.name}.") and part.name.endswith(PART) and is_stale(part):
            with contextlib.suppress(OSError):
                shutil.rmtree(part) if part.is_dir() and not part.is_symlink() else part.unlink()


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    return digest.hexdigest()


def xxh3_of(path: Path) -> str:
    """Return the xxh3_128 of a file's content, in hexadecimal: ten times as fast as its sha256."""
    checksum = xxhash.xxh3_128()
    for block in _blocks(path):
        checksum.update(block)
    return checksum.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    with open_regular(path) as file:
        while block := file.read(2**20):
            yield block


def sha256_in(folder: Folder, name: str) -> str:
    """Return the sha256 of a file in a folder, local or not; raises FileNotFoundError."""
    path = folder.path(name)
    return hashlib.sha256(folder.read(name)).hexdigest() if path is None else sha256_of(path)


def write_error(path: Path | str, error: OSError, what: str = "write") -> WriteError:
    """Return the error that tells a user why a file could not be written, and what to do."""
    remedy = {
        errno.ENOSPC: "free some space on that disk, then type the same command again",
        errno.EDQUOT: "free some of your quota, then type the same command again",
        errno.EFBIG: "raise the file size limit (ulimit -f), or make smaller shards, then type the same command again",
        errno.EROFS: "that file system is read-only: choose another place with --out",
        errno.ENOTDIR: "a file stands where a folder should be: choose another place with --out",
        errno.EEXIST: "a file stands where a folder should be: choose another place with --out",
        errno.EINVAL: "give the name of a file; devices and pipes are not written to",
        errno.EACCES: "you may not write there: choose another place with --out, or have its permissions changed",
    }.get(error.errno or 0, "check the disk, then type the same command again")
    return WriteError(f"cannot {what} {path}: {error.strerror or error}", remedy)


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder last through a power cut, where the system can."""
    with contextlib.suppress(OSError):  # some network file systems cannot sync a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def open_folder(location: str) -> Folder:
    """Open a place for files: a path, or a URL of what fsspec knows; it need not exist yet."""
    from ipmix_cli.storage.object_store import RemoteFolder, is_remote  # which needs what is above

    return RemoteFolder(location) if is_remote(location) else LocalFolder(location.removeprefix("file://"))
