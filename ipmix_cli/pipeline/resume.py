"""What is in the output folder already: this job's shards, another job's, or something else altogether."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import time
from collections.abc import Collection
from typing import Any

from ipmix_cli.errors import OtherJobError, UnfinishedError, UsageError
from ipmix_cli.formats.files import PART, Folder
from ipmix_cli.pipeline.job import Job, shard_bounds
from ipmix_cli.pipeline.manifest import CARD, ERRORS, MANIFEST, FileRecord, Manifest, ShardRecord, read_manifest
from ipmix_cli.pipeline.worker import record_name, shard_name

JOB = ".ipmix/job.json"
CLAIM = ".ipmix/claim.json"
SHARD_RECORDS = ".ipmix/shards"
STALE_SECONDS = 24 * 3600  # a temporary file of another machine is a dead run's after so long without a change


def existing_job(folder: Folder) -> dict[str, Any] | None:
    """Return the job that a folder holds, finished or not, as plain values; None where it holds none."""
    for name in (JOB, MANIFEST, ".ipmix/manifest.json"):
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
            values = json.loads(folder.read(name))
            job: dict[str, Any] = values if name == JOB else values["job"]
            return job
    return None


def claim(folder: Folder, job: Job, overwrite: bool = False) -> None:
    """Make a folder this job's.

    Raises
    ------
    OtherJobError
        Where it holds another job, listing what differs.
    UsageError
        Where it holds something else.
    """
    if overwrite:
        clear(folder)
    found = existing_job(folder)
    if found is None:
        others = [name for name in folder.names() if not _is_own(name)]
        if others and existing_job(folder) is None:  # another task may have claimed it while we looked
            raise UsageError(
                f"{folder.location} is not empty: it holds {others[0]} and no ipmix job",
                "choose an empty or a new folder with --out",
            )
        folder.write(JOB, json.dumps(job.to_dict(), indent=1).encode())
    elif found != job.to_dict():
        changes = "; ".join(differences(found, job.to_dict()))
        raise OtherJobError(
            f"{folder.location} holds another job: {changes}",
            "choose another --out, repeat the options of that job, or give --overwrite to start anew",
        )


def differences(there: dict[str, Any], asked: dict[str, Any], prefix: str = "") -> list[str]:
    """Return in words how two jobs differ."""
    found = []
    for name in sorted(there.keys() | asked.keys()):
        a, b = there.get(name), asked.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differences(a, b, f"{prefix}{name}.")
        elif a != b:
            found.append(f"{prefix}{name} is {_short(a)} there, {_short(b)} asked for")
    return found


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:12]}...{text[-4:]}"


def committed(
    folder: Folder, job: Job, verify: bool = False, numbers: Collection[int] | None = None
) -> dict[int, ShardRecord]:
    """Return the records of the shards that are there and whole: by their size, and by sha256 with `verify`.

    With `numbers` only these shards are looked at: a task among many need not read what the others made.
    """
    records = [record for record in _records(folder, numbers).values() if _belongs(record, job)]
    sizes = folder.sizes([record.name for record in records])
    there = (record for record in records if sizes.get(record.name) == record.bytes)
    return {record.number: record for record in there if not verify or is_whole(folder, record, verify)}


def is_whole(folder: Folder, record: FileRecord, verify: bool) -> bool:
    """Return whether a file is there with the recorded size, and with `verify` the recorded sha256."""
    if folder.size(record.name) != record.bytes:
        return False
    return not verify or FileRecord.of(record.name, folder.read(record.name)) == FileRecord(
        name=record.name, bytes=record.bytes, sha256=record.sha256
    )


def _records(folder: Folder, numbers: Collection[int] | None) -> dict[int, ShardRecord]:
    """Return the records that the manifest holds, and over them those that workers have left since."""
    sealed = _sealed(folder)
    left = _left_by_workers(folder, numbers)
    if not sealed:  # a run beside this one may have sealed the folder just now, and cleared what we were reading
        sealed = _sealed(folder)
    found = sealed | left
    return found if numbers is None else {number: found[number] for number in numbers if number in found}


def _sealed(folder: Folder) -> dict[int, ShardRecord]:
    try:
        return {record.number: record for record in read_manifest(folder).shards}
    except UnfinishedError:
        return {}


def _left_by_workers(folder: Folder, numbers: Collection[int] | None) -> dict[int, ShardRecord]:
    names = folder.names(SHARD_RECORDS) if numbers is None else [record_name(number) for number in numbers]
    found = {}
    for content in folder.contents(names).values():
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            record = ShardRecord.from_dict(json.loads(content))
            found[record.number] = record
    return found


def _belongs(record: ShardRecord, job: Job) -> bool:
    bounds = shard_bounds(job)
    return (
        0 <= record.number < len(bounds)
        and (record.first, record.stop) == bounds[record.number]
        and record.name == shard_name(job, record.number)
    )


def finished(folder: Folder, job: Job) -> Manifest | None:
    """Return the manifest where the folder holds this job, finished; else None."""
    try:
        manifest = Manifest.from_bytes(folder.read(MANIFEST))
    except (OSError, ValueError):
        return None
    return manifest if manifest.job == job else None


def clear(folder: Folder) -> None:
    """Remove what ipmix wrote into a folder, and nothing else; the manifest first."""
    own = [name for name in folder.names() if _is_own(name)]
    folder.remove(MANIFEST)
    folder.remove(*sorted(own, key=lambda name: (name != JOB, name)))


def clear_state(folder: Folder) -> None:
    """Remove what only an unfinished job needs: the record of each shard, and temporary files of dead runs."""
    folder.remove(*folder.names(SHARD_RECORDS), CLAIM, JOB)
    clear_stale(folder)


def clear_stale(folder: Folder) -> None:
    """Remove the temporary files of runs that are dead; those of a run beside this one stay."""
    if folder.path(PART) is None:  # objects appear whole: a store has no temporary files
        return
    for name in folder.names():
        if name.endswith(PART) and _is_stale(folder, name):
            folder.remove(name)


def _is_stale(folder: Folder, name: str) -> bool:
    match = re.search(r"\.([^.]+)-(\d+)\.part$", name)
    path = folder.path(name)
    if not match or path is None:
        return False
    if match[1] == socket.gethostname().replace(".", "_"):
        return not _is_alive(int(match[2]))
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > STALE_SECONDS
    return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_own(name: str) -> bool:
    """Return whether ipmix may have written a file of this name."""
    base = name.rsplit("/", 1)[-1]
    return (
        name.startswith(".ipmix/")
        or name in (MANIFEST, CARD, ERRORS)
        or base.endswith(PART)
        or re.fullmatch(r"(train|test)-\d{6}\.(h5|tar)", name) is not None
    )
