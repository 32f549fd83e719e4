"""Finish a folder: the errors, the dataset card, and the manifest, which is written last."""

from __future__ import annotations

import json
from importlib.metadata import version

from ipmix_cli.formats.card import dataset_card
from ipmix_cli.formats.files import Folder
from ipmix_cli.pipeline.job import shard_bounds
from ipmix_cli.pipeline.manifest import (
    CARD,
    ERRORS,
    MANIFEST,
    SECOND_COPY,
    FileRecord,
    Manifest,
    ShardRecord,
)
from ipmix_cli.pipeline.opening import OpenJob
from ipmix_cli.pipeline.resume import clear_state, committed, finished


def seal(folder: Folder, opened: OpenJob) -> Manifest | None:
    """Write the manifest if every shard is there; None where some are missing yet.

    It can be called any number of times, by any number of processes: each would write the same bytes.
    """
    records = committed(folder, opened.job)
    if len(records) < len(shard_bounds(opened.job)):
        return None
    shards = tuple(records[number] for number in sorted(records))
    contents = {CARD: card(opened, sum(shard.samples for shard in shards)), ERRORS: errors(shards)}
    contents = {name: content for name, content in contents.items() if content}
    manifest = Manifest(
        job=opened.job,
        places=opened.places,
        class_names=opened.source.class_names,
        shards=shards,
        files=tuple(FileRecord.of(name, content) for name, content in contents.items()),
        tool=f"ipmix-cli {version('ipmix-cli')}",
    )
    if finished(folder, opened.job) != manifest or not _all_there(folder, manifest):
        for name, content in contents.items():
            folder.write(name, content)
        for name in (SECOND_COPY, MANIFEST):
            folder.write(name, manifest.to_bytes())
    if not manifest.failed:
        folder.remove(ERRORS)
    clear_state(folder)
    return manifest


def card(opened: OpenJob, samples: int) -> bytes:
    """Return the dataset card that Hugging Face reads."""
    job = opened.job
    return dataset_card(job.output, opened.source.class_names, job.split, samples, job.size).encode()


def errors(shards: tuple[ShardRecord, ...]) -> bytes:
    """Return errors.jsonl: one line for each picture that was left out."""
    lines = [
        json.dumps({"source_index": f.source_index, "source_key": f.source_key, "reason": f.reason})
        for shard in shards
        for f in shard.failures
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _all_there(folder: Folder, manifest: Manifest) -> bool:
    """Return whether the small files are there, to the byte."""
    try:
        small = all(FileRecord.of(file.name, folder.read(file.name)) == file for file in manifest.files)
        return small and folder.read(SECOND_COPY) == manifest.to_bytes()
    except OSError:
        return False
