"""NPZ: usual names, usual shapes, no pickles, no bombs; and refusals that say what to do."""

from __future__ import annotations

import io
import os
import shutil
import struct
import zipfile

import numpy as np
import pytest

from ipmix_cli.errors import SourceError

SAVERS = {"stored": np.savez, "compressed": np.savez_compressed}


@pytest.fixture(params=SAVERS)
def save(request, tmp_path):
    """Save arrays, stored or compressed."""

    def write(**arrays):
        SAVERS[request.param](tmp_path / "set.npz", **arrays)
        return tmp_path / "set.npz"

    return write


@pytest.mark.parametrize(
    "names", [("images", "labels"), ("x", "y"), ("X", "y"), ("data", "labels"), ("clean", "label"), ("arr_0", "arr_1")]
)
def test_the_usual_names_are_found(names, save, pictures, opened, read):
    source = opened(save(**dict(zip(names, pictures, strict=True)), other=np.zeros(3)))
    samples = read(source)
    assert np.array_equal(np.stack([sample.picture for sample in samples]), pictures[0])
    assert [sample.label for sample in samples] == pictures[1].tolist()
    assert source.settings["images_key"] == names[0]


def test_names_of_splits_go_before_plain_ones(save, pictures, opened):
    images, labels = pictures
    path = save(x_train=images[:9], y_train=labels[:9], test_images=images[9:12], test_labels=labels[9:12], x=images)
    assert len(opened(path)) == 9
    assert len(opened(path, split="test")) == 3
    with pytest.raises(SourceError, match="val split"):
        opened(path, split="val")


def test_a_file_without_splits_has_no_test_split(save, pictures, opened):
    with pytest.raises(SourceError, match="test split"):
        opened(save(images=pictures[0], labels=pictures[1]), split="test")


def test_the_users_names_are_taken(save, pictures, opened, read):
    path = save(pics=pictures[0], numbers=pictures[1], images=pictures[0][:2], labels=pictures[1][:2])
    assert len(read(opened(path, images_key="pics", labels_key="numbers"))) == 23
    with pytest.raises(SourceError, match="it has: images, labels, numbers, pics"):
        opened(path, images_key="picz", labels_key="numbers")


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (lambda x: x[..., 0], lambda x: np.repeat(x[..., :1], 3, -1)),
        (lambda x: x[..., :1], lambda x: np.repeat(x[..., :1], 3, -1)),
        (lambda x: x.transpose(0, 3, 1, 2), lambda x: x),
        (lambda x: x.transpose(0, 3, 1, 2)[:, :1], lambda x: np.repeat(x[..., :1], 3, -1)),
        (lambda x: np.concatenate([x, np.full_like(x[..., :1], 255)], -1), lambda x: x),
        (lambda x: x[:, :20], lambda x: x[:, :20]),
    ],
    ids=["grey", "grey1", "channels-first", "grey1-first", "rgba", "non-square"],
)
def test_shapes_that_are_clear_are_taken(change, back, save, pictures, opened, read):
    source = opened(save(images=np.ascontiguousarray(change(pictures[0])), labels=pictures[1]))
    samples = read(source)
    assert np.array_equal(np.stack([sample.picture for sample in samples]), back(pictures[0]))
    assert all(sample.picture.flags.c_contiguous and sample.picture.flags.writeable for sample in samples)
    assert source.size == samples[0].picture.shape[:2]


BAD_IMAGES = {
    "float": (lambda x: x / 255, "8-bit"),
    "int64": (lambda x: x.astype(np.int64), "8-bit"),
    "flat": (lambda x: x.reshape(len(x), -1), "shape"),
    "five": (lambda x: x[..., None], "shape"),
    "two channels": (lambda x: x[..., :2], "channels"),
    "ambiguous": (lambda x: x[:, :3, :, :], "first or last"),
    "none": (lambda x: x[:0], "shape"),
    "fortran": (np.asfortranarray, "Fortran"),
    "objects": (lambda x: np.array([{"a": 1}] * len(x)), "pickled"),
}


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_pictures_of_another_kind_are_refused(name, save, pictures, opened):
    change, words = BAD_IMAGES[name]
    with pytest.raises(SourceError, match=words) as caught:
        opened(save(images=change(pictures[0]), labels=pictures[1]))
    assert caught.value.remedy
    assert "set.npz" in caught.value.message


BAD_LABELS = {
    "soft": (lambda y: np.eye(10)[y] * 0.9 + 0.01, "not one-hot"),
    "fractions": (lambda y: y + 0.5, "not a whole number"),
    "nan": (lambda y: np.where(y == 3, np.nan, y), r"row 3: the label 'nan'"),
    "negative": (lambda y: y - 1, "label -1 is negative"),
    "huge": (lambda y: y + 10**9, "beyond"),
    "two kinds": (lambda y: np.where(y == 3, "cat", y.astype(str)), "two kinds"),
    "objects": (lambda y: y.astype(object), "pickled"),
    "fewer": (lambda y: y[:-1], "23 pictures"),
    "-1 as a byte": (lambda y: np.where(y == 3, 255, y).astype(np.uint8), "no label"),
    "scalar": (lambda y: np.array(3), "23 pictures"),
}


@pytest.mark.parametrize("name", BAD_LABELS)
def test_labels_of_another_kind_are_refused(name, save, pictures, opened):
    change, words = BAD_LABELS[name]
    with pytest.raises(SourceError, match=words) as caught:
        opened(save(images=pictures[0], labels=change(pictures[1])))
    assert caught.value.remedy


FORMS = {
    "one-hot": lambda y: np.eye(10)[y],
    "text": lambda y: y.astype(str),
    "floats": lambda y: y.astype(np.float64),
    "MATLAB's row": lambda y: y[None],
}


@pytest.mark.parametrize("name", FORMS)
def test_labels_in_other_forms_are_the_same_labels(name, save, pictures, opened):
    source = opened(save(images=pictures[0], labels=FORMS[name](pictures[1])))
    assert source.labels.tolist() == pictures[1].tolist()
    assert source.class_names == tuple(map(str, range(10)))


def test_an_array_of_numbers_is_no_list_of_class_names(save, pictures, opened):
    assert opened(save(images=pictures[0], labels=pictures[1], classes=np.arange(10))).class_names[9] == "9"


def test_labels_in_a_column_are_taken(save, pictures, opened):
    assert len(opened(save(images=pictures[0], labels=pictures[1][:, None].astype(np.uint8)))) == 23


def test_class_names_are_taken_where_they_are(save, pictures, opened):
    names = np.array([f"name {number}" for number in range(10)])
    assert opened(save(images=pictures[0], labels=pictures[1], class_names=names)).class_names[9] == "name 9"
    with pytest.raises(SourceError, match="label 9 is beyond the 9 classes"):
        opened(save(images=pictures[0], labels=pictures[1], class_names=names[:9]))


def test_stored_and_compressed_have_one_digest(tmp_path, pictures, opened):
    for name, saver in SAVERS.items():
        saver(tmp_path / f"{name}.npz", images=pictures[0], labels=pictures[1])
    assert opened(tmp_path / "stored.npz").digest == opened(tmp_path / "compressed.npz").digest


def test_a_compressed_file_is_unpacked_again_where_it_is_needed(tmp_path, pictures, opened, read, own_cache):
    np.savez_compressed(tmp_path / "set.npz", images=pictures[0], labels=pictures[1])
    source = opened(tmp_path / "set.npz")
    for unpacked in own_cache.iterdir():
        shutil.rmtree(unpacked)
    assert np.array_equal(read(source)[22].picture, pictures[0][22])


def test_pickles_inside_are_never_run(tmp_path, opened):
    class Runs:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    for labels in (np.array([Runs()], dtype=object), np.zeros(1, int)):
        np.savez(tmp_path / "set.npz", images=np.array([Runs()], dtype=object), labels=labels)
        with pytest.raises(SourceError, match="pickled"):
            opened(tmp_path / "set.npz")
    assert not (tmp_path / "ran").exists()


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


HEADERS = {
    "huge shape": "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 1000, 1000, 3)}",
    "negative": "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 32, 32, 3)}",
    "code": "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (1, 2, 2, 3)}",
    "no dict": "[" * 5000,
    "nested": "(" * 90 + ")" * 90,
    "odd type": "{'descr': 'nonsense', 'fortran_order': False, 'shape': (1, 2, 2, 3)}",
    "empty": "",
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_lie_are_refused(name, tmp_path, opened):
    path = tmp_path / "set.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", npy(HEADERS[name], bytes(12)))
        archive.writestr("labels.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", b"\0"))
    with pytest.raises(SourceError) as caught:
        opened(path)
    assert str(path) in caught.value.message


def test_a_zip_bomb_is_refused(tmp_path, opened):
    path = tmp_path / "set.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("images.npy", "w") as out:
        out.write(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (200000, 32, 32, 3)}"))
        for _ in range(200):
            out.write(bytes(1000 * 3072))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        labels = io.BytesIO()
        np.save(labels, np.zeros(200000, np.uint8))
        archive.writestr("labels.npy", labels.getvalue())
    with pytest.raises(SourceError, match="decompresses to more"):
        opened(path)


@pytest.mark.parametrize("kept", [0, 3, 0.2, 0.7, 0.999])
def test_a_file_cut_short_is_refused(kept, save, pictures, opened):
    path = save(images=pictures[0], labels=pictures[1])
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(SourceError, match=r"set\.npz"):
        opened(path)


def test_a_file_that_shrinks_while_it_is_read_is_a_source_error(tmp_path, pictures, opened, read):
    np.savez(tmp_path / "set.npz", images=pictures[0], labels=pictures[1])
    source = opened(tmp_path / "set.npz")
    os.truncate(tmp_path / "set.npz", 5000)
    with pytest.raises(SourceError, match="changed while the job ran"):
        read(source)
