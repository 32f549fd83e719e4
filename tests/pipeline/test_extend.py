"""Pictures that are added to a finished data set: old shards keep their bytes, and all commands know the new ones."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ipmix_cli import Execution, Request, ShardSettings, SourceSpec, augment, status
from ipmix_cli.errors import OtherJobError, SourceError, UnfinishedError, UsageError
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.output.state import read_state
from ipmix_cli.pipeline.run import extend as extending
from ipmix_cli.pipeline.run.augment import Outcome
from ipmix_cli.pipeline.run.extend import estimate_extension, extend
from ipmix_cli.pipeline.run.merge import merge
from ipmix_cli.pipeline.run.schedule import start
from ipmix_cli.pipeline.verify.repair import repair
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.reader import ShardDataset
from ipmix_cli.storage.folder import open_folder

GENERATOR = np.random.default_rng(2)


def source(folder: Path, name: str, count: int, classes: tuple[str, ...] = ("cat", "dog")) -> SourceSpec:
    """Write pictures of some classes."""
    pictures = GENERATOR.integers(0, 256, (count, 8, 8, 3), np.uint8)
    labels = np.array([classes[number % len(classes)] for number in range(count)])
    np.savez(folder / f"{name}.npz", images=pictures, labels=labels)
    return SourceSpec(input=str(folder / f"{name}.npz"))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Make a data set of 9 pictures."""
    mixing = tmp_path / "mixing"
    mixing.mkdir()
    for number in range(3):
        Image.fromarray(GENERATOR.integers(0, 256, (32, 32, 3), np.uint8)).save(mixing / f"{number}.png")
    request = Request(
        source=source(tmp_path, "first", 9),
        fractals=str(mixing),
        output=ShardSettings(encoding="auto", copies=2),
        samples_per_shard=3,
    )
    augment(request, str(tmp_path / "out"), Execution())
    return tmp_path / "out"


def digests(out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("*.h5"))}


def test_old_shards_keep_their_bytes_and_every_command_knows_the_new_ones(base: Path, tmp_path: Path) -> None:
    before = digests(base)
    outcome = extend(str(base), source(tmp_path, "second", 7, ("dog", "cat")))
    assert (outcome.made_shards, outcome.resumed_shards) == (3, 0)  # not those of the data set before
    after = digests(base)
    assert {name: after[name] for name in before} == before
    assert len(after) == 6
    checks = Checks(level="full", replay="100%")
    report = validate(open_dataset(base), checks)
    assert (report.problems, report.samples) == ([], 16)
    assert status(str(base)).finished
    labels = ["cat" if number % 2 == 0 else "dog" for number in range(9)]
    labels += ["dog" if number % 2 == 0 else "cat" for number in range(7)]
    data = ShardDataset(base, view="clean")
    assert [data.classes[label] for label in data.targets] == labels
    assert merge(str(base)).manifest is not None


@pytest.mark.parametrize("output_format", ["webdataset", "parquet", "mds", "files"])
def test_every_format_of_many_files_is_extended(base: Path, tmp_path: Path, output_format: str) -> None:
    out, stored = tmp_path / output_format, ShardSettings(format=output_format, encoding="auto", copies=2)
    asked = Request(source=source(tmp_path, "first", 9), fractals=str(tmp_path / "mixing"), output=stored)
    augment(dataclasses.replace(asked, samples_per_shard=3), str(out))
    shards = [shard.name for shard in open_dataset(out).manifest.shards]
    before = {name: (out / name).read_bytes() for name in shards}
    extend(str(out), source(tmp_path, "second", 5, ("dog", "cat")))
    assert {name: (out / name).read_bytes() for name in shards} == before
    assert validate(open_dataset(out), Checks(level="full", replay="100%")).problems == []
    data = ShardDataset(out, view="clean")
    assert [data.classes[label] for label in data.targets[9:]] == ["dog", "cat", "dog", "cat", "dog"]
    if output_format == "mds":
        assert [shard["samples"] for shard in json.loads((out / "index.json").read_text())["shards"]] == [3, 3, 3, 2, 3]


@pytest.mark.parametrize("output_format", ["cifar", "npy"])
def test_a_format_with_a_fixed_number_of_files_is_not_extended(base: Path, output_format: str) -> None:
    job = open_dataset(base).manifest.job
    stored = dataclasses.replace(job.output, format=output_format)
    with pytest.raises(UsageError, match="fixed number of files"):
        extending.check_extensible(dataclasses.replace(job, output=stored))


def test_a_second_extension_follows_the_first(base: Path, tmp_path: Path) -> None:
    extend(str(base), source(tmp_path, "second", 4))
    middle = digests(base)
    spec = source(tmp_path, "third", 2)
    extend(str(base), spec)
    assert {name: digests(base)[name] for name in middle} == middle
    assert validate(open_dataset(base), Checks(replay="100%")).problems == []
    assert len(ShardDataset(base)) == 15
    whole = digests(base)
    again = extend(str(base), spec)
    assert (again.made_shards, digests(base)) == (0, whole)


def test_an_interrupted_extension_ends_the_same(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = source(tmp_path, "second", 14)
    old = digests(base)

    def interrupted(opened: Any, out: str, execution: Any, existing: Any, listener: Any) -> Outcome:
        run = start(opened, out, execution, existing)
        from ipmix_cli.pipeline.run.schedule import make_missing

        next(make_missing(run))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(extending, "fill", interrupted)
        with pytest.raises(KeyboardInterrupt):
            extend(str(base), spec)
    there = len(digests(base))
    assert 4 <= there < 8
    assert len(ShardDataset(base)) == 9
    found = status(str(base))
    assert (found.finished, found.done) == (False, there)
    assert found.remedy == f"ipmix extend {base} --in {spec.input}"
    found_by_validate = validate(open_dataset(base)).problems
    assert {problem.message for problem in found_by_validate} == {"it belongs to an extension that is not finished"}
    with pytest.raises(OtherJobError):
        extend(str(base), source(tmp_path, "another", 3))
    outcome = extend(str(base), spec)
    assert (outcome.made_shards, outcome.resumed_shards) == (8 - there, there - 3)
    assert {name: digests(base)[name] for name in old} == old
    assert validate(open_dataset(base), Checks(replay="100%")).problems == []
    assert read_state(open_folder(str(base))).job_file is None


def test_shards_of_every_source_are_repaired(base: Path, tmp_path: Path) -> None:
    extend(str(base), source(tmp_path, "second", 7))
    extend(str(base), source(tmp_path, "third", 2))
    whole = digests(base)
    for name in ("train-000001.h5", "train-000004.h5", "train-000006.h5"):
        (base / name).write_bytes(b"rot")
    repair(open_dataset(base))
    assert digests(base) == whole


def test_what_does_not_fit_is_refused(base: Path, tmp_path: Path) -> None:
    before = digests(base)
    with pytest.raises(SourceError, match="the class 'owl'"):
        extend(str(base), source(tmp_path, "owls", 3, ("owl",)))
    wide = tmp_path / "wide.npz"
    np.savez(wide, images=np.zeros((2, 8, 9, 3), np.uint8), labels=np.array(["cat", "dog"]))
    with pytest.raises(SourceError, match="another size"):
        extend(str(base), SourceSpec(input=str(wide)))
    bare = SourceSpec(input=str(tmp_path / "first.npz"), unlabelled=True)
    with pytest.raises(SourceError, match="other labels"):
        extend(str(base), bare)
    with pytest.raises(UnfinishedError):
        extend(str(tmp_path / "nothing"), source(tmp_path, "more", 2))
    assert digests(base) == before


def test_a_data_set_of_a_part_of_its_source_is_not_extended(tmp_path: Path, base: Path) -> None:
    request = Request(
        source=source(tmp_path, "some", 6), fractals=str(tmp_path / "mixing"), limit=3, output=ShardSettings(copies=1)
    )
    augment(request, str(tmp_path / "limited"), Execution(), listener=Listener())
    with pytest.raises(UsageError, match="--limit"):
        extend(str(tmp_path / "limited"), source(tmp_path, "more", 2))


def test_array_tasks_divide_the_new_shards_and_the_last_one_finishes(base: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(base, alone)
    spec = source(tmp_path, "second", 11)
    extend(str(alone), spec)
    outcomes = [extend(str(base), spec, Execution(task_index=2, task_count=3))]
    assert outcomes[0].resumed_shards == 0
    command = f"ipmix extend {base} --in {spec.input}"
    assert status(str(base)).remedy == f"{command} --task-index 0 --task-count 3; then tasks 1 alike"
    assert merge(str(base)).command == command
    outcomes += [extend(str(base), spec, Execution(task_index=index, task_count=3)) for index in (0, 1)]
    assert [outcome.manifest is None for outcome in outcomes] == [True, True, False]
    assert digests(base) == digests(alone)
    assert (base / "manifest.json").read_bytes() == (alone / "manifest.json").read_bytes()


def test_a_dry_run_tells_the_cost_of_the_further_pictures_alone_and_adds_none(base: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in base.rglob("*") if path.is_file()}
    cost = estimate_extension(str(base), source(tmp_path, "second", 7))
    assert (cost.job.samples, cost.shards, cost.there) == (7, 3, 0)
    assert cost.bytes > 7 * 3 * 8 * 8 * 3
    assert {path: path.read_bytes() for path in base.rglob("*") if path.is_file()} == before
    with pytest.raises(SourceError, match="cow"):
        estimate_extension(str(base), source(tmp_path, "other", 5, ("cat", "cow")))
