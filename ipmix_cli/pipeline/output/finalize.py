"""Finish a folder: the errors, the dataset card, and the manifest, which is written last."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Protocol

from ipmix_cli.errors import SourceError, WriteError
from ipmix_cli.pipeline.job import Job, shard_bounds
from ipmix_cli.pipeline.output.error_budget import check_failures
from ipmix_cli.pipeline.output.manifest import (
    CARD,
    ERRORS,
    MANIFEST,
    SECOND_COPY,
    FileRecord,
    Manifest,
    RecordedPlaces,
    ShardRecord,
)
from ipmix_cli.pipeline.output.ownership import check_ownership
from ipmix_cli.pipeline.output.resume import clear_state, committed
from ipmix_cli.pipeline.output.shard_records import SHARD_RECORDS
from ipmix_cli.pipeline.output.state import OutputState, read_state
from ipmix_cli.shards.dataset_card import Maker, dataset_card
from ipmix_cli.shards.npy_arrays import PIECES
from ipmix_cli.shards.small_files import Finished
from ipmix_cli.shards.writers import WRITERS
from ipmix_cli.storage.folder import Folder


class Finalizable(Protocol):
    """What a manifest needs beside the records: an open job has it, and so has the folder of an unfinished one."""

    @property
    def job(self) -> Job:
        """The job."""
        ...

    @property
    def places(self) -> RecordedPlaces:
        """Where its source and its mixing pictures were found."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the source's classes."""
        ...


def finalize(
    folder: Folder,
    this: Finalizable,
    max_errors: str = "",
    state: OutputState | None = None,
    check: Callable[[], None] | None = None,
) -> Manifest | None:
    """Write the manifest if every shard is there; None where some are missing yet.

    It can be called any number of times, by any number of processes: what the folder says goes before what this
    process knows, so each would write the same bytes; where one makes shards again in which pictures failed, the last
    manifest is that of the last records. Where shards of an unfinished folder are missing, only names are looked at.

    Parameters
    ----------
    folder : Folder
    this : Finalizable
    max_errors : str
        How many pictures all tasks together may have left out; what the last run allowed by default.
    state : OutputState, optional
        What the folder has just said of itself, if nothing was made since; of a finished folder nothing is read again
        then, and nothing is written.
    check : callable, optional
        Is called once every shard is there, before anything is written: raises where the source has changed.

    Raises
    ------
    ErrorBudgetError
        Where all tasks together left out more pictures than `max_errors`, or else the last run, allows.
    OtherJobError
        If another job has taken the folder over.
    """
    job, count = this.job, len(shard_bounds(this.job))
    state = state or read_state(folder)
    before, manifest_before = state.job_state, state.finished(job)
    extended = state.sealed(job) if manifest_before is None else None
    there = 0 if extended is None else len(extended.shards)
    if manifest_before is None and len(folder.names(SHARD_RECORDS)) + there < count:
        return read_state(folder).finished(job)  # another may have finalized it, and cleared the records away
    records = committed(folder, job, state=state)
    if len(records) < count:
        return None
    if check is not None:
        check()
    shards = tuple(records[number] for number in sorted(records))
    allowed = max_errors or (before.max_errors if before else "")
    if allowed:
        check_failures((failure for shard in shards for failure in shard.failures), job, allowed)
    if (done := _assembled(folder, job, shards, manifest_before)) is not None:
        return done
    opened = this if before is None or before.job != job else before
    contents = small_files(opened, shards)
    manifest = Manifest(
        job=job,
        places=opened.places,
        class_names=opened.class_names,
        shards=shards,
        files=tuple(FileRecord.of(name, content) for name, content in contents.items()),
        tool=f"ipmix-cli {version('ipmix-cli')}",
    )
    written = manifest.to_bytes()
    if not _all_there(folder, manifest, written, state):
        check_ownership(folder, job.digest())
        if read_state(folder).finished(job) != manifest_before:  # another has finalized: what was read may be old
            return finalize(folder, this, max_errors, check=check)
        for name in (*contents, SECOND_COPY, MANIFEST):
            folder.write(name, contents.get(name, written))
    if not manifest.failed:
        folder.remove(ERRORS)
    clear_state(folder, manifest)
    return manifest


def _assembled(folder: Folder, job: Job, shards: Sequence[ShardRecord], before: Manifest | None) -> Manifest | None:
    """Put together what the shards of some formats leave in pieces.

    If an equal run beside this one was first, and has cleared the pieces away, its manifest is returned.
    """
    assemble = WRITERS[job.output.format].assemble
    if assemble is None or (before is not None and not folder.names(PIECES)):
        return None
    try:
        assemble(folder, [shard.name for shard in shards])
    except (SourceError, WriteError):
        if (done := read_state(folder).finished(job)) is not None:
            return done
        raise
    return None


def small_files(opened: Finalizable, shards: tuple[ShardRecord, ...]) -> dict[str, bytes]:
    """Return the small files of a finished data set but for its manifests, content by name."""
    job = opened.job
    finished = Finished(job.output, job.size, opened.class_names, shards)
    contents = {CARD: card(opened, shards), ERRORS: errors(shards), **WRITERS[job.output.format].small_files(finished)}
    return {name: content for name, content in contents.items() if content}


def card(opened: Finalizable, shards: Sequence[ShardRecord]) -> bytes:
    """Return the dataset card that Hugging Face reads."""
    job, counts = opened.job, [(shard.name, shard.samples) for shard in shards]
    transform = job.transform
    maker = Maker(transform.title, transform.credit_of(job.augment), transform.purpose, transform.made)
    text = dataset_card(job.output, opened.class_names, job.split, counts, job.size, maker)
    remark = job.transform.remark(job.augment)
    return (f"{text}\n**{remark}**\n" if remark else text).encode()


def errors(shards: tuple[ShardRecord, ...]) -> bytes:
    """Return errors.jsonl: one line for each picture that was left out."""
    lines = [
        json.dumps({"source_index": f.source_index, "source_key": f.source_key, "reason": f.reason})
        for shard in shards
        for f in shard.failures
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _all_there(folder: Folder, manifest: Manifest, written: bytes, state: OutputState) -> bool:
    """Return whether the small files are there, to the byte, and both copies of the manifest were."""
    if any(state.files.get(name) != written for name in (MANIFEST, SECOND_COPY)):
        return False
    try:
        return all(FileRecord.of(file.name, folder.read(file.name)) == file for file in manifest.files)
    except OSError:
        return False
