"""One rule for labels in every reader: what each text means, and that all of a source agree."""

from __future__ import annotations

import csv
import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.label_text import meaning_of
from ipmix_cli.sources.labels import LabelRule, labels_of_array

PICTURE = io.BytesIO()
Image.fromarray(np.full((4, 4, 3), 99, np.uint8)).save(PICTURE, "PNG")
PNG = PICTURE.getvalue()

NUMBERS = {
    "plain": str,
    "floats": lambda i: f"{i}.0",
    "tensor": lambda i: f"tensor({i})",
    "tensor on a device": lambda i: f"tensor([{i}.], device='cuda:0')",
    "numpy": lambda i: f"np.int64({i})",
    "array": lambda i: f"array([{i}])",
    "one-hot": lambda i: str(np.eye(12)[i]),
    "one-hot tensor": lambda i: f"tensor([{', '.join(str(int(j == i)) for j in range(12))}])",
    "padded": lambda i: f"{i:02d}",
    "bytes": lambda i: f" {i}\n",
}


def as_csv(folder, texts):
    path = folder / "list.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label"), *(("a.png", text) for text in texts)])
    return path


def as_json_lines(folder, texts):
    path = folder / "list.jsonl"
    path.write_text("".join(json.dumps({"path": "a.png", "label": text}) + "\n" for text in texts))
    return path


def as_tar(folder, texts):
    path = folder / "set.tar"
    with tarfile.open(path, "w") as tar:
        for number, text in enumerate(texts):
            for name, data in ((f"{number:04d}.png", PNG), (f"{number:04d}.cls", text.encode())):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return path


def as_npz(folder, texts):
    np.savez(folder / "set.npz", images=np.zeros((len(texts), 4, 4, 3), np.uint8), labels=np.array(texts))
    return folder / "set.npz"


def as_hdf5(folder, texts):
    import h5py

    with h5py.File(folder / "set.h5", "w") as file:
        file["images"] = np.zeros((len(texts), 4, 4, 3), np.uint8)
        file.create_dataset("labels", data=list(texts), dtype=h5py.string_dtype())
    return folder / "set.h5"


def as_parquet(folder, texts):
    arrow = pytest.importorskip("pyarrow")
    writer = pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"image": [PNG] * len(texts), "label": list(texts)})
    writer.write_table(table, folder / "set.parquet")
    return folder / "set.parquet"


WRITERS = [as_csv, as_json_lines, as_tar, as_npz, as_hdf5, as_parquet]


@pytest.fixture(params=WRITERS, ids=lambda writer: writer.__name__.removeprefix("as_"))
def source(request, tmp_path, opened):
    """Open a source with some labels, in every form of source."""
    (tmp_path / "a.png").write_bytes(PNG)
    return lambda texts, **fields: opened(request.param(tmp_path, texts), **fields)


@pytest.mark.parametrize("form", NUMBERS)
def test_numbers_in_any_form_stay_numbers_in_their_order(form, source):
    found = source([NUMBERS[form](number) for number in range(12)])
    assert found.labels.tolist() == list(range(12))
    assert found.class_names == tuple(map(str, range(12)))


def test_texts_are_classes_in_sorted_order(source):
    found = source(["dog", "cat", "dog"])
    assert (found.labels.tolist(), found.class_names) == ([1, 0, 1], ("cat", "dog"))


def test_true_and_false_are_one_and_zero(source):
    assert source(["True", "True"]).labels.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["7", "007"], "'007' and '7'"),
        (["005", "007"], "as a code"),
        (["3", "cat"], "two kinds"),
        (["0.5", "1"], "not a whole number"),
        (["[0.9 0.1]", "[0.1 0.9]"], "neither a number nor a one-hot row"),
        (["cat", "NA"], "value is missing"),
        (["cat", ""], "value is missing"),
        (["-1", "0"], "negative"),
        (["0", "1", "255"], "no label"),
        (["[1. 0.]", "[0. 1. 0.]"], "3 numbers"),
    ],
)
def test_labels_that_could_be_two_things_are_refused_with_their_row(texts, told, source):
    with pytest.raises(SourceError, match=told) as caught:
        source(texts)
    assert caught.value.remedy


def test_names_and_numbers_can_be_chosen(source):
    assert source(["7", "007", "cat", "NA"], labels_as="names").class_names == ("007", "7", "NA", "cat")
    assert source(["7", "007"], labels_as="numbers").labels.tolist() == [7, 7]
    assert source(["0", "1", "255"], labels_as="numbers").labels.tolist() == [0, 1, 255]


def test_labels_from_one_are_counted_from_zero_where_that_is_asked_for(source):
    assert source(["1", "2", "3"]).class_names == ("0", "1", "2", "3")
    found = source(["1", "2", "3"], labels_start=1)
    assert (found.labels.tolist(), found.class_names) == ([0, 1, 2], ("0", "1", "2"))
    with pytest.raises(SourceError, match="below --labels-start 1"):
        source(["0", "1"], labels_start=1)


def test_the_order_of_classes_can_be_given(source, tmp_path):
    (tmp_path / "names.txt").write_text("zebra\ndog\ncat\n")
    found = source(["dog", "cat"], classes_from=str(tmp_path / "names.txt"))
    assert (found.labels.tolist(), found.class_names) == ([1, 2], ("zebra", "dog", "cat"))
    with pytest.raises(SourceError, match="none of the 3 classes"):
        source(["dog", "hen"], classes_from=str(tmp_path / "names.txt"))


def test_a_word_for_nothing_is_a_class_where_its_column_is_named(tmp_path, opened):
    (tmp_path / "a.png").write_bytes(PNG)
    found = opened(as_csv(tmp_path, ["none", "scratch", "infinity"]), labels_key="label")
    assert found.class_names == ("infinity", "none", "scratch")


def test_numbers_keep_their_type_in_json(tmp_path, opened):
    (tmp_path / "a.png").write_bytes(PNG)
    for values in ([2, 0, 1], [2.0, 0.0, 1.0], [[2], [0], [1]], [[0, 0, 1], [1, 0, 0], [0, 1, 0]]):
        assert opened(as_json_lines(tmp_path, values)).labels.tolist() == [2, 0, 1]
    with pytest.raises(SourceError, match="line 2"):
        opened(as_json_lines(tmp_path, [0, None]))


def test_a_number_that_was_printed_twice_is_a_number():
    assert meaning_of("tensor(np.int64(3))").value == 3


@pytest.mark.parametrize("shape", [(6,), (6, 1), (1, 6)])
def test_rows_and_columns_of_labels_are_the_same_labels(shape, tmp_path, opened):
    np.savez(tmp_path / "a.npz", images=np.zeros((6, 4, 5, 3), np.uint8), labels=np.arange(6.0).reshape(shape))
    assert opened(tmp_path / "a.npz").labels.tolist() == [0, 1, 2, 3, 4, 5]


def test_files_that_name_their_classes_differently_are_refused(tmp_path, opened):
    arrow = pytest.importorskip("pyarrow")
    writer = pytest.importorskip("pyarrow.parquet")
    for part, names in enumerate((["cat", "dog"], ["dog", "cat"])):
        info = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        table = arrow.table({"image": [PNG] * 2, "label": [0, 1]})
        table = table.replace_schema_metadata({"huggingface": json.dumps(info)})
        writer.write_table(table, tmp_path / f"train-{part}.parquet")
    with pytest.raises(SourceError, match="other class names"):
        opened(tmp_path)


@pytest.mark.parametrize(
    "value",
    [
        "[0. 0. ... 1.]",
        "tensor(nan)",
        "tensor([])",
        "[]",
        "array([0.2])",
        {"a": 1},
        float("inf"),
        [0, 1, 0.5],
        "[0 1 2]",
    ],
)
def test_what_is_printed_of_something_else_is_no_class(value):
    assert meaning_of(value).kind in {"vector", "fraction", "other", "missing"}


@pytest.mark.parametrize(
    ("values", "given", "labels"),
    [
        ([10, 2, 1, 2], ("10", "2", "1"), [0, 1, 2, 1]),
        ([10.0, 2.0, 1.0, 2.0], ("10", "2", "1"), [0, 1, 2, 1]),
        (["0", "2", "1", "2"], ("zebra", "ape", "cat"), [0, 2, 1, 2]),
        ([[0, 0, 1], [1, 0, 0]], ("zebra", "ape", "cat"), [2, 0]),
        ([True, False], ("True", "False"), [0, 1]),
    ],
)
def test_numbers_are_labels_of_the_classes_that_the_user_names(values, given, labels):
    found, names = labels_of_array(np.array(values), "x", len(values), LabelRule(names=given))
    assert (found.tolist(), names) == (labels, given)


@pytest.mark.parametrize("values", [[3, 0], [10, 2, 7]])
def test_numbers_outside_of_the_classes_that_the_user_names_are_refused(values):
    for given in (("zebra", "ape", "cat"), ("10", "2", "1")):
        with pytest.raises(SourceError):
            labels_of_array(np.array(values), "x", len(values), LabelRule(names=given))
