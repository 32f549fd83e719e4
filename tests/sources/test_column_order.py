"""Arrays of other programs: numpy's .npy, MATLAB's .mat of both kinds, and STL-10's binary files."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from ipmix_cli.errors import SourceError

scipy_io = pytest.importorskip("scipy.io", reason="writes MATLAB files")

COUNT = 11
PICTURES = np.random.default_rng(3).integers(0, 256, (COUNT, 6, 9, 3), np.uint8)  # not square: an order mixed up shows
LABELS = np.arange(COUNT) % 3


def pixels(samples: list[Any]) -> np.ndarray[Any, Any]:
    return np.stack([sample.picture for sample in samples])


def mat(path: Path, **options: Any) -> Path:
    scipy_io.savemat(path, {"X": PICTURES.transpose(1, 2, 3, 0), "y": LABELS[:, None].astype(np.uint8)}, **options)
    return path


@pytest.mark.parametrize("compressed", [False, True])
def test_a_matlab_file_is_read_picture_by_picture(tmp_path: Path, opened: Any, read: Any, compressed: bool) -> None:
    source = opened(mat(tmp_path / "a.mat", do_compression=compressed))
    samples = read(source, 4)
    assert np.array_equal(pixels(samples), PICTURES)
    assert [sample.label for sample in samples] == LABELS.tolist()
    assert source.size == (6, 9)


def test_svhn_calls_the_digit_0_ten(tmp_path: Path, opened: Any) -> None:
    labels = np.arange(1, COUNT)[:, None]
    named = {"X": PICTURES[1:].transpose(1, 2, 3, 0), "y": labels}
    for name in ("train_32x32.mat", "mine.mat"):
        scipy_io.savemat(tmp_path / name, named)
    assert opened(tmp_path / "train_32x32.mat").labels.tolist() == [*range(1, 10), 0]
    assert opened(tmp_path / "mine.mat").labels.tolist() == list(range(1, 11))


def test_matlab_7_3_is_hdf5_in_matlabs_order(tmp_path: Path, opened: Any, read: Any) -> None:
    path = tmp_path / "b.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["X"] = PICTURES.transpose(1, 2, 3, 0).T
        file["y"] = LABELS[None, :].astype(np.float64)
        file["X"].attrs["MATLAB_class"] = np.bytes_("uint8")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(512))
    samples = read(opened(path))
    assert np.array_equal(pixels(samples), PICTURES)
    assert [sample.label for sample in samples] == LABELS.tolist()


@pytest.mark.parametrize("damage", ["cut", "bits", "length", "version"])
def test_a_damaged_matlab_file_is_refused(tmp_path: Path, opened: Any, read: Any, damage: str) -> None:
    path = mat(tmp_path / "c.mat", do_compression=True)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[-40:]
    elif damage == "bits":
        content[200:260] = bytes(60)
    elif damage == "length":
        content[132:136] = struct.pack("<I", 2**31)
    else:
        content[126:128] = b"MI"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        read(opened(path))


def test_a_matlab_file_that_claims_billions_is_refused(tmp_path: Path, opened: Any) -> None:
    path = mat(tmp_path / "d.mat")
    content = path.read_bytes()
    shape = struct.pack("<4i", 6, 9, 3, COUNT)
    assert shape in content
    path.write_bytes(content.replace(shape, struct.pack("<4i", 2**20, 2**20, 3, 2**10)))
    with pytest.raises(SourceError):
        opened(path)


def test_npy_pictures_have_their_labels_beside_them(tmp_path: Path, opened: Any, read: Any) -> None:
    np.save(tmp_path / "x_train.npy", PICTURES)
    np.save(tmp_path / "y_train.npy", LABELS)
    np.save(tmp_path / "names.npy", np.array([f"n{number}" for number in range(COUNT)]))
    for place in (tmp_path, tmp_path / "x_train.npy"):
        samples = read(opened(place, keep=("names",)))
        assert np.array_equal(pixels(samples), PICTURES)
        assert [(sample.label, *sample.fields) for sample in samples][4] == (1, "n4")
    (tmp_path / "y_train.npy").rename(tmp_path / "targets.npy")
    assert opened(tmp_path / "x_train.npy", labels_key="targets.npy").labels.tolist() == LABELS.tolist()
    assert opened(tmp_path / "x_train.npy", unlabelled=True).annotations.labels == "none"
    with pytest.raises(SourceError, match="no file of labels"):
        opened(tmp_path / "x_train.npy")


def test_npy_files_that_lie_are_refused(tmp_path: Path, opened: Any) -> None:
    np.save(tmp_path / "images.npy", PICTURES)
    np.save(tmp_path / "labels.npy", np.array([{}] * COUNT, object), allow_pickle=True)
    with pytest.raises(SourceError, match="pickled"):
        opened(tmp_path / "images.npy")
    np.save(tmp_path / "labels.npy", LABELS)
    content = (tmp_path / "images.npy").read_bytes()
    (tmp_path / "images.npy").write_bytes(content[:-1])
    with pytest.raises(SourceError, match="shorter"):
        opened(tmp_path / "images.npy")
    np.save(tmp_path / "images.npy", np.asfortranarray(PICTURES))
    with pytest.raises(SourceError, match="Fortran"):
        opened(tmp_path / "images.npy")


def test_stl10_is_read_column_by_column_with_labels_from_1(tmp_path: Path, opened: Any, read: Any) -> None:
    pictures = np.random.default_rng(5).integers(0, 256, (4, 96, 96, 3), np.uint8)
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    for split in ("train", "test", "unlabeled"):
        (folder / f"{split}_X.bin").write_bytes(pictures.transpose(0, 3, 2, 1).tobytes())
    (folder / "train_y.bin").write_bytes(bytes([1, 2, 3, 1]))
    (folder / "class_names.txt").write_text("airplane\nbird\ncar\n")
    source = opened(tmp_path)
    samples = read(source)
    assert np.array_equal(pixels(samples), pictures)
    assert [source.class_names[sample.label] for sample in samples] == ["airplane", "bird", "car", "airplane"]
    assert len(opened(folder, split="unlabeled", unlabelled=True)) == 4
    for options in ({"split": "unlabeled"}, {"split": "test"}, {"split": "dev"}):
        with pytest.raises(SourceError):
            opened(tmp_path, **options)
    (folder / "train_y.bin").write_bytes(bytes([1, 2, 3, 4]))
    with pytest.raises(SourceError):
        opened(tmp_path)
