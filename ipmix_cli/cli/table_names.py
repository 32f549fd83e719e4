"""The names in a table of the program, such as the output formats, read from its source where that is possible.

Importing the tables would load numpy and more, which a help page and a shell's completion would wait for.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import ipmix_cli

ROOT = Path(ipmix_cli.__file__).parent.parent


def table_names(place: str) -> list[str]:
    """Return the keys of a dict, or the items of a tuple, that ``module:name`` says the place of.

    Examples
    --------
    >>> table_names("ipmix_cli.codecs.codecs:CODECS")
    ['raw', 'png', 'webp', 'jpeg']
    """
    module, _, name = place.partition(":")
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    found = None if not path.is_file() else _literal_names(ast.parse(path.read_bytes()), name)
    return list(getattr(importlib.import_module(module), name)) if found is None else found


def _literal_names(tree: ast.Module, name: str) -> list[str] | None:
    """Return the names in a table that is assigned in a module; None unless each is written out there."""
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value = getattr(statement, "value", None)
            names = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [None])
            known = [item.value for item in names if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            return known if len(known) == len(names) else None
    return None
