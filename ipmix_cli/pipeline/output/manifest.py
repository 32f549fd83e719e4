"""The manifest: the record of a finished data set, written last, with its own checksum."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Protocol

from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import UnfinishedError
from ipmix_cli.picture import Bytes
from ipmix_cli.pipeline.job import Count, Digest, Job, Word, shard_bounds, shard_count
from ipmix_cli.record import MOST_BYTES, RecordError, decoded, json_digest, typed
from ipmix_cli.shards.small_files import Finished
from ipmix_cli.shards.writers import WRITERS
from ipmix_cli.sources.source import SourceSpec

SCHEMA = 1
SPLIT = r"[^./\\\0][^/\\\0]{0,100}"  # a name that stays in its folder
MANIFEST = "manifest.json"
SECOND_COPY = ".ipmix/manifest.json"  # the same bytes again: a damaged manifest is found, and restored
CARD = "README.md"
ERRORS = "errors.jsonl"


@dataclass(frozen=True)
class Failure:
    """A picture that was left out, and why."""

    source_index: Count
    source_key: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """A file of the data set: its name in the folder, its size and its sha256."""

    name: Word
    bytes: Count
    sha256: Digest

    @classmethod
    def of(cls, name: str, content: Bytes) -> FileRecord:
        """Return the record of a file with this content."""
        return cls(name=name, bytes=memoryview(content).nbytes, sha256=hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, kw_only=True)
class ShardRecord(FileRecord):
    """A finished shard: the pictures first .. stop of the source became this many samples; some may have failed."""

    number: Count
    first: Count
    stop: Count
    samples: Count
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecordedPlaces:
    """Where a job found its source and its mixing pictures; no part of the job, since copies of them will do."""

    source: dict[str, Any]
    fractals: str

    def __post_init__(self) -> None:
        typed(SourceSpec, self.source)  # refuses what no source can be opened with


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a finished folder holds. There are no clock times in it.

    `samples` counts what is there; `failed` the pictures that were left out and stand in ``errors.jsonl``.
    """

    job: Job
    places: RecordedPlaces
    class_names: tuple[str, ...]
    shards: tuple[ShardRecord, ...]
    files: tuple[FileRecord, ...]
    tool: str
    schema: int = SCHEMA

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return sum(shard.samples for shard in self.shards)

    @property
    def failed(self) -> int:
        """How many pictures were left out."""
        return sum(len(shard.failures) for shard in self.shards)

    def to_bytes(self) -> bytes:
        """Return the file's content: JSON, one shard a line, with the sha256 of everything else as its field "seal"."""
        shards = [dataclasses.asdict(shard) for shard in self.shards]
        values: dict[str, Any] = {
            "schema": self.schema,
            "tool": self.tool,
            "job_digest": self.job.digest(),
            "job": self.job.to_dict(),
            "places": dataclasses.asdict(self.places),
            "class_names": list(self.class_names),
            "samples": self.samples,
            "copies": self.samples * self.job.output.copies,
            "failed": self.failed,
            "files": [dataclasses.asdict(file) for file in self.files],
            "shards": shards,
        }
        values["seal"] = json_digest(values)
        lines = ",\n  ".join(json.dumps(shard) for shard in values.pop("shards"))
        head = json.dumps(values, indent=1)
        return f'{head[:-2]},\n "shards": [\n  {lines}\n ]\n}}\n'.encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Manifest:
        """Return the manifest of a file's content.

        Raises
        ------
        ValueError
            If it is not what :meth:`to_bytes` wrote, to the last byte; names the field that is wrong.
        """
        values = manifest_values(content)
        stored = typed(StoredManifest, values)
        manifest = cls(
            job=Job.from_dict(stored.job),
            places=stored.places,
            class_names=stored.class_names,
            shards=stored.shards,
            files=stored.files,
            tool=stored.tool,
            schema=stored.schema,
        )
        check_plan(manifest)
        if manifest.to_bytes() != content:
            raise RecordError("it is not what ipmix writes")
        return manifest


@dataclass(frozen=True, kw_only=True)
class StoredManifest:
    """The fields of a manifest's file, but for its seal; some follow from others."""

    schema: int
    tool: Word
    job_digest: Digest
    job: dict[str, Any]
    places: RecordedPlaces
    class_names: tuple[Word, ...]
    samples: Count
    copies: Count
    failed: Count
    files: tuple[FileRecord, ...]
    shards: tuple[ShardRecord, ...]


def manifest_values(content: bytes) -> dict[str, Any]:
    """Return what a manifest's JSON holds; raises ValueError where it does not fit its own checksum."""
    values = decoded(content)
    if not isinstance(values, dict) or "seal" not in values:
        raise RecordError("it is not a manifest of ipmix: it has no checksum")
    seal = values.pop("seal")
    if seal != json_digest(values):
        raise RecordError("its content does not match its checksum")
    return values


def check_plan(manifest: Manifest) -> None:
    """Refuse a manifest that ipmix cannot have written: one that was forged may name any file, and any number.

    Raises
    ------
    ValueError
        Saying what does not follow from the job.
    """
    job = manifest.job
    if manifest.schema != SCHEMA:
        raise RecordError(f"it has schema {manifest.schema}: another version of ipmix wrote it")
    if job.output.format not in WRITERS or job.output.encoding not in CODECS or not re.fullmatch(SPLIT, job.split):
        raise RecordError(f"its job has an output that does not exist: {job.output}")
    finished = Finished(job.output, job.size, manifest.class_names, ())
    own = WRITERS[job.output.format].small_files(finished)
    if {file.name for file in manifest.files} - {CARD, ERRORS, *own}:
        raise RecordError("it lists small files that a data set does not have")
    if len(manifest.shards) != shard_count(job):
        raise RecordError(f"it lists {len(manifest.shards)} shards, the job has {shard_count(job)}")
    for number, (shard, bounds) in enumerate(zip(manifest.shards, shard_bounds(job), strict=True)):
        failed = {failure.source_index for failure in shard.failures}
        expected = (bounds[1] - bounds[0] - len(failed)) * job.crop.crops
        planned = (number, *bounds, shard_name(job, number), expected)
        if (shard.number, shard.first, shard.stop, shard.name, shard.samples) != planned:
            raise RecordError(f"shard {number} is not the one that the job plans")
        if shard.samples > shard.bytes or any(not bounds[0] <= index < bounds[1] for index in failed):
            raise RecordError(f"shard {number} has more samples than bytes, or failures of other shards")


def shard_name(job: Job, number: int) -> str:
    """Return the file name of a shard, such as ``train-000003.h5``."""
    return WRITERS[job.output.format].shard_name(f"{job.split}-{number:06d}")


class Readable(Protocol):
    """A folder, or what was read of one."""

    @property
    def location(self) -> str:
        """Where it is."""
        ...

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return a file's content, of at most `most` bytes; raises FileNotFoundError, or another OSError."""
        ...


def read_manifest(folder: Readable) -> Manifest:
    """Read the manifest of a finished folder, from its second copy where the first is damaged.

    Raises
    ------
    UnfinishedError
        If there is none, or none that is whole.
    """
    reasons = []
    for name in (MANIFEST, SECOND_COPY):
        try:
            return Manifest.from_bytes(folder.read(name, MOST_BYTES))
        except (OSError, ValueError) as error:
            reasons.append((name, error))
    told = "; ".join(f"{name}: {getattr(why, 'strerror', None) or why}" for name, why in reasons)
    if all(isinstance(reason, FileNotFoundError) for _, reason in reasons):
        raise UnfinishedError(
            f"{folder.location} has no {MANIFEST}: it is not a finished data set",
            "repeat the `ipmix augment` or `ipmix corrupt` command that started it; see also `ipmix status`",
        )
    raise UnfinishedError(
        f"the manifest of {folder.location} is damaged: {told}",
        "repeat the `ipmix augment` or `ipmix corrupt` command: it checks the shards and rewrites the manifest",
    )
