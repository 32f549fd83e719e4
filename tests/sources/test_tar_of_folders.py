"""A tar of class folders is read as it is: nobody has to unpack it, and no picture is lost for the dots in its name."""

from __future__ import annotations

import io
import tarfile

import numpy as np
from PIL import Image

from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.stages import StageClock

NAMES = ["set/cat/a.png", "set/cat/b.1.png", "set/cat/b.2.png", "set/dog/a.PNG"]


def test_the_folder_is_the_label_and_dots_in_names_matter_not(tmp_path):
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        for number, name in enumerate(NAMES):
            buffer = io.BytesIO()
            Image.fromarray(np.full((8, 8, 3), 20 * number, np.uint8)).save(buffer, "PNG")
            member = tarfile.TarInfo(name)
            member.size = buffer.tell()
            buffer.seek(0)
            tar.addfile(member, buffer)
    source = open_source(SourceSpec(input=str(tmp_path / "set.tar")))
    samples = list(source.part(0, len(source)).samples(StageClock()))
    assert source.class_names == ("cat", "dog")
    assert [sample.label for sample in samples] == [0, 0, 0, 1]
    assert [int(sample.picture[0, 0, 0]) for sample in samples] == [0, 20, 40, 60]
    assert [sample.key for sample in samples] == ["set/cat/a", "set/cat/b.1", "set/cat/b.2", "set/dog/a"]


def test_photographs_come_straight_from_their_tar(photograph_tar, photographs):
    tar = open_source(SourceSpec(input=str(photograph_tar)))
    folder = open_source(SourceSpec(input=str(photographs)))
    assert (len(tar), tar.class_names) == (len(folder), folder.class_names)
    assert sorted(tar.key(index) for index in range(len(tar)))[0].startswith(f"{photographs.name}/n")
