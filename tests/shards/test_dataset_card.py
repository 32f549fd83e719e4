"""The card that describes a data set to Hugging Face's loaders."""

from __future__ import annotations

import pytest

from ipmix_cli.shards.dataset_card import hdf5_features, webdataset_features
from ipmix_cli.shards.shard import ShardSettings


@pytest.mark.parametrize(("classes", "named"), [(0, False), (1, True), (10_000, True), (10_001, False)])
@pytest.mark.parametrize("features", [hdf5_features, webdataset_features])
def test_up_to_ten_thousand_classes_are_named_and_more_are_plain_numbers(features, classes, named):
    output = ShardSettings(format="hdf5" if features is hdf5_features else "webdataset", encoding="png")
    label = str(features(output, [f"class {number}" for number in range(classes)], (32, 32)))
    assert ("class_label" in label) is named
    assert (f"'class {classes - 1}'" in label) is named
