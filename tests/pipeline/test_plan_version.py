"""Data sets whose plans are of another version than this ipmix draws: told as such, never as damage."""

from __future__ import annotations

import dataclasses

import pytest

from ipmix_cli.errors import UsageError
from ipmix_cli.methods import transform_named
from ipmix_cli.pipeline.inspect.explain import trace
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.reader import ShardDataset
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec


@pytest.fixture
def old(tmp_path, monkeypatch):
    """Return a data set of a method whose plans have changed since."""
    out = ShardSettings(encoding="auto", copies=2)
    augment(Request(source=SourceSpec(input="demo"), method="cutout", limit=8, output=out), str(tmp_path / "out"))
    cutout = type(transform_named("cutout"))
    monkeypatch.setattr(cutout, "plan_version", cutout.plan_version + 1)
    return tmp_path / "out"


def test_a_replay_tells_the_version_instead_of_copies_that_differ(old):
    report = validate(open_dataset(old), Checks(replay="100%"))
    assert [problem.code for problem in report.problems] == ["plan-version"]
    assert "version 1, this ipmix draws version 2" in report.problems[0].message
    assert report.replayed == 0


def test_without_a_replay_it_passes_and_its_copies_are_not_compared_with_other_plans(old):
    report = validate(open_dataset(old), Checks(level="full"))
    assert report.passed
    assert report.agreement.empty + report.agreement.other == 0


def test_explaining_a_copy_is_refused(old):
    dataset = open_dataset(old)
    with pytest.raises(UsageError, match="this ipmix draws version 2"):
        trace(dataset, "00000000", 0)


def test_plans_of_float32_arithmetic_are_rendered_by_the_reader(tmp_path, bank):
    """They have a version of their own."""
    made = []
    for store in ("plans", "pixels"):
        output = ShardSettings(encoding="auto", copies=2, store=store)
        wanted = Request(source=SourceSpec(input="demo"), fractals=str(bank), limit=4, output=output)
        augment(dataclasses.replace(wanted, changes={"overflow": "wrap"}), str(tmp_path / store))
        made.append(ShardDataset(tmp_path / store, view="all")[1][0])
    assert (made[0] == made[1]).all()
