"""What a folder says of its job: enough to finish it, and to know a command that asks for the same, without its source.

``.ipmix/job.json`` holds the job, ``.ipmix/claim.json`` beside it what else the manifest will need. Both go when the
folder is finished: the manifest holds them then, and stays, whatever is mended later.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from ipmix_cli.errors import UnfinishedError
from ipmix_cli.pipeline.job import Digest, Job, Word
from ipmix_cli.pipeline.output.manifest import Places, read_manifest
from ipmix_cli.pipeline.output.ownership import OWNER, existing_job
from ipmix_cli.record import MOST_BYTES, decoded, typed
from ipmix_cli.storage.folder import Folder

MOST_TASKS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class JobState:
    """A job with what its manifest needs.

    `task_count` is how many tasks share the job, `max_errors` what they allow; a finished folder has forgotten both.
    """

    job: Job
    places: Places
    class_names: tuple[str, ...]
    task_count: int = 1
    max_errors: str = ""


def read_job_state(folder: Folder) -> JobState | None:
    """Return what a folder says of its job, finished or not; None where it holds none.

    The manifest is read last: a run beside this one writes it before it removes what an unfinished folder needs.
    """
    job = job_in(folder)
    claimed = None if job is None else _claimed(folder, job)
    try:
        manifest = read_manifest(folder)
    except UnfinishedError:
        return claimed
    if job is not None and job != manifest.job:  # the folder is being taken over from a finished job
        return claimed
    sealed = JobState(job=manifest.job, places=manifest.places, class_names=manifest.class_names)
    if claimed is None:
        return sealed
    return dataclasses.replace(sealed, task_count=claimed.task_count, max_errors=claimed.max_errors)


def job_in(folder: Folder) -> Job | None:
    """Return the job that a folder holds, even where it says no more of it; None where it holds none."""
    try:
        return Job.from_dict(existing_job(folder))
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class OwnerFile:
    """What ``.ipmix/claim.json`` holds: a :class:`JobState`, with the job's digest in place of the job."""

    job: Digest
    places: Places
    class_names: tuple[Word, ...]
    task_count: Annotated[int, Meta(ge=1, le=MOST_TASKS)]
    max_errors: Annotated[str, Meta(max_length=64)]


def _claimed(folder: Folder, job: Job) -> JobState | None:
    """Return what was remembered of this job; None for what a run of another job has left."""
    try:
        claim = typed(OwnerFile, decoded(folder.read(OWNER, MOST_BYTES)))
    except (OSError, ValueError):
        return None
    if claim.job != job.digest():
        return None
    return JobState(
        job=job,
        places=claim.places,
        class_names=claim.class_names,
        task_count=claim.task_count,
        max_errors=claim.max_errors,
    )


def save_job_state(folder: Folder, this: JobState) -> None:
    """Write beside the job what else its manifest will need, unless it stands there already.

    Tasks of one array write the same; where two differ the last one wins, and all seal with what stands there.
    """
    values = {
        "job": this.job.digest(),
        "places": dataclasses.asdict(this.places),
        "class_names": list(this.class_names),
        "task_count": this.task_count,
        "max_errors": this.max_errors,
    }
    content = json.dumps(values, indent=1).encode()
    with contextlib.suppress(OSError):
        if folder.read(OWNER, MOST_BYTES) == content:
            return
    folder.write(OWNER, content)
