"""One checksum for each sample, so that a rotten sample is named and not only its shard.

It is xxh3_64 (seed 0) over these bytes, in this order:

1. UTF-8 text, numbers in decimal, single spaces between:
   ``KEY INDEX LABEL SOURCE_INDEX CROP HEIGHT WIDTH CLEAN COPY_0 .. COPY_K-1 SOURCE:SOURCE_KEY``, where CLEAN
   and COPY_j are the lengths of the stored pictures in bytes (CLEAN is -1 where no clean picture is stored)
   and SOURCE is the length of SOURCE_KEY in bytes; where copies have mixed labels, each copy's second label in decimal
   and the weight of the first as C's ``%a`` writes it stand before SOURCE; a LABEL that is no class number, and the
   kept fields, which stand before SOURCE too, are written as :func:`ipmix_cli.annotations.canonical` does;
2. the clean picture as it is stored (raw ones in C order), if it is;
3. the copies as they are stored, in order.

The lengths stand before the content, so no two different samples give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

from ipmix_cli.annotations import canonical
from ipmix_cli.picture import Bytes
from ipmix_cli.shards.shard import ShardSample, StoredSample


def sample_checksum(
    sample: ShardSample | StoredSample, size: tuple[int, int], clean: Bytes | None, copies: Sequence[Bytes]
) -> int:
    """Return the checksum of one sample of `size` (height, width), 0..2**64-1."""
    lengths = [-1 if clean is None else len(clean), *map(len, copies)]
    hasher = xxhash.xxh3_64(_facts(sample, size, lengths))
    for data in copies if clean is None else (clean, *copies):
        hasher.update(data)
    return hasher.intdigest()


def raw_checksum(sample: ShardSample | StoredSample, clean: NDArray[np.uint8] | None, copies: NDArray[np.uint8]) -> int:
    """Return the checksum of a sample of raw pictures, C-contiguous: clean (H, W, C), copies (K, H, W, C)."""
    size = copies.shape[1], copies.shape[2]
    length = size[0] * size[1] * copies.shape[3]
    hasher = xxhash.xxh3_64(_facts(sample, size, [-1 if clean is None else length] + [length] * len(copies)))
    if clean is not None:
        hasher.update(clean.data)
    hasher.update(copies.data)
    return hasher.intdigest()


def _facts(sample: ShardSample | StoredSample, size: tuple[int, int], lengths: list[int]) -> bytes:
    source = sample.source_key.encode("utf-8", "surrogateescape")
    numbers = f"{sample.index} {canonical(sample.label)} {sample.source_index} {sample.crop} {size[0]} {size[1]}"
    mixed = "".join(f" {label} {weight.hex()}" for label, weight in sample.mixed)
    kept = "".join(f" {canonical(value)}" for value in sample.fields)
    facts = f"{sample.key} {numbers} {' '.join(map(str, lengths))}{mixed}{kept} {len(source)}:"
    return facts.encode("utf-8", "surrogateescape") + source
