"""Forged records and damaged inputs are read or refused, each example in bounded memory and time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(("kind", "examples"), [("records", 250), ("readers", 250), ("folders", 25)])
def test_every_example_is_read_or_refused(kind: str, examples: int) -> None:
    command = [sys.executable, "-m", "tests.robustness.fuzzing", kind, str(examples), "0"]
    found = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=900)
    assert found.returncode == 0, (found.stdout + found.stderr)[-4000:]
    assert f"{examples} examples from seed 0, 0 failed" in found.stdout
