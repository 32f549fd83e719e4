"""Parquet as Hugging Face writes it."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest

from ipmix_cli.errors import MissingPackageError, SourceError
from ipmix_cli.sources.source import BadSample

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def save(tmp_path, pictures, png):
    """Write the noise pictures as Parquet files."""

    def write(name="train-00000-of-00001.parquet", images=None, labels=None, column="image", rows=slice(None)):
        encoded = [{"bytes": png(picture), "path": "/etc/passwd"} for picture in pictures[0][rows]]
        table = arrow.table(
            {
                column: images if images is not None else encoded,
                "label": pictures[1][rows] if labels is None else labels,
            }
        )
        names = {"info": {"features": {"label": {"names": [f"n{i}" for i in range(10)], "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(names)})
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table, path, row_group_size=5)
        return path

    return write


def test_pictures_labels_and_class_names_are_read(save, pictures, opened, read):
    source = opened(save())
    samples = read(source)
    assert source.format == "parquet"
    assert source.class_names[7] == "n7"
    assert [sample.label for sample in samples] == pictures[1].tolist()
    assert np.array_equal(np.stack([sample.picture for sample in samples]), pictures[0])


def test_the_files_of_a_split_are_read_in_order(save, pictures, opened, read):
    save("data/train-00001-of-00002.parquet", rows=slice(9, 14))
    save("data/train-00000-of-00002.parquet", rows=slice(0, 9))
    path = save("data/validation-00000-of-00001.parquet", rows=slice(14, 23))
    folder = path.parent.parent
    assert [sample.label for sample in read(opened(folder))] == pictures[1][:14].tolist()
    assert [sample.label for sample in read(opened(folder, split="test"))] == pictures[1][14:].tolist()


def test_files_that_datasets_writes_are_read(tmp_path, pictures, opened, read, monkeypatch):
    datasets = pytest.importorskip("datasets")
    from PIL import Image

    datasets.disable_progress_bars()
    features = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(num_classes=10)})
    rows = {"img": [Image.fromarray(picture) for picture in pictures[0]], "label": pictures[1].tolist()}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "set.parquet")
    assert np.array_equal(read(opened(tmp_path / "set.parquet"))[22].picture, pictures[0][22])


def test_plain_bytes_are_read_and_paths_are_never_followed(save, pictures, png, opened, read):
    images = [png(picture) for picture in pictures[0]]
    assert np.array_equal(read(opened(save(images=images)))[4].picture, pictures[0][4])
    only_paths = [{"bytes": images[0], "path": None}] + [{"bytes": None, "path": "/etc/passwd"}] * 22
    samples = read(opened(save(images=only_paths)))
    assert [isinstance(sample, BadSample) for sample in samples] == [False] + [True] * 22
    assert samples[1].reason == "the file is empty"
    with pytest.raises(SourceError, match="holds paths and no pictures") as caught:
        opened(save(images=only_paths[::-1]))
    assert "--data-dir" in caught.value.remedy


@pytest.mark.parametrize(
    "names", [("cfg/train-0.parquet", "cfg/test-0.parquet"), ("cfg/train/0.parquet", "cfg/test/0.parquet")]
)
def test_the_layouts_of_the_hub_are_read(names, save, tmp_path, opened):
    train, test = (tmp_path / "hub" / name for name in names)
    for path, rows in ((train, slice(0, 14)), (test, slice(14, None))):
        path.parent.mkdir(parents=True, exist_ok=True)
        save(rows=rows).rename(path)
    assert (len(opened(tmp_path / "hub")), len(opened(tmp_path / "hub", split="test"))) == (14, 9)
    other = tmp_path / "hub" / "other" / "train" / "0.parquet"
    other.parent.mkdir(parents=True)
    other.write_bytes(train.read_bytes())
    if train.parent.name == "train":
        with pytest.raises(SourceError, match="several configurations: cfg, other"):
            opened(tmp_path / "hub")


def test_polars_wide_bytes_are_read(pictures, png, tmp_path, opened, read):
    arrow = pytest.importorskip("pyarrow")
    writer = pytest.importorskip("pyarrow.parquet")
    kind = arrow.struct([("path", arrow.large_string()), ("bytes", arrow.large_binary())])
    rows = [{"path": "x.png", "bytes": png(picture)} for picture in pictures[0][:3]]
    table = arrow.table({"image": arrow.array(rows, kind), "label": arrow.array(["a", "b", "a"], arrow.large_string())})
    writer.write_table(table, tmp_path / "p.parquet")
    source = opened(tmp_path / "p.parquet")
    assert source.labels.tolist() == [0, 1, 0]
    assert np.array_equal(read(source)[2].picture, pictures[0][2])


@pytest.mark.parametrize(
    "labels", [["a"] * 23, [-1] * 23, [1.5] * 23, [None] + [1] * 22, [10] * 23, [[1, 2]] * 23, [True] * 23]
)
def test_labels_of_another_kind_are_refused(labels, save, opened):
    with pytest.raises(SourceError):
        opened(save(labels=labels))


def test_columns_of_another_kind_are_refused(save, opened):
    with pytest.raises(SourceError, match="not encoded pictures"):
        opened(save(images=["x"] * 23))
    path = save(column="photo")
    with pytest.raises(SourceError, match="it has: photo, label"):
        opened(path)
    assert len(opened(path, images_key="photo")) == 23


@pytest.mark.parametrize("kept", [0, 4, 0.1, 0.5, 0.99])
def test_a_file_cut_short_is_refused(kept, save, opened):
    path = save()
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(SourceError, match="damaged"):
        opened(path)


def test_without_pyarrow_the_remedy_is_what_to_install(save, opened, monkeypatch):
    path = save()

    def missing(name, *_):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", _except_pyarrow(importlib.import_module, missing))
    with pytest.raises(MissingPackageError, match="pyarrow") as caught:
        opened(path)
    assert 'pip install "ipmix-cli[parquet]"' in caught.value.remedy


def _except_pyarrow(original, missing):
    return lambda name, *rest: (missing if name.startswith("pyarrow") else original)(name, *rest)


def test_lists_that_are_one_hot_rows_are_labels(save, pictures, opened):
    source = opened(save(labels=np.eye(10, dtype=int)[pictures[1]].tolist()))
    assert source.labels.tolist() == list(pictures[1])
