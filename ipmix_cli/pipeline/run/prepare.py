"""From what a user asks for to a job that can run: open the source and the mixing pictures, fix every number."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipmix_cli.annotations import KINDS_IN_WORDS, AnnotationSpec
from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.crop import CropConfig
from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.methods import DEFAULT_METHOD, transform_named
from ipmix_cli.pipeline.banks.bank import bank_paths, builtin_settings, cached_bank
from ipmix_cli.pipeline.banks.mixing import (
    BUILTIN_SIDE,
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
from ipmix_cli.pipeline.run.recorded_job import check_mixing, check_source
from ipmix_cli.pipeline.run.shard_size import samples_per_shard
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.shards.writers import WRITERS
from ipmix_cli.sources.cifar.cifar import must_be_downloaded
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import Source, SourceSpec
from ipmix_cli.storage.apart import check_apart
from ipmix_cli.storage.object_store import is_remote
from ipmix_cli.transform import NATIVE

BUILTIN = "builtin"
NO_MIXING = MixingRecord(digest="", pictures=0)
STORES = ("pixels", "plans")
MOST_STORED = 1000  # copies of each picture: as many as one shard of one picture should hold
MANY_SIZES = (448, 448)  # what pictures of many sizes are taken for where one number is needed


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
    """A job with its source and mixing pictures at hand; `mixing` is None for a method without them."""

    job: Job
    places: RecordedPlaces
    source: Source
    mixing: MixingHandle | None

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the source's classes."""
        return self.source.class_names

    def check_unchanged(self) -> None:
        """Refuse a source or a bank that is no longer what its digest names; raises SourceError."""
        self.source.check_unchanged()
        if self.mixing is not None:
            check_bank(self.mixing)


def open_job(request: Request, listener: Listener, jobs: int = 1, source: Source | None = None) -> OpenJob:
    """Open everything that a request names, and fix every number of the job; the source may be open already.

    Raises
    ------
    SourceError, UsageError
        Naming what is missing, unreadable, or contradictory.
    """
    source = source or open_source_of(request, listener)
    record = record_of(source)
    unmixed = job_of(request, record, NO_MIXING)  # refuses what cannot be, before a bank is drawn for it
    places = RecordedPlaces(source=_lasting(request.source, source), fractals=_place_of_bank(request, unmixed))
    if not unmixed.needs_mixing:
        if request.fractals != BUILTIN:
            raise UsageError(
                f"{request.method} uses no mixing pictures", f"leave out --{unmixed.transform.mixing_option}"
            )
        return OpenJob(unmixed, places, source, None)
    mixing = _open_mixing(request, unmixed, listener, jobs)
    return OpenJob(dataclasses.replace(unmixed, mixing=mixing.record), places, source, mixing)


def _open_mixing(request: Request, job: Job, listener: Listener, jobs: int) -> MixingHandle:
    """Open the mixing pictures that a job needs, and make the built-in ones where they are asked for."""
    ratio = job.transform.mixing_ratio(job.augment)
    assert ratio is not None, "a method without mixing pictures opens none"
    fractals = _lasting_bank(request.fractals)
    if fractals == BUILTIN:
        fractals = builtin_bank(job.size, ratio, listener, jobs)
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
        prepare_mixing(opened.mixing, opened.job.size, listener)


def open_source_of(request: Request, listener: Listener) -> Source:
    """Open the source that a request names; raises SourceError where it cannot be read, or is not the recorded one."""
    source = _open_source(request.source, listener)
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


def job_of(request: Request, source: SourceRecord, mixing: MixingRecord) -> Job:
    """Return the job that a request means, with this source and these mixing pictures: nothing is opened.

    Raises
    ------
    UsageError
        For what makes no sense.
    """
    size = source.size if request.crop.size is None else (request.crop.size, request.crop.size)
    transform = transform_named(request.method)
    settings = transform.settings_for(request.preset, size, request.changes)
    asked = dataclasses.replace(with_names(request.output, request.recorded), annotations=source.annotations)
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


def check_annotations(output: ShardSettings) -> None:
    """Refuse labels or fields that a format cannot hold.

    Raises
    ------
    UsageError
        Naming the formats that can.
    """
    spec = output.annotations
    if spec.plain or WRITERS[output.format].annotations:
        return
    what = KINDS_IN_WORDS[spec.labels] if spec.labels != "class" else "kept fields"
    able = " or ".join(name for name, writer in WRITERS.items() if writer.annotations)
    raise UsageError(f"{output.format} holds one class a picture, no {what}", f"give --format {able}")


def check_fields(spec: AnnotationSpec, crop: CropConfig, moving: Sequence[str], method: str) -> None:
    """Refuse to keep places in pictures, such as boxes and masks, where something moves pixels.

    Raises
    ------
    UsageError
        Naming what moves them.
    """
    places = [field.name for field in spec.fields if field.is_place]
    if not places:
        return
    if crop.mode != "none":
        raise UsageError(f"--crop {crop.mode} moves pixels, and {places[0]!r} is kept", "leave out --size and --crop")
    if moving:
        raise UsageError(
            f"{method} moves pixels by {', '.join(moving)}, and {places[0]!r} says where something is",
            "name operations that move none with --operations, such as equalize,posterize,solarize,autocontrast, or do "
            f"not keep {places[0]}",
        )


def with_labels(output: ShardSettings, size: tuple[int, int] | None, method: str) -> ShardSettings:
    """Return the output's settings for a method that mixes labels; raises UsageError for what cannot hold them."""
    if output.annotations.labels != "class":
        raise UsageError(
            f"{method} mixes the labels of two samples, which have to be classes: these are "
            f"{KINDS_IN_WORDS[output.annotations.labels]}",
            "choose another --method",
        )
    if not WRITERS[output.format].mixed:
        good = ", ".join(name for name, writer in WRITERS.items() if writer.mixed)
        raise UsageError(
            f"{method} mixes labels, and --format {output.format} has one label a sample",
            f"give another --format: {good}",
        )
    if output.store == "plans":
        raise UsageError(f"{method} needs second samples, which no reader has at hand", "leave out --store plans")
    if size is None:
        raise UsageError(f"{method} mixes pictures of one size", "give --size S --crop center to make them equal")
    return dataclasses.replace(output, mixed=True)


def with_soft_labels(output: ShardSettings) -> ShardSettings:
    """Return the output's settings with the weights of all classes; raises UsageError for what cannot hold them."""
    if not WRITERS[output.format].soft_labels:
        good = ", ".join(name for name, writer in WRITERS.items() if writer.soft_labels)
        raise UsageError(
            f"--format {output.format} has no column for --soft-labels",
            f"give another --format ({good}), or leave out --soft-labels: readers make them of the two labels",
        )
    return dataclasses.replace(output, soft_labels=True)


def with_variants(output: ShardSettings, names: Sequence[str]) -> ShardSettings:
    """Return the output's settings for these variants; their names are recorded unless they are ``copy0`` .."""
    numbered = [f"copy{number}" for number in range(len(names))]
    return dataclasses.replace(output, copies=len(names), variants=() if list(names) == numbered else tuple(names))


def asks_for_the_same(request: Request, job: Job, places: RecordedPlaces) -> bool:
    """Return whether a request asks for a job opened before, as far as can be told without opening anything."""
    there = places.source
    asked = _absolute_files(request.source).to_dict()
    named = asked == there or {**asked, "input": _absolute(request.source.input)} == there
    if not named or request.recorded is not None or request.method != job.method:
        return False
    return places.fractals == _place_of_bank(request, job) and job_of(request, job.source, job.mixing) == job


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
    if source is None:
        check_recorded_place(spec)
        check_recorded_name(spec)
    opened = _open_source(spec, listener)
    ratio = manifest.job.transform.mixing_ratio(manifest.job.augment)
    if ratio is None:
        return OpenJob(manifest.job, manifest.places, opened, None)
    where = fractals or manifest.places.fractals
    if mixing and where == BUILTIN:
        where = builtin_bank(manifest.job.size, ratio, listener, 1)
    open_bank.cache_clear()  # it may have changed since this process opened it
    return OpenJob(manifest.job, manifest.places, opened, MixingHandle(where, manifest.job.mixing, ratio))


def check_recorded_place(spec: SourceSpec) -> None:
    """Refuse a path that only a record names if it is not on this machine: records may be forged.

    Raises
    ------
    UsageError
        Asking for the place on the command line.
    """
    for option, place in (("--source", spec.input), ("--data-dir", spec.data_dir or "")):
        if is_remote(place):
            raise UsageError(
                f"the record gives the source's location as {place}, and ipmix does not use the network because a "
                "record says so",
                f"if you trust it, name it yourself: {option} {place}",
            )


def check_recorded_name(spec: SourceSpec, option: str = "--source") -> None:
    """Refuse to download a published data set that only a record names; `option` is how the command line names it.

    Raises
    ------
    UsageError
        If it is not on this machine.
    """
    if must_be_downloaded(spec):
        raise UsageError(
            f"the record says that the source is {spec.input}, which is not on this machine, and no network is used "
            "on the word of a record",
            f"say where it is with --data-dir, or name it yourself to download it: {option} {spec.input}",
        )


def changes(opened: OpenJob, mixing: bool = True) -> dict[str, str]:
    """Return what is not what the job was made from: the keys "source" and "mixing", the values in words."""
    found = {}
    if opened.source.digest != opened.job.source.digest:
        found["source"] = f"{opened.source.location} is not the source of this data set: its digest differs"
    if mixing and opened.mixing is not None and open_bank(opened.mixing.location).digest != opened.job.mixing.digest:
        found["mixing"] = f"{opened.mixing.location} does not hold this data set's mixing pictures: its digest differs"
    return found


def with_names(output: ShardSettings, recorded: Job | None) -> ShardSettings:
    """Return the output's settings with the form of the classes' names: that of a recorded job, else strings."""
    if output.format != "hdf5":
        return output
    same = recorded is not None and recorded.output.format == "hdf5"
    return dataclasses.replace(output, names=recorded.output.names if recorded and same else "strings")


def resolved(output: ShardSettings, size: tuple[int, int] | None) -> ShardSettings:
    """Return the output's settings with the encoding decided: lossless, and raw where arrays can be.

    Raises
    ------
    UsageError
        For names that do not exist, and combinations that cannot be.
    """
    check_name("format", output.format, WRITERS)
    check_name("encoding", output.encoding, ["auto", *CODECS])
    check_name("layout", output.layout, ["grouped", "flat"])
    check_name("compression", output.compression, ["none", "lzf", "gzip"])
    writer = WRITERS[output.format]
    if output.encoding == "auto":
        raw = writer.raw and (size is not None or not writer.encoded)
        output = dataclasses.replace(output, encoding="raw" if raw else "png")
    if output.encoding == "raw" and not writer.raw:
        raise UsageError(
            f"raw pictures are for hdf5 and mds, not for {output.format}", "give --encoding png, webp or jpeg"
        )
    if output.encoding != "raw" and not writer.encoded:
        raise UsageError(f"{output.format} holds raw pictures, not {output.encoding}", "leave out --encoding")
    if output.encoding == "raw" and size is None:
        raise UsageError(
            "the pictures differ in size, or their size is not known, and raw arrays need one size",
            "give --size S --crop center to make them equal, or --encoding png to keep their sizes",
        )
    if writer.size not in (None, size):
        there = "pictures of several sizes" if size is None else f"pictures of {size[1]}x{size[0]} px"
        raise UsageError(
            f"{output.format} holds pictures of {writer.size[1]}x{writer.size[0]} px, not {there}",
            f"give --size {writer.size[0]}, or another --format",
        )
    check_name("store", output.store, STORES)
    if output.store == "plans" and not (output.clean and CODECS[output.encoding].lossless):
        raise UsageError(
            "copies are rendered from stored clean pictures, which have to be lossless",
            "leave out --no-clean and --encoding jpeg, or give --store pixels",
        )
    if output.store == "plans" and not writer.plans:
        raise UsageError(f"{output.format} stores every picture, and no plans", "leave out --store plans")
    if output.store == "pixels" and output.copies > MOST_STORED:
        raise UsageError(
            f"{output.copies} stored copies of each picture: at most {MOST_STORED} are stored",
            "give --store plans, which takes no space for copies",
        )
    if output.compression != "none" and (output.encoding != "raw" or output.format != "hdf5"):
        what = output.encoding if output.format == "hdf5" else output.format
        raise UsageError(f"compression {output.compression} is for raw HDF5, not for {what}", "leave out --compression")
    return output


def _open_source(spec: SourceSpec, listener: Listener) -> Source:
    with listener.activity(f"downloading {spec.input}", 0, "B") as advance:
        return open_source(spec, lambda done, _: advance(done))


def builtin_bank(size: tuple[int, int] | None, ratio: float, listener: Listener, jobs: int) -> str:
    """Make the built-in bank for samples of (H, W) unless the user's cache holds it; return its name for open_bank."""
    height, width = size or MANY_SIZES
    side = round(max(height, width) * ratio)
    settings = builtin_settings(side)
    if cached_bank(settings) is None:
        from ipmix_cli.pipeline.banks.drawing import ensure_bank, warmed  # and with it all that draws

        listener.note(f"Drawing the built-in bank of mixing pictures, once per machine: {bank_paths(settings)[0]}")
        with listener.activity("compiling the families' kernels", len(settings.mix), "families") as advance:
            for warming in warmed(settings, jobs):
                advance(warming.done)
        with listener.activity("drawing fractals", settings.count, "pictures") as advance:
            for made, _ in enumerate(ensure_bank(settings, jobs), 1):
                advance(made)
    return f"{BUILTIN_SIDE}{side}"


def _lasting(spec: SourceSpec, source: Source) -> dict[str, Any]:
    """Return the spec in a form that finds the source again from any working folder."""
    named = source.location == spec.input or spec.data_dir is not None
    place = str(_absolute(spec.input)) if Path(spec.input).exists() else source.location
    found = dataclasses.replace(_absolute_files(spec), input=spec.input if named else place)
    return found.to_dict()


def _absolute_files(spec: SourceSpec) -> SourceSpec:
    return dataclasses.replace(spec, data_dir=_absolute(spec.data_dir), classes_from=_absolute(spec.classes_from))


def _place_of_bank(request: Request, job: Job) -> str:
    """Return what is recorded of where the mixing pictures are; nothing for a method without them."""
    return _lasting_bank(request.fractals) if job.needs_mixing else ""


def _lasting_bank(fractals: str) -> str:
    return fractals if fractals == BUILTIN else str(_absolute(fractals))


def _absolute(path: str | None) -> str | None:
    return None if path is None else str(Path(path).expanduser().absolute())
