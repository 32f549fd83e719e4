"""Which folder's sub folders are the classes: the one reading of a tree, or a refusal that shows two."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ipmix_cli.errors import SourceError, UsageError
from ipmix_cli.sources.flat_split import has_flat_labels
from ipmix_cli.sources.folders import FolderListing, has_pictures, holds_own_output, holds_pictures
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.split_names import SPLIT_NAMES, WANTED, exact_kind, loose_kind, rest_of

CONTAINERS = {"images", "image", "imgs", "img", "jpegimages", "jpegs"}
"""Names of folders that hold the pictures of all classes."""

MOST_SHOWN = 5  # names in a message
MOST_LOOKED_AT = 50  # sub folders of a folder: enough to see what they have in common


@dataclass(frozen=True)
class Layout:
    """Where a split of a data set lies.

    Parameters
    ----------
    root : Path
        The folder whose sub folders are classes, or that holds a flat split.
    split : str, optional
        The split's name where the folders tell it.
    train : Path, optional
        The folder of the training split beside it, whose classes these are too.
    """

    root: Path
    split: str | None = None
    train: Path | None = None


def find_layout(spec: SourceSpec, listing: FolderListing) -> Layout:
    """Return where the classes of a split lie.

    Raises
    ------
    SourceError
        If there is nothing, or a tree can be read in two ways: both are shown.
    UsageError
        For a ``--split-folder`` that is not below the input.
    """
    given = Path(spec.input).absolute()
    if holds_own_output(given):
        raise SourceError(
            f"{given} holds a data set that ipmix made: its pictures are copies",
            "name the folder of the original pictures with --in",
        )
    if spec.split_folder is not None:
        return _named_folder(given, spec.split_folder)
    look = _Tree(listing, given)
    layout = look.descend(given, spec.split)
    if layout.split is None and spec.split != "train":
        raise SourceError(
            f"{given} has no folders of splits, so no {spec.split} split",
            "leave out --split, or name the folder of that split's classes with --split-folder",
        )
    return layout


def split_or_all(location: str, split: str) -> str:
    """Return the split to read where none was asked for: `split`, but of a folder without splits all that it holds."""
    folder = Path(location).expanduser()
    if not folder.is_dir():
        return split
    try:
        whole = find_layout(SourceSpec(input=str(folder)), FolderListing()).split is None
    except SourceError:  # it has only other splits, or is not a folder of classes: opening it tells
        return split
    return SourceSpec.split if whole else split


def _named_folder(given: Path, below: str) -> Layout:
    root = given / below
    inside = root == given or given in root.parents
    if ".." in Path(below).parts or not inside or not root.is_dir():
        raise UsageError(f"--split-folder {below}: there is no such folder below {given}", "name a folder below --in")
    kind = exact_kind(root.name) if root != given else None
    return Layout(root, split=_split_name(root.name, kind) if kind else None)


class _Tree:
    """Looks at folders, and at each one as seldom as possible."""

    def __init__(self, listing: FolderListing, given: Path) -> None:
        self._listing = listing
        self._given = given
        self._folders: dict[Path, list[str]] = {}

    def folders(self, folder: Path) -> list[str]:
        """Return the sub folders of a folder."""
        if folder not in self._folders:
            self._folders[folder] = FolderListing().folders(folder)
        return self._folders[folder]

    def descend(self, folder: Path, split: str) -> Layout:
        """Return the layout of a folder: of its splits, of its only sub folder, or its own."""
        names = self.folders(folder)
        if has_flat_labels(folder):
            return Layout(folder, train=self._train_beside(folder))
        splits = self._splits(folder)
        if splits:
            return self._chosen(folder, splits, split)
        if len(names) == 1 and not has_pictures(folder):
            only = folder / names[0]
            if self._splits(only) or (self._wraps(only) and self._ends_in_splits(only)):
                return self.descend(only, split)
        root = self._classes_below(folder)
        return Layout(root, train=self._train_beside(root))

    def _classes_below(self, folder: Path) -> Path:
        """Return the folder whose sub folders are the classes: this one, or the folder of all pictures in it."""
        names = self.folders(folder)
        if len(names) == 1 and not has_pictures(folder):
            only = folder / names[0]
            if only.name.lower() in CONTAINERS and sum(holds_pictures(only / name) for name in self.folders(only)) > 1:
                return self._classes_below(only)
            self._refuse_wrapper(folder, only)
        self._refuse_other_readings(folder, names)
        return folder

    def _option(self, folder: Path) -> str:
        """Return the option that takes the sub folders of a folder for the classes."""
        return f"--split-folder {folder.relative_to(self._given)}"

    def _wraps(self, folder: Path) -> bool:
        return len(self.folders(folder)) == 1 and not has_pictures(folder)

    def _ends_in_splits(self, folder: Path) -> bool:
        only = folder / self.folders(folder)[0]
        return bool(self._splits(only)) or (self._wraps(only) and self._ends_in_splits(only))

    def _splits(self, folder: Path) -> dict[str, str]:
        """Return the sub folders that are splits, and of which kind; empty where sub folders are something else.

        One that is called "train" is a split where classes lie below it, or where another split stands beside it; so is
        one that is called like "seg_train", if it is alone or another has the rest of its name.
        """
        names = self.folders(folder)
        exact = {name: kind for name in names if (kind := exact_kind(name))}
        loose = {name: kind for name in names if (kind := loose_kind(name))}
        for found, known in ((exact, exact_kind), (loose, loose_kind)):
            splits = self._with_one_rest(found) if known is loose_kind else found
            if self._are_splits(folder, splits, names):
                return splits
        return {}

    def _with_one_rest(self, found: dict[str, str]) -> dict[str, str]:
        rests = {rest_of(name) for name in found}
        return found if len(rests) == 1 else {}

    def _are_splits(self, folder: Path, splits: dict[str, str], names: list[str]) -> bool:
        below = [name for name in splits if self.folders(folder / name)]
        others = [name for name in names if name not in splits]
        if not splits or not others:
            return bool(splits)
        if not below or len(set(splits.values())) > 1:
            return bool(below)
        others_beside = [name for name in others if holds_pictures(folder / name)]
        if others_beside:
            raise two_readings(
                folder,
                f"splits ({_some(list(splits))}) with classes below them, and {_some(others_beside)} beside them",
                f"classes: {_some(names)}",
                f"{self._option(folder / below[0])}, or {self._option(folder)} for the classes",
            )
        return True

    def _chosen(self, folder: Path, splits: dict[str, str], split: str) -> Layout:
        """Return the split that is asked for; the classes of a split are those of the training split beside it."""
        wanted = WANTED.get(split, ())
        found = [name for kind in wanted for name in splits if splits[name] == kind]
        exact = [name for name in SPLIT_NAMES.get(split, (split,)) if name in splits]
        if not found and split in splits:
            found = [split]
        if not found:
            raise SourceError(f"{folder} has no {split} split, only {', '.join(splits)}", "choose another --split")
        name = (exact or found)[0]
        same = [other for other in found if splits[other] == splits[name]]
        if len(same) > 1:
            raise two_readings(
                folder,
                f"the {split} split is {same[0]}",
                f"the {split} split is {same[1]}",
                self._option(folder / same[0]),
            )
        train = next((other for other in splits if splits[other] == "train" and other != name), None)
        for other in self.folders(folder):
            if other not in splits:
                self._listing.passed[f"folder {other}"] += 1
        root = self._unwrapped(folder / name)
        if not has_flat_labels(root):
            root = self._classes_below(root)
        return Layout(root, _split_name(name, splits[name]), None if train is None else self._unwrapped(folder / train))

    def _unwrapped(self, folder: Path) -> Path:
        """Return the folder of the same name that a split holds, as some archives have it; else the split itself."""
        names = self.folders(folder)
        kind = loose_kind(folder.name)
        only = folder / names[0] if len(names) == 1 else folder
        return self._unwrapped(only) if only != folder and loose_kind(only.name) == kind is not None else folder

    def _train_beside(self, folder: Path) -> Path | None:
        """Return the training split that lies beside a folder that is another split."""
        for here in (folder, folder.parent):
            kind = loose_kind(here.name)
            if kind in {None, "train"} or kind != loose_kind(folder.name) or here.parent == here:
                continue
            for name in FolderListing().folders(here.parent):
                if loose_kind(name) == "train" and rest_of(name) == rest_of(here.name):
                    return self._unwrapped(here.parent / name)
        return None

    def _refuse_wrapper(self, folder: Path, only: Path) -> None:
        """Refuse one folder of folders: it may be the only class, or hold the classes."""
        below = self.folders(only)
        if len(below) > 1 and not has_pictures(only) and any(holds_pictures(only / name) for name in below):
            raise two_readings(
                folder,
                f"one class, {only.name}",
                f"{len(below)} classes in {only.name}: {_some(below)}",
                f"{self._option(only)}, or {self._option(folder)} for one class",
            )

    def _refuse_other_readings(self, folder: Path, names: list[str]) -> None:
        containers = [name for name in names if name.lower() in CONTAINERS]
        if containers:
            raise two_readings(
                folder,
                f"{containers[0]} is a class",
                f"{containers[0]} holds the pictures of all classes, and their labels stand elsewhere",
                f"{self._option(folder)} if it is a class; else give --in a list of paths and labels (CSV)",
            )
        looked_at = names[:MOST_LOOKED_AT]
        below = [set(self.folders(folder / name)) for name in looked_at]
        if len(below) < 2 or any(has_pictures(folder / name) for name in looked_at):
            return
        common = set.intersection(*below)
        kinds = {exact_kind(name) for name in common} - {None}
        if len(common) >= 2 and (len(kinds) >= 2 or all(common == found for found in below)):
            raise two_readings(
                folder,
                f"classes: {_some(names)}",
                f"each of them holds the same folders, which may be classes or splits: {_some(sorted(common))}",
                f"{self._option(folder)}, or {self._option(folder / names[0])} for the folders of one of them",
            )


def two_readings(folder: Path | str, first: str, second: str, options: str) -> SourceError:
    """Return the error for a tree that can be read in two ways."""
    return SourceError(f"{folder} can be read in two ways: 1. {first}; 2. {second}", f"choose with {options}")


def _split_name(name: str, kind: str) -> str:
    """Return what the shards of a split are called: as its folder where that is a usual name, else its kind."""
    usual = {usual for names in SPLIT_NAMES.values() for usual in names}
    return name if name in usual else kind


def _some(names: list[str]) -> str:
    more = f" ... ({len(names)})" if len(names) > MOST_SHOWN else ""
    return f"{', '.join(names[:MOST_SHOWN])}{more}"
