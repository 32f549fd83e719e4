"""A file's bytes as something to slice, without reading it all."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Protocol

from ipmix_cli.errors import SourceError
from ipmix_cli.picture import Bytes
from ipmix_cli.storage.regular_file import open_regular


class Sliceable(Protocol):
    """Bytes, a memoryview, or a memory map."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> Bytes: ...


def mapped(content: Path | Bytes, location: str) -> Sliceable:
    """Return a file as a memory map, and bytes as they are; raises SourceError."""
    if not isinstance(content, Path):
        return content
    try:
        with open_regular(content) as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # ValueError: an empty file
        raise SourceError(f"cannot read {location}: {error}", "check the path, or fetch the file again") from error
