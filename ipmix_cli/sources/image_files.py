"""Files of encoded pictures with labels as a source: what class folders and lists of paths have in common."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.decode import decode_picture
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.picture import Picture
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.common_size import CommonSize
from ipmix_cli.sources.label_text import readable
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import BadSample, Sample
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.file_state import States, check_state, states_of
from ipmix_cli.storage.object_files import check_remote, remote_pictures, remote_states
from ipmix_cli.storage.object_store import is_remote
from ipmix_cli.storage.regular_file import open_regular
from ipmix_cli.storage.source_digest import digest_kind, framed, source_digest
from ipmix_cli.storage.temporary import machine

MAX_FILE_BYTES = 2**30
"""No encoded picture under the pixel limit is larger; a device or a sparse file may be."""


@dataclass(frozen=True)
class FilePart:
    """Files below a root, with their labels; `start` is the first one's index."""

    root: str
    names: Names
    labels: Annotated
    start: int
    alpha: str
    states: States | None = None
    where: str = ""

    def samples(self, clock: StageClock) -> Iterator[Sample | BadSample]:
        """Yield the samples in order, a file at a time."""
        for position, (name, data) in enumerate(zip(self.names, self.contents(), strict=True)):
            index = self.start + position
            clock.lap("read")
            try:
                picture = self._picture(data, clock)
            except BadSampleError as error:
                yield BadSample(index, readable(name), error.message)
            else:
                yield Sample(index, readable(name), picture, *self.labels.at(position))

    def contents(self) -> Iterator[bytes | BadSampleError]:
        """Yield the content of each file, or why it cannot be read."""
        if is_remote(self.root):
            yield from self._remote_contents()
            return
        if not Path(self.root).is_dir():
            raise SourceError(f"the folder {self.root} is gone", "restore it, then repeat the same command")
        for position, name in enumerate(self.names):
            path = os.path.join(self.root, name)  # noqa: PTH118
            content: bytes | BadSampleError
            try:
                content = read_picture_file(path)
            except BadSampleError as error:
                content = error
            if self.states is not None:
                check_state(path, self.states[position], self.where)
            yield content

    def _remote_contents(self) -> Iterator[bytes | BadSampleError]:
        """Yield the content of each remote file; one of another length than when it was listed has changed."""
        for position, content in enumerate(remote_pictures(self.root, list(self.names))):
            if self.states is not None and isinstance(content, bytes):
                size, stamp = self.states[position].tolist()
                check_remote(f"{self.root}/{self.names[position]}", (len(content), stamp), (size, stamp))
            yield content

    def _picture(self, data: bytes | BadSampleError, clock: StageClock) -> Picture:
        if isinstance(data, BadSampleError):
            raise data
        picture = decode_picture(data, self.alpha)
        clock.lap("decode")
        return picture

    def key(self, position: int) -> str:
        """Return the name of the sample at a position: its path below the root."""
        return readable(self.names[position])

    def cut(self, start: int, stop: int) -> FilePart:
        """Return the samples start..stop."""
        states = None if self.states is None else self.states[start:stop]
        labels, names = self.labels[start:stop], self.names.cut(start, stop)
        return dataclasses.replace(self, names=names, labels=labels, start=start, states=states)

    def check_unchanged(self) -> None:
        """Refuse files that are no longer what they were when they were listed; raises SourceError."""
        if self.states is None:
            return
        if is_remote(self.root):
            found = remote_states(self.root, list(self.names))
            for name, now, state in zip(self.names, found, self.states.tolist(), strict=True):
                check_remote(f"{self.root}/{name}", now, tuple(state))
            return
        for path, state in zip(_paths(self), self.states, strict=True):
            check_state(path, state, self.where)


def file_source(
    format_name: str,
    part: FilePart,
    class_names: tuple[str, ...],
    settings: dict[str, Any],
    location: str,
) -> ListedSource:
    """Make a source of listed files, whose `part` holds them all.

    The digest covers names, labels, sizes and, up to 1 GiB in all, contents. A file that is missing or
    unreadable has the size -1 there, and becomes a BadSample when it is read.
    """
    if is_remote(part.root):
        states = np.array(remote_states(part.root, list(part.names)), np.int64).reshape(-1, 2)
    else:
        states = states_of(_paths(part), len(part.names))
    part = dataclasses.replace(part, states=states, where=machine())
    sizes = states[:, 0]
    if len(sizes) and sizes.max() < 0:
        _refuse_nothing(part, location)
    kind = digest_kind(int(sizes.sum()))
    common = CommonSize()
    digest = source_digest({"kind": kind}, class_names, part.labels, _content(part, sizes, kind, common))
    return ListedSource(
        format=format_name,
        location=location,
        class_names=class_names,
        size=common.value,
        digest=digest,
        settings={**settings, "alpha": part.alpha, "digest": kind},
        whole=part,
        root=part.root,
    )


def read_picture_file(path: str | bytes | Path) -> bytes:
    """Return the content of a regular file of bearable size.

    Raises
    ------
    BadSampleError
        For anything else: gone, no permission, a folder, a device, a pipe, too large.
    """
    remedy = "repair or leave out that file, or allow for it with --max-errors"
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            if status.st_size > MAX_FILE_BYTES:
                raise BadSampleError(f"a picture of {status.st_size} bytes exceeds the limit", remedy)
            content = file.read(status.st_size + 1)  # not of MAX_FILE_BYTES: read() sets aside all that it is asked for
            return content if len(content) <= status.st_size else content + file.read(MAX_FILE_BYTES - len(content))
    except OSError as error:
        raise BadSampleError(f"cannot be read: {error.strerror or error}", remedy) from error


def _refuse_nothing(part: FilePart, location: str) -> None:
    """Refuse a list of which no file is there."""
    first = readable(os.path.join(part.root, part.names[0]))  # noqa: PTH118
    raise SourceError(
        f"{location}: none of its {len(part.names):,} files is below {readable(part.root)}; the first: {first}",
        "name the folder that the paths start from with --data-dir",
    )


def _paths(part: FilePart) -> Iterator[bytes]:
    """Yield the files' paths as bytes: a million Path objects take half a minute."""
    root = os.fsencode(os.path.join(part.root, ""))  # noqa: PTH118
    return (root + name for name in part.names.encoded())


def _content(part: FilePart, sizes: NDArray[np.int64], kind: str, common: CommonSize) -> Iterable[bytes]:
    contents = part.contents() if kind == "content" else itertools.repeat(b"")
    for name, size, data in zip(part.names.encoded(), sizes.tolist(), contents, strict=False):
        yield framed(name) + size.to_bytes(8, "little", signed=True)
        if kind == "content" and size >= 0:
            yield from map(framed, common.passing([data if isinstance(data, bytes) else b""]))
