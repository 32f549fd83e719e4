"""A finished data set as a source: its clean pictures under their own labels, or a refusal that says what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ipmix_cli import Execution, Request, ShardSettings, SourceSpec, augment
from ipmix_cli.errors import SourceError
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import Sample
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.object_store import RemoteFolder

GENERATOR = np.random.default_rng(5)
PICTURES = GENERATOR.integers(0, 256, (7, 8, 8, 3), np.uint8)
NAMES = np.array(["zebra", "0", "1"])[[2, 0, 1, 1, 0, 2, 0]]  # names that look like numbers of other classes

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    mixing = tmp_path / "mixing"
    mixing.mkdir()
    for number in range(3):
        Image.fromarray(GENERATOR.integers(0, 256, (32, 32, 3), np.uint8)).save(mixing / f"{number}.png")
    np.savez(tmp_path / "set.npz", images=PICTURES, labels=NAMES)

    def made(**output: Any) -> Path:
        source = SourceSpec(input=str(tmp_path / "set.npz"), labels_as="names")
        request = Request(
            source=source,
            fractals=str(mixing),
            output=ShardSettings(**{"encoding": "auto", "copies": 2, **output}),
            samples_per_shard=3,
        )
        augment(request, str(tmp_path / "out"), Execution())
        return tmp_path / "out"

    return made


FORMS: list[dict[str, Any]] = [
    {},
    {"encoding": "png"},
    {"compression": "gzip"},
    {"format": "webdataset"},
    {"format": "webdataset", "layout": "flat"},
    {"format": "parquet"},
    {"format": "mds"},
    {"format": "mds", "encoding": "webp"},
    {"format": "files"},
    {"store": "plans"},
]


@pytest.mark.parametrize("output", FORMS, ids=str)
def test_clean_pictures_keep_their_labels_and_class_names(make: Make, output: dict[str, Any]) -> None:
    source = open_source(SourceSpec(input=str(make(**output))))
    assert [source.class_names[label] for label in source.labels] == NAMES.tolist()
    samples = [item for item in source.part(2, 7).samples(StageClock()) if isinstance(item, Sample)]
    assert [item.index for item in samples] == [2, 3, 4, 5, 6]
    assert np.array_equal([item.picture for item in samples], PICTURES[2:])
    assert [source.class_names[item.label] for item in samples if isinstance(item.label, int)] == NAMES[2:].tolist()


def test_what_cannot_be_read_back_is_refused(make: Make) -> None:
    with pytest.raises(SourceError, match="without its clean pictures"):
        open_source(SourceSpec(input=str(make(clean=False))))


@pytest.mark.parametrize("output", [{}, {"format": "webdataset", "layout": "flat"}, {"format": "files"}], ids=str)
def test_a_data_set_in_a_bucket_is_the_same_source_as_on_the_disk(
    make: Make, tmp_path: Path, output: dict[str, Any]
) -> None:
    pytest.importorskip("fsspec")
    here = make(**output)
    url = f"memory://finished/{tmp_path.name}"
    for path in here.rglob("*"):
        if path.is_file():
            RemoteFolder(url).write(path.relative_to(here).as_posix(), path.read_bytes())
    there, local = open_source(SourceSpec(input=url)), open_source(SourceSpec(input=str(here)))
    assert (there.digest, there.class_names, there.format) == (local.digest, local.class_names, "ipmix")
    assert np.array_equal(pictures(there), PICTURES)
    shard = next(here.glob(".ipmix/files/*" if output.get("format") == "files" else "train-000000.*"))
    RemoteFolder(url).write(shard.relative_to(here).as_posix(), shard.read_bytes() + b"x")
    with pytest.raises(SourceError, match="not the file that"):
        pictures(there)


def test_an_unfinished_data_set_in_a_bucket_is_refused(make: Make, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    url = f"memory://finished/{tmp_path.name}"
    shard = next(make(format="webdataset").glob("*.tar"))
    RemoteFolder(url).write(shard.name, shard.read_bytes())
    RemoteFolder(url).write(".ipmix/job.json", b"{}")
    with pytest.raises(SourceError, match="unfinished"):
        open_source(SourceSpec(input=url))


@pytest.mark.parametrize("output", [{"layout": "flat"}, {"clean": False, "copies": 1}], ids=str)
def test_copies_in_tars_apart_from_their_manifest_are_no_clean_pictures(
    make: Make, tmp_path: Path, output: dict[str, Any]
) -> None:
    tars = tmp_path / "tars"
    tars.mkdir()
    for path in make(format="webdataset", **output).glob("*.tar"):
        path.rename(tars / path.name)
    with pytest.raises(SourceError, match="is a shard that ipmix made"):
        open_source(SourceSpec(input=str(tars)))


def test_a_changed_picture_is_noticed(make: Make) -> None:
    out = make()
    shard = out / "train-000000.h5"
    data = bytearray(shard.read_bytes())
    data[data.index(PICTURES[0].tobytes())] ^= 1
    shard.write_bytes(data)
    with pytest.raises(SourceError, match="not the file that"):
        open_source(SourceSpec(input=str(out)))


def test_corrupted_arrays_and_cifars_archive_give_their_clean_pictures(tmp_path: Path) -> None:
    large = GENERATOR.integers(0, 256, (5, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "set.npz", images=large, labels=np.arange(5) % 2)
    source = SourceSpec(input=str(tmp_path / "set.npz"))
    output = ShardSettings(format="cifar", encoding="auto", copies=2)
    augment(Request(source=source, method="cutout", output=output), str(tmp_path / "cifar"), Execution())
    assert np.array_equal(pictures(open_source(SourceSpec(input=str(tmp_path / "cifar")))), large)
    changes = {"corruptions": ("contrast",), "severities": (1, 2)}
    output = ShardSettings(format="npy", encoding="auto")
    augment(Request(source=source, method="corruptions", changes=changes, output=output), str(tmp_path / "npy"))
    assert np.array_equal(pictures(open_source(SourceSpec(input=str(tmp_path / "npy")))), large)


def pictures(source: Any) -> NDArray[np.uint8]:
    """All pictures of a source."""
    return np.stack([item.picture for item in source.part(0, len(source)).samples(StageClock())])


def test_an_unfinished_data_set_is_refused(make: Make) -> None:
    out = make()
    (out / "manifest.json").unlink()
    with pytest.raises(SourceError, match="unfinished"):
        open_source(SourceSpec(input=str(out)))


def test_a_changed_manifest_is_refused(make: Make) -> None:
    path = make() / "manifest.json"
    values = json.loads(path.read_text())
    values["class_names"] = values["class_names"][::-1]
    path.write_text(json.dumps(values))
    with pytest.raises(SourceError, match="damaged"):
        open_source(SourceSpec(input=str(path.parent)))


@pytest.mark.parametrize("labels", [{}, {"unlabelled": True}])
@pytest.mark.parametrize("clean", [True, False])
def test_class_folders_of_ours_apart_from_their_records_are_no_originals(make, labels, clean):
    out = make(format="files", clean=clean)
    for place in (out / "train", out):
        with pytest.raises(SourceError, match=r"holds copies that ipmix made, such as 0/\d+_aug0"):
            open_source(SourceSpec(input=str(place), **labels))
        shutil.rmtree(out / ".ipmix", ignore_errors=True)


def test_pictures_that_others_call_copies_are_read(tmp_path):
    for name in ("cat/1_aug0.png", "cat/photo_aug.png", "dog/00000001_augment.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(PICTURES[0]).save(tmp_path / name)
    assert len(open_source(SourceSpec(input=str(tmp_path)))) == 3
