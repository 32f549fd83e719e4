"""How many bytes shards take with all their files, and not their own alone where these are lists of other files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from ipmix_cli.errors import SourceError
from ipmix_cli.pipeline.output.manifest import ShardRecord
from ipmix_cli.shards.writers import WRITERS, open_shard
from ipmix_cli.storage.folder import Folder


def bytes_of_shards(folder: Folder, format_name: str, records: Iterable[ShardRecord]) -> int:
    """Return the recorded bytes of shards, and the sizes of the files that they list; each file counts once."""
    records = list(records)
    total = sum(record.bytes for record in records)
    if WRITERS[format_name].one_file:
        return total
    names: set[str] = set()
    for record in records:
        path = folder.path(record.name)
        with contextlib.suppress(OSError, SourceError):  # one that is damaged is told elsewhere
            content: Path | bytes = folder.read(record.name) if path is None else path
            with open_shard(format_name, content, f"{folder.location}/{record.name}") as view:
                names.update(view.files())
    return total + sum(folder.sizes(names).values())
