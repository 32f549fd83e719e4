"""Dask and Ray: the bytes of one plain run, also where a worker is killed half-way; a task that kills all is named."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ipmix_cli.errors import IpmixError, UsageError

CLUSTERS = Path(__file__).with_name("clusters.py")
WAIT_SECONDS = 120


@pytest.fixture(params=["dask", "ray"])
def backend(request):
    pytest.importorskip({"dask": "distributed", "ray": "ray"}[request.param])
    return request.param


def waited_for(what, condition):
    """Return the first true value of a condition."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    pytest.fail(f"waited {WAIT_SECONDS} s for {what}")


def descendants(process, named):
    """Return the processes below one whose command line holds a word."""
    parents, words = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace")

    def below(number):
        while number in parents:
            number = parents[number]
            if number == process:
                return True
        return False

    return [number for number in words if named in words[number] and below(number)]


def records(out):
    return list((out / ".ipmix" / "shards").glob("*.json"))


def program(*words):
    command = [sys.executable, "-m", "ipmix_cli", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process):
    output, errors = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0, output + errors
    return output


@pytest.fixture
def dask_cluster(tmp_path):
    """A scheduler and two workers as a user starts them; the workers have nobody to start them again."""
    pytest.importorskip("distributed")
    file, log = tmp_path / "scheduler.json", (tmp_path / "log").open("w")
    at_home = ["--host", "127.0.0.1", "--no-dashboard"]
    commands = [["scheduler", "--port", "0", "--scheduler-file", str(file), *at_home]]
    worker = ["worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny", *at_home]
    commands += [[*worker, "--local-directory", str(tmp_path / f"worker{number}")] for number in range(2)]
    started = [
        subprocess.Popen([sys.executable, "-m", "dask", *words], stdout=log, stderr=log, cwd=tmp_path)
        for words in commands
    ]
    try:
        waited_for("the scheduler", file.exists)
        yield json.loads(file.read_text())["address"], started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()
        log.close()


def test_dask_makes_the_same_bytes_with_a_worker_killed_half_way(options, plain, tmp_path, digests, dask_cluster):
    address, workers = dask_cluster
    out = tmp_path / "out"
    run = program(*options, "--out", out, "--backend", "dask", "--scheduler", address)
    waited_for("a shard", lambda: records(out) or run.poll() is not None)
    workers[0].kill()
    finished(run)
    assert digests(out) == digests(plain)


def test_ray_makes_the_same_bytes_with_a_worker_killed_half_way(options, plain, tmp_path, digests):
    pytest.importorskip("ray")
    out = tmp_path / "out"
    run = program(*options, "--jobs", "2", "--out", out, "--backend", "ray")
    busy = waited_for("a busy worker", lambda: descendants(run.pid, "ray::_call") or run.poll() is not None)
    if busy is not True:
        with contextlib.suppress(ProcessLookupError):
            os.kill(busy[0], signal.SIGKILL)
    finished(run)
    assert digests(out) == digests(plain)


def test_a_task_that_kills_every_worker_is_named_and_the_others_are_done(backend):
    command = [sys.executable, str(CLUSTERS), backend]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert 3 in found["died"]
    assert len(found["died"]) <= 2, "at most one that waited behind the killer is suspected too"
    assert found["done"] == {str(number): number * number for number in range(10) if number not in found["died"]}
    assert found["error"] == ["picture 7 is gone", "put it back"], "errors come out as what they are"


def test_a_shard_that_kills_every_worker_is_named_after_bounded_tries(request_of, tmp_path, monkeypatch):
    from ipmix_cli.pipeline.backends.backend import Died, Done
    from ipmix_cli.pipeline.backends.table import BACKENDS
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.run.augment import augment

    tried = []

    def deadly(function, tasks, execution):
        """Stands for a cluster far away, where nobody sees which picture a worker was reading."""
        for number in range(len(tasks)):
            task = tasks[number]
            tried.append(task.number)
            remote = type(task)(**{**vars(task), "counters": None})
            yield Died((number,)) if task.number == 4 else Done(number, function(remote))

    monkeypatch.setitem(BACKENDS, "deadly", deadly)
    with pytest.raises(IpmixError, match=r"shard 4 \(pictures 80 to 99\) killed its worker 3 times"):
        augment(request_of, str(tmp_path), Execution(backend="deadly"))
    assert tried.count(4) == 3
    assert len(records(tmp_path)) == 6, "the others are there"


def test_a_scheduler_that_does_not_answer_is_an_error_with_what_to_do(request_of, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    from ipmix_cli.pipeline.backends import dask_cluster
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.run.augment import augment

    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 1)
    options = {"scheduler": "tcp://127.0.0.1:9"}
    with pytest.raises(IpmixError, match="no Dask scheduler answers") as caught:
        augment(request_of, str(tmp_path), Execution(backend="dask", backend_options=options))
    assert "dask worker" in caught.value.remedy


@pytest.mark.parametrize(("name", "module"), [("dask", "distributed"), ("ray", "ray")])
def test_without_its_package_a_backend_says_what_to_install(name, module, monkeypatch):
    from ipmix_cli.pipeline.backends.table import BACKENDS
    from ipmix_cli.pipeline.job import Execution

    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(IpmixError, match="not installed") as caught:
        list(BACKENDS[name](abs, [1], Execution(backend=name)))
    assert f'pip install "ipmix-cli[{name}]"' in caught.value.remedy


def test_backends_and_their_options_that_do_not_fit_are_refused(options, ipmix, tmp_path):
    from ipmix_cli.pipeline.backends.table import backend_for
    from ipmix_cli.pipeline.job import Execution

    with pytest.raises(UsageError, match="no backend named 'dsak'"):
        backend_for(Execution(backend="dsak"))
    wrong = ipmix(*options, "--out", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9", check=False)
    assert wrong.returncode == 2
    assert "--backend dask" in wrong.stderr
