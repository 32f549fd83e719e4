"""Workers, of the program's fork server or a library's user: none outlives the main process, or runs a script again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="workers are found in /proc")

SCRIPT = """\
print("the script runs")
from ipmix_cli.cli.app import main
main()
"""

LIBRARY = """\
import sys
import ipmix_cli
data, bank, out = sys.argv[1:]
ipmix_cli.augment(
    ipmix_cli.Request(
        source=ipmix_cli.SourceSpec(input="cifar10", data_dir=data), fractals=bank, samples_per_shard=10, limit=200
    ),
    out,
    ipmix_cli.Execution(jobs=2),
)
"""


@pytest.fixture
def words(cifar, bank, tmp_path):
    data = ["--in", "cifar10", "--data-dir", cifar, "--limit", 200, "--fractals", bank]
    options = ["--samples-per-shard", 10, "--copies", 6, "--quiet", "--jobs", 2]
    return lambda out: [*map(str, ["augment", *data, *options, "--out", tmp_path / out])]


def parent_of(process: str) -> str:
    return Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[1]


def workers_of(session: int, living) -> list[int]:
    """Return the forks of the fork server, which is itself a child of the program."""
    found = []
    for process in living(session):
        try:
            grandparent = parent_of(parent_of(process))
        except OSError:
            continue
        if grandparent == str(session):
            found.append(int(process))
    return found


def test_a_worker_that_is_killed_costs_nothing(words, living, ipmix, tmp_path, digests):
    ipmix(*words("whole"))
    process = subprocess.Popen([sys.executable, "-m", "ipmix_cli", *words("killed")], start_new_session=True)
    end, workers = time.monotonic() + 60, []
    while not workers and process.poll() is None and time.monotonic() < end:
        workers = workers_of(process.pid, living)
    assert workers, "there was no worker to kill"
    os.kill(workers[0], signal.SIGKILL)
    assert process.wait(120) == 0
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


def test_a_script_that_runs_the_program_is_run_once(words, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), *words("shards")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the script runs") == 1
    assert (tmp_path / "shards" / "manifest.json").is_file()


def test_workers_of_the_library_end_with_the_program_that_uses_it(cifar, bank, living, tmp_path):
    script, out = tmp_path / "script.py", tmp_path / "shards"
    script.write_text(LIBRARY)
    command = [sys.executable, str(script), str(cifar), str(bank), str(out)]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not list(out.glob("train-*.h5")) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    process.kill()
    _, errors = process.communicate()
    while living(process.pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert not living(process.pid), "workers have outlived the main process"
    assert "Traceback" not in errors
    assert list(out.glob("train-*.h5"))
