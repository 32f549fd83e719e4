"""The main job from end to end: the same bytes whatever runs it, and what goes wrong said clearly."""

from __future__ import annotations

import json
import pickle

import h5py
import numpy as np
import pytest

from ipmix_cli.errors import OtherJobError, UsageError
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.pipeline.run.schedule import ExistingOutput
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec


@pytest.fixture
def request_for(cifar, bank):
    def make(copies=2, limit=100, samples_per_shard=10, **options):
        source = SourceSpec(input="cifar10", data_dir=str(cifar))
        return Request(
            source=source,
            fractals=str(bank),
            limit=limit,
            samples_per_shard=samples_per_shard,
            output=ShardSettings(encoding="auto", copies=copies),
            **options,
        )

    return make


def test_shards_hold_the_sources_pictures_and_labels_and_their_copies(request_for, tmp_path, cifar):
    augment(request_for(), str(tmp_path / "out"))
    with (cifar / "cifar-10-batches-py" / "data_batch_1").open("rb") as file:
        batch = pickle.load(file, encoding="latin1")
    expected = batch["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)[:100]
    clean, labels, copies = [], [], []
    for path in sorted((tmp_path / "out").glob("train-*.h5")):
        with h5py.File(path) as file:
            assert file["aug"].shape[1:] == (2, 32, 32, 3)
            assert file["aug"].dtype == np.uint8
            clean.append(file["clean"][:])
            copies.append(file["aug"][:])
            labels += file["label"][:].tolist()
    assert np.array_equal(np.concatenate(clean), expected)
    assert labels == batch["labels"][:100]
    assert (np.concatenate(copies) != np.concatenate(clean)[:, None]).any(axis=(2, 3, 4)).mean() > 0.85


def test_the_bytes_do_not_depend_on_jobs_or_place(request_for, tmp_path, digests):
    augment(request_for(), str(tmp_path / "one"))
    augment(request_for(), str(tmp_path / "else" / "where"), Execution(jobs=2))
    assert digests(tmp_path / "one") == digests(tmp_path / "else" / "where")


def test_copies_do_not_depend_on_the_size_of_the_shards(request_for, tmp_path):
    stored = []
    for size in (10, 33):
        augment(request_for(samples_per_shard=size), str(tmp_path / str(size)))
        dataset = open_dataset(tmp_path / str(size))
        stored.append([dataset.at(number).copies for number in range(100)])
    assert stored[0] == stored[1]


def test_more_copies_leave_the_first_ones_as_they_were(request_for, tmp_path):
    augment(request_for(copies=2), str(tmp_path / "two"))
    augment(request_for(copies=3), str(tmp_path / "three"))
    two, three = open_dataset(tmp_path / "two"), open_dataset(tmp_path / "three")
    assert all(two.at(n).copies == three.at(n).copies[:2] for n in range(0, 100, 7))


def test_another_seed_gives_other_copies(request_for, tmp_path):
    augment(request_for(), str(tmp_path / "0"))
    augment(request_for(seed=1), str(tmp_path / "1"))
    pairs = [(open_dataset(tmp_path / "0").at(n), open_dataset(tmp_path / "1").at(n)) for n in range(20)]
    assert sum(a.copies != b.copies for a, b in pairs) > 15


def test_running_again_changes_nothing(request_for, tmp_path, digests):
    augment(request_for(), str(tmp_path / "out"))
    before = digests(tmp_path / "out")
    outcome = augment(request_for(), str(tmp_path / "out"))
    assert outcome.made_shards == 0
    assert digests(tmp_path / "out") == before


def test_another_job_in_the_folder_is_refused_with_what_differs(request_for, tmp_path, digests):
    augment(request_for(), str(tmp_path / "out"))
    before = digests(tmp_path / "out")
    with pytest.raises(OtherJobError, match=r"copies is 2 there, 3 asked for") as caught:
        augment(request_for(copies=3), str(tmp_path / "out"))
    assert "--overwrite" in caught.value.remedy
    assert digests(tmp_path / "out") == before
    augment(request_for(copies=3), str(tmp_path / "out"), existing_output=ExistingOutput(overwrite=True))
    assert open_dataset(tmp_path / "out").manifest.job.output.copies == 3


def test_a_folder_with_something_else_in_it_is_left_alone(request_for, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=r"thesis\.tex"):
            augment(request_for(), str(tmp_path), existing_output=ExistingOutput(overwrite=overwrite))
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_bank_smaller_than_the_pictures_is_refused(request_for, photographs, bank, tmp_path):
    from ipmix_cli.crop import CropConfig

    request = Request(
        source=SourceSpec(input=str(photographs)), fractals=str(bank), crop=CropConfig(mode="center", size=96)
    )
    with pytest.raises(UsageError, match=r"64 ?x ?64"):
        augment(request, str(tmp_path / "out"))


def test_the_manifest_says_what_was_made_and_has_no_clock_in_it(request_for, tmp_path):
    augment(request_for(), str(tmp_path / "out"))
    values = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert values["samples"] == 100
    assert values["copies"] == 200
    assert len(values["shards"]) == 10
    assert values["class_names"][3] == "cat"
    assert not [word for word in json.dumps(values).lower().split('"') if "time" in word or "date" in word]


def test_a_fresh_data_set_passes_every_check(request_for, tmp_path, cifar):
    augment(request_for(), str(tmp_path / "out"))
    checks = Checks(level="full", source=SourceSpec(input="cifar10", data_dir=str(cifar)), replay="100%")
    report = validate(open_dataset(tmp_path / "out"), checks)
    assert report.problems == []
    assert (report.samples, report.compared, report.replayed) == (100, 100, 200)


def test_validation_finds_another_source(request_for, tmp_path, cifar):
    augment(request_for(), str(tmp_path / "out"))
    checks = Checks(source=SourceSpec(input="cifar10", data_dir=str(cifar), split="test"))
    codes = {problem.code for problem in validate(open_dataset(tmp_path / "out"), checks).problems}
    assert codes == {"source-changed", "source-mismatch"}


def test_photographs_of_many_sizes_keep_them_and_get_copies(photographs, large_bank, tmp_path):
    """The bank is smaller than some of them: there its pictures are enlarged."""
    source = SourceSpec(input=str(photographs))
    output = ShardSettings(encoding="auto", copies=2)
    augment(Request(source=source, fractals=str(large_bank), limit=6, output=output), str(tmp_path / "out"))
    dataset = open_dataset(tmp_path / "out")
    assert dataset.manifest.job.output.encoding == "png"
    assert len({dataset.at(number).size for number in range(6)}) > 1
    assert validate(dataset, Checks(level="full", source=source, replay="100%")).problems == []
