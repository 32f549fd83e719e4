"""What a far-away worker and a job of ten thousand shards need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ipmix_cli.pipeline.banks import bank as bank_module
from ipmix_cli.pipeline.banks.mixing import open_bank

REPOSITORY = Path(__file__).parents[2]


def test_a_worker_on_a_machine_without_the_built_in_bank_makes_it(tmp_path, monkeypatch):
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(bank_module, "BUILT_IN", {64: 3})
    open_bank.cache_clear()
    assert len(open_bank("builtin:36").shapes) == 3
    assert len(list((tmp_path / "banks").glob("64px-*.h5"))) == 1
    open_bank.cache_clear()


def test_the_rehearsal_of_a_large_job_runs():
    command = [sys.executable, str(REPOSITORY / "benchmarks" / "scale.py")]
    small = ["--pictures", "300", "--shards", "60", "--copies", "1", "--jobs", "1"]
    done = subprocess.run([*command, *small], capture_output=True, text=True, timeout=200, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    assert "60 shards, 300 copies" in done.stdout
    assert "most memory of the driver" in done.stdout
