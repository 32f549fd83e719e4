"""Grey data sets: what ``--channels 1`` stores is Pillow's L of what the same job stores in RGB, in every format."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ipmix_cli import Execution, Request, ShardSettings, SourceSpec, augment
from ipmix_cli.crop import CropConfig
from ipmix_cli.errors import UsageError
from ipmix_cli.grey import as_grey, as_rgb
from ipmix_cli.pipeline.inspect.explain import trace
from ipmix_cli.pipeline.inspect.info import info
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.prepare import Request as Wanted
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.reader import ShardDataset

COUNT, COPIES = 7, 2
COLOUR = np.random.default_rng(3).integers(0, 256, (COUNT, 12, 9, 3), np.uint8)
GREY = np.stack([np.asarray(Image.fromarray(picture).convert("L")) for picture in COLOUR])
FORMS = [
    {"format": "hdf5", "encoding": "raw"},
    {"format": "hdf5", "encoding": "png"},
    {"format": "hdf5", "encoding": "raw", "compression": "gzip"},
    {"format": "webdataset", "encoding": "png"},
    {"format": "webdataset", "encoding": "png", "layout": "flat"},
    {"format": "parquet", "encoding": "png"},
    {"format": "mds", "encoding": "raw"},
    {"format": "mds", "encoding": "png"},
    {"format": "files", "encoding": "png"},
]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pictures in colour, in grey, and in grey as files; and mixing pictures in colour."""
    folder = tmp_path_factory.mktemp("grey")
    labels = np.arange(COUNT) % 3
    np.savez(folder / "colour.npz", images=COLOUR, labels=labels)
    np.savez(folder / "grey.npz", images=GREY, labels=labels)
    np.savez(folder / "thrice.npz", images=np.repeat(GREY[..., None], 3, -1), labels=labels)
    for number, picture in enumerate(GREY):
        place = folder / "files" / str(labels[number])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{number}.png")
    (folder / "mixing").mkdir()
    for number, picture in enumerate(COLOUR[:3]):
        Image.fromarray(np.repeat(np.repeat(picture, 4, 0), 4, 1)).save(folder / "mixing" / f"{number}.png")
    return folder


def made(sources: Path, out: Path, source: str = "grey.npz", **changes: object) -> str:
    """Make a data set; `changes` are those of the request and of the output."""
    own = {field.name for field in dataclasses.fields(Wanted)}
    output = {"encoding": "auto", "copies": COPIES, **{k: v for k, v in changes.items() if k not in own}}
    mixes = changes.get("method", "ipmix") in {"ipmix", "pixmix"}
    request = Request(
        source=SourceSpec(input=str(sources / source)),
        fractals=str(sources / "mixing") if mixes else "builtin",
        output=ShardSettings(**output),  # type: ignore[arg-type]
        **{k: v for k, v in changes.items() if k in own},  # type: ignore[arg-type]
    )
    augment(request, str(out), Execution())
    return str(out)


def luma(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return Pillow's grey of pictures (..., H, W, 3), one by one: the slow twin."""
    flat = [np.asarray(Image.fromarray(one).convert("L")) for one in pictures.reshape(-1, *pictures.shape[-3:])]
    return np.stack(flat).reshape(*pictures.shape[:-1], 1)


def test_the_kernels_round_as_pillow_does() -> None:
    ramp = np.stack(np.meshgrid(*[np.arange(0, 256, 5, dtype=np.uint8)] * 3), -1).reshape(1, 52, -1, 3)
    assert np.array_equal(as_grey(ramp), luma(ramp))
    every = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert np.array_equal(as_rgb(every), np.repeat(every, 3, -1))
    assert np.array_equal(as_grey(as_rgb(every)), every)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form.values()))
def test_grey_sets_hold_pillows_grey_of_the_rgb_sets_in_every_format(
    tmp_path: Path, sources: Path, form: dict[str, str]
) -> None:
    twin = ShardDataset(made(sources, tmp_path / "rgb", "thrice.npz"), view="all")
    out = made(sources, tmp_path / "grey", channels=1, **form)
    copies, clean = ShardDataset(out, view="all"), ShardDataset(out, view="clean")
    for number in range(COUNT):
        assert np.array_equal(copies[number][0], luma(twin[number][0]))
        assert np.array_equal(clean[number][0][..., 0], GREY[number])
    assert validate(open_dataset(out), Checks(level="full", replay="100%")).problems == []
    assert info(out).facts["output"]["channels"] == 1


@pytest.mark.parametrize("method", ["ipmix", "cutmix", "trivialaugment"])
def test_every_method_gives_pillows_grey_of_its_rgb_copies(tmp_path: Path, sources: Path, method: str) -> None:
    twin = ShardDataset(made(sources, tmp_path / "rgb", "thrice.npz", method=method), view="all")
    grey = ShardDataset(made(sources, tmp_path / "grey", method=method, channels=1), view="all")
    for one, other in zip(grey, twin, strict=True):
        assert np.array_equal(one[0], luma(other[0]))
        assert np.array_equal(one[1], other[1])


@pytest.mark.parametrize("source", ["colour.npz", "files"])
def test_colour_becomes_grey_before_it_is_cropped_and_grey_files_stay_what_they_are(
    tmp_path: Path, sources: Path, source: str
) -> None:
    crop = CropConfig(mode="random-resized", size=8)
    there = ShardDataset(
        made(sources, tmp_path / "there", source, channels=1, crop=crop), view="triplet", return_key=True
    )
    here = ShardDataset(made(sources, tmp_path / "here", channels=1, crop=crop), view="triplet")
    if source == "colour.npz":
        assert all(np.array_equal(a[0], b[0]) for a, b in zip(there, here, strict=True))
    assert there[0][0].shape == (3, 8, 8, 1)


def test_plans_render_what_is_stored_and_fresh_copies_are_grey(tmp_path: Path, sources: Path) -> None:
    stored = ShardDataset(made(sources, tmp_path / "stored", channels=1), view="all")
    out = made(sources, tmp_path / "plans", channels=1, store="plans")
    rendered = ShardDataset(out, view="all")
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(stored, rendered, strict=True))
    assert np.array_equal(np.stack(rendered[1:4].pictures), np.stack([stored[n][0] for n in range(1, 4)]))
    assert ShardDataset(out, fresh=True)[0][0].shape == (12, 9, 1)
    assert validate(open_dataset(out), Checks(level="full", replay="100%")).problems == []


def test_picture_types_and_other_readers_show_one_channel(tmp_path: Path, sources: Path) -> None:
    raw = made(sources, tmp_path / "raw", channels=1, samples_per_shard=COUNT)
    assert ShardDataset(raw, picture_type="pil")[0][0].mode == "L"
    assert ShardDataset(raw, picture_type="torch", view="triplet")[0][0].shape == (3, 1, 12, 9)
    with h5py.File(Path(raw) / "train-000000.h5") as shard:
        assert shard["aug"].shape == (COUNT, COPIES, 12, 9, 1)
        assert np.array_equal(shard["clean"][..., 0], GREY)
    files = Path(made(sources, tmp_path / "files", channels=1, format="files"))
    for path in files.glob("train/*/*.png"):
        with Image.open(path) as picture:
            assert picture.mode == "L"
    jpeg = made(sources, tmp_path / "jpeg", channels=1, format="webdataset", encoding="jpeg")
    with open_dataset(jpeg).view(open_dataset(jpeg).manifest.shards[0]) as view:
        assert Image.open(io.BytesIO(view.sample(0).copies[0])).mode == "L"
    assert validate(open_dataset(jpeg), Checks(level="full", replay="100%")).problems == []


def test_explain_ends_in_the_stored_grey(tmp_path: Path, sources: Path) -> None:
    dataset = open_dataset(made(sources, tmp_path / "out", channels=1))
    for copy in range(COPIES):
        origin = trace(dataset, "3", copy)
        assert origin.agrees
        assert np.array_equal(as_grey(origin.stages["out"]), dataset.pictures(origin.sample)[1][copy])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "cifar", "crop": CropConfig(mode="center", size=32)}, "cifar holds RGB pictures"),
        ({"format": "webdataset", "encoding": "webp"}, "webp has no grey pictures"),
        ({"channels": 2}, "2 channels"),
    ],
)
def test_what_has_no_grey_is_refused_by_name(
    tmp_path: Path, sources: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        made(sources, tmp_path / "out", **{"channels": 1, **changes})
    assert not (tmp_path / "out").exists()


def test_records_of_rgb_jobs_say_nothing_of_channels(tmp_path: Path, sources: Path) -> None:
    assert "channels" not in open_dataset(made(sources, tmp_path / "out")).manifest.job.to_dict()["output"]
