"""Which Parquet files of a folder belong to a split, in the layouts of the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.split_names import SPLIT_NAMES, exact_kind

SPLITS = tuple(dict.fromkeys(name for names in SPLIT_NAMES.values() for name in names))


def files_below(folder: Path) -> list[Path]:
    """Return the Parquet files in a folder, in its ``data``, or in folders of splits or configurations."""
    for pattern in ("*.parquet", "data/*.parquet", "*/*.parquet", "*/*/*.parquet"):
        found = [path for path in sorted(folder.glob(pattern)) if not path.name.startswith(".")]
        if found:
            return found
    return []


def files_of_split(folder: Path, split: str) -> list[Path]:
    """Return the files of a split.

    Raises
    ------
    SourceError
        Where there are none, or several configurations.
    """
    files = files_below(folder)
    if not files:
        raise SourceError(f"there are no Parquet files in {folder}", "name the folder that holds them, or one file")
    _check_one_configuration(folder, files)
    for name in SPLIT_NAMES.get(split, (split,)):
        chosen = [path for path in files if _belongs(path, folder, name)]
        if chosen:
            return chosen
    if split == "train" and not any(_belongs(path, folder, name) for path in files for name in SPLITS):
        return files
    there = ", ".join(str(path.relative_to(folder)) for path in files[:10])
    raise SourceError(f"{folder} has no files of the {split} split; it has: {there}", "choose another --split")


def _belongs(path: Path, folder: Path, split: str) -> bool:
    return path.name.startswith(split) or (path.parent != folder and path.parent.name == split)


def _check_one_configuration(folder: Path, files: list[Path]) -> None:
    first = [path.relative_to(folder).parts[0] for path in files if path.parent != folder]
    names = sorted({name for name in first if exact_kind(name) is None})
    if len(names) > 1:
        raise SourceError(
            f"{folder} holds several configurations: {', '.join(names)}", f"name one of them: --in {folder / names[0]}"
        )
