"""The kind of a source is recognised; the same pictures give the same samples from any kind."""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
import pickle
import tarfile

import numpy as np
import pytest

from ipmix_cli.errors import SourceError, UsageError
from ipmix_cli.sources.readers import READERS, open_source
from ipmix_cli.sources.source import SourceSpec

h5py = pytest.importorskip("h5py")


@pytest.fixture
def every_kind(tmp_path, class_folder, pictures, png, cifar):
    """Hold the noise pictures, class by class, as every kind of source."""
    order = np.argsort(pictures[1], kind="stable")
    images, labels = pictures[0][order], pictures[1][order]
    np.savez(tmp_path / "set.npz", images=images, labels=labels)
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file["images"], file["labels"] = images, labels
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        for number, (picture, label) in enumerate(zip(images, labels, strict=True)):
            for end, content in (("png", png(picture)), ("cls", str(label).encode())):
                info = tarfile.TarInfo(f"{number:04}.{end}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    files = sorted(class_folder.rglob("*.png"))
    rows = [(str(path.relative_to(tmp_path)), label) for path, label in zip(files, labels, strict=True)]
    with (tmp_path / "set.csv").open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    (tmp_path / "set.jsonl").write_text("".join(json.dumps({"path": p, "label": int(c)}) + "\n" for p, c in rows))
    kinds = {"imagefolder": class_folder, "list": tmp_path / "set.csv", "npz": tmp_path / "set.npz"}
    kinds |= {"hdf5": tmp_path / "set.h5", "webdataset": tmp_path / "set.tar", "list ": tmp_path / "set.jsonl"}
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError:
        return kinds
    encoded = [{"bytes": png(picture), "path": None} for picture in images]
    parquet.write_table(arrow.table({"image": encoded, "label": labels}), tmp_path / "set.parquet")
    return kinds | {"parquet": tmp_path / "set.parquet"}


def test_the_same_pictures_give_the_same_samples_from_every_kind(every_kind, opened, read):
    sources = {kind: opened(path) for kind, path in every_kind.items()}
    assert {kind.strip(): source.format for kind, source in sources.items()} == {
        kind.strip(): kind.strip() for kind in sources
    }
    expected = read(sources.pop("imagefolder"))
    for kind, source in sources.items():
        samples = read(source)
        assert [sample.index for sample in samples] == list(range(23)), kind
        assert [sample.key for sample in samples] == [source.key(index) for index in range(23)], kind
        assert [sample.label for sample in samples] == [sample.label for sample in expected], kind
        for sample, other in zip(samples, expected, strict=True):
            assert np.array_equal(sample.picture, other.picture), kind
            assert sample.picture.dtype == np.uint8
            assert sample.picture.flags.c_contiguous


def test_a_part_is_small_and_stands_alone(every_kind, opened, read):
    for kind, path in every_kind.items():
        source = opened(path)
        part = pickle.dumps(source.part(20, 22))
        assert len(part) < 3000, kind
        assert [sample.index for sample in pickle.loads(part).samples(_clock())] == [20, 21], kind


def _clock():
    from ipmix_cli.stages import StageClock

    return StageClock()


def test_the_digest_is_the_same_at_another_time_and_place(every_kind, opened, tmp_path):
    for kind, path in every_kind.items():
        if kind in {"imagefolder", "list", "list "}:
            continue  # whole folders: tested with their own readers
        before = opened(path).digest
        os.utime(path, (1, 1))
        assert opened(path).digest == before, kind
        (tmp_path / "moved").mkdir(exist_ok=True)
        assert opened(path.rename(tmp_path / "moved" / path.name)).digest == before, kind


def test_the_form_can_be_forced(every_kind, opened, tmp_path):
    odd = every_kind["npz"].rename(tmp_path / "set.data")
    with pytest.raises(SourceError, match="an unknown kind") as caught:
        opened(odd)
    assert "--input-format" in caught.value.remedy
    assert len(opened(odd, input_format="npz")) == 23
    with pytest.raises(SourceError):
        opened(odd, input_format="hdf5")


def test_a_misspelt_format_gets_a_suggestion():
    with pytest.raises(UsageError, match="did you mean 'webdataset'"):
        open_source(SourceSpec(input="demo", input_format="webdatset"))


@pytest.mark.parametrize(("given", "meant"), [("cifra10", "cifar10"), ("demmo", "demo"), ("cifar-100", "cifar100")])
def test_a_misspelt_name_gets_a_suggestion(given, meant):
    with pytest.raises(SourceError, match=meant) as caught:
        open_source(SourceSpec(input=given))
    assert "cifar10, cifar100, demo" in caught.value.remedy


def test_a_missing_path_is_named_with_its_near_neighbours(tmp_path, opened):
    (tmp_path / "photos").mkdir()
    with pytest.raises(SourceError, match="did you mean 'photos'"):
        opened(tmp_path / "photo")
    with pytest.raises(SourceError, match="nor is there a folder"):
        opened(tmp_path / "nowhere" / "photos")


def test_a_folder_of_the_name_of_a_set_is_named_with_a_dot(class_folder, opened, tmp_path, monkeypatch):
    class_folder.rename(tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    assert opened("demo").format == "demo"
    assert opened("./demo").format == "imagefolder"


@pytest.mark.parametrize("name", READERS)
def test_every_reader_has_a_description_and_exists(name):
    module, _, function = READERS[name].function.partition(":")
    assert READERS[name].description
    assert callable(getattr(importlib.import_module(f"ipmix_cli.sources.{module}"), function))


@pytest.mark.parametrize("name", READERS)
def test_every_reader_refuses_an_empty_file_and_an_empty_folder(name, tmp_path, opened):
    if name == "demo":
        return
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing").write_bytes(b"")
    for place in (tmp_path / "empty", tmp_path / "nothing"):
        with pytest.raises(SourceError) as caught:
            opened(place, input_format=name)
        assert str(place) in caught.value.message
        assert caught.value.remedy


@pytest.mark.parametrize("name", READERS)
def test_every_reader_refuses_what_may_not_be_read(name, tmp_path, opened):
    if name == "demo":
        return
    with pytest.raises(SourceError):
        opened(tmp_path / "not-there", input_format=name)
    with pytest.raises(SourceError):
        opened("/dev/null", input_format=name)


def test_a_set_in_the_users_cache_is_found_without_a_data_dir(cifar, monkeypatch, tmp_path):
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path))
    (tmp_path / "data").symlink_to(cifar)
    assert open_source(SourceSpec(input="cifar10")).location == str(tmp_path / "data" / "cifar-10-batches-py")


def test_what_nobody_used_for_weeks_is_forgotten(cifar, opened, own_cache):
    opened(cifar / "cifar-10-python.tar.gz")
    (old,) = own_cache.iterdir()
    os.utime(old, (1, 1))
    opened(cifar / "cifar-10-binary.tar.gz")
    assert old not in own_cache.iterdir()


def test_class_folders_beside_tars_can_be_read_in_two_ways(class_folder, opened):
    (class_folder / "left-over.tar").write_bytes(b"")
    with pytest.raises(SourceError, match="two ways") as caught:
        opened(class_folder)
    assert "--input-format" in caught.value.remedy
    assert opened(class_folder, input_format="imagefolder").format == "imagefolder"


def test_no_room_to_unpack_is_said(cifar, opened, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ipmix_cli.sources.unpack_cache.tempfile.mkdtemp", full)
    with pytest.raises(SourceError, match="No space left") as caught:
        opened(cifar / "cifar-10-python.tar.gz")
    assert "free some space" in caught.value.remedy
