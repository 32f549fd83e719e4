"""Signals that ask a run to stop: an exit code, two lines, no worker left, and the same command goes on."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CODES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGUSR1: 138}


@pytest.fixture(scope="module")
def long_run(cifar: Path, bank: Path):
    """Start a run that lasts a while, in a session of its own."""

    def start(out: Path, jobs: int, *words: str, copies: int = 200) -> subprocess.Popen[str]:
        options = ["--data-dir", cifar, "--samples-per-shard", 10, "--copies", copies]
        options += ["--fractals", bank, "--jobs", jobs]
        command = [sys.executable, "-m", "ipmix_cli", "augment", "--in", "cifar10", "--out", out, *options, *words]
        return subprocess.Popen(
            list(map(str, command)),
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def wait_for_a_shard(out: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the first shard is there."""
    end = time.monotonic() + 120
    while not list(out.glob("train-*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
@pytest.mark.parametrize(("jobs", "to_all"), [(1, True), (2, False), (2, True)])
def test_a_signal_stops_a_run_cleanly(living, number, jobs, to_all, long_run, tmp_path):
    """Sent to the main process, as kill does, or to all of its group, as a terminal and Slurm do."""
    out = tmp_path / "out"
    process = long_run(out, jobs, "--quiet")
    wait_for_a_shard(out, process)
    (os.killpg if to_all else os.kill)(process.pid, number)
    told = process.communicate(timeout=60)
    assert process.returncode == CODES[number]
    assert told[0] == ""
    assert told[1].splitlines() == [
        f"ipmix: stopped: by {number.name}",
        "ipmix: what to do: what was committed is kept: repeat the same command to resume",
    ]
    assert not list(out.rglob("*.part"))
    assert not (out / "manifest.json").exists()
    end = time.monotonic() + 20  # the process that tracks joblib's semaphores ends a moment later
    while living(process.pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert living(process.pid) == []


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(ipmix, cifar, bank, tmp_path, digests, long_run):
    long_run = functools.partial(long_run, copies=20)
    limit = ["--limit", "250", "--quiet"]
    whole = long_run(tmp_path / "whole", 1, *limit)
    whole.communicate(timeout=120)
    assert whole.returncode == 0
    process = long_run(tmp_path / "out", 2, *limit)
    wait_for_a_shard(tmp_path / "out", process)
    process.terminate()
    process.communicate(timeout=60)
    again = long_run(tmp_path / "out", 2, *limit)
    again.communicate(timeout=120)
    assert again.returncode == 0
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def test_nohup_is_respected(long_run, tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # children have it too, as under nohup
    try:
        process = long_run(tmp_path / "out", 1, "--limit", "60", "--quiet")
    finally:
        signal.signal(signal.SIGHUP, before)
    wait_for_a_shard(tmp_path / "out", process)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=120)
    assert process.returncode == 0
