"""Folders of pictures: what is in them, what is passed over, and in which order.

Hidden files and folders, and those that systems leave behind, are passed over; so is a folder that holds a data set of
ipmix, whose pictures are copies. Links are followed, but none into a folder that was already seen.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.picture_names import (
    EXTENSIONS,
    FIRST_BYTES,
    KNOWN,
    THUMBNAILS,
    begins_as_picture,
    extension_of,
)

SYSTEM_FOLDERS = {
    "@eadir",  # Synology's thumbnails
    "@recycle",
    "@__thumb",  # QNAP's
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "__macosx",
    "__pycache__",
}
"""What file servers, file systems and archives leave in folders, in lower case."""

SYSTEM_FILES = {"thumbs.db", "desktop.ini"}
OWN_STATE = ".ipmix"

MOST_KINDS = 8  # extensions that a note names


class FolderListing:
    """Lists the pictures of folders, and counts the files that it passes over, by extension."""

    def __init__(self) -> None:
        self.passed = Counter[str]()

    def notes(self) -> list[str]:
        """Return what was passed over as lines for the user; none where nothing was."""
        if not self.passed:
            return []
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.passed.most_common(MOST_KINDS))
        more = ", ..." if len(self.passed) > MOST_KINDS else ""
        return [f"passed over: {kinds}{more}"]

    def folders(self, folder: Path) -> list[str]:
        """Return the names of the folders in a folder, sorted, without those that are passed over."""
        found = []
        for entry in entries(str(folder)):
            if _is(entry.is_dir):
                if is_passed_over(entry):
                    self.passed[f"folder {entry.name}"] += 1
                else:
                    found.append(entry.name)
        return sorted(found)

    def pictures_below(self, folder: Path, root: Path) -> Iterator[str]:
        """Yield the picture files at any depth below a folder as names relative to `root`, in torchvision's order.

        That is: folder by folder in the order of their whole paths, each one's files by name.
        """
        found = sorted(self._walk(folder, {_identity(root), _identity(folder)}))
        prefix = len(os.path.join(root, ""))  # noqa: PTH118 (a million paths: strings)
        for place, files in found:
            for file in files:
                yield os.path.join(place, file)[prefix:]  # noqa: PTH118

    def pictures_in(self, folder: Path) -> list[str]:
        """Return the picture files that lie in a folder itself, sorted."""
        files = [entry for entry in entries(str(folder)) if not _is(entry.is_dir)]
        return sorted(entry.name for entry in files if self._is_picture(entry))

    def _walk(self, folder: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[str, list[str]]]:
        waiting = [str(folder)]
        while waiting:
            place = waiting.pop()
            files = []
            for entry in entries(place):
                if _is(entry.is_dir):
                    if is_passed_over(entry):
                        self.passed[f"folder {entry.name}"] += 1
                    elif (identity := _identity(entry.path)) not in seen:
                        seen.add(identity)
                        waiting.append(entry.path)
                elif self._is_picture(entry):
                    files.append(entry.name)
            yield place, sorted(files)

    def _is_picture(self, entry: os.DirEntry[str]) -> bool:
        """Tell whether an entry is a picture file; count it where it is another file."""
        if not _is(entry.is_file):
            return self._is_lost_picture(entry)
        if is_picture(entry):
            return True
        if entry.name.lower() not in SYSTEM_FILES:
            self.passed[extension_of(entry.name) or "without an extension"] += 1
        return False

    def _is_lost_picture(self, entry: os.DirEntry[str]) -> bool:
        """Tell whether an entry is a link that leads nowhere and is called like a picture; count it if it is not.

        It is listed, and becomes a picture that cannot be read: a clone of git-annex without its content has nothing
        else, and whole classes would be missing without a word.
        """
        if not leads_nowhere(entry):
            self.passed["pipes, sockets and devices"] += not _is(entry.is_dir)
            return False
        if extension_of(entry.name) in KNOWN:
            return True
        self.passed["links that lead nowhere"] += 1
        return False


def list_pictures(folder: Path) -> Names:
    """Return the mixing pictures at any depth below a folder, relative to it and sorted; classes do not matter."""
    listing = FolderListing()
    return Names.of(name for name in listing.pictures_below(folder, folder) if name.lower().endswith(EXTENSIONS))


def is_picture(entry: os.DirEntry[str]) -> bool:
    """Tell whether a file is a picture: by its extension, or, where that is unknown, by its first bytes."""
    extension = extension_of(entry.name)
    return extension in KNOWN or (extension not in THUMBNAILS and _begins_as_picture(entry.path))


def is_passed_over(entry: os.DirEntry[str]) -> bool:
    """Tell whether a folder is one that a system left behind, or a data set of ipmix."""
    return entry.name.lower() in SYSTEM_FOLDERS or holds_own_output(Path(entry.path))


def holds_own_output(folder: Path) -> bool:
    """Tell whether a folder holds a data set that ipmix made, or is making."""
    state = folder / OWN_STATE
    return _is((state / "job.json").is_file) or _is((state / "manifest.json").is_file)


def entries(place: str) -> list[os.DirEntry[str]]:
    """Return what is in a folder but for hidden files and folders.

    Raises
    ------
    SourceError
        Where it cannot be listed.
    """
    try:
        with os.scandir(place) as found:
            return [entry for entry in found if not entry.name.startswith(".")]
    except OSError as error:
        raise _cannot_list(place, error) from error


def holds_pictures(folder: Path) -> bool:
    """Tell whether there is a picture at any depth below a folder; looks no further than the first."""
    seen = {_identity(folder)}
    waiting = [str(folder)]
    while waiting:
        below = []
        for entry in entries(waiting.pop()):
            if _is(entry.is_dir):
                if not is_passed_over(entry) and (identity := _identity(entry.path)) not in seen:
                    seen.add(identity)
                    below.append(entry.path)
            elif _is(entry.is_file) and is_picture(entry):
                return True
        waiting += below
    return False


def has_pictures(folder: Path) -> bool:
    """Tell whether there is a picture in a folder itself."""
    return any(_is(entry.is_file) and is_picture(entry) for entry in entries(str(folder)))


def _begins_as_picture(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return begins_as_picture(os.read(descriptor, FIRST_BYTES))
        finally:
            os.close(descriptor)
    except OSError:
        return False


def refuse_lost_folders(folder: Path) -> None:
    """Refuse a folder of class folders in which links lead nowhere that are called like folders.

    Raises
    ------
    SourceError
        Naming the first of them.
    """
    lost = sorted(e.path for e in entries(str(folder)) if not extension_of(e.name) and leads_nowhere(e))
    if lost:
        raise SourceError(
            f"{lost[0]} is a broken link, and may be a class folder",
            "fetch what it points to (git annex get, dvc pull), or remove it",
        )


def leads_nowhere(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a link to what is not there, or to itself."""
    if not entry.is_symlink():
        return False
    try:
        entry.stat()
    except OSError:
        return True
    return False


def _is(check: Callable[[], bool]) -> bool:
    """Ask an entry what it is or links to; a link to itself is nothing."""
    try:
        return check()
    except OSError:
        return False


def _identity(path: Path | str) -> tuple[int, int]:
    """Return what tells a folder from all others, also where links lead to it by other names.

    Raises
    ------
    SourceError
        If it is gone since it was listed, or cannot be read.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 (follows links, on purpose)
    except OSError as error:
        raise _cannot_list(path, error) from error
    return status.st_dev, status.st_ino


def _cannot_list(path: Path | str, error: OSError) -> SourceError:
    return SourceError(f"cannot list {path}: {error.strerror}", "check the folder and its permissions")
