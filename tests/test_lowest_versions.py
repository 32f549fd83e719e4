"""The run with the lowest versions installs what pyproject.toml calls the lowest ones."""

from __future__ import annotations

import re
from pathlib import Path

from ipmix_cli.cli.job_file import tomllib

REPOSITORY = Path(__file__).parents[1]
REQUIREMENT = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[\w+\])?>=([\d.]+)")


def floors() -> dict[str, str]:
    """The lowest version of each package that ipmix needs, or that its tests and extras may use."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    groups = [project["optional-dependencies"][name] for name in ("parquet", "onnx", "s3", "dev")]
    found = [REQUIREMENT.match(text) for group in (*groups, project["dependencies"]) for text in group]
    return {one[1]: one[2] for one in found if one is not None}


def pinned() -> dict[str, str]:
    lines = (REPOSITORY / "tests" / "lowest-versions.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_each_dependency_is_pinned_to_its_floor() -> None:
    needed = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {REQUIREMENT.match(text)[1] for text in needed}
    assert names <= pinned().keys()


def test_what_is_pinned_is_the_floor_of_pyproject() -> None:
    lowest = floors()
    others = {"click": "8.1.7"}  # typer's
    for name, version in pinned().items():
        floor = others.get(name) or lowest[name]
        assert f"{version}.".startswith(f"{floor}."), f"{name}: {version} is not {floor}"


def test_the_workflow_runs_them() -> None:
    workflow = (REPOSITORY / ".github" / "workflows" / "ci.yml").read_text()
    assert "nox -s lowest" in workflow
    assert "def lowest(" in (REPOSITORY / "noxfile.py").read_text()
