"""What of a tar is a picture and what its label: never a guess, and a refusal says what to do."""

from __future__ import annotations

import gzip
import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.source import Sample
from ipmix_cli.stages import StageClock


def png(level):
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 4, 3), level, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def tar(tmp_path):
    def write(*names, **contents):
        """Write a tar: pictures are grey, by their place; other files hold text."""
        with tarfile.open(tmp_path / "a.tar", "w") as file:
            for number, name in enumerate(names):
                text = contents.get(name.rpartition(".")[2], "1").encode()
                data = png(number) if name.lower().endswith(("png", "jfif", "picture")) else text
                member = tarfile.TarInfo(name)
                member.size = len(data)
                file.addfile(member, io.BytesIO(data))
        return tmp_path / "a.tar"

    return write


def levels(source):
    samples = list(source.part(0, len(source)).samples(StageClock()))
    assert all(isinstance(sample, Sample) for sample in samples)
    return [int(sample.picture[0, 0, 0]) for sample in samples]


def test_several_pictures_are_named_and_an_option_chooses(tar, opened):
    path = tar("0.cls", "0.depth.png", "0.rgb.png", "1.cls", "1.depth.png", "1.rgb.png")
    with pytest.raises(SourceError, match=r"several pictures: depth\.png, rgb\.png") as caught:
        opened(path)
    assert "--images-key" in caught.value.remedy
    assert levels(opened(path, images_key="rgb.png")) == [2, 5]
    assert opened(path, images_key="rgb.png").settings["images_key"] == "rgb.png"


def test_several_pictures_in_folders_are_named_too(tar, opened):
    with pytest.raises(SourceError, match="several pictures"):
        opened(tar("a/0.depth.png", "a/0.rgb.png", "b/1.depth.png", "b/1.rgb.png"))


def test_the_picture_without_a_second_extension_is_meant(tar, opened):
    assert levels(opened(tar("0.cls", "0.seg.png", "0.png"))) == [2]


def test_pictures_of_other_extensions_are_read(tar, opened):
    assert levels(opened(tar("0.jfif", "0.cls", "1.picture", "1.cls"))) == [0, 2]


@pytest.mark.parametrize(
    ("names", "told", "remedy"),
    [
        (["IMG.2021.0.png", "IMG.2021.0.cls", "IMG.2021.1.png"], "ends at its first dot", "no dot"),
        (["0.png", "1.png", "0.cls", "1.cls"], "do not follow each other", "--sort=name"),
        (["a/0.png", "a/0.txt"], "but txt", "--labels-key txt"),
        (["0.png", "0.cls", "0.png"], "twice", "write the tar again"),
        (["images/0.png", "images/1.png"], "two ways", "--split-folder"),
        (["val/0.png", "val/1.png"], "two ways", "--split-folder"),
        (["a/x/0.png", "b/0.png"], "two ways", "--split-folder"),
    ],
)
def test_what_cannot_be_told_is_refused_with_a_way_out(names, told, remedy, tar, opened):
    with pytest.raises(SourceError, match=told) as caught:
        opened(tar(*names))
    assert remedy in caught.value.remedy


def test_the_label_can_be_any_file_or_the_folder(tar, opened):
    path = tar("cat/0.png", "cat/0.txt", "dog/1.png", "dog/1.txt", txt="7")
    assert opened(path, labels_key="txt").labels.tolist() == [7, 7]
    assert opened(path, labels_key="folder").class_names == ("cat", "dog")


def test_folders_of_splits_are_never_classes(tar, opened):
    path = tar("./set/train/cat/0.png", "./set/train/dog/1.png", "./set/test/dog/2.png")
    source = opened(path)
    assert (source.class_names, len(source)) == (("cat", "dog"), 2)
    assert source.notes == ("passed over: 1 pictures of other splits",)


def test_a_readme_is_passed_over_and_told(tar, opened):
    source = opened(tar("README.md", "0.png", "0.cls", "__MACOSX/0.png"))
    assert len(source) == 1
    assert "passed over in the tars: 1 .md" in source.notes


def test_a_compressed_tar_says_how_to_unpack_it(tar, opened):
    path = tar("0.png", "0.cls")
    packed = path.with_name("a.tar.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(SourceError, match="compressed tar") as caught:
        opened(packed)
    assert f"gunzip --keep {packed}" in caught.value.remedy


def test_tables_and_empty_folders_beside_tars_do_not_matter(tar, tmp_path, opened):
    folder = tmp_path / "set"
    (folder / "_tmp").mkdir(parents=True)
    tar("0.png", "0.cls").rename(folder / "00000.tar")
    for name in ("00000.parquet", "00000_stats.json"):
        (folder / name).write_text("{}")
    assert opened(folder).format == "webdataset"
