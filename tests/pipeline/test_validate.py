"""What validate looks at, and what it says."""

from __future__ import annotations

import json

import pytest

from ipmix_cli.errors import UnfinishedError, UsageError
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.pipeline.verify.problem import CODES, Problem
from ipmix_cli.pipeline.verify.validate import Checks, chosen_shards, validate
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec


@pytest.fixture(scope="module")
def whole(cifar, bank, tmp_path_factory):
    out = tmp_path_factory.mktemp("validate") / "out"
    source = SourceSpec(input="cifar10", data_dir=str(cifar))
    output = ShardSettings(encoding="auto", copies=2)
    augment(Request(source=source, fractals=str(bank), limit=60, samples_per_shard=3, output=output), str(out))
    return out


@pytest.fixture
def out(whole, tmp_path):
    import shutil

    return shutil.copytree(whole, tmp_path / "out")


@pytest.mark.parametrize("level", ["quick", "standard", "full"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_whole_data_set_passes_at_every_level(level, jobs, whole):
    report = validate(open_dataset(whole), Checks(level=level), Execution(jobs=jobs))
    assert (report.passed, report.shards, report.samples) == (True, 20, 60)


def test_a_level_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="there is no level named 'standart'"):
        Checks(level="standart")


@pytest.mark.parametrize(
    ("sample", "count"), [("5%", 1), ("50%", 10), ("100%", 20), ("1/3", 7), ("3/3", 6), ("1/1", 20), ("0.1%", 1)]
)
def test_some_shards_can_be_chosen(sample, count, whole):
    assert len(chosen_shards(open_dataset(whole).manifest, Checks(sample=sample))) == count
    assert validate(open_dataset(whole), Checks(sample=sample)).shards == count


def test_all_fractions_together_are_all_shards(whole):
    manifest = open_dataset(whole).manifest
    parts = [chosen_shards(manifest, Checks(sample=f"{part}/7")) for part in range(1, 8)]
    assert sorted(shard.number for part in parts for shard in part) == list(range(20))


@pytest.mark.parametrize("sample", ["x", "0/3", "4/3", "-5%", "1/0"])
def test_a_choice_that_is_none_is_refused(sample, whole):
    with pytest.raises(UsageError, match="--sample"):
        validate(open_dataset(whole), Checks(sample=sample))


def test_the_quick_level_finds_missing_and_short_files(out):
    (out / "train-000003.h5").unlink()
    (out / "train-000004.h5").write_bytes(b"")
    (out / "README.md").write_text("another")
    problems = validate(open_dataset(out), Checks(level="quick")).problems
    found = {(problem.code, problem.shard) for problem in problems}
    assert found == {
        ("shard-missing", "train-000003.h5"),
        ("shard-size", "train-000004.h5"),
        ("file-damaged", "README.md"),
    }


def test_the_program_says_what_is_wrong_and_what_to_do(out, ipmix):
    assert ipmix("validate", out, "--jobs", 2).stdout.splitlines()[-1] == "PASS"
    (out / "train-000003.h5").unlink()
    done = ipmix("validate", out, check=False)
    assert done.returncode == 4
    assert "shard-missing: train-000003.h5" in done.stdout
    assert f"type: ipmix repair {out}" in done.stdout
    report = json.loads(ipmix("validate", out, "--json", check=False).stdout)
    assert report["passed"] is False
    assert [problem["code"] for problem in report["problems"]] == ["shard-missing"]


def test_quietly_only_problems_are_told_and_their_remedy_once(out, ipmix):
    assert ipmix("validate", out, "-q").stdout == ""
    for number in (0, 1):
        (out / f"train-{number:06}.h5").unlink()
    told = ipmix("validate", out, "-q", check=False).stdout.splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "PROBLEM     shard-missing",
        "PROBLEM     shard-missing",
        "            type",
        "FAIL",
    ]


def test_an_unfinished_folder_is_said_to_be_one(out, ipmix):
    for name in ("manifest.json", ".ipmix/manifest.json"):
        (out / name).unlink()
    with pytest.raises(UnfinishedError, match=r"has no manifest\.json"):
        open_dataset(out)
    done = ipmix("validate", out, check=False)
    assert done.returncode == 4
    assert "ipmix augment" in done.stderr


def test_a_replay_finds_a_copy_that_is_not_what_its_plan_makes(out):
    """Someone edits a picture and makes every checksum fit again: only the plan knows."""
    import dataclasses
    import hashlib

    import h5py

    from ipmix_cli.shards.checksum import raw_checksum
    from ipmix_cli.shards.hdf5_view import HDF5View

    dataset = open_dataset(out)
    record = dataset.manifest.shards[2]
    path = out / record.name
    with HDF5View(path, "") as view:
        sample = view.sample(1)
    with h5py.File(path, "r+") as file:
        file["aug"][1, 0, 5, 5] ^= 255
        file["checksum"][1] = raw_checksum(sample, file["clean"][1], file["aug"][1])
    content = path.read_bytes()
    forged = dataclasses.replace(record, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    shards = tuple(forged if shard.number == 2 else shard for shard in dataset.manifest.shards)
    manifest = dataclasses.replace(dataset.manifest, shards=shards)
    for name in ("manifest.json", ".ipmix/manifest.json"):
        (out / name).write_bytes(manifest.to_bytes())
    assert validate(open_dataset(out), Checks(level="full")).passed
    problems = validate(open_dataset(out), Checks(replay="100%")).problems
    assert [(problem.code, problem.key) for problem in problems] == [("replay-mismatch", "00000007")]


def test_every_code_is_explained_and_no_problem_can_command_a_terminal():
    assert all(text[0].islower() and not text.endswith(".") for text in CODES.values())
    problem = Problem("sample-damaged", "a\x1b[2J\udc80b", "", "x\ny")
    assert (problem.message, problem.shard) == (r"a\x1b[2J\udc80b", r"x\ny")
