"""What an output folder says of its job, read once: the job, what finishing it needs, and the manifest.

``.ipmix/job.json`` holds the job, ``.ipmix/owner.json`` beside it what else the manifest will need. Both go when the
folder is finished: the manifest then holds their content, and later repairs keep it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from ipmix_cli.errors import UnfinishedError
from ipmix_cli.pipeline.job import Digest, Job, Word
from ipmix_cli.pipeline.output.manifest import (
    MANIFEST,
    SECOND_COPY,
    Manifest,
    RecordedPlaces,
    manifest_values,
    read_manifest,
)
from ipmix_cli.record import MOST_BYTES, SMALL_BYTES, decoded, json_digest, typed
from ipmix_cli.storage.folder import Folder

STATE = ".ipmix/"
JOB = ".ipmix/job.json"
OWNER = ".ipmix/owner.json"
EARLIER_OWNER = ".ipmix/claim.json"  # as versions before 0.2.0 called the same file
MOST_TASKS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class JobState:
    """A job with what its manifest needs.

    `task_count` is how many tasks share the job, `max_errors` what they allow; a finished folder does not say either.
    """

    job: Job
    places: RecordedPlaces
    class_names: tuple[str, ...]
    task_count: int = 1
    max_errors: str = ""


@dataclass(frozen=True)
class OutputState:
    """The files by which a folder says what it holds, as they were at one moment, and what follows from them.

    Parameters
    ----------
    location : str
        The folder.
    files : dict of str to bytes
        What was read of the job's file, the owner's, and the two copies of the manifest.
    unreadable : dict of str to OSError
        Why a file that is there could not be read.
    """

    location: str
    files: dict[str, bytes]
    unreadable: dict[str, OSError]

    @functools.cached_property
    def job_file(self) -> JobFile | None:
        """What the job's own file holds, which an unfinished folder has."""
        return _job_file(self.files.get(JOB, b""))

    @functools.cached_property
    def recorded(self) -> dict[str, Any] | None:
        """The job that the folder holds, finished or not, as plain values; None where it holds none that is whole."""
        if self.job_file is not None:
            return self.job_file.job
        for name in (MANIFEST, SECOND_COPY):
            with contextlib.suppress(ValueError):
                finished = manifest_values(self.files.get(name, b"")).get("job")
                if isinstance(finished, dict):
                    return finished
        return None

    @functools.cached_property
    def clearing(self) -> str | None:
        """How the names of shards begin that are being removed, or were when a run was killed in the midst of it."""
        return None if self.job_file is None else self.job_file.clearing

    @functools.cached_property
    def job(self) -> Job | None:
        """The job that the folder holds, even where it says no more of it; None where it holds none."""
        try:
            return Job.from_dict(self.recorded)
        except ValueError:
            return None

    @functools.cached_property
    def manifest(self) -> Manifest | None:
        """The manifest of a finished folder, from the first intact copy; None if there is none."""
        try:
            return read_manifest(self)
        except UnfinishedError:
            return None

    def finished(self, job: Job) -> Manifest | None:
        """Return the manifest where the folder holds this job, finished; else None."""
        manifest = self.manifest
        return manifest if manifest is not None and manifest.job.digest() == job.digest() else None

    def sealed(self, job: Job) -> Manifest | None:
        """Return the manifest whose shards are some of the job's, or all: of this job, or of one that it extends."""
        manifest = self.manifest
        if manifest is not None and (manifest.job.digest() == job.digest() or job.extends(manifest.job)):
            return manifest
        return None

    @functools.cached_property
    def job_state(self) -> JobState | None:
        """What the folder says of its job, finished or not; None where it says too little to finish it."""
        owner = None if self.job is None else _owner_state(self.files.get(OWNER, b""), self.job)
        manifest = self.manifest
        if manifest is None or (self.job is not None and self.job != manifest.job):
            return owner  # unfinished, or being taken over from a finished job
        finished = JobState(job=manifest.job, places=manifest.places, class_names=manifest.class_names)
        if owner is None:
            return finished
        return dataclasses.replace(finished, task_count=owner.task_count, max_errors=owner.max_errors)

    def is_owned_by(self, digest: str) -> bool:
        """Return whether the folder is the job's."""
        return self.recorded is not None and digest_of(self.recorded) == digest

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return a file's content as it was; raises the error that reading it gave."""
        del most  # it was bounded when it was read
        if name in self.unreadable:
            raise self.unreadable[name]
        if name not in self.files:
            raise FileNotFoundError(name)
        return self.files[name]


def read_state(folder: Folder) -> OutputState:
    """Read what a folder says of its job, each file once.

    The manifest is read last: a run beside this one writes it before it removes what an unfinished folder needs.
    """
    files: dict[str, bytes] = {}
    unreadable: dict[str, OSError] = {}
    for name in (JOB, OWNER, MANIFEST, SECOND_COPY):
        try:
            files[name] = folder.read(name, SMALL_BYTES if name == JOB else MOST_BYTES)
        except FileNotFoundError:
            continue
        except OSError as error:
            unreadable[name] = error
    if JOB in files and OWNER not in {*files, *unreadable}:
        with contextlib.suppress(OSError):
            files[OWNER] = folder.read(EARLIER_OWNER, MOST_BYTES)
    return OutputState(folder.location, files, unreadable)


def is_owned_by(folder: Folder, digest: str) -> bool:
    """Return whether a folder is the job's now; of an unfinished one, only the job's own file is read for that."""
    with contextlib.suppress(OSError):
        if (stored := _job_file(folder.read(JOB, SMALL_BYTES))) is not None:
            return stored.digest == digest
    return read_state(folder).is_owned_by(digest)


@dataclass(frozen=True, kw_only=True)
class JobFile:
    """What ``.ipmix/job.json`` holds: a job, its digest, and how the names begin of what is being cleared away."""

    digest: Digest
    job: dict[str, Any]
    clearing: Annotated[str, Meta(max_length=128)] | None = None


def _job_file(content: bytes) -> JobFile | None:
    """Return what a job's file holds; None if it is damaged or missing."""
    with contextlib.suppress(ValueError):
        stored = typed(JobFile, decoded(content, SMALL_BYTES))
        return stored if stored.digest == digest_of(stored.job) else None
    return None


@dataclass(frozen=True, kw_only=True)
class OwnerFile:
    """What ``.ipmix/owner.json`` holds: a :class:`JobState`, with the job's digest in place of the job."""

    job: Digest
    places: RecordedPlaces
    class_names: tuple[Word, ...]
    task_count: Annotated[int, Meta(ge=1, le=MOST_TASKS)]
    max_errors: Annotated[str, Meta(max_length=64)]


def _owner_state(content: bytes, job: Job) -> JobState | None:
    """Return what was written down beside this job; None for what a run of another job has left."""
    try:
        owner = typed(OwnerFile, decoded(content))
    except ValueError:
        return None
    if owner.job != job.digest():
        return None
    return JobState(
        job=job,
        places=owner.places,
        class_names=owner.class_names,
        task_count=owner.task_count,
        max_errors=owner.max_errors,
    )


def save_job_state(folder: Folder, this: JobState) -> None:
    """Write beside the job what else its manifest will need, unless it stands there already.

    Tasks of one array write the same; where two differ the last one wins, and all finalize with what stands there.
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


def digest_of(job: dict[str, Any]) -> str:
    """Return what :meth:`Job.digest` gives, of plain values."""
    return json_digest(job)
