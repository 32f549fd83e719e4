"""``--dry-run``: what a job would cost, near what it then costs, with nothing written."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.estimate import estimate
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.shards.shard import ShardSettings


@pytest.mark.parametrize(
    "output",
    [
        ShardSettings(copies=2, encoding="auto"),
        ShardSettings(copies=3, format="webdataset", encoding="png", layout="flat"),
        ShardSettings(copies=1, format="files", encoding="jpeg"),
    ],
    ids=lambda output: output.format,
)
def test_bytes_and_shards_are_those_of_the_real_run(request_of, tmp_path, output):
    request = dataclasses.replace(request_of, output=output)
    cost = estimate(request, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    outcome = augment(request, str(tmp_path / "out"))
    folder = tmp_path / "out"
    aside = {"README.md", "manifest.json"}
    written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name not in aside)
    assert cost.shards == len(outcome.manifest.shards) == cost.missing
    assert cost.bytes == pytest.approx(written, rel=0.1)
    assert cost.seconds > 0


def test_what_is_there_already_is_not_counted_again(request_of, tmp_path):
    augment(request_of, str(tmp_path), Execution(task_index=0, task_count=2))
    cost = estimate(request_of, str(tmp_path), Execution(jobs=2))
    assert (cost.there, cost.missing) == (4, 3)
    assert cost.needed == cost.bytes * 3 // 7
    each = cost.seconds / 7
    assert cost.wall_seconds() == pytest.approx(2 * each)
    assert cost.wall_seconds(3) == pytest.approx(each)


def test_a_folder_of_another_job_and_a_full_disk_are_told(request_of, tmp_path, monkeypatch):
    augment(request_of, str(tmp_path))
    other = estimate(dataclasses.replace(request_of, seed=1), str(tmp_path))
    assert other.other_job
    monkeypatch.setattr("ipmix_cli.pipeline.run.estimate.free_space", lambda path: 1000)
    assert not estimate(request_of, str(tmp_path / "new")).fits
    assert estimate(request_of, str(tmp_path)).fits, "all is there already"


def test_one_picture_is_enough_to_estimate(request_of: Request, tmp_path):
    assert estimate(dataclasses.replace(request_of, limit=1), str(tmp_path / "out")).shards == 1


def test_the_command_prints_a_table_and_writes_nothing(options, ipmix, tmp_path):
    shown = ipmix(*options, "--out", tmp_path / "out", "--dry-run", "--task-index", "0", "--task-count", "3").stdout
    for words in ("140 pictures of cifar10", "280 copies", "7 of ", "on 3 machines like it", ": enough"):
        assert words in shown
    assert re.search(r"work +[\d.]+ s of one worker, [\d,]+ copies/s", shown)
    assert not (tmp_path / "out").exists()
