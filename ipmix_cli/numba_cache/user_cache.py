"""Where what is made once per machine lies: in the user's cache, or where that is read-only in a temporary folder."""

from __future__ import annotations

import os
import stat
import tempfile
import warnings
from pathlib import Path


class CacheWarning(UserWarning):
    """A file in the cache is not what was written there; it is made again."""


def tell_damaged(path: Path) -> None:
    """Say, as a warning, that a file of the cache was damaged and is made again."""
    warnings.warn(f"{path} was damaged and is made again", CacheWarning, stacklevel=3)


def writable_folder(*names: str) -> Path | None:
    """Return, and make, a folder in the user's cache, or in a temporary one where that is read-only."""
    return next(iter(writable_folders(*names)), None)


def writable_folders(*names: str) -> list[Path]:
    """Return, and make, the folders that :func:`writable_folder` chooses from: the second may do where one is full."""
    roots = (user_cache(), private_temporary_folder())
    folders = [root.joinpath(*names) for root in roots if root is not None]
    return [folder for folder in folders if _is_writable(folder)]


def user_cache() -> Path:
    """Return ipmix's folder in the user's cache: ``$IPMIX_CACHE_DIR``, else such as ``~/.cache/ipmix``."""
    if own := os.environ.get("IPMIX_CACHE_DIR"):
        return Path(own)
    from platformdirs import user_cache_path

    return user_cache_path("ipmix", appauthor=False)


def private_temporary_folder() -> Path | None:
    """Return a folder in the temporary folder that no other user can have prepared: cached code is executed."""
    try:
        folder = Path(tempfile.gettempdir()) / f"ipmix-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    mine = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return folder if mine and stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o022 else None


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
