"""README and docs: their examples run, their links lead somewhere, and they name every command."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ipmix_cli.cli.group import COMMANDS
from tests.fixtures.forks import Forks

REPOSITORY = Path(__file__).parents[1]
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((REPOSITORY / "docs").glob("*.md")),
]
WITH_EXAMPLES = [
    "README.md",
    "docs/index.md",
    "docs/recipes.md",
    "docs/algorithm.md",
    "docs/formats.md",
    "docs/inputs.md",
]
FENCE = re.compile(r"^(?P<note><!-- not run: .*-->\n)?```(?P<language>bash|python)\n(?P<code>.*?)^```$", re.M | re.S)
INSTALLS = re.compile(r"\b(pip install|python3? -m (venv|pytest)|bin/activate)\b")


@dataclass(frozen=True)
class Example:
    """One fenced block of a page."""

    page: Path
    line: int
    language: str
    code: str
    runs: bool


def examples(page: Path) -> Iterator[Example]:
    text = page.read_text()
    for found in FENCE.finditer(text):
        line = text[: found.start()].count("\n") + 1
        yield Example(page, line, found["language"], found["code"], found["note"] is None)


def without_installing(code: str) -> str:
    """The commands of a block but for those that install packages or run all tests; ipmix is that of this checkout."""
    parts = [part for line in code.splitlines() for part in line.split(" && ")] if INSTALLS.search(code) else [code]
    return "\n".join(part for part in parts if not INSTALLS.search(part))


@pytest.fixture
def place(tmp_path: Path, cifar: Path, photographs: Path, training_forks: Forks) -> Path:
    """A folder to work in: CIFAR in data/, four photographs in photos/, and the program in bin/."""
    (tmp_path / "data").symlink_to(cifar)
    some = sorted(photographs.glob("*/*.JPEG"))
    for number, picture in enumerate([*some[:2], *some[-2:]]):
        target = tmp_path / "photos" / ("one" if number < 2 else "two") / f"{'ab'[number % 2]}.JPEG"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, target)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "ipmix"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(training_forks.command("-m", "ipmix_cli"))} "$@"\n')
    program.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("name", WITH_EXAMPLES)
@pytest.mark.timeout(900)
def test_examples_run(name: str, place: Path, training_forks: Forks) -> None:
    environment = {**os.environ, "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    here = {"cwd": place, "env": environment, "timeout": 600}
    if name == "docs/formats.md":
        make = "ipmix augment --in demo --limit 40 --copies 2 --samples-per-shard 20 -q --out shards"
        others = [f"{make}-{form} --format {form}" for form in ("parquet", "cifar")]
        for command in (make, *others):
            subprocess.run(["bash", "-c", command], cwd=place, env=environment, check=True, capture_output=True)
    for example in examples(REPOSITORY / name):
        if not example.runs or _needs_absent_package(example.code):
            continue
        code = without_installing(example.code) if example.language == "bash" else example.code
        if example.language == "bash":
            command = ["bash", "-euo", "pipefail", "-c", code]
            done = subprocess.run(command, **here, capture_output=True, text=True, check=False)
        else:
            done = training_forks.run(["-c", code], **here)
        assert done.returncode == 0, f"{name}:{example.line}\n{code}\n{done.stdout}\n{done.stderr}"


def _needs_absent_package(code: str) -> bool:
    names = re.findall(r"^(?:from|import) (torch|webdataset|datasets|pyarrow)\b", code, re.M)
    return any(importlib.util.find_spec(name) is None for name in names)


def test_every_page_with_examples_is_run() -> None:
    """A page outside the list has no example that could be run, or belongs to a test of its own."""
    others = {page for page in PAGES if str(page.relative_to(REPOSITORY)) not in WITH_EXAMPLES}
    running = {page.name for page in others if any(e.runs and e.language == "python" for e in examples(page))}
    assert running <= {"fractals.md", "scaling.md", "training.md"}  # tests/reader runs the recipes


def test_every_command_is_in_the_readme() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    assert [name for name in COMMANDS if f"`ipmix {name}`" not in readme] == []


def test_the_reference_is_what_the_program_says() -> None:
    spec = importlib.util.spec_from_file_location("write_commands", REPOSITORY / "docs" / "write_commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text() == module.reference(), "type: python docs/write_commands.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(there), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_is_in_the_navigation_and_in_the_index() -> None:
    """mkdocs builds what is in docs/; a page that nothing leads to is not read."""
    navigation = (REPOSITORY / "mkdocs.yml").read_text()
    index = (REPOSITORY / "docs" / "index.md").read_text()
    names = [page.name for page in (REPOSITORY / "docs").glob("*.md")]
    assert [name for name in names if name not in navigation] == []
    assert [name for name in names if name != "index.md" and f"({name})" not in index] == []


def test_pictures_of_the_docs_are_small() -> None:
    sizes = [path.stat().st_size for path in (REPOSITORY / "docs" / "images").iterdir()]
    assert max(sizes) < 700_000
    assert sum(sizes) < 4_000_000
