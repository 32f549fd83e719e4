"""Repair as a user types it."""

from __future__ import annotations

import json
import shutil

import pytest

from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec
from tests.fixtures.made_sets import few_photographs


@pytest.fixture(scope="module")
def moving(photographs, tmp_path_factory, bank):
    """A data set whose source and bank can be moved."""
    place = tmp_path_factory.mktemp("repair")
    shutil.copytree(bank.parent, place / "banks")
    few_photographs(photographs, place / "pictures", count=6, classes=2)
    return place


@pytest.fixture
def out(moving, tmp_path):
    from ipmix_cli.crop import CropConfig

    request = Request(
        source=SourceSpec(input=str(moving / "pictures")),
        fractals=str(moving / "banks" / "bank.h5"),
        crop=CropConfig(mode="center", size=32),
        samples_per_shard=2,
        output=ShardSettings(encoding="auto", copies=2),
    )
    augment(request, str(tmp_path / "out"))
    return tmp_path / "out"


def test_nothing_bad_is_nothing_done(out, ipmix, digests):
    before = digests(out)
    assert "nothing is bad" in ipmix("repair", out).stdout
    assert digests(out) == before


def test_source_and_bank_may_have_moved(out, moving, ipmix, digests):
    whole = digests(out)
    (out / "train-000001.h5").write_bytes(b"rot")
    (out / "errors.jsonl").write_text("not mine")
    moved = moving / "elsewhere"
    (moving / "pictures").rename(moved)
    (moving / "banks").rename(moving / "other")
    try:
        refused = ipmix("repair", out, check=False)
        assert refused.returncode == 3
        assert "pictures" in refused.stderr
        origin = ("--source", moved, "--fractals", moving / "other" / "bank.h5")
        done = ipmix("repair", out, *origin, "--json", "--jobs", 2, check=False)
        found = json.loads(done.stdout)
        assert found["written"] == ["train-000001.h5"]
        assert [problem["shard"] for problem in found["problems"]] == ["errors.jsonl"]
        assert done.returncode == 4
    finally:
        moved.rename(moving / "pictures")
        (moving / "other").rename(moving / "banks")
    (out / "errors.jsonl").unlink()
    assert digests(out) == whole


def test_a_changed_source_is_refused_and_nothing_is_written(out, moving, ipmix, digests):
    (out / "train-000001.h5").unlink()
    before = digests(out)
    victim = moving / "pictures" / "class0" / "0.jpeg"
    content = victim.read_bytes()
    victim.write_bytes(content + b"x")
    try:
        done = ipmix("repair", out, check=False)
    finally:
        victim.write_bytes(content)
    assert done.returncode == 3
    assert "its digest differs" in done.stderr
    assert "--source" in done.stderr
    assert digests(out) == before


def test_an_unfinished_folder_is_not_repaired_but_finished(tmp_path, out, ipmix):
    for name in ("manifest.json", ".ipmix/manifest.json"):
        (out / name).unlink()
    done = ipmix("repair", out, check=False)
    assert done.returncode == 4
    assert "ipmix augment" in done.stderr
