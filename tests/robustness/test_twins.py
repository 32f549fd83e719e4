"""Two runs at once on one folder: the same bytes, or one of them says that it may not."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

from ipmix_cli.errors import IpmixError, OtherJobError
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.schedule import ExistingOutput
from ipmix_cli.pipeline.verify.validate import validate
from ipmix_cli.storage.folder import LocalFolder


@pytest.fixture(autouse=True)
def no_workers_inherited():
    """End the workers that earlier tests have left waiting: a forked process cannot use its parent's."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

REFUSED, DONE = 7, 0


def beside(function) -> int:
    """Start a function in a forked process; the value is its process number."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            function()
            code = DONE
        except IpmixError as error:
            code = REFUSED
            print(error, flush=True)  # pytest shows it where that is not what was expected
        finally:
            os._exit(code)
    return process


def outcome(process: int) -> int:
    """Wait for a process; return its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def halting(seed: int) -> None:
    """Let this process halt after some of what it does in a folder, as on a busy machine or a slow disk."""
    stream = np.random.default_rng(seed)
    for name in ("read", "write", "remove", "names", "size"):
        often, seconds = stream.choice((0, 0, 0.1, 0.5)), stream.choice((0.001, 0.01, 0.03))
        setattr(LocalFolder, name, halted(getattr(LocalFolder, name), stream, often, seconds))


def halted(method, stream, often, seconds):
    """Return a method that halts after its work; of many files to be removed, after each."""

    def call(self, *arguments):
        results = []
        for one in [(name,) for name in arguments] if method.__name__ == "remove" else [arguments]:
            results.append(method(self, *one))
            if stream.random() < often:
                time.sleep(seconds)
        return results[0] if results else None

    return call


@pytest.mark.parametrize("state", ["new", "one shard missing", "one manifest rotten"])
def test_runs_of_one_job_that_halt_anywhere_end_in_the_same_bytes(state, made, tmp_path, digests):
    whole = made("hdf5")

    def run(out, seed):
        halting(seed)
        augment(whole.request, out)

    for round_ in range(12):
        out = tmp_path / str(round_)
        prepare(state, whole, out)
        runs = [beside(lambda out=out, seed=4 * round_ + number: run(str(out), seed)) for number in range(4)]
        assert [outcome(one) for one in runs] == [DONE] * 4
        assert digests(out) == whole.digests


def prepare(state, whole, out):
    """Bring a folder into a state before runs meet in it."""
    if state != "new":
        whole.copy(out)
        (out / ("train-000002.h5" if state == "one shard missing" else "manifest.json")).unlink()


@pytest.mark.parametrize("state", ["new", "one shard missing", "one manifest rotten"])
def test_two_runs_of_one_job_end_in_the_same_bytes(state, made, tmp_path, digests):
    whole = made("hdf5")
    for round_ in range(8):
        out = tmp_path / str(round_)
        prepare(state, whole, out)
        runs = []
        for delay in (0, 0, round_ / 100):
            time.sleep(delay)
            runs.append(beside(lambda out=out: augment(whole.request, str(out))))
        assert [outcome(run) for run in runs] == [DONE, DONE, DONE]
        assert digests(out) == whole.digests


def test_two_jobs_never_mix_in_one_folder(made, small_request, tmp_path, digests):
    """One of them has the folder at the end, whole; the other one gives up. Mostly it is the one that overwrites."""
    first, second = small_request(limit=120), small_request(limit=120, seed=1)
    made("hdf5")
    wholes = []
    for name, request in (("first", first), ("second", second)):
        augment(request, str(tmp_path / name))
        wholes.append(digests(tmp_path / name))
    for round_ in range(8):
        out = str(tmp_path / f"out{round_}")
        run = beside(lambda out=out: augment(first, out))
        time.sleep(0.02 * round_)
        taken = beside(lambda out=out: augment(second, out, existing_output=ExistingOutput(overwrite=True)))
        codes = outcome(run), outcome(taken)
        found = digests(tmp_path / f"out{round_}")
        assert set(codes) <= {DONE, REFUSED}
        assert DONE in codes
        assert found == wholes[1 if codes[1] == DONE else 0], (round_, codes)


def test_a_run_beside_another_with_other_options_is_refused(made, small_request, tmp_path):
    out = str(tmp_path / "out")
    made("hdf5")
    run = beside(lambda: augment(small_request(limit=200), out))
    end = time.monotonic() + 60
    while not (tmp_path / "out" / ".ipmix" / "job.json").exists():
        assert time.monotonic() < end
        time.sleep(0.002)
    with pytest.raises(OtherJobError, match="seed is 0 there, 1 asked for"):
        augment(small_request(limit=200, seed=1), out)
    assert outcome(run) == DONE
    assert validate(open_dataset(out)).problems == []


MADE_BY_TWO_WORKERS = """
import pickle, sys
from ipmix_cli import Execution, augment
with open(sys.argv[1], "rb") as file:
    augment(pickle.load(file), sys.argv[2], Execution(jobs=2))
"""


def test_many_starts_with_workers_end_in_the_same_bytes(made, tmp_path, digests):
    """Each has an interpreter of its own: a forked one would inherit what earlier tests' workers hang on."""
    asked = tmp_path / "request"
    asked.write_bytes(pickle.dumps(made("hdf5").request))
    command = [sys.executable, "-c", MADE_BY_TWO_WORKERS, str(asked), str(tmp_path / "out")]
    runs = [subprocess.Popen(command) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    assert digests(tmp_path / "out") == made("hdf5").digests


def test_a_worker_writes_nothing_into_a_folder_that_another_job_has_taken(
    small_request, monkeypatch, tmp_path, digests
):
    """The check stands between the work on a shard and its commit: what happened meanwhile counts."""
    from ipmix_cli.pipeline.output.ownership import write_job
    from ipmix_cli.pipeline.run import worker

    out, build = tmp_path / "out", worker.build_shard
    before = {}

    def overtaken(task, *others):
        built = build(task, *others)
        write_job(LocalFolder(out), dataclasses.replace(task.job, seed=99))
        before.update(digests(out))
        return built

    monkeypatch.setattr(worker, "build_shard", overtaken)
    with pytest.raises(OtherJobError, match="another run has taken"):
        augment(small_request(limit=10), str(out))
    assert digests(out) == before
