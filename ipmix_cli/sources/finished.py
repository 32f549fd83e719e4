"""A finished data set of ipmix as a source: its clean pictures, with their labels, kept fields and class names.

Everything that its files do not say themselves is taken from ``manifest.json``: which shards there are, in which order,
of which format, and what the classes are called. Shards of every format are read, on the disk and in a bucket.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ipmix_cli.annotations import LABEL_TYPES, Annotation, AnnotationSpec
from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.grey import as_rgb
from ipmix_cli.record import MOST_BYTES, RecordError, decoded, json_digest, typed
from ipmix_cli.shards.places import CLEAN
from ipmix_cli.shards.shard import ShardSettings, ShardView
from ipmix_cli.shards.writers import WRITERS, open_shard
from ipmix_cli.sources.annotated import Annotated, Column
from ipmix_cli.sources.labels import check_count
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.runs import cut_runs
from ipmix_cli.sources.source import BadSample, Sample, SourceSpec
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.file_state import NO_FILES, WatchedFiles
from ipmix_cli.storage.folder import Folder, open_folder, sha256_of
from ipmix_cli.storage.object_store import is_remote
from ipmix_cli.storage.source_digest import digest_kind, framed, source_digest

FORMAT = "ipmix"
MANIFEST = "manifest.json"
STATE = (".ipmix/job.json", ".ipmix/manifest.json")
ORIGINALS = "name the folder of the original pictures with --in"
TEXTS = ("string", "json")


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One shard, as the manifest lists it."""

    name: str
    sha256: str
    bytes: int
    samples: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a manifest says that decides how its data set is read."""

    output: ShardSettings
    split: str
    class_names: tuple[str, ...]
    shards: tuple[Shard, ...]


@dataclass(frozen=True)
class Run:
    """The samples at positions start .. stop of one shard."""

    shard: Shard
    start: int
    stop: int


@dataclass(frozen=True)
class FinishedPart:
    """Clean pictures of some shards, one after the other; see :class:`ipmix_cli.sources.source.Part`."""

    location: str
    output: ShardSettings
    runs: tuple[Run, ...]
    labels: Annotated
    keys: Names
    start: int

    def key(self, position: int) -> str:
        """Return the name of the sample at a position."""
        return self.keys[position]

    def cut(self, start: int, stop: int) -> FinishedPart:
        """Return the samples start..stop, with the shards that hold them."""
        cuts = cut_runs((run.stop - run.start for run in self.runs), start, stop)
        runs = [
            Run(self.runs[number].shard, self.runs[number].start + low, self.runs[number].start + high)
            for number, low, high in cuts
        ]
        labels, keys = self.labels[start:stop], self.keys.cut(start, stop)
        return replace(self, runs=tuple(runs), labels=labels, keys=keys, start=start)

    def samples(self, clock: StageClock) -> Iterator[Sample | BadSample]:
        """Yield the samples in order; raises SourceError where a shard is gone or another."""
        folder, number = open_folder(self.location), 0
        for run in self.runs:
            with opened(folder, run.shard, self.output) as view:
                for position in range(run.start, run.stop):
                    place = (self.start + number, self.key(number))
                    yield self._sample(view, position, place, self.labels.at(number), clock)
                    clock.lap("decode")
                    number += 1

    def _sample(
        self, view: ShardView, position: int, place: tuple[int, str], annotation: Annotation, clock: StageClock
    ) -> Sample | BadSample:
        try:
            stored = view.stored(position, CLEAN)
            clock.lap("read")
            picture = CODECS[self.output.encoding].decode(stored, view.size(position), self.output.channels)
        except BadSampleError as error:
            return BadSample(*place, error.message)
        return Sample(*place, as_rgb(picture) if self.output.channels == 1 else picture, *annotation)


def open_finished(spec: SourceSpec) -> ListedSource:
    """Open the clean pictures of a finished data set, in a folder or below a URL.

    Raises
    ------
    SourceError
        An unfinished or damaged data set, one without clean pictures, or one of another split.
    """
    folder = open_folder(spec.input if is_remote(spec.input) else str(Path(spec.input).absolute()))
    facts = read_facts(folder)
    _check_readable(folder, facts, spec)
    output, shards = facts.output, facts.shards
    check_count(sum(shard.samples for shard in shards), folder.location)
    files = _watched(folder, shards)
    kind = digest_kind(sum(shard.bytes for shard in shards))
    keys: list[str] = []
    found: list[Annotation] = []
    sizes: set[tuple[int, int]] = set()
    for shard in shards:
        with opened(folder, shard, output, whole=kind == "content") as view:
            _check_shard(view, shard, folder)
            keys += view.keys()
            found += (Annotation(view.label(place), view.fields(place)) for place in range(len(view)))
            sizes.update(view.size(place) for place in range(len(view)))
    labels = _annotated(found, output.annotations, spec, len(facts.class_names), folder)
    runs = tuple(Run(shard, 0, shard.samples) for shard in shards)
    listing = (framed(f"{shard.sha256} {shard.samples}".encode()) for shard in shards)
    class_names = facts.class_names if labels.spec.labels in {"class", "multilabel"} else ()
    return ListedSource(
        format=FORMAT,
        location=folder.location,
        class_names=class_names,
        size=sizes.pop() if len(sizes) == 1 else None,
        digest=source_digest({"kind": "shards"}, class_names, labels, listing),
        settings={"split": facts.split},
        whole=FinishedPart(folder.location, output, runs, labels, Names.of(keys), 0),
        files=files,
    )


def holds_finished(url: str) -> bool:
    """Tell whether a data set of ipmix, finished or not, lies below a URL: whether its manifest or its job does."""
    there = open_folder(url).sizes((MANIFEST, *STATE))
    return any(name in there for name in STATE) or (MANIFEST in there and _is_own(open_folder(url)))


def _is_own(folder: Folder) -> bool:
    with contextlib.suppress(OSError, ValueError):
        values = decoded(folder.read(MANIFEST, MOST_BYTES))
        return isinstance(values, dict) and {"tool", "job", "shards", "seal"} <= values.keys()
    return False


def read_facts(folder: Folder) -> Facts:
    """Return what the manifest of a data set says of how to read it.

    Raises
    ------
    SourceError
        If there is no manifest, or one that is damaged.
    """
    where = f"{folder.location}/{MANIFEST}"
    try:
        values = decoded(folder.read(MANIFEST, MOST_BYTES))
        seal = values.pop("seal")
        if seal != json_digest(values):
            raise RecordError("its content does not match its checksum")
        shards = [{name: one[name] for name in Shard.__annotations__} for one in values["shards"] if one["samples"]]
        job = values["job"]
        found = {
            "split": job["source"]["settings"].get("split") or SourceSpec.split,
            "class_names": values["class_names"],
            "shards": shards,
        }
        return typed(Facts, found, output=typed(ShardSettings, job["output"]))
    except FileNotFoundError as error:
        raise SourceError(
            f"{folder.location} holds an unfinished data set of ipmix", f"finish it, or {ORIGINALS}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        line = " ".join(str(error).split())[:200]
        raise SourceError(f"{where} is damaged, or no manifest of ipmix: {line}", "ipmix repair restores it") from error


def _check_readable(folder: Folder, facts: Facts, spec: SourceSpec) -> None:
    """Refuse a data set whose clean pictures cannot be read, and options that say otherwise than its manifest."""
    where = folder.location
    if facts.output.format not in WRITERS or facts.output.encoding not in CODECS:
        raise SourceError(
            f"{where} is of the format {facts.output.format}, which this ipmix does not know",
            "type: pip install --upgrade ipmix-cli",
        )
    if not facts.output.clean:
        raise SourceError(f"{where} holds a data set that ipmix made without its clean pictures", ORIGINALS)
    if not all(_is_inside(shard.name) for shard in facts.shards):
        raise SourceError(f"{where}/{MANIFEST} names shards outside of its folder", ORIGINALS)
    if not facts.shards:
        raise SourceError(f"{where} holds no samples", ORIGINALS)
    if spec.split not in {facts.split, SourceSpec.split}:
        raise SourceError(f"{where} holds the {facts.split} split, not {spec.split}", f"give --split {facts.split}")
    if spec.images_key or spec.labels_key or spec.label_field or spec.labels_start:
        raise SourceError(
            f"{where} is a data set of ipmix, whose pictures and labels have known names, and labels from 0",
            "leave out --images-key, --labels-key, --label-field and --labels-start, or name one of its shards",
        )


def _is_inside(name: str) -> bool:
    parts = name.split("/")
    return all(parts) and not {".", ".."} & {*parts} and "\\" not in name and "\0" not in name


def _watched(folder: Folder, shards: Iterable[Shard]) -> WatchedFiles:
    """Return the shards of a local folder as they are now; nothing of a bucket, where each is compared when read."""
    paths = [folder.path(shard.name) for shard in shards]
    return WatchedFiles.of([path for path in paths if path is not None]) if any(paths) else NO_FILES


@contextlib.contextmanager
def opened(folder: Folder, shard: Shard, output: ShardSettings, whole: bool = False) -> Iterator[ShardView]:
    """Open a shard: the file of a local folder, or, from a bucket, its content.

    Raises
    ------
    SourceError
        If it is missing, damaged, or not the file that the manifest lists; local ones are compared if `whole`.
    """
    where, path = f"{folder.location}/{shard.name}", folder.path(shard.name)
    try:
        content: Path | bytes = folder.read(shard.name) if path is None else path
        if isinstance(content, bytes) or whole:
            digest = hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else sha256_of(content)
            if digest != shard.sha256:
                raise SourceError(
                    f"{where} is not the file that {MANIFEST} lists", f"type: ipmix repair {folder.location}"
                )
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"cannot read {where}: {reason}", f"type: ipmix repair {folder.location}") from error
    with open_shard(output.format, content, where) as view:
        yield view


def _check_shard(view: ShardView, shard: Shard, folder: Folder) -> None:
    if len(view) != shard.samples:
        raise SourceError(
            f"{folder.location}/{shard.name} holds {len(view)} samples instead of {shard.samples}",
            f"type: ipmix repair {folder.location}",
        )


def _annotated(
    found: list[Annotation], stored: AnnotationSpec, spec: SourceSpec, classes: int, folder: Folder
) -> Annotated:
    """Return the labels of all samples and those of their fields that are kept."""
    names = [field.name for field in stored.fields]
    missing = [name for name in spec.keep if name not in names]
    if missing:
        there = ", ".join(names) or "none"
        raise SourceError(
            f"{folder.location} keeps no field {missing[0]!r}; it has: {there}", "keep fields that it has"
        )
    kind = "none" if spec.unlabelled else stored.labels
    places = [names.index(name) for name in spec.keep]
    fields = tuple(stored.fields[place] for place in places)
    columns = tuple(
        _column([one.fields[place] for one in found], field.dtype) for place, field in zip(places, fields, strict=True)
    )
    length = None if kind == "none" else stored.length
    return Annotated(
        AnnotationSpec(labels=kind, length=length, fields=fields),
        _labels([one.label for one in found], kind, classes, folder.location),
        columns,
    )


def _labels(labels: list[Any], kind: str, classes: int, where: str) -> Column:
    if kind == "none":
        return np.empty((len(labels), 0), np.uint8)
    if kind == "class" and not all(0 <= label < classes for label in labels):
        raise SourceError(
            f"{where} holds a label that is none of its {classes} classes", f"type: ipmix validate {where}"
        )
    return _column(labels, LABEL_TYPES[kind])


def _column(values: list[Any], dtype: str) -> Column:
    return Names.of(map(str, values)) if dtype in TEXTS else np.array(values, dtype)
