"""The output settings of a job: every choice resolved, and what a format cannot hold refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ipmix_cli.annotations import KINDS_IN_WORDS, AnnotationSpec
from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.crop import CropConfig
from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.run.recorded_job import FORMATS_AS_LAYOUTS
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.shards.writers import WRITERS, Writer

STORES = ("pixels", "plans")
CHANNELS = (1, 3)
MOST_STORED = 1000  # copies of each picture: as many as one shard of one picture should hold


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
    if output.layout == "flat" and output.format != "webdataset":
        raise UsageError(
            f"{output.format} has no flat layout", "leave out --layout flat, or give --format webdataset with it"
        )
    writer = WRITERS[output.format]
    if output.encoding == "auto":
        raw = writer.raw and (size is not None or not writer.encoded)
        output = dataclasses.replace(output, encoding="raw" if raw else "png")
    _check_encoding(output, writer, size)
    _check_channels(output, writer)
    _check_store(output, writer)
    return output


def _check_channels(output: ShardSettings, writer: Writer) -> None:
    """Refuse grey pictures where a format or an encoding has none."""
    if output.channels not in CHANNELS:
        raise UsageError(f"pictures of {output.channels} channels", "give --channels 1 for grey, or 3 for RGB")
    if output.channels == 1 and not writer.grey:
        good = ", ".join(name for name, other in WRITERS.items() if other.grey and name not in FORMATS_AS_LAYOUTS)
        raise UsageError(
            f"{output.format} holds RGB pictures, not grey ones",
            f"leave out --channels 1, or give another --format: {good}",
        )
    if output.channels == 1 and not CODECS[output.encoding].grey:
        good = ", ".join(name for name, codec in CODECS.items() if codec.grey and (codec.suffix or writer.raw))
        raise UsageError(
            f"{output.encoding} has no grey pictures: it would store RGB", f"give another --encoding: {good}"
        )


def _check_encoding(output: ShardSettings, writer: Writer, size: tuple[int, int] | None) -> None:
    """Refuse an encoding, a size or a compression that the format cannot have."""
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
    if output.compression != "none" and (output.encoding != "raw" or output.format != "hdf5"):
        what = output.encoding if output.format == "hdf5" else output.format
        raise UsageError(f"compression {output.compression} is for raw HDF5, not for {what}", "leave out --compression")


def _check_store(output: ShardSettings, writer: Writer) -> None:
    """Refuse plans where copies cannot be rendered, and more stored copies than a shard should hold."""
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


def with_names(output: ShardSettings, recorded: Job | None) -> ShardSettings:
    """Return the output's settings with the form of the classes' names: that of an HDF5 job on record, else strings."""
    if output.format != "hdf5":
        return output
    same = recorded is not None and recorded.output.format == "hdf5"
    return dataclasses.replace(output, names=recorded.output.names if recorded and same else "strings")


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


def check_annotations(output: ShardSettings) -> None:
    """Refuse labels or fields that a format cannot hold.

    Raises
    ------
    UsageError
        Naming the formats that can.
    """
    spec = output.annotations
    if spec.plain or WRITERS[output.format].annotations:
        _check_dimensions(output)
        return
    what = KINDS_IN_WORDS[spec.labels] if spec.labels != "class" else "kept fields"
    able = " or ".join(name for name, writer in WRITERS.items() if writer.annotations)
    remedy = "give --layout shards" if output.format in FORMATS_AS_LAYOUTS else f"give --format {able}"
    raise UsageError(f"{output.format} holds one class a picture, and this source has {what}", remedy)


def _check_dimensions(output: ShardSettings) -> None:
    """Refuse kept fields with values of more dimensions than a format has."""
    most = WRITERS[output.format].most_dimensions
    for field in output.annotations.fields:
        if len(field.shape) > most:
            able = " or ".join(
                name for name, other in WRITERS.items() if other.annotations and other.most_dimensions > most
            )
            raise UsageError(
                f"{output.format} holds numbers and lists of numbers, and {field.name!r} has {len(field.shape)} "
                "dimensions",
                f"give --format {able}, or do not keep {field.name}",
            )


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
