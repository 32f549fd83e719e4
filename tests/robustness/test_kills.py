"""A process killed at any moment loses nothing: the same command again ends in the same bytes."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import random  # noqa: TID251 - moments for kills, no pictures
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ipmix_cli.errors import OtherJobError
from ipmix_cli.pipeline.inspect.status import status
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import open_job
from ipmix_cli.pipeline.run.schedule import ExistingOutput, start
from ipmix_cli.storage import folder as files

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

STEPS = ("open", "fsync", "replace", "unlink")


class Assassin:
    """Kills this process at its n-th step on the disk; half of a file that was on its way there is lost."""

    def __init__(self, monkeypatch, at: int) -> None:
        self.at, self.steps = at, itertools.count(1)  # counted without a lock: shards are written by two threads
        for name, place in (("open", Path), ("replace", Path), ("unlink", Path), ("fsync", files.os)):
            monkeypatch.setattr(place, name, self.before(getattr(place, name)))

    def before(self, function):
        def step(*arguments, **options):
            if next(self.steps) == self.at:
                if isinstance(arguments[0], int) and stat.S_ISREG(os.fstat(arguments[0]).st_mode):
                    os.truncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return step


def steps_of(made, place, in_child, kind: str) -> int:
    """Return how many steps on the disk a run takes."""
    report = place / "steps"

    def count() -> None:
        with pytest.MonkeyPatch.context() as patch:
            assassin = Assassin(patch, -1)
            augment(made(kind).request, str(place / "counted"))
            steps = next(assassin.steps) - 1
        report.write_text(str(steps))

    assert in_child(count) == 0
    return int(report.read_text())


@pytest.mark.parametrize("kind", ["hdf5", "webdataset", "files", "mds", "cifar", "plans"])
def test_killed_at_any_step_on_the_disk_the_same_command_ends_in_the_same_bytes(
    kind, made, in_child, tmp_path, digests
):
    made(kind)  # in this process: what it has loaded, its children have
    total = steps_of(made, tmp_path, in_child, kind)
    assert total > 30
    stride, killed = max(1, total // 32), 0  # about so many kills, each at another kind of moment
    for at in range(1 + total % stride, total + 1, stride):
        out = tmp_path / str(at)

        def die(at=at, out=out) -> None:
            with pytest.MonkeyPatch.context() as patch:
                Assassin(patch, at)
                augment(made(kind).request, str(out))

        killed += in_child(die) == -signal.SIGKILL
        visible = [path.name for path in out.rglob("*") if path.is_file() and not path.name.startswith(".")]
        assert not [name for name in visible if name.endswith(".part")]
        augment(made(kind).request, str(out))
        assert digests(out) == made(kind).digests, f"killed at step {at} of {total}"
    assert killed >= 32


def test_killed_again_and_again_at_random_moments_it_ends_in_the_same_bytes(made, in_child, tmp_path, digests):
    stream = random.Random(1)
    began = time.monotonic()
    augment(made("hdf5").request, str(tmp_path / "timed"))
    lasts = time.monotonic() - began
    for number in range(6):
        out = tmp_path / str(number)
        for _ in range(3):
            process = os.fork()
            if process == 0:
                augment(made("hdf5").request, str(out))
                os._exit(0)
            time.sleep(stream.uniform(0, lasts))
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        augment(made("hdf5").request, str(out))
        assert digests(out) == made("hdf5").digests


def test_the_program_with_workers_killed_in_the_middle_goes_on_and_leaves_no_worker(
    living, small_request, cifar, bank, ipmix, tmp_path, digests
):
    options = ["--data-dir", cifar, "--limit", 200, "--samples-per-shard", 5, "--copies", 100, "--fractals", bank]
    words = ["augment", "--in", "cifar10", *options, "--jobs", 2, "--quiet", "--out"]
    ipmix(*words, tmp_path / "whole")
    command = [sys.executable, "-m", "ipmix_cli", *map(str, [*words, tmp_path / "killed"])]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)
    wait_for(lambda: list((tmp_path / "killed").glob("train-*.h5")) or process.poll() is not None)
    process.kill()  # the main process alone: nobody is left to end the workers
    process.communicate()
    wait_for(lambda: not living(process.pid))
    assert status(str(tmp_path / "killed")).done < 40
    ipmix(*words, tmp_path / "killed")
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


def wait_for(happened, seconds: float = 60) -> None:
    """Wait until something happens."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.01)


def test_a_run_can_be_resumed_by_another_number_of_workers(made, in_child, tmp_path, digests):
    made("hdf5")
    total = steps_of(made, tmp_path, in_child, "hdf5")

    def die() -> None:
        with pytest.MonkeyPatch.context() as patch:
            Assassin(patch, total * 2 // 3)
            augment(made("hdf5").request, str(tmp_path / "out"))

    assert in_child(die) == -signal.SIGKILL
    outcome = augment(made("hdf5").request, str(tmp_path / "out"), Execution(jobs=2))
    assert outcome.resumed_shards > 0
    assert digests(tmp_path / "out") == made("hdf5").digests


def test_killed_while_it_clears_another_job_away_the_same_command_goes_on(
    made, small_request, in_child, tmp_path, digests
):
    """A file of the user's lies there, the other job has more shards, and its split another name."""
    made("hdf5")
    other = small_request(limit=60)
    other = dataclasses.replace(other, source=dataclasses.replace(other.source, split="test"))
    augment(other, str(tmp_path / "other"))
    opened, code, at = open_job(made("hdf5").request, Listener()), -signal.SIGKILL, 0
    while code == -signal.SIGKILL:
        at += 1
        out = tmp_path / str(at)
        shutil.copytree(tmp_path / "other", out)
        (out / "thesis.tex").write_text("precious")

        def die(at=at, out=out) -> None:
            with pytest.MonkeyPatch.context() as patch:
                Assassin(patch, at)
                start(opened, str(out), Execution(), ExistingOutput(overwrite=True))

        code = in_child(die)
        with contextlib.suppress(OtherJobError):  # nothing had been removed yet
            augment(made("hdf5").request, str(out))
            assert (out / "thesis.tex").read_text() == "precious"
            (out / "thesis.tex").unlink()
            assert digests(out) == made("hdf5").digests, f"killed at step {at}"
    assert (code, at > 12) == (0, True)
