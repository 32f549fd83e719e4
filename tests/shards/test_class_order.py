"""Classes as ImageFolder and Hugging Face number and name them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.errors import UsageError
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.shards.class_folders import folder_names
from ipmix_cli.shards.class_order import class_without_folder, distinct_names
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec

NAMES = [["crane", "hen", "crane"], ["2", "10", "1"], ["a/b", "a:b", ""], ["Z", "a", "B"], [str(i) for i in range(12)]]


@pytest.mark.parametrize("names", NAMES)
def test_folders_sort_as_the_labels_do(names):
    folders = folder_names(names)
    assert folders == sorted(folders)
    assert len({folder.casefold() for folder in folders}) == len(names)
    assert all(0 < len(folder.encode()) < 256 and "/" not in folder for folder in folders)


@pytest.mark.parametrize("names", NAMES)
def test_each_class_has_a_name_of_its_own(names):
    found = distinct_names(names)
    assert len(set(found)) == len(names)
    assert [one.startswith(name) for one, name in zip(found, names, strict=True)] == [True] * len(names)


def test_a_class_that_would_have_no_folder_is_found():
    assert class_without_folder({0, 1, 2}) is None
    assert class_without_folder({0, 2}) == 1
    assert class_without_folder(set()) is None


def test_class_folders_that_would_be_numbered_otherwise_are_refused_before_a_byte_is_written(tmp_path):
    for name in ("a/0.png", "c/0.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        Image.fromarray(np.full((8, 8, 3), 9, np.uint8)).save(tmp_path / "in" / name)
    (tmp_path / "in" / "b").mkdir()
    source = SourceSpec(input=str(tmp_path / "in"), empty_classes="keep")
    with pytest.raises(UsageError, match="class 'b'"):
        augment(Request(source=source, output=ShardSettings(format="files", encoding="png")), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
