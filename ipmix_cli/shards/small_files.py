"""What a format is told once all shards are there, for the files that stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ipmix_cli.shards.shard import ShardSettings


class FinishedShard(Protocol):
    """One shard's file: its name, its size in bytes, and how many samples it holds."""

    @property
    def name(self) -> str:
        """Relative to the data set's folder."""
        ...

    @property
    def bytes(self) -> int:
        """Of the file."""
        ...

    @property
    def samples(self) -> int:
        """In it."""
        ...


@dataclass(frozen=True)
class Finished:
    """A data set whose shards are all there; `size` is the (height, width) of its pictures, None if they differ."""

    output: ShardSettings
    size: tuple[int, int] | None
    class_names: Sequence[str]
    shards: Sequence[FinishedShard]
