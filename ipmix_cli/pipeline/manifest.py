"""The manifest: the record of a finished data set, written last and sealed with its own checksum."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from ipmix_cli.errors import UnfinishedError
from ipmix_cli.formats.files import Bytes, Folder
from ipmix_cli.pipeline.job import Job

SCHEMA = 1
MANIFEST = "manifest.json"
SECOND_COPY = ".ipmix/manifest.json"  # the same bytes again: a rotten manifest is found, and mended
CARD = "README.md"
ERRORS = "errors.jsonl"


@dataclass(frozen=True)
class Failure:
    """A picture that was left out, and why."""

    source_index: int
    source_key: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """A file of the data set: its name in the folder, its size and its sha256."""

    name: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, name: str, content: Bytes) -> FileRecord:
        """Return the record of a file with this content."""
        return cls(name=name, bytes=memoryview(content).nbytes, sha256=hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, kw_only=True)
class ShardRecord(FileRecord):
    """A finished shard: the pictures first .. stop of the source became so many samples; some may have failed."""

    number: int
    first: int
    stop: int
    samples: int
    failures: tuple[Failure, ...] = ()

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ShardRecord:
        """Return the record that ``dataclasses.asdict`` gave."""
        failures = tuple(Failure(**failure) for failure in values.get("failures", ()))
        return cls(**{**values, "failures": failures})


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a job found its source and its mixing pictures; no part of the job, since copies of them will do."""

    source: dict[str, Any]
    fractals: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a finished folder holds. There are no clock times in it.

    `samples` counts what is there; `failed` the pictures that were left out and stand in ``errors.jsonl``.
    """

    job: Job
    places: Places
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
        """Return the file's content: JSON, one shard a line, sealed with the sha256 of everything but the seal."""
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
        values["seal"] = _seal(values)
        lines = ",\n  ".join(json.dumps(shard) for shard in values.pop("shards"))
        head = json.dumps(values, indent=1)
        return f'{head[:-2]},\n "shards": [\n  {lines}\n ]\n}}\n'.encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Manifest:
        """Return the manifest of a file's content.

        Raises
        ------
        ValueError
            Where it is not what :meth:`to_bytes` wrote, to the last byte.
        """
        try:
            values = json.loads(content)
            manifest = cls(
                job=Job.from_dict(values["job"]),
                places=Places(**values["places"]),
                class_names=tuple(values["class_names"]),
                shards=tuple(ShardRecord.from_dict(shard) for shard in values["shards"]),
                files=tuple(FileRecord(**file) for file in values["files"]),
                tool=values["tool"],
                schema=values["schema"],
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a manifest of ipmix: {error!r}") from error
        if manifest.to_bytes() != content:
            raise ValueError("its content does not fit its own checksum")
        return manifest


def _seal(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def read_manifest(folder: Folder) -> Manifest:
    """Read the manifest of a finished folder, from its second copy where the first is damaged.

    Raises
    ------
    UnfinishedError
        Where there is none, or none that is whole.
    """
    reasons = []
    for name in (MANIFEST, SECOND_COPY):
        try:
            return Manifest.from_bytes(folder.read(name))
        except (OSError, ValueError) as error:
            reasons.append(error)
    if all(isinstance(reason, FileNotFoundError) for reason in reasons):
        raise UnfinishedError(
            f"{folder.location} has no {MANIFEST}: it is no finished data set",
            "type the same `ipmix augment` command again to finish it; `ipmix status` tells what is missing",
        )
    raise UnfinishedError(
        f"the manifest of {folder.location} is damaged: {reasons[0]}",
        "type the same `ipmix augment` command again: it checks the shards and writes the manifest anew",
    )
