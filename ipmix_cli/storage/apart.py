"""Whether two places lie one inside the other: what is read must not be written into."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

from ipmix_cli.errors import UsageError


def check_apart(out: str, place: str, option: str) -> None:
    """Refuse an output folder that holds what is read, or lies in the folder that is read.

    Parameters
    ----------
    out : str
        The output folder, which need not exist.
    place : str
        A path or a URL; a name that is not an existing path is left alone.
    option : str
        The option that names the place.

    Raises
    ------
    UsageError
        If one lies inside the other; links are followed.
    """
    if "://" in out or "://" in place:
        if not ("://" in out and "://" in place):
            return
        target, origin = _plain_url(out), _plain_url(place)
    elif os.path.lexists(Path(place).expanduser()):
        target, origin = (os.path.realpath(Path(path).expanduser()) for path in (out, place))
    else:
        return
    if _inside(target, origin):
        raise UsageError(f"--out {out} lies inside {option} {place}, which is read", "give --out a folder beside it")
    if _inside(origin, target):
        raise UsageError(
            f"{option} {place} lies inside --out {out}, which is written", "give --out a folder of its own"
        )


def lies_inside(path: str, folder: str) -> bool:
    """Return whether a path, which need not exist, is a folder or lies in it; links are followed where they lead.

    >>> lies_inside("data/set/../other", "data/set"), lies_inside("data/set/page.html", "data/set")
    (False, True)
    """
    return _inside(os.path.realpath(path), os.path.realpath(folder))


def _plain_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{posixpath.normpath(rest)}"


def _inside(path: str, folder: str) -> bool:
    """Return whether a path is a folder or lies in it.

    >>> _inside("/data/in/out", "/data/in"), _inside("/data/input", "/data/in")
    (True, False)
    """
    return path == folder or path.startswith(folder.rstrip("/") + "/")
