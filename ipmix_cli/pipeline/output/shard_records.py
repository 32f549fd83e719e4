"""The record of a committed shard: a small file of its own, kept until the manifest holds it."""

from __future__ import annotations

import dataclasses
import json

from ipmix_cli.pipeline.output.manifest import ShardRecord
from ipmix_cli.record import decoded, json_digest, typed
from ipmix_cli.storage.folder import Folder

SHARD_RECORDS = ".ipmix/shards"
NO_RECORD = b"null\n"  # in place of a record: the shard is about to be made again


def record_name(number: int) -> str:
    """Return where the record of a committed shard lies until the manifest is written."""
    return f"{SHARD_RECORDS}/{number:06d}.json"


def number_of(name: str) -> int:
    """Return the number of the shard whose record has this file name; -1 for any other name."""
    stem = name.rpartition("/")[2].removesuffix(".json")
    return int(stem) if stem.isascii() and stem.isdigit() else -1


def write_record(folder: Folder, job_digest: str, record: ShardRecord) -> None:
    """Write a shard's record with its checksum and its job's digest: it counts for no other job; damage is noticed."""
    values = [job_digest, dataclasses.asdict(record)]
    folder.write(record_name(record.number), json.dumps([*values, json_digest(values)]).encode())


def read_record(content: bytes, job_digest: str) -> ShardRecord | None:
    """Return the record of a file's content; None where it is damaged, or of another job: the shard is made again."""
    try:
        digest, values, seal = decoded(content)
        record = typed(ShardRecord, values)
        whole = digest == job_digest and seal == json_digest([digest, dataclasses.asdict(record)])
    except (ValueError, TypeError):
        return None
    return record if whole else None
