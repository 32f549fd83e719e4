"""Corrupted test sets go through the same pipeline, and every command knows them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

WORDS = ("corrupt", "--in", "demo", "--limit", 6, "--set", "brightness,contrast", "--severity", "1,5", "-q")


@pytest.fixture(scope="module")
def made(ipmix, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("corrupt") / "demo-c"
    ipmix(*WORDS, "--samples-per-shard", 2, "--jobs", 1, "--out", out)
    return out


def test_a_sample_holds_every_corruption_at_every_severity(made):
    job = json.loads((made / "manifest.json").read_text())["job"]
    assert job["method"] == "corruptions"
    assert job["output"]["variants"] == ["brightness.1", "brightness.5", "contrast.1", "contrast.5"]
    assert job["output"]["copies"] == 4


def test_the_classes_are_told_once(ipmix, tmp_path):
    told = "10 classes, 6 of them among the first 6 pictures"
    shown = ipmix(*WORDS[:-1], "--jobs", 1, "--out", tmp_path / "shown")
    assert (shown.stdout.count(told), shown.stderr.count(told)) == (0, 1)


def test_the_bytes_do_not_depend_on_the_workers(ipmix, made, tmp_path, digests):
    ipmix(*WORDS, "--samples-per-shard", 2, "--jobs", 2, "--out", tmp_path / "again")
    assert digests(tmp_path / "again") == digests(made)


def test_the_record_makes_it_again_and_so_does_the_command_that_is_told(ipmix, made, tmp_path, digests):
    ipmix("corrupt", "--jobs", 1, "--config", made / "manifest.json", "--out", tmp_path / "again", "-q")
    assert digests(tmp_path / "again") == digests(made)
    told = next(line for line in ipmix("info", made).stdout.splitlines() if line.startswith("made by"))
    words = told.removeprefix("made by").split()[1:]
    ipmix(*[str(tmp_path / "told") if word == "OUT" else word for word in words], "--jobs", 1, "-q")
    assert digests(tmp_path / "told") == digests(made)


def test_it_is_validated_replayed_and_repaired(ipmix, made, tmp_path, digests):
    import shutil

    whole, copy = digests(made), tmp_path / "copy"
    shutil.copytree(made, copy)
    assert "PASS" in ipmix("validate", copy, "--level", "full", "--replay", "100%", "--jobs", 1).stdout
    shard = copy / "test-000001.h5"
    shard.write_bytes(shard.read_bytes()[:-9])
    assert ipmix("status", copy, check=False).returncode == 4
    ipmix("repair", copy, "--jobs", 1)
    assert digests(copy) == whole


def test_variants_are_named_where_they_are_shown(ipmix, made, tmp_path):
    assert "contrast.5 of sample 00000002" in ipmix("explain", made, "--key", "00000002", "--copy", "contrast.5").stdout
    ipmix("preview", made, "--out", tmp_path / "sheet.png", "--variants", "contrast,brightness.5")
    assert (tmp_path / "sheet.png").is_file()
    done = ipmix("explain", made, "--key", "00000002", "--copy", "fog.1", check=False)
    assert done.returncode == 2
    assert "brightness.1" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--set", "fgo"), "fog"),
        (("--severity", "6"), "1 to 5"),
        (("--severity", "one"), "--severity"),
        (("--profile", "100"), "224"),
        (("--copies", "3"), "no option --copies"),
        (("--chains", "3"), "no option --chains"),
    ],
)
def test_what_makes_no_sense_is_refused(ipmix, tmp_path, words, told):
    done = ipmix("corrupt", "--in", "demo", "--out", tmp_path / "out", *words, "--jobs", 1, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_library_makes_the_same(made, tmp_path, digests):
    from ipmix_cli import Request, ShardSettings, SourceSpec, corrupt

    request = Request(
        source=SourceSpec(input="demo", split="test"),
        changes={"corruptions": ("brightness", "contrast"), "severities": (1, 5)},
        output=ShardSettings(encoding="auto"),
        limit=6,
        samples_per_shard=2,
    )
    assert corrupt(request, str(tmp_path / "out")).made_copies == 24
    assert digests(tmp_path / "out") == digests(made)


def test_a_folder_without_splits_is_corrupted_whole(ipmix, tmp_path):
    for name in ("one", "two"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        Image.fromarray(np.full((9, 12, 3), 90, np.uint8)).save(tmp_path / "photos" / name / "grey.png")
    out = tmp_path / "out"
    ipmix(
        "corrupt", "--in", tmp_path / "photos", "--set", "fog", "--severity", "2", "--layout", "folders", "--out", out
    )
    assert len(list((out / "fog/2").glob("*/*_grey.png"))) == 2


def test_a_missing_test_split_is_not_replaced_by_the_training_split(ipmix, tmp_path):
    for name in ("one", "two"):
        (tmp_path / "photos/train" / name).mkdir(parents=True)
        Image.fromarray(np.full((9, 12, 3), 90, np.uint8)).save(tmp_path / "photos/train" / name / "grey.png")
    done = ipmix("corrupt", "--in", tmp_path / "photos", "--set", "fog", "--out", tmp_path / "out", check=False)
    assert done.returncode == 3
    assert "test" in done.stderr


def test_c_bar_takes_the_list_of_the_size_and_is_made_again_by_its_name(ipmix, tmp_path, digests):
    ipmix(
        "corrupt",
        "--in",
        "demo",
        "--limit",
        2,
        "--set",
        "c-bar",
        "--severity",
        3,
        "--jobs",
        1,
        "-q",
        "--out",
        tmp_path / "a",
    )
    variants = json.loads((tmp_path / "a/manifest.json").read_text())["job"]["output"]["variants"]
    assert len(variants) == 10
    assert "ripple.3" in variants
    assert "plasma_noise.3" not in variants
    assert "PASS" in ipmix("validate", tmp_path / "a", "--level", "full", "--replay", "100%", "--jobs", 1).stdout
    told = next(line for line in ipmix("info", tmp_path / "a").stdout.splitlines() if line.startswith("made by"))
    assert "--set c-bar " in told
    words = told.removeprefix("made by").split()[1:]
    ipmix(*[str(tmp_path / "b") if word == "OUT" else word for word in words], "--jobs", 1, "-q")
    assert digests(tmp_path / "b") == digests(tmp_path / "a")
