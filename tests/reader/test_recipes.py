"""The recipes of docs/training.md run, with what is installed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.forks import Forks

PAGE = Path(__file__).parents[2] / "docs" / "training.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
OTHERS = ("torch", "torchvision", "timm", "lightning", "transformers", "accelerate", "PIL")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, ipmix: Callable[..., Any], bank: Path) -> Path:
    """A folder with the page's data set, made with a small bank."""
    folder = tmp_path_factory.mktemp("recipes")
    ipmix("augment", "--in", "demo", "--limit", 64, "--copies", 4, "--fractals", bank, "--out", folder / "demo-shards")
    return folder


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_recipe_runs(place: Path, number: int, bank: Path, training_forks: Forks) -> None:
    code = BLOCKS[number].replace('mixing="builtin"', f"mixing={str(bank)!r}")
    for package in OTHERS:
        if re.search(rf"^(import|from) {package}\b", code, re.M):
            pytest.importorskip(package)
    script = place / f"recipe{number}.py"
    guarded = "".join(f"    {line}" if line.strip() else line for line in code.splitlines(keepends=True))
    script.write_text(f"if __name__ == '__main__':\n{guarded}")
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONWARNINGS": "ignore"}
    done = training_forks.run([str(script)], cwd=place, env=environment, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_page_has_the_recipes_that_people_look_for() -> None:
    text = PAGE.read_text()
    for word in ("DistributedSampler", "Lightning", "timm", "Hugging Face", "torchvision", "Grain", "DALI"):
        assert word in text
    assert len(BLOCKS) >= 9
