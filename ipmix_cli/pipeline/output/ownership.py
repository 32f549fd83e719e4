"""Whose an output folder is: this job's, another job's, or no job's at all."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from typing import Any

from ipmix_cli.errors import OtherJobError, UsageError
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.output.manifest import CARD, ERRORS, MANIFEST, SECOND_COPY
from ipmix_cli.pipeline.output.state import JOB, STATE, OutputState, is_owned_by, read_state
from ipmix_cli.storage.folder import Folder
from ipmix_cli.storage.temporary import PART


def take_ownership(
    folder: Folder,
    job: Job,
    overwrite: bool = False,
    retry_failed: bool = False,
    alone: bool = True,
    state: OutputState | None = None,
) -> bool:
    """Make a folder this job's; `state` is what it has just said of itself. Return whether anything was written.

    With `overwrite`, any other job in it is removed. With `retry_failed` so is a job that differs only in the content
    of the source: pictures have been repaired, and shards of the old source cannot be used for the new one. A task that
    is not `alone` removes nothing, since others may have made some of it.

    Raises
    ------
    OtherJobError
        If it holds another job, listing what differs.
    UsageError
        If it holds something else, or would have to be cleared by one of many tasks.
    """
    state = state or read_state(folder)
    found, clearing = state.recorded, state.clearing
    if found is None:
        _refuse_other_files(folder)
    elif found == job.to_dict() and not overwrite:
        if clearing is None:
            return False
    elif state.sealed(job) is not None and not overwrite:  # the shards of the job that it extends stay
        write_job(folder, job)
        return True
    elif not (overwrite or (retry_failed and _only_the_source_changed(found, job))):
        changes = dict.fromkeys(differences(found, job.to_dict()))  # the seed is recorded in two places
        raise OtherJobError(f"{folder.location} holds another job: {'; '.join(changes)}", _remedy(found, job))
    if overwrite or found is not None:
        _check_alone(folder, alone)
        write_job(folder, job, clearing=clearing or _split_of(found))
        clear(folder)
    write_job(folder, job)
    return True


def _check_alone(folder: Folder, alone: bool) -> None:
    if not alone:
        raise UsageError(
            f"{folder.location} would have to be cleared, and several tasks are to fill it: each would remove what "
            "the others have made",
            f"empty {folder.location} yourself, then start the tasks again",
        )


def write_job(folder: Folder, job: Job, clearing: str | None = None) -> None:
    """Write down whose a folder is, and where it is being cleared, how the names of what has to go begin."""
    values = {"digest": job.digest(), "job": job.to_dict()} | ({} if clearing is None else {"clearing": clearing})
    folder.write(JOB, json.dumps(values, indent=1).encode())


def _split_of(found: dict[str, Any] | None) -> str:
    with contextlib.suppress(ValueError):
        return Job.from_dict(found).split
    return "train"


def check_ownership(folder: Folder, digest: str) -> None:
    """Make sure that a folder is still the job's: another run may have taken it over since.

    Raises
    ------
    OtherJobError
        If it is not.
    """
    if not is_owned_by(folder, digest):
        raise OtherJobError(
            f"another run has taken over {folder.location} for another job, or emptied it",
            "let only one job write to a folder: repeat the same command when the other is done",
        )


OPTIONS = ("augment", "output")  # parts of a job whose fields are called as the options are


def differences(there: dict[str, Any], asked: dict[str, Any], prefix: str = "") -> list[str]:
    """Return in words how two jobs differ."""
    found = []
    for name in sorted(there.keys() | asked.keys()):
        a, b = there.get(name), asked.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differences(a, b, prefix if name in OPTIONS else f"{prefix}{name}.")
        elif a != b:
            found.append(f"{prefix}{name} is {_short(a)} there, {_short(b)} asked for")
    return found


def clear(folder: Folder) -> None:
    """Remove what ipmix wrote into a folder, and nothing else; what says whose the folder is now stays.

    The manifest goes first, so that nothing looks finished.
    """
    split = read_state(folder).clearing or "train"
    folder.remove(MANIFEST, SECOND_COPY)
    folder.remove(*(name for name in folder.names() if is_own(name, split) and name != JOB))


def is_own(name: str, split: str) -> bool:
    """Return whether ipmix writes a file of this name into a folder of its own; `split` begins the shards' names."""
    suffix = r"\.(png|webp|jpg)"
    shard = rf"{re.escape(split)}(-\d{{6}}\.(h5|tar|parquet|mds)|/[^/]+/\d{{8,}}_(clean|aug\d+){suffix})"
    shard += rf"|[a-z0-9_]+\.npy|(clean|[a-z0-9_]+/\w+)/[^/]+/\d{{8,}}(_[A-Za-z0-9_-]+)?{suffix}"
    shard += rf"|cifar-10-batches-py/(batches\.meta|data_batch_\d+|{re.escape(split)}_batch(_\d+)?)|index\.json"
    shard += rf"|[a-z0-9_]+/[^/]+/\d{{8,}}(_[A-Za-z0-9_-]+)?/frame\d\d+{suffix}"
    return (
        name.startswith(STATE)
        or name in (MANIFEST, CARD, ERRORS)
        or name.endswith(PART)
        or re.fullmatch(shard, name) is not None
    )


def _refuse_other_files(folder: Folder) -> None:
    """Refuse a folder with files in it that ipmix has never written to: they are not ours to replace."""
    names = folder.names()
    ours = any(name.startswith(STATE) for name in names)
    others = [] if ours else names
    if others and read_state(folder).recorded is None:  # another task may have taken it meanwhile
        raise UsageError(
            f"{folder.location} is not empty: it holds {others[0]} and no ipmix job",
            "choose an empty or a new folder with --out",
        )


def _only_the_source_changed(there: dict[str, Any], job: Job) -> bool:
    with contextlib.suppress(ValueError):
        before = Job.from_dict(there)
        source = dataclasses.replace(before.source, digest=job.source.digest)
        return dataclasses.replace(before, source=source).digest() == job.digest()
    return False


def _remedy(there: dict[str, Any], job: Job) -> str:
    choices = "choose another --out, repeat the options of that job, or give --overwrite to start from scratch"
    if _only_the_source_changed(there, job):
        return f"{choices}; if you have repaired pictures of the source, --retry-failed makes all shards again"
    return choices


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:12]}...{text[-4:]}"
