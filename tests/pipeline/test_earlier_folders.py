"""Folders of HDF5 that an earlier version made or began, whose class names are bytes, go on as they were."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from ipmix_cli import Request, ShardSettings, SourceSpec, augment, status
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.verify.repair import repair
from ipmix_cli.pipeline.verify.validate import validate

Digests = Callable[[Path], dict[str, str]]
LOST = "train-000001.h5"


@pytest.fixture(scope="module")
def wanted(bank: Path) -> Request:
    output = ShardSettings(copies=1)
    return Request(source=SourceSpec(input="demo"), fractals=str(bank), output=output, limit=9, samples_per_shard=3)


@pytest.fixture(scope="module")
def made(wanted: Request, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set as the earlier version made it."""
    root = tmp_path_factory.mktemp("earlier")
    job = augment(wanted, str(root / "new")).job
    job = dataclasses.replace(job, output=dataclasses.replace(job.output, names="bytes"))
    augment(dataclasses.replace(wanted, recorded=job), str(root / "old"))
    return root / "old"


@pytest.fixture
def earlier(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "old"))


def first_name(folder: Path) -> object:
    with h5py.File(folder / LOST) as file:
        return file.attrs["class_names"][0]


def test_a_new_data_set_has_names_as_strings(earlier: Path, made: Path) -> None:
    assert isinstance(first_name(made.parent / "new"), str)
    assert isinstance(first_name(earlier), bytes)
    assert validate(open_dataset(earlier)).problems == []


def test_the_same_command_has_nothing_to_do_in_a_finished_one(earlier: Path, wanted: Request) -> None:
    assert augment(wanted, str(earlier)).made_shards == 0


def test_it_is_repaired_to_its_own_bytes(earlier: Path, digests: Digests) -> None:
    whole = digests(earlier)
    (earlier / LOST).write_bytes(b"damaged")
    repair(open_dataset(earlier))
    assert digests(earlier) == whole


def test_the_same_command_finishes_one_that_was_begun(
    earlier: Path, wanted: Request, unseal: Callable[[Path], None], digests: Digests
) -> None:
    whole = digests(earlier)
    unseal(earlier)
    (earlier / LOST).unlink()
    (earlier / ".ipmix" / "owner.json").rename(earlier / ".ipmix" / "claim.json")
    assert not status(str(earlier)).finished
    assert augment(wanted, str(earlier)).made_shards == 1
    assert digests(earlier) == whole
