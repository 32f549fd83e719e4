"""Where what is made once per machine lies: in the user's cache, or where that is read-only in a temporary folder."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def writable_folder(*names: str) -> Path | None:
    """Return, and make, a folder in the user's cache, or in a temporary one where that is read-only."""
    for root in (user_cache(), private_temporary_folder()):
        if root is not None and _is_writable(root.joinpath(*names)):
            return root.joinpath(*names)
    return None


def user_cache() -> Path:
    """Return ipmix's folder in the user's cache: ``$IPMIX_CACHE_DIR``, else ``$XDG_CACHE_HOME/ipmix``."""
    if own := os.environ.get("IPMIX_CACHE_DIR"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "ipmix"


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
