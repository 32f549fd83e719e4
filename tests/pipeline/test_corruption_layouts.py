"""Corrupted sets as CORRUPTION.npy, and as folders: read by others, validated, repaired, made again after a kill."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.errors import UsageError
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.pipeline.verify.repair import repair
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec

COUNT = 12
CHANGES = {"corruptions": ("fog", "contrast", "shot_noise"), "severities": (1, 5)}


def request_for(layout, **more):
    output = {"format": layout, "encoding": "auto", "clean": False} | more.pop("output", {})
    return Request(
        source=SourceSpec(input="demo"),
        method="corruptions",
        changes=CHANGES,
        output=ShardSettings(**output),
        limit=COUNT,
        **more,
    )


@pytest.fixture(params=["npy", "folders"])
def made(request, tmp_path):
    out = tmp_path / request.param
    augment(request_for(request.param), str(out))
    return out


def arrays_of(out):
    """Pictures by corruption and severity, (N, H, W, 3), read without ipmix, and their labels."""
    if (out / "labels.npy").exists():
        found = {name: np.load(out / f"{name}.npy").reshape(2, COUNT, 32, 32, 3) for name in CHANGES["corruptions"]}
        labels = np.load(out / "labels.npy").reshape(2, COUNT)
        assert (labels[0] == labels[1]).all()
        return {(name, s): found[name][n] for name in found for n, s in enumerate((1, 5))}, labels[0]
    pictures, labels = {}, None
    for name in CHANGES["corruptions"]:
        for severity in (1, 5):
            classes = sorted(path.name for path in (out / name / str(severity)).iterdir())
            files = sorted((out / name / str(severity)).glob("*/*.png"), key=lambda path: path.name)
            pictures[name, severity] = np.stack([np.array(Image.open(path)) for path in files])
            labels = np.array([classes.index(path.parent.name) for path in files])
    return pictures, labels


def test_both_layouts_hold_the_pictures_of_the_shards(made, tmp_path):
    pictures, labels = arrays_of(made)
    augment(request_for("hdf5"), str(tmp_path / "shards"))
    dataset = open_dataset(tmp_path / "shards")
    variants = [(name, severity) for name in CHANGES["corruptions"] for severity in (1, 5)]
    for number in range(COUNT):
        sample = dataset.at(number)
        assert sample.label == labels[number]
        for variant, copy in zip(variants, dataset.pictures(sample)[1], strict=True):
            assert (pictures[variant][number] == copy).all()


def test_is_validated_with_every_picture_and_replayed(made):
    report = validate(open_dataset(made), Checks(level="full", replay="100%"))
    assert report.passed
    assert report.replayed == COUNT * 6


def test_a_flipped_byte_is_found_and_mended(made):
    name = "fog.npy" if made.name == "npy" else next((made / "fog/5").glob("*/*.png")).relative_to(made)
    content = (made / name).read_bytes()
    (made / name).write_bytes(content[:-40] + bytes([content[-40] ^ 1]) + content[-39:])
    assert not validate(open_dataset(made), Checks(level="full")).passed
    repair(open_dataset(made))
    assert (made / name).read_bytes() == content
    assert validate(open_dataset(made), Checks(level="full")).passed


def test_a_missing_file_is_found_and_mended(made):
    name = "contrast.npy" if made.name == "npy" else next((made / "contrast/1").glob("*/*.png")).relative_to(made)
    content = (made / name).read_bytes()
    (made / name).unlink()
    assert not validate(open_dataset(made), Checks()).passed
    assert repair(open_dataset(made)).problems == []
    assert (made / name).read_bytes() == content


def test_a_run_that_was_killed_is_finished_with_the_same_bytes(made, tmp_path):
    whole = {path.relative_to(made): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    for name in ("manifest.json", ".ipmix/manifest.json", "README.md"):
        (made / name).unlink()
    augment(request_for(made.name), str(made))
    assert {path.relative_to(made): path.read_bytes() for path in made.rglob("*") if path.is_file()} == whole


def test_clean_pictures_can_stand_beside(tmp_path):
    for layout in ("npy", "folders"):
        augment(request_for(layout, output={"clean": True}), str(tmp_path / layout))
        assert validate(open_dataset(tmp_path / layout), Checks(level="full")).passed
    clean = np.load(tmp_path / "npy/clean.npy")
    files = sorted((tmp_path / "folders/clean").glob("*/*.png"), key=lambda path: path.name)
    assert (np.stack([np.array(Image.open(path)) for path in files]) == clean).all()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"output": {"encoding": "png"}}, "npy holds raw pictures"),
        ({"output": {"compression": "lzf"}}, "compression lzf is for raw HDF5"),
    ],
)
def test_npy_refuses_what_it_cannot_hold(tmp_path, more, said):
    with pytest.raises(UsageError, match=said):
        augment(request_for("npy", **more), str(tmp_path / "out"))
