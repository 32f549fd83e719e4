"""How many workers a command starts if it is not told."""

from __future__ import annotations

import os

import pytest

from ipmix_cli.cli.execution_options import available_cpus


def test_there_are_as_many_workers_as_the_process_may_use_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT")
    assert 1 <= available_cpus() <= len(os.sched_getaffinity(0))
    monkeypatch.setattr("joblib.cpu_count", lambda: 64)
    assert available_cpus() == 64
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "4")
    assert available_cpus() == 4
