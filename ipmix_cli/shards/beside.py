"""The files beside a shard that is a list: those of its data set's folder, local or in an object store."""

from __future__ import annotations

from pathlib import Path

from ipmix_cli.picture import Bytes
from ipmix_cli.storage.folder import Folder, LocalFolder, open_folder
from ipmix_cli.storage.object_store import is_remote

LISTS = ".ipmix/files/"
"""Where lists lie in a data set's folder."""


def folder_of(content: Path | Bytes, location: str) -> Folder | None:
    """Return the folder of a data set, from the path of a list, or its URL; None if it is neither.

    Examples
    --------
    >>> folder_of(Path("/data/photos-c/.ipmix/files/test-000000.sha256"), "").location
    '/data/photos-c'
    """
    if isinstance(content, Path):
        return LocalFolder(content.absolute().parents[2])
    root, found, _ = location.rpartition(f"/{LISTS}")
    return open_folder(root) if found and is_remote(location) else None
