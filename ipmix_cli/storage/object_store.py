"""Folders in object stores, through fsspec: s3, gs, az, hf, memory and others.

An object appears whole or not at all, so that there are no temporary names. What goes up is checked against what has
arrived, and what fails in passing is tried again with growing pauses.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import PurePosixPath
from typing import Any, TypeVar

import xxhash

from ipmix_cli.errors import IpmixError, MissingPackageError, SourceError, WriteError
from ipmix_cli.picture import Bytes

R = TypeVar("R")

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)  # seconds between tries; fsspec and the stores' own clients try again below that
CONNECT_SECONDS = 60
ANSWER_SECONDS = 300  # of one question or one object; a slow network moves 64 MiB in that time


class NoAnswerError(TimeoutError):
    """A host gave no answer in the time that it is waited for; a store's own, shorter timeouts are tried again."""


LASTING = (  # errors that a retry does not fix; all other errors of a store's client may be transient
    NoAnswerError,  # it was waited for long enough
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    NotImplementedError,
    ImportError,
    TypeError,
    ValueError,
)
State = tuple[int, int]
"""An object's size in bytes, and a number below 2^63 that differs as soon as the store's tag or time of it does."""
STAMPS = (  # what stores call the tag of a content, or else the time of its last change; the first that is there counts
    *("ETag", "etag", "md5Hash", "Content-MD5", "Digest"),
    *("LastModified", "last_modified", "Last-Modified", "updated", "mtime", "created"),
)
FEW = 8  # files that are asked for one by one; for more, a listing is cheaper
MANY = 1000  # files of one request to remove
EXTRAS = {"s3": "s3", "s3a": "s3"}  # protocols that an extra of this package serves
REMEDY = "check the network, the credentials and the bucket, then type the same command again"


def is_remote(location: str) -> bool:
    """Tell whether a place is a URL of a store and no path.

    >>> is_remote("s3://bucket/shards"), is_remote("shards"), is_remote("file:///data/shards")
    (True, False, False)
    """
    return bool(re.match(r"[a-z][a-z0-9+.-]*://", location)) and not location.startswith("file://")


def _missing_for(protocol: str, error: ImportError) -> MissingPackageError:
    """Return the error for a store whose packages are not installed; those of most stores belong to no extra."""
    also = "" if protocol in EXTRAS else f", and what it asks for: {error}"
    extra = EXTRAS.get(protocol, "s3")
    return MissingPackageError(
        f"{protocol}:// needs packages that are not installed", f'type: pip install "ipmix-cli[{extra}]"{also}'
    )


def file_system(url: str) -> tuple[Any, str]:
    """Return fsspec's file system for a URL, and the path there.

    Raises
    ------
    IpmixError
        If a package is missing, or the kind of store is unknown.
    """
    protocol = url.partition("://")[0]
    try:
        import fsspec

        found: tuple[Any, str] = within(CONNECT_SECONDS, lambda: fsspec.core.url_to_fs(url, use_listings_cache=False))
    except ImportError as error:
        raise _missing_for(protocol, error) from error
    except ValueError as error:
        raise IpmixError(f"cannot open {url}: {error}", "give a path, or a URL such as s3://bucket/shards") from error
    except Exception as error:  # some of fsspec's file systems connect at once, and each has errors of its own
        raise SourceError(f"cannot open {url}: {_reason(error)}", REMEDY) from error
    return found


def within(seconds: float, action: Callable[[], R]) -> R:
    """Return what an action returns, or raise NoAnswerError after a time in seconds: a host may never answer.

    An action that did not end is left to a thread that ends with the process.
    """
    done: queue.Queue[tuple[bool, Any]] = queue.Queue()

    def run() -> None:
        try:
            done.put((True, action()))
        except BaseException as error:
            done.put((False, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        good, value = done.get(timeout=seconds)
    except queue.Empty as error:
        raise NoAnswerError(f"no answer within {seconds:.0f} s") from error
    if not good:
        raise value
    result: R = value
    return result


def persist(action: Callable[[], R]) -> R:
    """Do something with a store, again after growing pauses while it fails in passing."""
    for pause in PAUSES:
        try:
            return action()
        except LASTING:
            raise
        except Exception:
            time.sleep(pause * (1 + os.getpid() % 16 / 16))  # many tasks are not to come back all at once
    return action()


class RemoteFolder:
    """A folder in an object store; see :class:`ipmix_cli.storage.folder.Folder`."""

    def __init__(self, url: str) -> None:
        self.location = url.rstrip("/")
        self._files, root = file_system(self.location)
        self._root = root.rstrip("/")

    def write(self, name: str, data: Bytes) -> None:
        """Upload a file whole, and check that it has arrived: its size, and its checksum or else its content."""
        content = bytes(data) if isinstance(data, memoryview) else data
        key = self._key(name)
        try:
            persist(lambda: self._upload(key, content))
        except Exception as error:
            raise WriteError(f"cannot write {self.location}/{name}: {_reason(error)}", REMEDY) from error

    def write_all(self, files: Sequence[tuple[str, Bytes]]) -> None:
        """Upload files, one after the other."""
        for name, data in files:
            self.write(name, data)

    def _upload(self, key: str, content: bytes | bytearray) -> None:
        self._files.pipe_file(key, bytes(content))
        self._files.invalidate_cache()
        try:
            found = self._files.info(key)
            if found["size"] != len(content):
                raise OSError(f"{found['size']} bytes have arrived of {len(content)}")
            if _checksum(found) == hashlib.md5(content, usedforsecurity=False).hexdigest():
                return
            if self._files.cat_file(key) != content:  # no checksum, or one of another kind (encrypted, in parts)
                raise OSError("what has arrived is not what was sent")
        except FileNotFoundError as error:  # another run of the job, which is done, has cleared it away: once more
            raise OSError("what has arrived was removed at once") from error

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return a file's content, of at most `most` bytes.

        Raises FileNotFoundError, OSError where it is larger, and SourceError where the store cannot be asked.
        """
        key = self._key(name)
        if most is not None and (size := self.size(name) or 0) > most:
            raise OSError(errno.EFBIG, f"it has {size} bytes, more than the {most} that such a file has", name)
        content: bytes = self._asked(name, lambda: self._files.cat_file(key))
        return content

    def read_range(self, name: str, start: int, stop: int) -> bytes:
        """Return the bytes start .. stop of a file; raises as `read` does."""
        key = self._key(name)
        content: bytes = self._asked(name, lambda: self._files.cat_file(key, start=start, end=stop))
        return content

    def size(self, name: str) -> int | None:
        """Return a file's size in bytes, or None if there is none."""
        facts = self._facts(name)
        return None if facts is None else int(facts["size"])

    def _facts(self, name: str) -> dict[str, Any] | None:
        """Return what the store says of a file, or None if there is none."""
        key = self._key(name)
        self._files.invalidate_cache()
        try:
            found: dict[str, Any] = self._asked(name, lambda: self._files.info(key))
        except FileNotFoundError:
            return None
        return found if found["type"] == "file" else None

    def names(self, below: str = "") -> list[str]:
        """Return the names of all files below a subfolder, sorted; hidden ones too."""
        return sorted(self._listing(below))

    def sizes(self, names: Collection[str]) -> dict[str, int]:
        """Return the sizes in bytes of those of these files that are there."""
        return {name: size for name, (size, _) in self.states(names).items()}

    def states(self, names: Collection[str]) -> dict[str, State]:
        """Return the states of those of these files that are there."""
        if len(names) > FEW:
            there = self._listing("")
            return {name: state_in(there[name]) for name in names if name in there}
        found = {name: self._facts(name) for name in names}
        return {name: state_in(facts) for name, facts in found.items() if facts is not None}

    def contents(self, names: Collection[str], most: int | None = None) -> dict[str, bytes]:
        """Return the contents of those of these files that are there, many fetched at a time."""
        if most is not None:
            names = [name for name, size in self.sizes(names).items() if size <= most]
        found: dict[str, bytes] = {}
        for name, content in self.attempts(list(names)).items():
            with contextlib.suppress(FileNotFoundError):
                if isinstance(content, FileNotFoundError):
                    raise content
                found[name] = content if isinstance(content, bytes) else self.read(name)
        return found

    def attempts(self, names: list[str]) -> dict[str, bytes | Exception]:
        """Return, after one try, the contents of many files fetched at a time, and the errors of those that failed."""
        keys = [self._key(name) for name in names]
        if not keys:
            return {}
        fetched = self._files.cat_ranges(keys, [None] * len(keys), [None] * len(keys), on_error="return")
        return dict(zip(names, fetched, strict=True))

    def remove(self, *names: str) -> None:
        """Remove files; one that is missing is not an error."""
        for start in range(0, len(names), MANY):
            some = [self._key(name) for name in names[start : start + MANY]]
            try:
                persist(lambda some=some: self._remove(some))  # type: ignore[misc]
            except Exception as error:
                raise WriteError(f"cannot remove files in {self.location}: {_reason(error)}", REMEDY) from error

    def _remove(self, keys: list[str]) -> None:
        special = [key for key in keys if re.search(r"[*?\[]", key)]  # fsspec takes these for patterns
        plain = [key for key in keys if key not in special]
        try:
            self._files.rm(plain)
        except FileNotFoundError:
            special = keys
        for key in special:
            with contextlib.suppress(FileNotFoundError):
                self._files.rm_file(key)

    def path(self, name: str) -> None:
        """Return None: nothing here has a local path."""
        self._key(name)

    def _listing(self, below: str) -> dict[str, dict[str, Any]]:
        """Return the names of all files below a subfolder, and what the store says of each."""
        root = f"{self._root}/{below}".rstrip("/")
        self._files.invalidate_cache()
        try:
            found = self._asked(below, lambda: self._files.find(root, detail=True))
        except FileNotFoundError:
            return {}
        files = {key.removeprefix(f"{self._root}/"): facts for key, facts in found.items() if not key.endswith("/")}
        return {name: facts for name, facts in files.items() if facts["type"] == "file"}

    def _asked(self, name: str, question: Callable[[], Any]) -> Any:
        try:
            return persist(lambda: within(ANSWER_SECONDS, question))
        except FileNotFoundError:
            raise
        except Exception as error:
            raise SourceError(f"cannot read {self.location}/{name}: {_reason(error)}", REMEDY) from error

    def _key(self, name: str) -> str:
        """Return the store's key for a name; a name that leaves the folder is refused."""
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\0" in name:
            raise IpmixError(
                f"{name!r} points outside the folder {self.location}",
                "the record that names it is damaged or forged: do not use this folder",
            )
        return f"{self._root}/{name}"


def state_in(facts: dict[str, Any]) -> State:
    """Return the state of an object from what its store says of it.

    >>> state_in({"size": 3, "ETag": '"x"'}) == state_in({"size": 3, "ETag": "x"}) != state_in({"size": 3, "ETag": "y"})
    True
    """
    stamp = next((str(facts[name]) for name in STAMPS if facts.get(name)), "")
    return int(facts["size"]), xxhash.xxh3_64_intdigest(stamp.strip('"').encode()) >> 1


def _checksum(facts: dict[str, Any]) -> str:
    """Return the md5 that a store states of an object, in hexadecimal; empty where it states none."""
    return str(facts.get("ETag") or facts.get("etag") or "").strip('"').lower()


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error) or 'no reason given'}"
