"""Indexes of WebDataset tars that other readers want beside them: wids' JSON and NVIDIA DALI's text files.

Neither is needed by ipmix's own reader, webdataset, or Hugging Face. The card tells Hugging Face which files are
pictures, so an index beside them does no harm.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from ipmix_cli.picture import Bytes
from ipmix_cli.storage.memory_map import mapped
from ipmix_cli.storage.tar import Member, own_members

WIDS_NAME = "wids.json"
DALI_SUFFIX = ".idx"


def wids_index(name: str, shards: Iterable[tuple[str, int, int]]) -> str:
    """Return wids' index of a data set, for a file :data:`WIDS_NAME` in its folder.

    Parameters
    ----------
    name : str
        Of the data set.
    shards : iterable of (str, int, int)
        Name, number of wids' samples (the flat layout has one for each picture) and size in bytes of each tar.
    """
    listed = [{"url": url, "nsamples": samples, "filesize": size} for url, samples, size in shards]
    index = {"__kind__": "wids-shard-index-v1", "wids_version": 1, "name": name, "shardlist": listed}
    return json.dumps(index, indent=1) + "\n"


def dali_index(content: Path | Bytes, location: str) -> str:
    """Return DALI's index (version 1.2, as its ``wds2idx`` writes it) of one tar that ipmix built.

    Raises
    ------
    SourceError
        Where the tar is damaged.
    """
    runs = groupby(own_members(mapped(content, location), location), key=lambda member: _split(member)[0])
    lines = [" ".join(map(_component, run)) for _, run in runs]
    return "\n".join([f"v1.2 {len(lines)}", *lines, ""])


def _split(member: Member) -> tuple[str, str]:
    key, _, extension = member.name.partition(".")
    return key, extension


def _component(member: Member) -> str:
    return f"{_split(member)[1]} {member.offset} {member.size} {member.name}"
