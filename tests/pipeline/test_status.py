"""How far a folder is, told at any time."""

from __future__ import annotations

import json
import shlex

import pytest

from ipmix_cli.errors import SourceError, UsageError
from ipmix_cli.pipeline.inspect.status import status
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec


@pytest.fixture
def out(cifar, bank, tmp_path):
    source = SourceSpec(input="cifar10", data_dir=str(cifar))
    output = ShardSettings(encoding="auto", copies=2)
    request = Request(source=source, fractals=str(bank), limit=20, samples_per_shard=5, output=output)
    augment(request, str(tmp_path / "out"))
    return tmp_path / "out"


def test_a_finished_folder(out, ipmix):
    found = status(str(out))
    assert (found.finished, found.done, found.shards, found.samples_done) == (True, 4, 4, 20)
    done = ipmix("status", out)
    assert "finished" in done.stdout
    assert f"next: ipmix validate {out}" in done.stdout


def test_an_unfinished_folder_tells_what_is_missing_and_the_command_that_goes_on(out, ipmix, unseal):
    unseal(out)
    (out / "train-000001.h5").unlink()
    (out / "train-000002.h5").write_bytes(b"short")
    done = ipmix("status", out, "--json", check=False)
    assert done.returncode == 4
    found = json.loads(done.stdout)
    assert (found["finished"], found["done"], found["missing"]) == (False, 2, [1])
    assert found["damaged"] == ["train-000002.h5"]


def test_the_command_that_goes_on_does(cifar, bank, ipmix, unseal, tmp_path, digests):
    options = ["--data-dir", cifar, "--limit", 20, "--samples-per-shard", 5, "--copies", 2, "--fractals", bank]
    ipmix("augment", "--in", "cifar10", *options, "--out", tmp_path / "out")
    whole = digests(tmp_path / "out")
    (tmp_path / "out" / "train-000001.h5").unlink()
    assert status(str(tmp_path / "out")).remedy == f"ipmix repair {tmp_path / 'out'}"
    unseal(tmp_path / "out")
    words = shlex.split(status(str(tmp_path / "out")).remedy)
    assert words[:2] == ["ipmix", "augment"]
    ipmix(*words[1:])
    assert digests(tmp_path / "out") == whole


def test_no_folder_and_no_job_are_said(tmp_path, ipmix):
    with pytest.raises(SourceError, match="there is no folder"):
        status(str(tmp_path / "nowhere"))
    with pytest.raises(SourceError, match="holds no job"):
        status(str(tmp_path))
    (tmp_path / ".ipmix").mkdir()
    (tmp_path / ".ipmix" / "job.json").write_text("rotten")
    with pytest.raises(SourceError, match="damaged"):
        status(str(tmp_path))
    assert ipmix("status", tmp_path, check=False).returncode == 3


def test_a_half_done_array_tells_the_tasks_to_run_again(cifar, bank, unseal, tmp_path):
    request = Request(
        source=SourceSpec(input="cifar10", data_dir=str(cifar)),
        fractals=str(bank),
        limit=20,
        samples_per_shard=5,
        output=ShardSettings(copies=2, encoding="auto"),
    )
    augment(request, str(tmp_path / "out"), Execution(task_index=0, task_count=3))
    words = status(str(tmp_path / "out")).remedy
    assert words.startswith("ipmix augment ")
    assert words.endswith("--task-index 1 --task-count 3; then tasks 2 alike")
    for task in (1, 2):
        augment(request, str(tmp_path / "out"), Execution(task_index=task, task_count=3))
    assert status(str(tmp_path / "out")).remedy == f"ipmix validate {tmp_path / 'out'}"


def test_outcome_and_cost_are_told_to_schedulers_as_json(bank, ipmix, tmp_path):
    words = ("augment", "--in", "demo", "--limit", 8, "--copies", 2, "--jobs", 1, "--fractals", bank, "--json")
    cost = json.loads(ipmix(*words, "--dry-run", "--out", tmp_path / "out").stdout)
    assert (cost["samples"], cost["copies"], cost["fits"], cost["other_job"]) == (8, 16, True, False)
    first, again = (json.loads(ipmix(*words, "--out", tmp_path / "out").stdout) for _ in range(2))
    assert (first["finished"], first["samples"], first["made"]["copies"]) == (True, 8, 16)
    assert (again["finished"], again["samples"], again["made"]["copies"]) == (True, 8, 0)
    told = ipmix(*words[:-1], "--out", tmp_path / "out").stdout
    assert told.startswith("complete already: 8 pictures, 16 copies in ")


def test_leading_zeros_of_a_key_may_be_left_out(out):
    from ipmix_cli.pipeline.output.dataset import open_dataset

    dataset = open_dataset(out)
    assert dataset.find("7").key == dataset.find("00000007").key == "00000007"
    for missing in ("20", "-1", "\u0667", ""):
        with pytest.raises(UsageError, match="has no sample"):
            dataset.find(missing)
