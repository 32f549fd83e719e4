"""From what a user asks for to a job that can run: open the source and the mixing pictures, fix every number."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipmix_cli.crop import CropConfig
from ipmix_cli.errors import UsageError
from ipmix_cli.methods import DEFAULT_METHOD, transform_named
from ipmix_cli.pipeline.banks.mixing import (
    MixingHandle,
    bank_state,
    check_bank,
    check_covers,
    open_bank,
    prepare_mixing,
)
from ipmix_cli.pipeline.job import Job, MixingRecord, SourceRecord
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.manifest import Manifest, RecordedPlaces
from ipmix_cli.pipeline.output.state import OutputState
from ipmix_cli.pipeline.run.builtin_bank import BUILTIN, Preparation, builtin_bank, builtin_pictures, builtin_side
from ipmix_cli.pipeline.run.output_settings import (
    check_annotations,
    check_fields,
    resolved,
    with_labels,
    with_names,
    with_soft_labels,
    with_variants,
)
from ipmix_cli.pipeline.run.places import (
    absolute_files,
    absolute_path,
    check_recorded_name,
    check_recorded_place,
    lasting_bank,
    lasting_source,
)
from ipmix_cli.pipeline.run.recorded_job import check_mixing, check_source
from ipmix_cli.pipeline.run.shard_size import samples_per_shard
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import Source, SourceSpec
from ipmix_cli.storage.apart import check_apart
from ipmix_cli.transform import NATIVE

NO_MIXING = MixingRecord(digest="", pictures=0)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a user asks for, before anything is opened.

    Parameters
    ----------
    source : SourceSpec
    fractals : str
        A bank, a folder of pictures, or ``builtin``; not used by methods without mixing pictures.
    method : str
        A name of the table TRANSFORMS.
    preset : str
        ``auto``, or the name of one of the method's presets.
    changes : dict
        Fields of the method's settings that replace the preset's.
    crop : CropConfig
    output : ShardSettings
    seed, samples_per_shard, limit
        As in Job.
    shard_mb : int, optional
        Stored megabytes of a shard, about, in place of samples per shard; 200 by default.
    recorded : Job, optional
        A job whose source and mixing pictures these must be.
    """

    source: SourceSpec
    fractals: str = BUILTIN
    method: str = DEFAULT_METHOD
    preset: str = "auto"
    changes: dict[str, Any] = field(default_factory=dict)
    crop: CropConfig = field(default_factory=CropConfig)
    output: ShardSettings = field(default_factory=ShardSettings)
    seed: int = 0
    samples_per_shard: int | None = None
    shard_mb: int | None = None
    limit: int | None = None
    recorded: Job | None = None


@dataclass(frozen=True)
class OpenJob:
    """A job with its source and mixing pictures at hand; `mixing` is None for a method without them.

    `spent` counts what opening it, and a run of it, spend on what is made once on a machine; `state` is what the output
    folder said of itself before.
    """

    job: Job
    places: RecordedPlaces
    source: Source
    mixing: MixingHandle | None
    spent: Preparation = field(default_factory=Preparation)
    state: OutputState | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the source's classes."""
        return self.source.class_names

    def check_unchanged(self) -> None:
        """Refuse a source or a bank that is no longer what its digest names; raises SourceError."""
        self.source.check_unchanged()
        if self.mixing is not None:
            check_bank(self.mixing)


def open_job(
    request: Request,
    listener: Listener,
    jobs: int = 1,
    source: Source | None = None,
    state: OutputState | None = None,
) -> OpenJob:
    """Open everything that a request names, and fix every number of the job; the source may be open already.

    `state` is what the output folder says of itself: a job in it that is the same but for the size of the built-in
    bank, or for the form of the classes' names, goes on with its own.

    Raises
    ------
    SourceError, UsageError
        Naming what is missing, unreadable, or contradictory.
    """
    source = source or open_source_of(request, listener)
    record = record_of(source)
    there = None if state is None else state.job
    unmixed = job_of(request, record, NO_MIXING, there)  # refuses what cannot be, before a bank is drawn for it
    places = RecordedPlaces(source=lasting_source(request.source, source), fractals=_place_of_bank(request, unmixed))
    if not unmixed.needs_mixing:
        if request.fractals != BUILTIN:
            option = f"--{unmixed.transform.mixing_option}"
            raise UsageError(f"{option} {request.fractals} would not be used by this job", f"leave out {option}")
        return OpenJob(unmixed, places, source, None)
    fractals, spent = lasting_bank(request.fractals), Preparation()
    ratio = unmixed.transform.mixing_ratio(unmixed.augment)
    assert ratio is not None, "a method without mixing pictures opens none"
    if fractals == BUILTIN:
        count = builtin_pictures(unmixed, ratio, request.recorded, None if state is None else state.job_state)
        fractals = builtin_bank(builtin_side(unmixed.size, ratio), count, listener, jobs, unmixed, spent)
    mixing = _open_mixing(request, unmixed, fractals, ratio)
    return OpenJob(dataclasses.replace(unmixed, mixing=mixing.record), places, source, mixing, spent, state)


def _open_mixing(request: Request, job: Job, fractals: str, ratio: float) -> MixingHandle:
    """Open the mixing pictures that a job needs, at their place or under the built-in bank's name."""
    open_bank.cache_clear()  # what an earlier job of this process has opened may have changed since
    state = bank_state(fractals)
    bank = open_bank(fractals)
    if job.size is not None and ratio != NATIVE:
        check_covers(bank, job.size)
    mixing = MixingRecord(digest=bank.digest, pictures=len(bank.shapes))
    if request.recorded is not None:
        check_mixing(request.recorded, mixing)
    return MixingHandle(fractals, mixing, ratio, state)


def prepare_pictures(opened: OpenJob, listener: Listener) -> None:
    """Resize the mixing pictures of a job once, before its workers need them; for pictures of one size."""
    if opened.mixing is not None and opened.job.size is not None:
        with opened.spent.timed("bank"):
            prepare_mixing(opened.mixing, opened.job.size, listener)


def open_source_of(request: Request, listener: Listener) -> Source:
    """Open the source that a request names; raises SourceError where it cannot be read, or is not the recorded one."""
    source = open_source_at(request.source, listener)
    if request.recorded is not None:
        check_source(request.recorded, record_of(source))
    return source


def check_places(request: Request, source: Source, out: str) -> None:
    """Refuse an output folder inside what is read, and the reverse, before anything is written.

    Raises
    ------
    UsageError
        Naming both places.
    """
    if source.location != request.source.input or Path(source.location).is_absolute() or "://" in source.location:
        check_apart(out, source.location, "--in")
    if request.fractals != BUILTIN:
        check_apart(out, request.fractals, f"--{transform_named(request.method).mixing_option}")


def record_of(source: Source) -> SourceRecord:
    """Return what a job keeps of its source."""
    return SourceRecord(
        format=source.format,
        digest=source.digest,
        pictures=len(source),
        size=source.size,
        settings=source.settings,
        annotations=source.annotations,
    )


def job_of(request: Request, source: SourceRecord, mixing: MixingRecord, there: Job | None = None) -> Job:
    """Return the job that a request means, with this source and these mixing pictures: nothing is opened.

    `there` is the job that the output folder holds: an earlier version may have begun it, or finished it.

    Raises
    ------
    UsageError
        For what makes no sense.
    """
    size = source.size if request.crop.size is None else (request.crop.size, request.crop.size)
    transform = transform_named(request.method)
    settings = transform.settings_for(request.preset, size, request.changes)
    asked = dataclasses.replace(with_names(request.output, request.recorded or there), annotations=source.annotations)
    output = with_variants(resolved(asked, size), transform.variants(settings, request.output.copies))
    check_annotations(output)
    check_fields(source.annotations, request.crop, transform.moving(settings), request.method)
    if transform.mixes_labels:
        output = with_labels(output, size, request.method)
    if transform.stores_soft_labels(settings):
        output = with_soft_labels(output)
    if transform.needs_surroundings and output.store == "plans":
        raise UsageError(
            f"{request.method} needs what lies around the pictures, which no data set stores",
            "leave out --store plans",
        )
    job = Job(
        source=source,
        mixing=mixing,
        augment=settings,
        crop=request.crop.of_new_job() if request.recorded is None else request.recorded.crop_for(request.crop),
        output=dataclasses.replace(output, seed=request.seed),
        seed=request.seed,
        samples_per_shard=request.samples_per_shard,
        limit=request.limit,
        plan_version=transform.plan_version_of(settings),
        method=request.method,
    )
    if request.samples_per_shard is not None or (request.recorded is not None and request.shard_mb is None):
        return job
    return dataclasses.replace(job, samples_per_shard=samples_per_shard(job, request.shard_mb))


def asks_for_the_same(request: Request, job: Job, places: RecordedPlaces) -> bool:
    """Return whether a request asks for a job opened before, as far as can be told without opening anything."""
    there = places.source
    asked = absolute_files(request.source).to_dict()
    named = asked == there or {**asked, "input": absolute_path(request.source.input)} == there
    if not named or request.recorded is not None or request.method != job.method:
        return False
    return places.fractals == _place_of_bank(request, job) and job_of(request, job.source, job.mixing, job) == job


def reopen(
    manifest: Manifest,
    listener: Listener,
    source: SourceSpec | None = None,
    fractals: str | None = None,
    mixing: bool = True,
) -> OpenJob:
    """Open the source and the mixing pictures that a data set was made from, where they were or where they are now.

    Whether they are still the same is for the caller to see: :func:`changes` tells. Without `mixing`, the mixing
    pictures are not touched.
    """
    spec = source or SourceSpec(**manifest.places.source)
    for recorded in spec.chain if source is None else spec.chain[1:]:
        check_recorded_place(recorded)
        check_recorded_name(recorded)
    opened = open_source_at(spec, listener)
    handle = reopened_mixing(manifest, listener, fractals, mixing)
    return OpenJob(manifest.job, manifest.places, opened, handle)


def reopened_mixing(
    manifest: Manifest, listener: Listener, fractals: str | None = None, mixing: bool = True
) -> MixingHandle | None:
    """Return the mixing pictures of a data set, where they were or at `fractals`; None for a method without them.

    Without `mixing`, they are not touched.
    """
    ratio = manifest.job.transform.mixing_ratio(manifest.job.augment)
    if ratio is None:
        return None
    where = fractals or manifest.places.fractals
    if mixing and where == BUILTIN:
        side = builtin_side(manifest.job.size, ratio)
        where = builtin_bank(side, manifest.job.mixing.pictures, listener)
    open_bank.cache_clear()  # it may have changed since this process opened it
    return MixingHandle(where, manifest.job.mixing, ratio)


def changes(opened: OpenJob, mixing: bool = True) -> dict[str, str]:
    """Return what is not what the job was made from: the keys "source" and "mixing", the values in words."""
    found = {}
    if opened.source.digest != opened.job.source.digest:
        found["source"] = f"{opened.source.location} is not the source of this data set: its digest differs"
    if mixing and opened.mixing is not None and open_bank(opened.mixing.location).digest != opened.job.mixing.digest:
        found["mixing"] = f"{opened.mixing.location} does not hold this data set's mixing pictures: its digest differs"
    return found


def open_source_at(spec: SourceSpec, listener: Listener) -> Source:
    """Open a source; a listener is told while it is downloaded. Raises SourceError where it cannot be read."""
    with listener.activity(f"downloading {spec.input}", 0, "B") as advance:
        return open_source(spec, lambda done, _: advance(done))


def _place_of_bank(request: Request, job: Job) -> str:
    """Return what is recorded of where the mixing pictures are; nothing for a method without them."""
    return lasting_bank(request.fractals) if job.needs_mixing else ""
