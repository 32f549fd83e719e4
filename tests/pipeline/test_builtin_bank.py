"""The built-in bank is as large as a job's number of copies wants it, and a job that exists keeps its own."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest

from ipmix_cli import Execution, Request, ShardSettings, SourceSpec, augment
from ipmix_cli.cli.summary import summary
from ipmix_cli.pipeline.banks import bank as banks
from ipmix_cli.pipeline.banks import mixing
from ipmix_cli.pipeline.banks.mixing import ArrayBank, builtin_name, cached_builtin, open_bank
from ipmix_cli.pipeline.run import builtin_bank as module
from ipmix_cli.pipeline.run import warm_machine as warm_machine_module
from ipmix_cli.pipeline.run.builtin_bank import builtin_bank
from ipmix_cli.pipeline.run.warm_machine import warm_machine

REQUEST = Request(source=SourceSpec(input="demo"), output=ShardSettings(copies=2), limit=6, samples_per_shard=3)
MIX = (("plasma", 1.0),)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of its own whose whole built-in bank of 64 px has 40 pictures of the family that draws fastest."""
    (tmp_path / "cache").mkdir()
    monkeypatch.setattr(banks, "writable_folders", lambda *_: [tmp_path / "cache"])  # kernels stay where they are
    monkeypatch.setattr(banks, "BUILT_IN", {64: 40})
    monkeypatch.setattr(banks, "FEWEST_BUILT_IN", 4)
    settings = banks.builtin_settings
    for place in (mixing, warm_machine_module):
        monkeypatch.setattr(place, "builtin_settings", lambda *given: replace(settings(*given), mix=MIX))
    monkeypatch.setattr("ipmix_cli.pipeline.banks.drawing.cold_families", lambda _: [])
    monkeypatch.setattr(module, "cold_kernels", lambda _: [])
    monkeypatch.setattr("ipmix_cli.pipeline.run.warmup.cold_kernels", lambda _: [])
    open_bank.cache_clear()
    yield tmp_path / "cache"
    open_bank.cache_clear()


@pytest.mark.parametrize(
    ("side", "copies", "count"),
    [(36, 1, 256), (36, 1600, 256), (36, 2049, 512), (36, 16_384, 2048), (36, 16_385, 4096), (36, 10**9, 4096),
     (252, 1600, 256), (252, 10**6, 1024), (1000, 10**6, 128)],
)  # fmt: skip
def test_a_bank_has_a_picture_for_every_eight_copies_within_bounds(side, copies, count):
    assert banks.builtin_count(side, copies) == count


def test_a_name_without_a_count_means_the_whole_bank():
    assert banks.builtin_settings(36).count == 4096
    assert banks.builtin_settings(36, 300).count == 300
    assert banks.builtin_settings(36, 10**9).count == 4096  # a forged record draws no more than the whole bank
    assert banks.builtin_settings(36, 0).count == 1


def test_the_beginning_of_a_whole_bank_is_the_small_bank(cache):
    small = open_bank(builtin_bank(36, 8))
    digest, pictures = small.digest, [small.read(index) for index in range(8)]
    open_bank.cache_clear()
    whole = open_bank(builtin_bank(36))
    assert len(whole.shapes) == 40
    beginning = ArrayBank(cached_builtin(module.builtin_of(builtin_name(36, 8))), 8)
    assert beginning.location == whole.location  # the small one is no longer asked for
    assert beginning.digest == digest
    assert all((beginning.read(index) == pictures[index]).all() for index in range(8))


def test_a_small_job_draws_a_small_bank_and_records_its_size(cache, tmp_path):
    outcome = augment(REQUEST, str(tmp_path / "out"))
    assert outcome.job.mixing.pictures == 4
    assert outcome.spent.bank_pictures == 4
    slow = dataclasses.replace(outcome, spent=dataclasses.replace(outcome.spent, bank=2.0, compiling=0.0))
    assert "once on this machine: 2.0 s for the built-in bank of 4 mixing pictures" in summary(slow, "out")
    again = augment(REQUEST, str(tmp_path / "again"))
    assert again.spent.bank_pictures == 0
    assert again.spent.compiling == 0.0  # kernels that are there already are no cost to tell
    assert again.manifest.shards == outcome.manifest.shards


def test_a_job_begun_with_the_whole_bank_goes_on_with_it(cache, tmp_path, monkeypatch):
    out = str(tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(module, "builtin_count", lambda side, copies: 40)  # as every job was once
        begun = augment(REQUEST, out, Execution(task_index=0, task_count=2))
    assert begun.manifest is None
    outcome = augment(REQUEST, out)
    assert outcome.resumed_shards == 1
    assert outcome.job.mixing.pictures == 40
    assert outcome.job == begun.job


def test_a_recorded_job_is_made_again_with_its_own_bank(cache, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "builtin_count", lambda side, copies: 40)
        before = augment(REQUEST, str(tmp_path / "before"))
    again = augment(replace(REQUEST, recorded=before.job), str(tmp_path / "again"))
    assert again.job == before.job
    assert again.manifest.shards == before.manifest.shards


def test_another_size_of_the_bank_is_another_job_where_the_output_is_replaced(cache, tmp_path, monkeypatch):
    from ipmix_cli.pipeline.run.schedule import ExistingOutput

    with monkeypatch.context() as patch:
        patch.setattr(module, "builtin_count", lambda side, copies: 40)
        augment(REQUEST, str(tmp_path / "out"))
    outcome = augment(REQUEST, str(tmp_path / "out"), existing_output=ExistingOutput(overwrite=True))
    assert outcome.job.mixing.pictures == 4


def test_warming_a_machine_makes_what_is_missing_and_nothing_twice(cache, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "ipmix_cli.pipeline.run.warm_machine.compile_named", lambda names, *_: asked.append(list(names))
    )
    monkeypatch.setattr("ipmix_cli.pipeline.run.warm_machine.cold_of", list)
    made = warm_machine(["ipmix", "trivialaugment"], [32], png=True)
    assert asked == [["method ipmix", "method trivialaugment", "resize", "png"]]
    assert made.banks == {64: 40}
    assert warm_machine(["ipmix"], [32]).banks == {}
