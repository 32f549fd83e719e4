"""The checksum of a sample: defined to the byte, and another one for every change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xxhash

from ipmix_cli.shards.checksum import raw_checksum, sample_checksum
from ipmix_cli.shards.shard import ShardSample

PICTURE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
SAMPLE = ShardSample("00000007", 7, 4, 3, "dir/é 1.png", 1, PICTURE)


def test_it_is_what_its_definition_says() -> None:
    text = "00000007 7 4 3 1 2 3 5 2 1 12:dir/é 1.png".encode()
    expected = xxhash.xxh3_64_intdigest(text + b"clean" + b"ab" + b"c")
    assert sample_checksum(SAMPLE, (2, 3), b"clean", [b"ab", b"c"]) == expected


def test_without_a_clean_picture_its_length_is_minus_one() -> None:
    text = "00000007 7 4 3 1 2 3 -1 2 12:dir/é 1.png".encode()
    assert sample_checksum(SAMPLE, (2, 3), None, [b"ab"]) == xxhash.xxh3_64_intdigest(text + b"ab")


def test_raw_pictures_are_summed_like_their_bytes() -> None:
    copies = np.stack([PICTURE + 1, PICTURE + 2])
    as_bytes = [copy.tobytes() for copy in copies]
    assert raw_checksum(SAMPLE, PICTURE, copies) == sample_checksum(SAMPLE, (2, 3), PICTURE.tobytes(), as_bytes)
    assert raw_checksum(SAMPLE, None, copies) == sample_checksum(SAMPLE, (2, 3), None, as_bytes)


@pytest.mark.parametrize(
    "change",
    [{"key": "00000008"}, {"index": 8}, {"label": 5}, {"source_index": 2}, {"source_key": "x"}, {"crop": 0}],
)
def test_every_fact_counts(change: dict[str, object]) -> None:
    changed = replace(SAMPLE, **change)
    assert sample_checksum(changed, (2, 3), b"c", [b"a"]) != sample_checksum(SAMPLE, (2, 3), b"c", [b"a"])


@pytest.mark.parametrize(
    ("clean", "copies"),
    [(b"c", [b"ba"]), (b"c", [b"b", b"a"]), (b"ca", [b"b"]), (None, [b"c", b"ab"]), (b"c", [b"ab", b""])],
)
def test_neighbours_cannot_trade_bytes(clean: bytes | None, copies: list[bytes]) -> None:
    assert sample_checksum(SAMPLE, (2, 3), clean, copies) != sample_checksum(SAMPLE, (2, 3), b"c", [b"ab"])
