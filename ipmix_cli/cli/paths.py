"""Paths as they are typed: made such that every command, and every line that it prints, means the same place."""

from __future__ import annotations

import os
from typing import Any

KINDS = ("PATH", "DIR", "FILE", "BANK_OR_FOLDER", "PREDICTIONS...", "[MODEL.onnx]", "SHEET.png")
"""What values that are paths are called in help pages."""


def plain_path(text: str) -> str:
    """Return a path without ``~`` in front, and without folders that do not exist before a ``..``.

    The system refuses ``absent/../name``, whereas a program that makes the folders of a path would open ``name``.
    Folders that are there keep their ``..``, as they may be links. URLs and names of data sets stay as they are.

    Examples
    --------
    >>> plain_path("absent/../shards/"), plain_path("../shards"), plain_path("s3://bucket/a/../b")
    ('shards/', '../shards', 's3://bucket/a/../b')
    """
    if "://" in text:
        return text
    text = os.path.expanduser(text)  # noqa: PTH111 - a Path would lose the trailing slash
    kept: list[str] = []
    for name in text.split("/"):
        if name == ".." and kept and kept[-1] not in ("", ".", "..") and not os.path.lexists("/".join(kept)):
            kept.pop()
        else:
            kept.append(name)
    return "/".join(kept) or "."


def plain_paths(values: dict[str, Any], parameters: list[Any]) -> None:
    """Replace the paths among a command's values by plain ones."""
    for parameter in parameters:
        value = values.get(parameter.name)
        if parameter.metavar in KINDS and value:
            several = isinstance(value, list | tuple)
            values[parameter.name] = [plain_path(one) for one in value] if several else plain_path(value)
