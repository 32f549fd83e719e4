"""A folder of class folders of pictures, listed as torchvision's ImageFolder lists it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ipmix_cli.errors import SourceError, check_name
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.flat_split import KnownLabels, flat_labels
from ipmix_cli.sources.folders import FolderListing, holds_own_output, holds_pictures, refuse_lost_folders
from ipmix_cli.sources.given_classes import given_classes
from ipmix_cli.sources.image_files import FilePart, file_source
from ipmix_cli.sources.label_text import readable
from ipmix_cli.sources.labels import label_rule
from ipmix_cli.sources.layouts import Layout, find_layout, two_readings
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.split_names import WANTED, exact_kind

EMPTY = ("refuse", "keep", "skip")
MOST_SHOWN = 5

OWN_COPY = re.compile(r"(?:^|/)[0-9]{8,}_aug[0-9]+\.[a-z]+$")
"""The name of a copy in class folders that ipmix made, as :mod:`ipmix_cli.shards.class_folders` gives it."""

Pairs = list[tuple[str, list[str]]]
"""Each class with its pictures."""


def looks_like_imagefolder(path: Path) -> bool:
    """Tell whether a path is a folder; the readers that know a folder by its files are asked before."""
    return path.is_dir()


def open_imagefolder(spec: SourceSpec) -> ListedSource:
    """Open a folder of class folders, or of splits of them.

    Classes are the sub folders, sorted by name, and a class's pictures are the files at any depth below its
    folder, sorted; both in Python's order of strings. Which folder holds the classes is found by
    :func:`ipmix_cli.sources.layouts.find_layout`; a split beside a training split has its classes, in its order. A
    split without class folders is read if a file of labels comes with it
    (:mod:`ipmix_cli.sources.flat_split`). What is passed over is told in the source's notes.

    Raises
    ------
    SourceError
        No class folders, more than one reading, a class folder without pictures, or no such split.
    """
    check_name("way to take empty class folders", spec.empty_classes, EMPTY)
    given = Path(spec.input).absolute()
    if spec.unlabelled:
        return _unlabelled(given, spec)
    listing = FolderListing()
    layout = find_layout(spec, listing)
    if spec.input_format is None and any(given.glob("*.tar")):
        tars = "tars, and folders are beside them"
        raise two_readings(given, tars, "class folders", "--input-format webdataset, or imagefolder")
    order = given_classes(spec.classes_from) or _classes_of(layout.train)
    found, classes = _listed(layout, listing, order, spec)
    labels = np.repeat([classes.index(name) for name, _ in found], [len(pictures) for _, pictures in found])
    _refuse_own_copies(layout.root, (name for _, pictures in found for name in pictures))
    names = Names.of(name for _, pictures in found for name in pictures)
    part = FilePart(str(layout.root), names, Annotated.of_classes(labels.astype(np.int64)), 0, spec.alpha)
    source = file_source(
        "imagefolder", part, _printable(classes, layout.root), {"split": layout.split}, str(layout.root)
    )
    source.notes = (*source.notes, *listing.notes())
    if layout.root != given:
        source.notes = (f"reading {layout.root}", *source.notes)
    return source


def _unlabelled(given: Path, spec: SourceSpec) -> ListedSource:
    """Return all pictures at any depth below a folder, or below the folder of the split in it."""
    listing, root = FolderListing(), given
    label_rule(spec)  # refuses options about labels
    if spec.split_folder is not None or holds_own_output(given):
        root = find_layout(spec, listing).root
    else:
        kinds = {name: exact_kind(name) for name in FolderListing().folders(given)}
        wanted = [name for kind in WANTED.get(spec.split, ()) for name, found in kinds.items() if found == kind]
        if any(kinds.values()):
            if not wanted:
                raise SourceError(
                    f"{given} has no {spec.split} split, only {', '.join(kinds)[:200]}", "choose a --split"
                )
            root = given / wanted[0]
    names = Names.of(listing.pictures_below(root, root))
    _refuse_own_copies(root, names)
    if not len(names):
        raise SourceError(f"{root} holds no pictures", "choose another folder")
    part = FilePart(str(root), names, Annotated.without_labels(len(names)), 0, spec.alpha)
    source = file_source("imagefolder", part, (), {"split": spec.split, "unlabelled": True}, str(root))
    source.notes = (*([f"reading {root}"] if root != given else []), *source.notes, *listing.notes())
    return source


def _refuse_own_copies(root: Path, names: Iterable[str]) -> None:
    """Refuse class folders of a data set that ipmix made, which lie apart from its records: copies are no originals."""
    own = next((name for name in names if "_aug" in name and OWN_COPY.search(name)), None)
    if own is not None:
        raise SourceError(
            f"{root} holds copies that ipmix made, such as {readable(own)}",
            "with --in, name the data set's own folder, which holds manifest.json and .ipmix, or the originals; "
            "if these pictures are meant, list them in a CSV file",
        )


def _classes_of(train: Path | None) -> tuple[str, ...] | None:
    """Return the classes of a training split: its folders with pictures."""
    if train is None:
        return None
    return tuple(name for name in FolderListing().folders(train) if holds_pictures(train / name)) or None


def _listed(
    layout: Layout, listing: FolderListing, order: tuple[str, ...] | None, spec: SourceSpec
) -> tuple[Pairs, tuple[str, ...]]:
    """Return each class with its pictures, and all classes in their order."""
    root = layout.root
    known = flat_labels(root, lambda: [Path(name).name for name in FolderListing().pictures_below(root, root)])
    folders = listing.folders(root)
    refuse_lost_folders(root)
    if known is not None and (not folders or len(folders) == 1):
        return _annotated(root, listing, known, order)
    found = [(name, list(listing.pictures_below(root / name, root))) for name in folders]
    beside = len(listing.pictures_in(root))  # counts files that are not pictures, too
    if beside and folders:
        listing.passed["pictures outside of class folders"] += beside
    return _with_classes(root, found, order, spec)


def _annotated(
    root: Path, listing: FolderListing, known: KnownLabels, order: tuple[str, ...] | None
) -> tuple[Pairs, tuple[str, ...]]:
    names = list(listing.pictures_below(root, root))
    stems = [Path(name).name.partition(".")[0] for name in names]
    lost = next((name for name, stem in zip(names, stems, strict=True) if stem not in known), None)
    if lost is not None or not names:
        what = f"says nothing of {lost}" if lost else "is there, but no picture"
        raise SourceError(f"{root}: the file of labels {what}", "fetch the split again, in full")
    classes = order or tuple(sorted(set(known.values())))
    unknown = next((known[stem] for stem in stems if known[stem] not in classes), None)
    if unknown is not None:
        raise _not_in_order(root, unknown, len(classes))
    return [(known[stem], [name]) for name, stem in zip(names, stems, strict=True)], classes


def _with_classes(
    root: Path, found: Pairs, order: tuple[str, ...] | None, spec: SourceSpec
) -> tuple[Pairs, tuple[str, ...]]:
    filled = [(name, pictures) for name, pictures in found if pictures]
    empty = [name for name, pictures in found if not pictures]
    if not filled:
        what = "pictures, but no class folders" if FolderListing().pictures_in(root) else "no class folders of pictures"
        raise SourceError(
            f"{root} holds {what}, and no file of labels that is known",
            f"give --in a list of paths and labels (CSV) with --data-dir {root}, or a folder of class folders",
        )
    if order is not None:
        unknown = next((name for name, _ in filled if name not in set(order)), None)
        if unknown is not None:
            raise _not_in_order(root, unknown, len(order))
        return filled, order
    if empty and spec.empty_classes == "refuse":
        some = ", ".join(empty[:MOST_SHOWN])
        raise SourceError(
            f"the class folder {root / empty[0]} holds no pictures (of {len(empty)} such folders: {some})",
            "give --empty-classes keep if these are classes, or --empty-classes skip if they are not",
        )
    kept = found if spec.empty_classes == "keep" else filled
    return filled, tuple(name for name, _ in kept)


def _not_in_order(root: Path, unknown: str, classes: int) -> SourceError:
    return SourceError(
        f"{root} has the class {unknown}, which is none of the {classes} classes of the training split, or of "
        "--classes-from",
        f"give --classes-from {root} if it has its own classes, or the folder or file that names all classes",
    )


def _printable(classes: tuple[str, ...], root: Path) -> tuple[str, ...]:
    """Return class names with what is not UTF-8 spelt out."""
    names = tuple(map(readable, classes))
    if len(set(names)) < len(set(classes)):
        raise SourceError(
            f"{root} has class folders whose names differ only in bytes that are not text", "rename one of them"
        )
    return names
