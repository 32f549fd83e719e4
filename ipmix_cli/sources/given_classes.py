"""The classes that a user names with --classes-from: the folders in a folder, or the lines of a file."""

from __future__ import annotations

from pathlib import Path

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.folders import FolderListing
from ipmix_cli.storage.regular_file import open_regular

MOST_BYTES = 16 * 2**20


def given_classes(place: str | None) -> tuple[str, ...] | None:
    """Return class names in their order: those of a folder's sub folders, sorted, or a file's lines as they stand.

    Raises
    ------
    SourceError
        If the file is missing or empty, or has a name twice.
    """
    if place is None:
        return None
    path = Path(place).expanduser().absolute()
    names = FolderListing().folders(path) if path.is_dir() else _lines(path)
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None or not names:
        what = "names no class" if not names else f"names the class {twice} twice"
        raise SourceError(f"{path} {what}", "name a folder of class folders, or a file with one class a line")
    return tuple(names)


def _lines(path: Path) -> list[str]:
    try:
        with open_regular(path) as file:
            text = file.read(MOST_BYTES).decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        remedy = "name a folder of class folders, or a file with one class a line"
        raise SourceError(f"cannot read {path}: {error.strerror}", remedy) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
