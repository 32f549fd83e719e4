"""The shards of a finished data set, from its manifest: all that a reader needs before it reads."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Any

from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import SourceError
from ipmix_cli.record import MOST_BYTES, decoded
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.shards.writers import WRITERS
from ipmix_cli.storage.folder import Folder


@dataclass(frozen=True)
class ShardEntry:
    """One shard: its file's name, how many samples it holds, and what the file is (0 and empty if not recorded)."""

    name: str
    samples: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """The samples of a data set by number, and the shards that they lie in.

    Parameters
    ----------
    location : str
        The folder, as errors name it.
    job : dict
        The job as the manifest records it.
    settings : ShardSettings
    class_names : tuple of str
    shards : tuple of ShardEntry
    ends : tuple of int
        The number of the first sample behind each shard.
    places : dict
        Where the source and the mixing pictures were.
    """

    location: str
    job: dict[str, Any]
    settings: ShardSettings
    class_names: tuple[str, ...]
    shards: tuple[ShardEntry, ...]
    ends: tuple[int, ...]
    places: dict[str, Any]

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def find(self, number: int) -> tuple[int, int]:
        """Return the shard that holds a sample, and the sample's position in it."""
        shard = bisect.bisect_right(self.ends, number)
        return shard, number - self.first(shard)

    def first(self, shard: int) -> int:
        """Return the number of the first sample of a shard."""
        return self.ends[shard - 1] if shard else 0


def read_contents(folder: Folder) -> Contents:
    """Return what a data set's manifest says.

    Raises
    ------
    SourceError
        If there is no manifest, or one that is damaged.
    """
    location = folder.location
    try:
        manifest = decoded(folder.read("manifest.json", MOST_BYTES))
        return _contents(manifest, location)
    except FileNotFoundError as error:
        raise SourceError(
            f"{location} has no manifest.json: it is not a finished data set",
            f"repeat its `ipmix augment` command to finish it; see also `ipmix status {location}`",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SourceError(
            f"{location}: manifest.json is damaged: {error}", f"type: ipmix validate {location}"
        ) from error


def _contents(manifest: dict[str, Any], location: str) -> Contents:
    job = manifest["job"]
    known = {field.name for field in fields(ShardSettings)}
    if unknown := job["output"].keys() - known:
        raise SourceError(
            f"{location} was written by a newer ipmix: its output has {', '.join(sorted(unknown))}",
            "type: pip install --upgrade ipmix-cli",
        )
    settings = ShardSettings(**job["output"])
    shards = tuple(map(_entry, manifest["shards"]))
    if settings.format not in WRITERS or settings.encoding not in CODECS or any(shard.samples < 0 for shard in shards):
        raise ValueError("a format, an encoding or a count that cannot be")
    return Contents(
        location=location,
        job=job,
        settings=settings,
        class_names=tuple(map(str, manifest["class_names"])),
        shards=shards,
        ends=_ends(shards),
        places=manifest.get("places") or {},
    )


def _entry(shard: dict[str, Any]) -> ShardEntry:
    size, digest = shard.get("bytes", 0), shard.get("sha256", "")
    return ShardEntry(str(shard["name"]), int(shard["samples"]), int(size), str(digest))


def _ends(shards: Sequence[ShardEntry]) -> tuple[int, ...]:
    return tuple(accumulate(shard.samples for shard in shards))
