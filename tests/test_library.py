"""The public names: each is there, each is typed, the documented examples run."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fractals
import ipmix_cli

MODULES = sorted(
    module.name
    for package in (ipmix_cli, fractals)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith(("__main__", "worker_preload"))  # both act when they are imported
)


@pytest.mark.parametrize("name", ipmix_cli.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(ipmix_cli, name).__doc__
    assert name in dir(ipmix_cli)


def test_type_checkers_know_the_same_names() -> None:
    tree = ast.parse(Path(ipmix_cli.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    froms = [node for node in block.body if isinstance(node, ast.ImportFrom) and node.module != "typing"]
    imported = {alias.name: node.module for node in froms for alias in node.names}
    assert imported == ipmix_cli._PUBLIC
    assert sorted(ipmix_cli.__all__) == sorted(imported)
    assert all((Path(package.__file__).parent / "py.typed").is_file() for package in (ipmix_cli, fractals))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ipmix_cli.nothing


def test_importing_the_library_imports_nothing_heavy() -> None:
    heavy = ("numpy", "numba", "h5py", "cv2", "typer")
    code = f"import sys, ipmix_cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", ["ipmix_cli", "fractals", *MODULES])
def test_documented_examples_run(name: str, tmp_path: Path) -> None:
    module = importlib.import_module(name)
    globs = {**vars(module), "folder": tmp_path, "np": np}
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    for test in finder.find(module, name, globs=globs):
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
