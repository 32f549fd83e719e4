"""Tasks that task nothing but the output folder: together they make what one plain run makes."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import sys

import pytest

from ipmix_cli.errors import ErrorBudgetError, SourceError, UsageError
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.output import finalize as finalize_module
from ipmix_cli.pipeline.output.finalize import finalize
from ipmix_cli.pipeline.output.state import read_state
from ipmix_cli.pipeline.run import augment as augment_module
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.merge import merge
from ipmix_cli.pipeline.run.schedule import ExistingOutput
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.storage.folder import open_folder

SHARDS = 7

# The program, which is killed as it commits its second shard: the shard's file is there, its record is not.
KILLED = """
import os, signal
from ipmix_cli.cli.app import main
from ipmix_cli.pipeline.run import worker

really_write_record, written = worker.write_record, []

def write_record(*arguments):
    if written:
        os.kill(os.getpid(), signal.SIGKILL)
    written.append(really_write_record(*arguments))

worker.write_record = write_record
main()
"""


def task(request, out, index, count, **options):
    return augment(request, str(out), Execution(task_index=index, task_count=count, **options))


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_four_tasks_make_the_bytes_of_one_run_and_the_last_one_seals(request_of, plain, tmp_path, digests, order):
    manifests = [task(request_of, tmp_path, index, 4).manifest for index in order]
    assert [manifest is not None for manifest in manifests] == [False, False, False, True]
    assert digests(tmp_path) == digests(plain)


@pytest.mark.parametrize("output_format", ["webdataset", "parquet", "mds", "cifar"])
def test_tasks_make_the_bytes_of_one_run_in_every_format(request_of, tmp_path, digests, output_format):
    output = ShardSettings(format=output_format, encoding="auto", copies=1)
    asked = dataclasses.replace(request_of, output=output, limit=21, samples_per_shard=7)
    augment(asked, str(tmp_path / "plain"))
    assert task(asked, tmp_path / "tasks", 1, 2).manifest is None
    assert merge(str(tmp_path / "tasks")).tasks == {0: 2}
    assert task(asked, tmp_path / "tasks", 0, 2).manifest is not None
    assert merge(str(tmp_path / "tasks")).manifest is not None
    assert digests(tmp_path / "tasks") == digests(tmp_path / "plain")


def test_the_number_of_tasks_may_change_between_tries(request_of, plain, tmp_path, digests):
    task(request_of, tmp_path, 1, 4)
    task(request_of, tmp_path, 0, 2)
    outcome = task(request_of, tmp_path, 0, 1)
    assert outcome.resumed_shards > 3
    assert outcome.manifest is not None
    assert digests(tmp_path) == digests(plain)


def test_a_killed_task_is_told_by_merge_repeated_and_merged(options, ipmix, plain, tmp_path, digests):
    out = tmp_path / "out"
    task = [*options, "--out", str(out), "--task-count", "2", "--task-index"]
    ipmix(*task, "0")
    killed = subprocess.run([sys.executable, "-c", KILLED, *task, "1"], check=False)
    assert killed.returncode == -signal.SIGKILL
    early = ipmix("merge", out, check=False)
    assert early.returncode == 4
    assert "--task-index 1 --task-count 2" in early.stdout
    assert "--task-index 0" not in early.stdout
    ipmix(*task, "1")
    assert "finished" in ipmix("merge", out).stdout
    assert "finished" in ipmix("merge", out).stdout
    assert digests(out) == digests(plain)


def test_merge_lists_what_is_missing_by_tasks_of_any_number(request_of, tmp_path):
    task(request_of, tmp_path, 2, 4)
    merged = merge(str(tmp_path))
    assert merged.manifest is None
    assert merged.missing == (0, 1, 3, 4, 5)
    assert merged.tasks == {0: 2, 1: 2, 3: 1}
    assert merge(str(tmp_path), task_count=5).tasks == {0: 2, 1: 1, 3: 1, 4: 1}


def test_merge_needs_no_source(request_of, plain, unseal, tmp_path, digests, cifar, monkeypatch):
    for index in range(3):
        task(request_of, tmp_path, index, 3)
    unseal(tmp_path)
    monkeypatch.setattr("ipmix_cli.sources.readers.open_source", None)
    assert merge(str(tmp_path)).manifest is not None
    assert digests(tmp_path) == digests(plain)


def test_merge_tells_a_folder_that_holds_no_job(tmp_path):
    with pytest.raises(SourceError, match="no job of ipmix"):
        merge(str(tmp_path / "nothing"))


def test_a_thousand_tasks_over_seven_shards_do_nothing_twice(request_of, plain, tmp_path, digests, monkeypatch):
    opened, made = [], []
    really_open, really_make = augment_module.open_source_of, augment_module.make

    def counting_open(*arguments):
        opened.append(1)
        return really_open(*arguments)

    def counting_make(run, listener, done):
        made.extend(run.waiting)
        return really_make(run, listener, done)

    monkeypatch.setattr(augment_module, "open_source_of", counting_open)
    monkeypatch.setattr(augment_module, "make", counting_make)
    for index in range(1000):
        task(request_of, tmp_path, index, 1000)
    assert sorted(made) == list(range(SHARDS))
    assert len(opened) == SHARDS, "tasks without shards open nothing"
    assert digests(tmp_path) == digests(plain)


def test_a_task_without_shards_that_comes_first_ends_well_and_needs_no_bank(request_of, tmp_path, monkeypatch):
    monkeypatch.setattr("ipmix_cli.pipeline.run.prepare.open_bank", None)
    outcome = task(request_of, tmp_path / "out", 999, 1000)
    assert (outcome.made_shards, outcome.manifest) == (0, None)
    assert not (tmp_path / "out").exists()


def test_a_repeated_task_whose_shards_are_there_finalizes_what_no_task_has_finalized(
    request_of, plain, unseal, tmp_path, digests
):
    for index in range(2):
        task(request_of, tmp_path, index, 2)
    unseal(tmp_path)
    assert task(request_of, tmp_path, 0, 2).manifest is not None
    assert digests(tmp_path) == digests(plain)


def test_another_job_is_not_mistaken_for_this_one_by_a_task(request_of, tmp_path):
    from ipmix_cli.errors import OtherJobError

    task(request_of, tmp_path, 0, 2)
    with pytest.raises(OtherJobError, match="seed is 0 there, 1 asked for"):
        task(dataclasses.replace(request_of, seed=1), tmp_path, 0, 2)


def test_finalizing_beside_a_task_that_has_just_done_so_finds_its_manifest(
    request_of, plain, unseal, tmp_path, digests, monkeypatch
):
    for index in range(2):
        task(request_of, tmp_path, index, 2)
    unseal(tmp_path)
    folder = open_folder(str(tmp_path))
    there = read_state(folder).job_state
    really_committed = finalize_module.committed

    def beaten(folder, job, **options):
        monkeypatch.setattr(finalize_module, "committed", really_committed)
        finalize(open_folder(str(tmp_path)), there)  # the other is quicker, and clears the records away
        return really_committed(folder, job)

    monkeypatch.setattr(finalize_module, "committed", beaten)
    assert finalize(folder, there) is not None
    assert digests(tmp_path) == digests(plain)


def test_overwrite_with_several_tasks_is_refused(request_of, tmp_path):
    with pytest.raises(UsageError, match="each would remove"):
        augment(request_of, str(tmp_path), Execution(task_count=2), ExistingOutput(overwrite=True))


def test_the_error_budget_is_that_of_all_tasks_together(photographs, large_bank, tmp_path):
    from ipmix_cli.crop import CropConfig
    from ipmix_cli.pipeline.run.prepare import Request
    from ipmix_cli.shards.shard import ShardSettings
    from ipmix_cli.sources.source import SourceSpec

    source, out = tmp_path / "source", tmp_path / "out"
    for folder in sorted(photographs.iterdir())[:4]:
        pictures = sorted(folder.iterdir())
        (source / folder.name).mkdir(parents=True)
        shutil.copy(pictures[0], source / folder.name / "a.JPEG")
        (source / folder.name / "b.JPEG").write_bytes(b"no picture")
    request = Request(
        source=SourceSpec(input=str(source)),
        fractals=str(large_bank),
        crop=CropConfig(mode="center", size=32),
        output=ShardSettings(copies=1, encoding="auto"),
        samples_per_shard=2,
    )
    task(request, out, 0, 2, max_errors="2")
    with pytest.raises(ErrorBudgetError, match="4 pictures could not be read, and 2 may be left out"):
        task(request, out, 1, 2, max_errors="2")
    with pytest.raises(ErrorBudgetError):
        merge(str(out))
    assert merge(str(out), max_errors="4").manifest.failed == 4
