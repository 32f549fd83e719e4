"""What a folder says of its job: enough to finish it, and to know a command that asks for the same, without its source.

``.ipmix/job.json`` holds the job, ``.ipmix/claim.json`` beside it what else the manifest will need. Both go when the
folder is finished: the manifest holds them then, and stays, whatever is mended later.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from dataclasses import dataclass

from ipmix_cli.errors import UnfinishedError
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.output.manifest import Places, read_manifest
from ipmix_cli.pipeline.output.ownership import OWNER, existing_job
from ipmix_cli.storage.folder import Folder


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
    except (ValueError, KeyError, TypeError):
        return None


def _claimed(folder: Folder, job: Job) -> JobState | None:
    """Return what was remembered of this job; None for what a run of another job has left."""
    try:
        claim = json.loads(folder.read(OWNER))
        if claim["job"] != job.digest():
            return None
        return JobState(
            job=job,
            places=Places(**claim["places"]),
            class_names=tuple(claim["class_names"]),
            task_count=claim["task_count"],
            max_errors=claim["max_errors"],
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


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
    with contextlib.suppress(FileNotFoundError):
        if folder.read(OWNER) == content:
            return
    folder.write(OWNER, content)
