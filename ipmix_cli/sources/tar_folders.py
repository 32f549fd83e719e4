"""The classes of a tar of class folders: which folder of each path is the class, or a refusal that shows two."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.layouts import CONTAINERS, two_readings
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.split_names import WANTED, exact_kind

Path = tuple[str, ...]
"""The folders of a file in a tar, from the outermost."""


def folder_classes(keys: Sequence[str], spec: SourceSpec) -> list[str | None]:
    """Return the class of each file of a tar by the folder it lies in; None for files of other splits.

    The class is the first folder below those that all files share, or below ``--split-folder``.

    Parameters
    ----------
    keys : sequence of str
        Paths in the tar.
    spec : SourceSpec

    Raises
    ------
    SourceError
        Where folders are nested so that two of them could be the class, or only splits could be.
    """
    paths = [_folders(key) for key in keys]
    prefix = _prefix(paths, spec)
    inside = [path[: len(prefix)] == prefix and len(path) > len(prefix) for path in paths]
    if not any(inside):
        raise SourceError(
            f"{spec.input} has no class folders below {'/'.join(prefix)}", "choose another --split-folder"
        )
    classes = [path[len(prefix)] if within else None for path, within in zip(paths, inside, strict=True)]
    if spec.split_folder is None:
        _check_one_reading(paths, classes, prefix, spec)
    return classes


def _folders(key: str) -> Path:
    return tuple(part for part in key.split("/")[:-1] if part not in {"", "."})


def _prefix(paths: Sequence[Path], spec: SourceSpec) -> Path:
    if spec.split_folder is not None:
        return tuple(part for part in spec.split_folder.split("/") if part not in {"", "."})
    first, last = min(paths), max(paths)  # what these two share, all share
    shared: Path = tuple(
        a for a, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    )
    if any(len(path) == len(shared) for path in paths):
        shared = shared[:-1]  # files lie in it: it is their class
    below = {path[len(shared)] for path in paths}
    kinds = {name: exact_kind(name) for name in below}
    if all(kinds.values()) and any(len(path) > len(shared) + 1 for path in paths):
        for kind in WANTED.get(spec.split, ()):
            found = sorted(name for name in below if kinds[name] == kind)
            if len(found) == 1:
                return (*shared, found[0])
        raise SourceError(
            f"{spec.input} has no {spec.split} split, only {', '.join(sorted(below))}", "choose a --split"
        )
    return shared


def _check_one_reading(paths: Sequence[Path], classes: list[str | None], prefix: Path, spec: SourceSpec) -> None:
    for path, name in zip(paths, classes, strict=True):
        if name is None:
            continue
        deeper = [part for part in path[len(prefix) + 1 :] if part.lower() not in CONTAINERS]
        if name.lower() in CONTAINERS or exact_kind(name) or deeper:
            other = f"{deeper[-1]}, of {'/'.join(path)}" if deeper else f"none, since {name} holds all pictures"
            raise two_readings(
                spec.input,
                f"the class is {name}",
                f"the class is {other}",
                f"--split-folder {'/'.join(prefix) or '.'}, the folder whose sub folders are the classes",
            )
