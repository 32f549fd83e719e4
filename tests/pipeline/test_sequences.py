"""Perturbation sequences in every layout: the same frames, replayed, explained, evaluated and scored."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ipmix_cli import corrupt
from ipmix_cli.crop import CropConfig
from ipmix_cli.errors import UsageError
from ipmix_cli.pipeline.inspect.explain import trace
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.pipeline.verify.repair import repair
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.reader import ShardDataset
from ipmix_cli.scoring.evaluation.pictures import open_data
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec

COUNT = 5
NAMES = ("translate", "shot_noise")
LENGTHS = {"translate": 16, "shot_noise": 31, "shot_noise_2": 31}


def request_for(layout, **more):
    return Request(
        source=more.pop("source", SourceSpec(input="demo")),
        method="sequences",
        changes={"perturbations": NAMES, "difficulties": (1, 2)} | more.pop("changes", {}),
        output=ShardSettings(
            **({"format": layout, "encoding": "auto", "clean": layout == "hdf5"} | more.pop("output", {}))
        ),
        limit=COUNT,
        samples_per_shard=2,
        **more,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("sequences")
    for layout in ("hdf5", "webdataset", "npy", "folders"):
        corrupt(request_for(layout), str(root / layout))
    return root


def test_npy_holds_the_frames_of_each_picture_together(made):
    for name, length in LENGTHS.items():
        array = np.load(made / "npy" / f"{name}.npy")
        assert (array.shape, array.dtype) == ((COUNT, length, 32, 32, 3), np.uint8)
    assert np.load(made / "npy/labels.npy").shape == (COUNT,)


def test_folders_hold_a_folder_for_each_sequence(made):
    for name, length in LENGTHS.items():
        array = np.load(made / "npy" / f"{name}.npy")
        sequences = sorted((made / "folders" / name).glob("*/*"), key=lambda path: path.name)
        assert len(sequences) == COUNT
        for number, sequence in enumerate(sequences):
            files = sorted(sequence.iterdir())
            assert [file.name for file in files] == [f"frame{frame:02d}.png" for frame in range(length)]
            assert all((np.array(Image.open(file)) == array[number, n]).all() for n, file in enumerate(files))


def test_shards_hold_the_same_frames(made):
    data = ShardDataset(made / "hdf5", view="all")
    tars = ShardDataset(made / "webdataset", view="all")
    every = np.concatenate([np.load(made / "npy" / f"{name}.npy") for name in LENGTHS], axis=1)
    for number in range(COUNT):
        assert (data[number][0] == every[number]).all()
        assert (tars[number][0] == every[number]).all()
    chosen = ShardDataset(made / "hdf5", view="all", copies=range(16, 47))
    assert (chosen[2][0] == np.load(made / "npy/shot_noise.npy")[2]).all()
    with pytest.raises(UsageError, match="copies"):
        ShardDataset(made / "hdf5", view="all", copies=[78])


@pytest.mark.parametrize("layout", ["hdf5", "webdataset", "npy", "folders"])
def test_every_layout_is_validated_replayed_and_evaluated(made, layout):
    report = validate(open_dataset(made / layout), Checks(level="full", replay="100%"))
    assert report.passed, report.problems
    assert report.replayed == COUNT * 78
    assert report.bytes > 78 * COUNT * 100
    data = next(item for item in open_data(SourceSpec(input=str(made / layout))) if item.role == "sequences")
    assert set(data.variants) == set(LENGTHS)
    assert len(data.keys) == COUNT
    for number, name in enumerate(data.variants):
        pictures, labels = data.reader.piece(number, 1, 4).read()
        assert len(labels) == 3
        frames = np.stack(pictures).reshape(3, LENGTHS[name], 32, 32, 3)
        wanted = np.load(made / "npy" / f"{name}.npy")
        order = [int(key.split("/")[-1][:8]) for key in data.keys] if "/" in data.keys[0] else range(COUNT)
        assert (frames == wanted[list(order)[1:4]]).all()


def test_a_lost_frame_is_made_again(made, digests):
    whole = digests(made / "folders")
    frame = next((made / "folders/translate").glob("*/*/frame07.png"))
    frame.unlink()
    assert not validate(open_dataset(made / "folders"), Checks()).passed
    assert repair(open_dataset(made / "folders")).problems == []
    assert digests(made / "folders") == whole


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    for number, shape in enumerate([(60, 90), (90, 60), (70, 70), (40, 200)]):
        (root / f"class{number % 2}").mkdir(exist_ok=True)
        picture = np.random.default_rng(number).integers(100, 256, (*shape, 3), dtype=np.uint8)
        Image.fromarray(picture).save(root / f"class{number % 2}" / f"{number}.png")
    grey = np.random.default_rng(9).integers(100, 256, (50, 50), dtype=np.uint8)
    Image.fromarray(grey).save(root / "class1/grey.png")
    return root


def test_what_lies_around_a_centre_crop_comes_in_at_the_edges(photos, tmp_path, digests):
    out = tmp_path / "out"
    words = {"perturbations": ("translate", "rotate"), "difficulties": (1,), "profile": "64"}
    source = SourceSpec(input=str(photos), split="train")
    request = request_for("hdf5", changes=words, crop=CropConfig(mode="center", size=56), source=source)
    corrupt(request, str(out))
    for frames, _ in ShardDataset(out, view="all"):
        assert (frames[11:20] >= 100).all()
    dataset = open_dataset(out)
    assert validate(dataset, Checks(level="full", replay="100%", source=request.source)).passed
    found = trace(dataset, "3", 3)
    assert found.agrees
    assert found.stages["clean"].shape == (56, 56, 3)
    with pytest.raises(UsageError, match="around"):
        ShardDataset(out, view="fixed", fresh=True)
    with pytest.raises(UsageError, match="around"):
        corrupt(
            Request(**{**vars(request), "output": ShardSettings(store="plans", encoding="auto")}), str(tmp_path / "no")
        )
    whole = digests(out)
    shard = out / "train-000001.h5"
    shard.write_bytes(shard.read_bytes()[:-9])
    assert repair(open_dataset(out)).problems == []
    assert digests(out) == whole


@pytest.mark.parametrize("size", [None, 2])
def test_pictures_of_any_shape_have_sequences(photos, tmp_path, size):
    crop = CropConfig() if size is None else CropConfig(mode="center", size=size)
    changes = {"perturbations": ("tilt", "snow", "spatter"), "difficulties": (1,), "profile": "32"}
    source = SourceSpec(input=str(photos), split="train")
    request = request_for("folders", changes=changes, crop=crop, source=source)
    corrupt(request, str(tmp_path / "out"))
    assert validate(open_dataset(tmp_path / "out"), Checks(level="full", replay="20")).passed
