"""Paths in a list: below one folder, also where the list spells them as another system does."""

from __future__ import annotations

import os
from pathlib import Path

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.picture_names import KNOWN, extension_of
from ipmix_cli.storage.object_store import is_remote


class ListPaths:
    """Takes the paths of a list, one by one, and returns each relative to the root.

    A path is taken as it stands where its file is there. Otherwise a path with backslashes is taken with slashes, and
    one without an extension as the one picture of that name with an extension (``train/0001`` for
    ``train/0001.jpg``), if these are there.

    Parameters
    ----------
    root : str
        The folder that paths are taken from: a path or a URL.
    where : str
        The list, for messages.
    """

    def __init__(self, root: str, where: str) -> None:
        self.root = root
        self.respelt = 0
        self._where = where
        self._prefix = os.path.join(root, "")  # noqa: PTH118 (without following links)
        self._pictures: dict[str, dict[str, list[str]]] = {}

    def relative(self, line: int, name: str) -> str:
        """Return a row's path relative to the root.

        Raises
        ------
        SourceError
            Where it leaves the root.
        """
        name = self._inside(line, name)
        if is_remote(self.root) or ("\\" not in name and extension_of(name)):
            return name
        if os.path.lexists(self._prefix + name):
            return name
        spelt = self._with_extension(self._inside(line, name.replace("\\", "/")))
        self.respelt += spelt != name
        return spelt

    def is_there(self, name: str) -> bool:
        """Tell whether a path's file is there, in one spelling or another; True where a look would cost a request."""
        if is_remote(self.root):
            return True
        try:
            return os.path.lexists(self._prefix + self.relative(0, name))
        except (SourceError, ValueError):
            return False

    def _with_extension(self, name: str) -> str:
        folder, _, stem = name.rpartition("/")
        if extension_of(name) in KNOWN:
            return name
        if folder not in self._pictures:
            self._pictures[folder] = _by_stem(Path(self._prefix + folder))
        found = self._pictures[folder].get(stem, [])
        return os.path.join(folder, found[0]) if len(found) == 1 else name  # noqa: PTH118

    def _inside(self, line: int, name: str) -> str:
        if not (name.startswith("/") or ".." in name or "\0" in name or not name):
            return name
        place = os.path.normpath(os.path.join(self.root, name))  # noqa: PTH118 (without following links)
        inside = place.startswith(self._prefix) and not is_remote(self.root)
        if not name or "\0" in name or not inside:
            raise SourceError(
                f"{self._where}, line {line}: {name[:200]!r} is not below {self.root}",
                "name the folder that holds all pictures with --data-dir",
            )
        return os.path.relpath(place, self.root)


def _by_stem(folder: Path) -> dict[str, list[str]]:
    """Return the pictures of a folder by their names without extension."""
    found: dict[str, list[str]] = {}
    if folder.is_dir():
        for name in os.listdir(folder):  # noqa: PTH208 (a million Path objects take long)
            if extension_of(name) in KNOWN:
                found.setdefault(name[: -len(extension_of(name))], []).append(name)
    return found
