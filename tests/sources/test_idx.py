"""MNIST's files: gzipped or not, in a folder, in torchvision's folders, or named themselves."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from ipmix_cli.errors import SourceError


def idx(array):
    return struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture(params=["plain", "gz"])
def write(request, tmp_path):
    """Write one file of an IDX set."""

    def save(name, data):
        path = tmp_path / "set" / (name + (".gz" if request.param == "gz" else ""))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data) if request.param == "gz" else data)
        return path

    return save


@pytest.fixture
def mnist(write, pictures):
    grey, labels = pictures[0][..., 0], pictures[1].astype(np.uint8)
    write("train-labels-idx1-ubyte", idx(labels[:20]))
    write("t10k-images-idx3-ubyte", idx(grey[20:]))
    write("t10k-labels-idx1-ubyte", idx(labels[20:]))
    return write("train-images-idx3-ubyte", idx(grey[:20]))


def test_both_splits_of_a_folder_are_read(mnist, pictures, opened, read):
    source = opened(mnist.parent)
    samples = read(source)
    assert source.format == "idx"
    assert source.size == (32, 32)
    assert np.array_equal(samples[19].picture, np.repeat(pictures[0][19, ..., :1], 3, -1))
    assert [sample.label for sample in samples] == pictures[1][:20].tolist()
    assert [sample.label for sample in read(opened(mnist.parent, split="test"))] == pictures[1][20:].tolist()


def test_the_file_of_pictures_can_be_named(mnist, opened):
    test_file = mnist.with_name(mnist.name.replace("train", "t10k"))
    assert len(opened(mnist)) == 20
    assert len(opened(test_file)) == 3


def test_torchvisions_folders_are_understood(mnist, opened, tmp_path):
    raw = tmp_path / "root" / "MNIST" / "raw"
    raw.parent.mkdir(parents=True)
    mnist.parent.rename(raw)
    assert len(opened(tmp_path / "root")) == 20
    assert len(opened(tmp_path / "root" / "MNIST")) == 20


def test_gzipped_or_not_the_digest_is_the_same(tmp_path, pictures, opened):
    digests = set()
    for folder, pack in (("plain", bytes), ("gz", gzip.compress)):
        (tmp_path / folder).mkdir()
        for name, array in (("images-idx3", pictures[0][..., 0]), ("labels-idx1", pictures[1].astype(np.uint8))):
            end = ".gz" if folder == "gz" else ""
            (tmp_path / folder / f"train-{name}-ubyte{end}").write_bytes(pack(idx(array)))
        digests.add(opened(tmp_path / folder).digest)
    assert len(digests) == 1


def test_missing_labels_are_asked_for_by_name(mnist, opened):
    mnist.with_name(mnist.name.replace("images-idx3", "labels-idx1")).unlink()
    with pytest.raises(SourceError, match="no labels beside") as caught:
        opened(mnist.parent)
    assert "train-labels-idx1-ubyte" in caught.value.remedy


def test_several_sets_in_one_folder_are_not_guessed(mnist, write, opened):
    write("emnist-train-images-idx3-ubyte", idx(np.zeros((1, 4, 4), np.uint8)))
    with pytest.raises(SourceError, match="several files"):
        opened(mnist.parent)


@pytest.mark.parametrize("kept", [0, 3, 10, 500, -1])
def test_a_file_cut_short_is_refused(kept, write, pictures, opened, read):
    write("train-labels-idx1-ubyte", idx(pictures[1].astype(np.uint8)))
    path = write("train-images-idx3-ubyte", idx(pictures[0][..., 0])[:kept])
    with pytest.raises(SourceError, match="train-images"):
        opened(path)


def test_a_header_that_lies_is_refused(write, opened):
    write("train-labels-idx1-ubyte", idx(np.zeros(9, np.uint8)))
    path = write("train-images-idx3-ubyte", struct.pack(">HBBIII", 0, 8, 3, 2**31, 2**31, 2**31) + bytes(99))
    with pytest.raises(SourceError):
        opened(path)


def test_another_number_of_labels_is_refused(write, pictures, opened):
    write("train-labels-idx1-ubyte", idx(np.zeros(9, np.uint8)))
    path = write("train-images-idx3-ubyte", idx(pictures[0][..., 0]))
    with pytest.raises(SourceError, match="23 pictures"):
        opened(path)
