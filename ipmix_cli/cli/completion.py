"""What a shell completes the names of a table to."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any


def completion(names: Sequence[str], several: bool) -> Any:
    """Return what completes names, several of them with commas between; if none fits, the shell offers files."""

    def completed(_ctx: Any, incomplete: str) -> list[Any]:
        return [_item(text) for text in completed_texts(names, several, incomplete)]

    return completed


def completed_texts(names: Sequence[str], several: bool, incomplete: str) -> list[str]:
    """Return what a text may be completed to: one of the names, or several of them with commas between.

    Examples
    --------
    >>> completed_texts(["rotate", "shear_x", "shear_y"], True, "rotate,sh")
    ['rotate,shear_x', 'rotate,shear_y']
    """
    done, comma, last = incomplete.rpartition(",") if several else ("", "", incomplete)
    return [f"{done}{comma}{name}" for name in names if name.startswith(last)]


def _item(text: str) -> Any:
    """Return what a shell is offered; newer typer has click inside."""
    try:
        module = importlib.import_module("typer._click.shell_completion")
    except ImportError:
        module = importlib.import_module("click.shell_completion")
    return module.CompletionItem(text)
