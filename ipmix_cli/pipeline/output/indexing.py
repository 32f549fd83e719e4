"""Indexes of a finished data set's tars for readers that want them beside the shards: wids, and NVIDIA DALI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.pipeline.output.dataset import Dataset
from ipmix_cli.shards.indexes import DALI_SUFFIX, WIDS_NAME, dali_index, wids_index

KINDS = ("wids", "dali")


def index_names(dataset: Dataset, kind: str) -> list[str]:
    """Return the names of the files that an index consists of."""
    if kind == "wids":
        return [WIDS_NAME]
    return [str(PurePosixPath(shard.name).with_suffix(DALI_SUFFIX)) for shard in dataset.manifest.shards]


def indexes(dataset: Dataset, kind: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an index, name and content.

    Raises
    ------
    UsageError
        For an unknown kind, or a data set that has no tars.
    SourceError
        If a tar is missing or damaged.
    """
    check_name("index", kind, KINDS)
    output = dataset.manifest.job.output
    if output.format != "webdataset":
        raise UsageError(f"{dataset.folder.location} has no tars to index", "indexes are for --format webdataset")
    if kind == "wids":
        each = 1 if output.layout == "grouped" else output.copies + output.clean
        shards = [(shard.name, shard.samples * each, shard.bytes) for shard in dataset.manifest.shards if shard.samples]
        yield WIDS_NAME, wids_index("ipmix", shards).encode()
        return
    for shard, name in zip(dataset.manifest.shards, index_names(dataset, kind), strict=True):
        path = dataset.folder.path(shard.name)
        content = dataset.folder.read(shard.name) if path is None else path
        yield name, dali_index(content, shard.name).encode()


def is_index(dataset: Dataset, name: str) -> bool:
    """Return whether a file is one of an index of this data set."""
    tars = dataset.manifest.job.output.format == "webdataset"
    return tars and any(name in index_names(dataset, kind) for kind in KINDS)
