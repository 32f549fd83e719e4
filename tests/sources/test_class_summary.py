"""What a run tells of classes, so that a wrong reading is seen at once."""

from __future__ import annotations

import numpy as np
import pytest

from ipmix_cli.errors import UsageError
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.class_summary import class_summary
from ipmix_cli.sources.readers import open_source, split_or_whole
from ipmix_cli.sources.source import SourceSpec


def save(path, labels, images="images", name="labels"):
    pictures = np.arange(len(labels) * 192, dtype=np.uint8).reshape(-1, 8, 8, 3)
    np.savez(path, **{images: pictures, name: np.array(labels)})
    return SourceSpec(input=str(path))


def test_classes_after_a_limit_are_not_called_empty():
    labels = np.repeat(np.arange(200), 3)
    told = class_summary(labels, [f"c{number}" for number in range(201)], limit=4)
    assert told == "201 classes, 1 of them without pictures (c200), 2 of them among the first 4 pictures: c0 3, c1 1"


@pytest.mark.parametrize(("labels", "told"), [([1, 2, 3], True), ([0, 1, 2], False), ([2, 3], False)])
def test_numbers_from_one_are_kept_and_the_option_is_named(labels, told, tmp_path):
    source = open_source(save(tmp_path / "a.npz", labels))
    assert source.labels.tolist() == labels
    assert any("--labels-start 1" in note for note in source.notes) == told


def test_class_folders_of_numbers_from_one_are_refused_with_that_option(tmp_path):
    spec, output = save(tmp_path / "a.npz", [1, 2]), ShardSettings(format="files", encoding="png")
    with pytest.raises(UsageError) as refused:
        augment(Request(source=spec, method="cutout", output=output), str(tmp_path / "out"))
    assert "--labels-start 1" in refused.value.remedy


def test_a_file_without_splits_is_read_as_a_whole_where_none_is_asked_for(tmp_path):
    assert split_or_whole(save(tmp_path / "one.npz", [0, 1])) == "train"
    assert split_or_whole(save(tmp_path / "both.npz", [0, 1], "x_test", "y_test")) == "test"
    assert split_or_whole(save(tmp_path / "training.npz", [0, 1], "x_train", "y_train")) == "test"
    assert split_or_whole(save(tmp_path / "bad.npz", [0, -1])) == "train"  # its own error is to be told
    assert split_or_whole(SourceSpec(input="cifar10")) == "test"
