"""Data sets that Hugging Face's ``datasets`` saved on the disk, of one split or of several."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.errors import SourceError

datasets = pytest.importorskip("datasets")


@pytest.fixture(scope="module")
def rows(pictures):
    """Noise pictures as a data set with class names and a field."""
    datasets.disable_progress_bars()
    names = datasets.ClassLabel(names=[f"n{number}" for number in range(10)])
    features = datasets.Features({"img": datasets.Image(), "label": names, "note": datasets.Value("string")})
    columns = {
        "img": [Image.fromarray(picture) for picture in pictures[0]],
        "label": pictures[1].tolist(),
        "note": [f"no. {number}" for number in range(23)],
    }
    return datasets.Dataset.from_dict(columns, features=features)


def test_pictures_labels_names_and_fields_are_read_from_several_files(rows, tmp_path, pictures, opened, read):
    rows.save_to_disk(tmp_path / "saved", num_shards=3)
    source = opened(tmp_path / "saved", keep=("note",))
    samples = read(source)
    assert (source.format, source.class_names[7], source.size) == ("arrow", "n7", (32, 32))
    assert [sample.label for sample in samples] == pictures[1].tolist()
    assert samples[20].fields == ("no. 20",)
    assert np.array_equal(np.stack([sample.picture for sample in samples]), pictures[0])


def test_rows_that_were_shuffled_and_filtered_come_in_their_order(rows, tmp_path, pictures, opened, read):
    order = [5, 2, 19, 7]
    rows.select(order).save_to_disk(tmp_path / "saved")
    assert np.array_equal(np.stack([one.picture for one in read(opened(tmp_path / "saved"))]), pictures[0][order])


def test_a_split_of_several_is_chosen_by_its_name(rows, tmp_path, opened):
    parts = {"train": rows.select(range(14)), "validation": rows.select(range(14, 23))}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "saved")
    assert (len(opened(tmp_path / "saved")), len(opened(tmp_path / "saved", split="test"))) == (14, 9)
    assert opened(tmp_path / "saved", split="val").settings["split"] == "validation"
    assert len(opened(tmp_path / "saved" / "validation")) == 9
    with pytest.raises(SourceError, match="it has: train, validation"):
        opened(tmp_path / "saved", split="holdout")


def test_text_as_labels_and_other_columns_are_named(rows, tmp_path, opened):
    rows.save_to_disk(tmp_path / "saved")
    assert len(opened(tmp_path / "saved", labels_key="note", labels_as="names").class_names) == 23
    assert opened(tmp_path / "saved", unlabelled=True).annotations.labels == "none"
    with pytest.raises(SourceError, match="it has: img, label, note"):
        opened(tmp_path / "saved", images_key="picture")


def test_the_digest_is_that_of_the_content(rows, tmp_path, opened):
    rows.save_to_disk(tmp_path / "a")
    rows.save_to_disk(tmp_path / "b")
    rows.select(range(22)).save_to_disk(tmp_path / "c")
    digests = [opened(tmp_path / name).digest for name in "abc"]
    assert digests[0] == digests[1] != digests[2]


def test_damage_missing_files_and_names_that_leave_the_folder_are_refused(rows, tmp_path, opened):
    rows.save_to_disk(tmp_path / "saved")
    (file,) = (tmp_path / "saved").glob("*.arrow")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="damaged"):
        opened(tmp_path / "saved")
    file.write_bytes(b"not arrow")
    with pytest.raises(SourceError, match="damaged"):
        opened(tmp_path / "saved")
    state = json.loads((tmp_path / "saved" / "state.json").read_text())
    for name in ("../outside.arrow", "missing.arrow"):
        state["_data_files"] = [{"filename": name}]
        (tmp_path / "saved" / "state.json").write_text(json.dumps(state))
        with pytest.raises(SourceError, match="is missing, or no file"):
            opened(tmp_path / "saved")


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_a_compressed_stream_is_refused_before_it_is_unpacked(compression, rows, tmp_path, opened):
    arrow = pytest.importorskip("pyarrow")
    rows.save_to_disk(tmp_path / "saved")
    (path,) = (tmp_path / "saved").glob("*.arrow")
    with arrow.memory_map(str(path)) as file:
        table = arrow.ipc.open_stream(file).read_all()
    zeros = arrow.array([bytes(100_000)] * 1000)
    table = arrow.table({"img": zeros, "label": [0] * 1000}, metadata=table.schema.metadata)
    options = arrow.ipc.IpcWriteOptions(compression=compression)
    with arrow.OSFile(str(path), "wb") as file, arrow.ipc.new_stream(file, table.schema, options=options) as writer:
        writer.write_table(table)
    assert path.stat().st_size < 2**20
    with pytest.raises(SourceError, match="is compressed"):
        opened(tmp_path / "saved")
