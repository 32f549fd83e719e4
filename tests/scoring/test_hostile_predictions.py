"""Predictions that were forged, or that could be read in two ways, are refused: they would give wrong figures."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from ipmix_cli.errors import PredictionsError
from ipmix_cli.scoring.reading.folder import Given, read_model
from ipmix_cli.scoring.reading.formats import read_arrays
from ipmix_cli.scoring.reading.predictions import Scores, with_labels
from ipmix_cli.scoring.reading.record import (
    EvaluatedData,
    EvaluatedModel,
    EvaluationJob,
    array_bytes,
    read_set,
    write_record,
)
from ipmix_cli.storage.folder import LocalFolder

ROWS = ["0.9,0.1", "0.2,0.8"]


def table(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("header", "rows", "told"),
    [
        (",a,b,label", ["0,0.9,0.1,0", "1,0.2,0.8,1"], "numbers of the rows"),
        ("Unnamed: 0,a,b,label", ["0,0.9,0.1,0", "1,0.2,0.8,1"], "numbers of the rows"),
        ("a,b,label,target", ["0.9,0.1,0,1", "0.2,0.8,1,0"], "may be labels or keys"),
        ("a,b,label,id", ["0.9,0.1,0,17", "0.2,0.8,1,18"], None),
        ("a,b,label,id,file", ["0.9,0.1,0,17,1", "0.2,0.8,1,18,2"], "may be labels or keys"),
        ("a,a,label", ["0.9,0.1,0", "0.2,0.8,1"], "the same name"),
        ("logit_1,logit_0", ROWS, "not in the order of the classes"),
        ("class_1,class_2", ROWS, None),
        ("n01440764,n01443537", ROWS, None),
        ("a,b,key", ["0.9,0.1," + "k" * 5000, "0.2,0.8,1"], "longer than a key"),
        ("a,b", ["0.9," + "1" * 200_000, "0.2,0.8"], "field larger"),
    ],
)
def test_a_column_that_is_no_score_is_never_taken_for_one(header, rows, told, tmp_path: Path) -> None:
    path = table(tmp_path / "clean.csv", header, rows)
    if told is None:
        found = read_arrays(path).scores
        assert found is not None
        assert found.tolist() == [[0.9, 0.1], [0.2, 0.8]]
        return
    with pytest.raises(PredictionsError, match=told):
        read_arrays(path)


def test_an_npz_that_swells_or_has_rotted_is_refused(tmp_path: Path) -> None:
    swollen, rotten = tmp_path / "swollen.npz", tmp_path / "rotten.npz"
    np.savez_compressed(swollen, logits=np.zeros((12_000, 1000)))
    with pytest.raises(PredictionsError, match="decompresses to more"):
        read_arrays(swollen)
    np.savez(rotten, logits=np.arange(1000.0).reshape(100, 10))
    content = bytearray(rotten.read_bytes())
    content[4000] ^= 1
    rotten.write_bytes(content)
    with pytest.raises(PredictionsError, match="checksum"):
        read_arrays(rotten)


def test_a_parquet_of_run_lengths_is_refused(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "clean.parquet"
    parquet.write_table(arrow.table({"a": np.zeros(10**7), "label": np.zeros(10**7, np.int64)}), path)
    with pytest.raises(PredictionsError, match="decompresses to more"):
        read_arrays(path)


def test_keys_that_share_one_object_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "clean.h5"
    with h5py.File(path, "w") as file:
        file["logits"] = np.eye(64)
        keys = file.create_dataset("keys", (64,), h5py.string_dtype())
        keys[0] = "k" * 100_000
        offset = keys.id.get_offset()
    content = bytearray(path.read_bytes())
    content[offset : offset + 16 * 64] = content[offset : offset + 16] * 64
    path.write_bytes(content)
    with pytest.raises(PredictionsError, match="refers to 6400000 bytes"):
        read_arrays(path)


def test_keys_of_bytes_are_their_text(tmp_path: Path) -> None:
    np.savez(tmp_path / "clean.npz", logits=np.eye(2), keys=np.array([b"a", b"b"]))
    keys = read_arrays(tmp_path / "clean.npz").keys
    assert keys is not None
    assert keys.tolist() == ["a", "b"]


def test_labels_of_a_file_and_of_a_list_that_differ_are_refused() -> None:
    scores = Scores(where="clean.npz", values=np.eye(3), labels=np.array([0, 1, 2]))
    other = Scores(where="labels.npy", values=np.zeros(3), labels=np.array([0, 2, 1]))
    with pytest.raises(PredictionsError, match=r"clean\.npz: row 1 .* has the label 1, in labels\.npy it is 2"):
        with_labels(scores, other)
    keyed = Scores(where="clean.npz", values=np.eye(3), labels=np.array([0, 1, 2]), keys=np.array(["a", "c", "b"]))
    same = Scores(where="labels.npy", values=np.zeros(3), labels=np.array([0, 2, 1]), keys=np.array(["a", "b", "c"]))
    assert with_labels(keyed, same) is keyed
    of_another_set = Scores(where="labels.npy", values=np.zeros(4), labels=np.array([0, 2, 1, 1]))
    assert with_labels(scores, of_another_set) is scores


@pytest.mark.parametrize(
    "text",
    [
        "labels = 3\n",
        "label = 'labels.npy'\n",
        "size = 'large'\n",
        "name = " + "[" * 3000,
        "[[predictions]]\nrole = 'labelled'\n",
        "[[predictions]]\nfile = 'clean.npz'\nrole = []\n",
        "[[predictions]]\nfile = 'clean.npz'\nseverity = 'much'\n",
        "predictions = 7\n",
        "size = " + "9" * 5000,
    ],
)
def test_a_forged_description_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "predictions.toml").write_text(text)
    with pytest.raises(PredictionsError, match=r"predictions\.toml"):
        read_model(str(tmp_path), Given())


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("keys.json", b"[" * 100_000),
        ("keys.json", b'{"a": 1}'),
        ("keys.json", b'["a", ["b"]]'),
        ("keys.json", json.dumps(["a", "b" * 10_000]).encode()),
        ("labels.npy", array_bytes(np.zeros((2, 2), int))),
        ("labels.npy", b"no array"),
        ("labels.npy", array_bytes(np.zeros(2, int)).replace(b"(2,)", b"((2,")),
        ("labels.npy", array_bytes(np.zeros(2, int)).replace(b"(2,)", b"(9,)")),
        ("scores.npy", array_bytes(np.array(1.0))),
        ("scores.npy", b""),
    ],
)
def test_a_forged_set_of_predictions_is_refused(file: str, content: bytes, tmp_path: Path) -> None:
    """Its record has the digests that a forger can compute."""
    model = EvaluatedModel(name="m", runtime="onnx", digest="0")
    data = EvaluatedData(location="x", format="npz", digest="0", pictures=2)
    folder = LocalFolder(tmp_path / "clean")
    files = {"keys.json": b'["a", "b"]', "labels.npy": array_bytes(np.arange(2)), "scores.npy": array_bytes(np.eye(2))}
    for name, valid in files.items():
        folder.write(name, valid)
    write_record(folder, EvaluationJob(name="clean", role="labelled", model=model, data=data), list(files))
    read_set(tmp_path / "clean")
    folder.write(file, content)
    write_record(folder, EvaluationJob(name="clean", role="labelled", model=model, data=data), list(files))
    with pytest.raises(PredictionsError):
        read_set(tmp_path / "clean")


def test_a_member_of_an_npz_that_is_no_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clean.npz"
    np.savez(path, logits=np.eye(3))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("keys.npy", b"no array")
    with pytest.raises(PredictionsError, match="'keys' is no array"):
        read_arrays(path)
