"""Splits without class folders, whose labels stand in a file: tiny-imagenet's and ILSVRC's validation sets.

Each of the known forms is read where it lies beside the pictures: ``val_annotations.txt`` (tiny-imagenet),
``LOC_val_solution.csv`` (Kaggle's ILSVRC), the XML of ``Annotations/CLS-LOC/val``, and the ground truth of ILSVRC's
development kit, if the file that says what its numbers mean (``meta.mat``, or ``map_clsloc.txt``) lies beside it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.ilsvrc_meta import synsets
from ipmix_cli.storage.regular_file import open_regular

LEVELS = 4  # ILSVRC/Data/CLS-LOC/val: so far up its files of labels may lie
MOST_BYTES = 64 * 2**20
MOST_XML = 2**20
XML_NAME = re.compile(r"<object>.*?<name>([^<]{1,100})</name>", re.DOTALL)

KnownLabels = dict[str, str]
"""The class of each picture, by its file name without extension."""


def flat_labels(folder: Path, pictures: Callable[[], list[str]]) -> KnownLabels | None:
    """Return the classes of the pictures of a flat split, from the file that comes with it; None if there is none.

    Parameters
    ----------
    folder : Path
        The split's folder.
    pictures : callable
        Returns the sorted names of the pictures in it.

    Raises
    ------
    SourceError
        Where the file is there and does not fit the pictures.
    """
    for form in FORMS:
        found = form(folder, pictures)
        if found is not None:
            return found
    return None


def has_flat_labels(folder: Path) -> bool:
    """Tell whether a folder says the labels of its pictures in a file of its own, as tiny-imagenet's does."""
    return any(folder.glob("*_annotations.txt"))


def tiny_imagenet(folder: Path, _: object = None) -> KnownLabels | None:
    """Read ``val_annotations.txt``: file name, class, and a box, with tabs between."""
    found = sorted(folder.glob("*_annotations.txt"))
    if len(found) != 1:
        return None
    rows = [line.split("\t") for line in _text(found[0]).splitlines() if line.strip()]
    if any(len(row) < 2 for row in rows):
        raise SourceError(f"{found[0]} is not a list of file names and classes", "fetch it again")
    return {_stem(row[0]): row[1].strip() for row in rows}


def kaggle_solution(folder: Path, _: object = None) -> KnownLabels | None:
    """Read ``LOC_val_solution.csv``: the picture's name, then its class and boxes."""
    path = _above(folder, (f"LOC_{folder.name.lower()}_solution.csv",))
    if path is None:
        return None
    rows = list(csv.reader(_text(path).splitlines()))[1:]
    if any(len(row) < 2 or not row[1].split() for row in rows):
        raise SourceError(f"{path} is not a list of pictures and classes", "fetch it again")
    return {_stem(row[0]): row[1].split()[0] for row in rows}


def ilsvrc_annotations(folder: Path, pictures: Callable[[], list[str]]) -> KnownLabels | None:
    """Read the XML files of ``Annotations/CLS-LOC/val``, one for each picture."""
    parts = list(folder.parts)
    if "Data" not in parts:
        return None
    parts[len(parts) - 1 - parts[::-1].index("Data")] = "Annotations"
    place = Path(*parts)
    if not place.is_dir():
        return None
    found = {}
    for name in pictures():
        path = place / f"{_stem(name)}.xml"
        labels = set(XML_NAME.findall(_text(path, MOST_XML))) if path.is_file() else set()
        if len(labels) == 1:
            found[_stem(name)] = labels.pop()
    return found or None


def ground_truth(folder: Path, pictures: Callable[[], list[str]]) -> KnownLabels | None:
    """Read the development kit's ground truth: a number for each picture, in the order of their names."""
    path = _above(folder, ("*validation_ground_truth.txt", "*devkit*/data/*validation_ground_truth.txt"))
    if path is None or "val" not in folder.name.lower():
        return None
    numbers = _text(path).split()
    names = pictures()
    if len(numbers) != len(names):
        raise SourceError(
            f"{path} has {len(numbers)} labels, {folder} {len(names)} pictures", "fetch both again, in full"
        )
    meant = _ilsvrc_numbers(path)
    unknown = next((number for number in numbers if number not in meant), None)
    if unknown is not None:
        raise SourceError(
            f"{path} gives ILSVRC's own numbers, and nothing beside it says which class {unknown} is",
            f"put meta.mat or map_clsloc.txt of the development kit into {path.parent}, or Kaggle's "
            "LOC_val_solution.csv",
        )
    return {_stem(name): meant[number] for name, number in zip(names, numbers, strict=True)}


FORMS = (tiny_imagenet, kaggle_solution, ilsvrc_annotations, ground_truth)


def _ilsvrc_numbers(path: Path) -> dict[str, str]:
    """Return the classes by ILSVRC's numbers, which are not in the order of the names."""
    place = path.with_name("map_clsloc.txt")
    if not place.is_file():
        meta = path.with_name("meta.mat")
        return synsets(meta) if meta.is_file() else {}
    rows = [line.split() for line in _text(place).splitlines()]
    return {row[1]: row[0] for row in rows if len(row) > 1}


def _above(folder: Path, patterns: tuple[str, ...]) -> Path | None:
    """Return the one file that matches in a folder or one of those above it."""
    for place in (folder, *folder.parents[:LEVELS]):
        found = sorted(path for pattern in patterns for path in place.glob(pattern))
        if len(found) == 1:
            return found[0]
    return None


def _stem(name: str) -> str:
    return Path(name.strip()).name.partition(".")[0]


def _text(path: Path, most: int = MOST_BYTES) -> str:
    try:
        with open_regular(path) as file:
            return file.read(most).decode("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise SourceError(f"cannot read {path}: {error}", "check the file and its permissions") from error
