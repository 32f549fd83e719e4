"""A folder of class folders of pictures, listed as torchvision's ImageFolder lists it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.array_names import SPLIT_NAMES
from ipmix_cli.sources.image_files import EXTENSIONS, FilePart, file_source
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import SourceSpec

ALL_SPLITS = {name for names in SPLIT_NAMES.values() for name in names}


def looks_like_imagefolder(path: Path) -> bool:
    """Tell whether a path is a folder; the readers that know a folder by its files are asked before."""
    return path.is_dir()


def open_imagefolder(spec: SourceSpec) -> ListedSource:
    """Open a folder of class folders.

    Classes are the sub folders, sorted by name, and a class's pictures are the files at any depth below its
    folder with a picture's extension, sorted; both in Python's order of strings. Hidden files and folders are
    passed over; links are followed, but none into a folder that was already seen in this class. A folder (or
    the only sub folder of one) with nothing but ``train``, ``test`` or ``val`` in it stands for the one that
    `spec.split` names.

    Raises
    ------
    SourceError
        No class folders, a class folder without pictures, or no such split.
    """
    given = Path(spec.input).absolute()
    root = split_folder(given, spec.split)
    classes = _folders(root)
    if not classes:
        raise SourceError(
            f"{root} holds no class folders",
            f"put each class's pictures in a folder of its own: {root}/CLASS/PICTURE.png",
        )
    listed = [list(pictures_below(root / name, root)) for name in classes]
    for name, pictures in zip(classes, listed, strict=True):
        if not pictures:
            raise SourceError(
                f"the class folder {root / name} holds no pictures ({' '.join(EXTENSIONS)})",
                "put some in, or remove that folder",
            )
    labels = np.repeat(np.arange(len(classes)), [len(pictures) for pictures in listed])
    names = Names.of(name for pictures in listed for name in pictures)
    part = FilePart(str(root), names, labels, 0, spec.alpha)
    settings = {"split": root.name if root != given else None}
    return file_source("imagefolder", part, tuple(classes), settings, str(root))


def split_folder(folder: Path, split: str) -> Path:
    """Return the sub folder of a split where a folder, or its only sub folder, holds nothing but splits."""
    candidates = [folder]
    below = _folders(folder)
    if len(below) == 1:
        candidates.append(folder / below[0])
    for candidate in candidates:
        splits = _folders(candidate)
        if splits and set(splits) <= ALL_SPLITS and _folders(candidate / splits[0]):
            for name in SPLIT_NAMES.get(split, (split,)):
                if name in splits:
                    return candidate / name
            raise SourceError(f"{candidate} has no {split} split, only {', '.join(splits)}", "choose another --split")
    if split != "train":
        raise SourceError(f"{folder} has no folders of splits, so no {split} split", "leave out --split")
    return folder


def list_pictures(folder: Path) -> Names:
    """Return the pictures at any depth below a folder, relative to it and sorted; classes do not matter."""
    return Names.of(pictures_below(folder, folder))


def pictures_below(folder: Path, root: Path) -> Iterator[str]:
    """Yield the picture files below a folder as names relative to `root`, in torchvision's order.

    That is: folder by folder in the order of their whole paths, each one's files by name.
    """
    found = sorted(_walk(folder, {_identity(root), _identity(folder)}))
    prefix = len(os.path.join(root, ""))  # noqa: PTH118 (a million paths: strings)
    for place, files in found:
        for file in files:
            yield os.path.join(place, file)[prefix:]  # noqa: PTH118


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[str, list[str]]]:
    waiting = [str(folder)]
    while waiting:
        place = waiting.pop()
        files = []
        for entry in _entries(place):
            if entry.name.lower().endswith(EXTENSIONS) and _is(entry.is_file):
                files.append(entry.name)
            elif _is(entry.is_dir) and (identity := _identity(entry.path)) not in seen:
                seen.add(identity)
                waiting.append(entry.path)
        yield place, sorted(files)


def _folders(folder: Path) -> list[str]:
    return sorted(entry.name for entry in _entries(str(folder)) if _is(entry.is_dir))


def _entries(place: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise SourceError(f"cannot list {place}: {error.strerror}", "check the folder and its permissions") from error


def _is(check: Callable[[], bool]) -> bool:
    """Ask an entry what it is or links to; a link to itself is nothing."""
    try:
        return check()
    except OSError:
        return False


def _identity(path: Path | str) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116 (follows links, on purpose)
    return status.st_dev, status.st_ino
