"""A job: everything that decides the bytes of a data set, apart from everything that does not."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from msgspec import Meta

from ipmix_cli.annotations import PLAIN, AnnotationSpec
from ipmix_cli.crop import CropConfig
from ipmix_cli.errors import IpmixError, UsageError
from ipmix_cli.methods import DEFAULT_METHOD, transform_named
from ipmix_cli.record import RecordError, added, json_digest, record_of, typed
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.transform import Transform

SHARD_BYTES = 64 * 2**20  # raw bytes of a shard that reads well from disk and network, and fits in a worker's memory
FEWEST_SHARDS = 16  # a loader with more workers than shards fails or starves
MOST_SHARDS = 100_000  # 6 TB at 64 MiB each; the manifest that lists them has some 30 MB
MOST_COPIES = {"pixels": 1000, "plans": 10_000}  # of a sample, by what is stored

Count = Annotated[int, Meta(ge=0, le=2**40)]
Side = Annotated[int, Meta(ge=1, le=2**24)]
Digest = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
"""A sha256 in hexadecimal; empty if there is nothing to digest."""

Word = Annotated[str, Meta(max_length=4096)]
Scalar = str | int | float | bool | None
Setting = str | int | float | bool | list[Scalar] | dict[str, Scalar] | None


@dataclass(frozen=True, kw_only=True)
class SourceRecord:
    """What a source was: enough to recognise it, wherever it lies now."""

    format: Word
    digest: Digest
    pictures: Count
    size: tuple[Side, Side] | None
    settings: dict[str, Setting]
    annotations: AnnotationSpec = added(PLAIN)  # noqa: RUF009 - an immutable value


@dataclass(frozen=True, kw_only=True)
class MixingRecord:
    """What a set of mixing pictures was: enough to recognise it, wherever it lies now."""

    digest: Digest
    pictures: Count


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that decides the bytes of a data set; equal jobs give equal bytes.

    Parameters
    ----------
    source, mixing
        The pictures and the mixing pictures, by digest.
    augment, crop, output
        The settings of the method, the crop before it, and the form of the shards.
    seed : int
        0 .. 2**63 - 1.
    samples_per_shard : int or None
        At most this many; None plans by size: about 64 MiB of raw pictures, and at least 16 shards.
    limit : int or None
        Only the first `limit` pictures of the source.
    plan_version : int
        Of the method's distributions and order of draws.
    method : str
        A name of the table TRANSFORMS.
    segments : tuple of int
        Pictures of each source of a data set that was extended; its shards are planned source by source.
    """

    source: SourceRecord
    mixing: MixingRecord
    augment: Any
    crop: CropConfig
    output: ShardSettings
    seed: int
    samples_per_shard: Count | None
    limit: Count | None
    plan_version: int
    method: str = added(DEFAULT_METHOD)
    segments: tuple[Count, ...] = added(())

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed {self.seed} is outside 0 .. 2**63 - 1", "give a seed in that range")
        if self.samples_per_shard is not None and self.samples_per_shard < 1:
            raise UsageError(f"{self.samples_per_shard} samples per shard", "give at least 1 with --samples-per-shard")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"a limit of {self.limit} pictures", "give at least 1 with --limit, or leave it out")
        _check_output(self.output)
        object.__setattr__(self, "segments", tuple(self.segments))  # JSON has lists
        if self.segments and (sum(self.segments) != self.source.pictures or self.limit or min(self.segments) < 1):
            raise UsageError("the sources of an extended data set have other numbers of pictures", "check the record")
        if (shards := shard_count(self)) > MOST_SHARDS:
            raise UsageError(
                f"{self.samples} samples would become {shards} shards; a data set has {MOST_SHARDS} at most",
                "give more --samples-per-shard, or make several data sets, each of a part of the source",
            )

    @property
    def pictures(self) -> int:
        """How many pictures of the source are used."""
        return self.source.pictures if self.limit is None else min(self.limit, self.source.pictures)

    @property
    def samples(self) -> int:
        """How many samples the data set has if every picture can be read: one for each crop of each picture."""
        return self.pictures * self.crop.crops

    @property
    def size(self) -> tuple[int, int] | None:
        """(H, W) of every sample, or None where they differ."""
        return self.source.size if self.crop.size is None else (self.crop.size, self.crop.size)

    def crop_for(self, crop: CropConfig) -> CropConfig:
        """Return a newly requested crop with the version that this job recorded."""
        return replace(crop, version=self.crop.version) if crop.mode == self.crop.mode else crop.of_new_job()

    @property
    def split(self) -> str:
        """The name that the shards begin with."""
        return str(self.source.settings.get("split") or "train")

    @property
    def transform(self) -> Transform:
        """What makes the variants of a picture."""
        return transform_named(self.method)

    @property
    def drawn_version(self) -> int:
        """The plan version that this ipmix draws for the job; copies of another cannot be made again."""
        return self.transform.plan_version_of(self.augment)

    @property
    def has_surroundings(self) -> bool:
        """Whether samples are the centres of larger pictures that the method needs, and no data set stores."""
        return self.transform.needs_surroundings and self.crop.mode == "center"

    @property
    def needs_mixing(self) -> bool:
        """Whether the method uses mixing pictures."""
        return self.transform.mixing_ratio(self.augment) is not None

    def extends(self, other: Job) -> bool:
        """Return whether this is another job with further sources behind its own."""
        before = other.segments or (other.pictures,)
        digests = self.source.settings.get("chained")
        theirs = other.source.settings.get("chained") if other.segments else [other.source.digest]
        if not isinstance(digests, list) or self.segments[: len(before)] != before or self.segments == before:
            return False
        return digests[: len(before)] == theirs and replace(self, source=other.source, segments=other.segments) == other

    def to_dict(self) -> dict[str, Any]:
        """Return the job as plain JSON values."""
        return record_of(self)

    @classmethod
    def from_dict(cls, values: Any) -> Job:
        """Return the job that :meth:`to_dict` gave.

        Raises
        ------
        ValueError
            If it gave no such thing, naming the field.
        """
        try:
            return _decoded(values)
        except IpmixError as error:
            raise RecordError(f"it holds no job: {error.message}") from error

    def digest(self) -> str:
        """Return the sha256 of the job, in hexadecimal."""
        return json_digest(self.to_dict())


def _decoded(values: Any) -> Job:
    """Return a job whose settings have the type that its method says."""
    rest = dict(values) if isinstance(values, dict) else {}
    settings_type = transform_named(str(rest.get("method", DEFAULT_METHOD))).settings_type
    settings = typed(settings_type, rest.pop("augment", None))
    return typed(Job, rest, augment=settings)


def _check_output(output: ShardSettings) -> None:
    most = MOST_COPIES.get(output.store, MOST_COPIES["pixels"])
    if not 1 <= output.copies <= most:
        raise UsageError(f"{output.copies} copies", f"give 1 to {most} with --copies")
    if not 1 <= output.quality <= 100:
        raise UsageError(f"quality {output.quality}", "give 1 to 100 with --quality")


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a job is run. Nothing here may change a byte.

    Parameters
    ----------
    jobs : int
        Worker processes.
    backend : str
        A name of the table BACKENDS.
    backend_options : dict
        What the backend needs, such as a scheduler's address.
    max_errors : str
        How many pictures may be left out: a number, or a percentage such as ``1%``.
    task_index, task_count : int
        Which array task this run is, of how many.
    """

    jobs: int = 1
    backend: str = "joblib"
    backend_options: dict[str, Any] = field(default_factory=dict)
    max_errors: str = "0"
    task_index: int = 0
    task_count: int = 1

    def error_budget(self, pictures: int) -> int:
        """Return how many of these pictures may be left out."""
        text = self.max_errors.strip()
        try:
            if text.endswith("%"):
                share = float(text[:-1]) / 100
                if 0 <= share <= 1:
                    return int(share * pictures)
            elif int(text) >= 0:
                return int(text)
        except ValueError:
            pass
        raise UsageError(
            f"--max-errors {self.max_errors!r} is neither a number nor a percentage",
            "give something like --max-errors 10 or --max-errors 0.5%",
        )


def shard_bounds(job: Job) -> Sequence[tuple[int, int]]:
    """Return (first, stop) picture of every shard: even sizes, planned from the job alone."""
    if not job.segments:
        return _even_parts(job.pictures, shard_count(job))
    found: list[tuple[int, int]] = []
    for pictures in job.segments:
        start = found[-1][1] if found else 0
        found += [(start + first, start + stop) for first, stop in _even_parts(pictures, _shards_of(job, pictures))]
    return found


def segment_of(job: Job, number: int) -> int:
    """Return which of the sources of an extended data set a shard is made of; 0 if it was not extended."""
    for segment, pictures in enumerate(job.segments or (job.pictures,)):
        number -= _shards_of(job, pictures)
        if number < 0:
            return segment
    raise IndexError(number)


def shard_count(job: Job) -> int:
    """Return how many shards a job has."""
    return sum(_shards_of(job, pictures) for pictures in job.segments or (job.pictures,))


def _shards_of(job: Job, pictures: int) -> int:
    """Return how many shards the pictures of one source become."""
    samples = pictures * job.crop.crops
    if job.samples_per_shard is not None:
        shards = -(-samples // job.samples_per_shard)
    else:
        height, width = job.size or (256, 256)  # a guess for pictures of many sizes
        sample_bytes = height * width * job.output.channels * (job.output.stored_copies + job.output.clean)
        shards = max(FEWEST_SHARDS, -(-samples * sample_bytes // SHARD_BYTES))
    return min(shards, pictures)


@functools.lru_cache(maxsize=4)
def _even_parts(count: int, parts: int) -> Sequence[tuple[int, int]]:
    """Return (first, stop) of each part; asked for with every shard, of which there may be ten thousand."""
    return [(i * count // parts, (i + 1) * count // parts) for i in range(parts)]
