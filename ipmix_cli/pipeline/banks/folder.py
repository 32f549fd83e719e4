"""A bank as a plain folder of PNG files, in class folders if it is labelled."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from ipmix_cli.errors import WriteError
from ipmix_cli.storage.folder import clear_stale_parts, sync_folder, write_error
from ipmix_cli.storage.temporary import temporary_path

PNG_LEVEL = 1  # a third of the default's time for a tenth more bytes
RECIPES = ".bank.jsonl"  # hidden: readers of picture folders would stumble over it
SETTINGS = ".bank.json"


@dataclass(frozen=True)
class BankFolder:
    """A folder being written."""

    folder: Path
    class_names: list[str] | None

    def write(self, index: int, row: Mapping[str, Any]) -> None:
        """Write picture `index`, and a line with how it was made."""
        below = "" if self.class_names is None else self.class_names[row["labels"]]
        name = Path(below, f"{index:06d}.png")
        done, png = cv2.imencode(".png", row["images"][..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
        assert done, "OpenCV encodes every uint8 picture"
        (self.folder / name).write_bytes(png.tobytes())
        line = {
            "file": name.as_posix(),
            "recipe": json.loads(row["params"]),
            "attempts": row["attempts"],
            "rejected": row["rejected"].decode().split(),
        }
        with (self.folder / RECIPES).open("a") as file:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


@contextlib.contextmanager
def bank_folder(path: Path, settings: Mapping[str, Any], class_names: list[str] | None = None) -> Iterator[BankFolder]:
    """Give a folder to write to; it appears under `path` when the block ends well, and is gone if it fails.

    Parameters
    ----------
    path : Path
        The folder; a bank that is there is replaced, and nothing else is.
    settings : Mapping
        Stored as hidden JSON.
    class_names : list of str or None
        Given, the pictures lie in folders with these names.

    Raises
    ------
    WriteError
        When the disk is full, or the place cannot be written.
    """
    if path.exists() and not _replaceable(path):
        raise WriteError(f"{path} exists and is not a bank of pictures", "give another --out: it will not be replaced")
    temporary = temporary_path(path)
    try:
        if path.parent.is_dir():
            clear_stale_parts(path)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        for name in class_names or ():
            (temporary / name).mkdir()
        (temporary / SETTINGS).write_text(json.dumps(dict(settings), sort_keys=True, indent=1) + "\n")
        yield BankFolder(temporary, class_names)
        _sync(temporary)
        if path.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Sync every file of a folder to the disk, so that a full disk is noticed before the folder is renamed."""
    for place, _, names in os.walk(folder):
        for name in names:
            with Path(place, name).open("r+b") as file:
                os.fsync(file.fileno())


def _replaceable(path: Path) -> bool:
    """Tell whether a folder is a bank, or empty: everything below it is about to be removed."""
    return path.is_dir() and ((path / SETTINGS).is_file() or not any(path.iterdir()))
