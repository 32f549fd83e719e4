"""The code that shows how a data set is read."""

from __future__ import annotations

import pytest

from ipmix_cli.shards.reading_code import FOLDER, OWN_READER, reading_code
from ipmix_cli.shards.shard import ShardSettings


@pytest.mark.parametrize(
    ("mixed", "labels"), [(False, "int64 (B,)"), (True, "float32 (B, C), the weights of the classes")]
)
def test_ipmixs_reader_is_said_to_return_the_labels_that_it_returns(mixed, labels):
    code = reading_code(ShardSettings(mixed=mixed), "train", FOLDER)[OWN_READER]
    assert f"uint8 (B, H, W, 3) and {labels}" in code
