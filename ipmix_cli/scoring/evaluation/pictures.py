"""Data sets to be evaluated, as picklable readers that hand out some pictures of one variant."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ipmix_cli.annotations import KINDS_IN_WORDS
from ipmix_cli.errors import PredictionsError, SourceError
from ipmix_cli.frames import sequences_in
from ipmix_cli.grey import as_rgb
from ipmix_cli.pipeline.output.manifest import MANIFEST
from ipmix_cli.reader.shard_dataset import ShardDataset
from ipmix_cli.record import MOST_BYTES, decoded, json_digest
from ipmix_cli.scoring.evaluation.data import EvaluationData, Pictures, SourcePiece, folders_in
from ipmix_cli.scoring.evaluation.sequences import frame_folders, frames_in_folders, frames_in_shards, holds_frames
from ipmix_cli.scoring.reading.names import SEVERITIES, in_order, in_sequence_order, split_variant
from ipmix_cli.scoring.reading.record import OURS
from ipmix_cli.sources.readers import names_training, open_source
from ipmix_cli.sources.source import Source, SourceSpec
from ipmix_cli.storage.folder import LocalFolder, sha256_of
from ipmix_cli.storage.npy import mapped_array
from ipmix_cli.storage.source_digest import CONTENT_LIMIT

LABELS, CLEAN = "labels.npy", "clean.npy"

SAMPLED_BLOCKS, BLOCK_BYTES = 16, 65536  # of a file that is too large to be read for its digest


def open_data(spec: SourceSpec) -> list[EvaluationData]:
    """Open what is to be evaluated: one set, or the clean and the corrupted one of shards that hold both.

    Known are data sets of ours; folders of ``labels.npy`` and an array for each corruption, as CIFAR-10-C is published;
    arrays of sequences, as CIFAR-10-P; folders CORRUPTION/SEVERITY/CLASS, as ImageNet-C; folders of frames,
    PERTURBATION/CLASS/SEQUENCE; and every source of `ipmix augment`.

    Raises
    ------
    SourceError, UnfinishedError
    """
    path = Path(spec.input)
    if spec.input_format is None and path.is_dir():
        frames = frame_folders(path)
        if frames and (holds_frames(path) or not corruption_folders(path)):
            return [frames_in_folders(path, frames, spec)]
        if (path / MANIFEST).is_file() and not (path / LABELS).is_file() and not corruption_folders(path):
            return _shards(path)
        if arrays := sorted(found for found in path.glob("*.npy") if found.name not in (LABELS, CLEAN)):
            return [_arrays(path, arrays)]
        if leaves := corruption_folders(path):
            return [_folders(path, leaves, spec)]
    return [_source(open_test_source(spec))]


def open_test_source(spec: SourceSpec) -> Source:
    """Open the split of a source, or all of a source that has no splits; never its training split instead.

    Raises
    ------
    SourceError
    """
    try:
        return open_source(spec)
    except SourceError as error:
        whole = _opened(replace(spec, split="train"))
        if whole is None or names_training(whole):
            raise error from None
        return whole


def _opened(spec: SourceSpec) -> Source | None:
    with contextlib.suppress(SourceError):
        return open_source(spec)
    return None


@dataclass(frozen=True)
class SourceReader:
    """Reads sources, one for each variant."""

    sources: tuple[Source, ...]

    def piece(self, variant: int, start: int, stop: int) -> SourcePiece:
        """Return some pictures of one source."""
        source = self.sources[variant]
        return SourcePiece(source.location, source.part(start, stop))


def _check_labels(location: str, kind: str) -> None:
    """Refuse labels that are not one class for each picture; raises SourceError."""
    if kind != "class":
        raise SourceError(f"{location} has {KINDS_IN_WORDS[kind]}", "evaluate pictures of one class each")


def _source(source: Source) -> EvaluationData:
    _check_labels(source.location, source.annotations.labels)
    return EvaluationData(
        name="clean",
        role="labelled",
        location=source.location,
        format=source.format,
        digest=source.digest,
        keys=[source.key(index) for index in range(len(source))],
        shape=source.size or (),
        class_names=source.class_names,
        reader=SourceReader((source,)),
    )


@dataclass(frozen=True)
class ShardPiece:
    """Some samples of a finished data set of ours, in one view."""

    data: ShardDataset
    start: int
    stop: int

    def read(self) -> tuple[Pictures, list[int]]:
        """Return pictures and labels."""
        samples = self.data.__getitems__(range(self.start, self.stop))
        mixed = self.data.settings.mixed  # labels are the weights of the classes then
        labels = self.data.targets[self.start : self.stop] if mixed else [sample[1] for sample in samples]
        pictures = [sample[0] for sample in samples]
        if self.data.settings.channels == 1:
            pictures = list(map(as_rgb, pictures))
        return pictures, [int(label) for label in labels]


@dataclass(frozen=True)
class ShardReader:
    """Reads a finished data set of ours, one view for each variant."""

    views: tuple[ShardDataset, ...]

    def piece(self, variant: int, start: int, stop: int) -> ShardPiece:
        """Return some samples in one view."""
        return ShardPiece(self.views[variant], start, stop)


def _shards(path: Path) -> list[EvaluationData]:
    data = ShardDataset(path, view="all")
    _check_labels(str(path), data.settings.annotations.labels)
    manifest = json.loads((path / MANIFEST).read_text())
    keys = [f"{number:08d}" for number in range(len(data))]
    common: dict[str, Any] = {
        "location": os.path.realpath(path),
        "format": OURS + data.settings.format,
        "digest": json_digest(manifest["shards"]),
        "keys": keys,
        "class_names": data.class_names,
        "shape": data[0][0].shape[1:3] if len(data) else (),
    }
    found = []
    if data.settings.clean:
        reader = ShardReader((ShardDataset(path, view="clean"),))
        found.append(EvaluationData(name="clean", role="labelled", reader=reader, **common))
    names = tuple(data.settings.variants)
    if sequences := sequences_in(names):
        found.append(frames_in_shards(path, sequences, common))
    elif names and all(split_variant(name)[1] is not None for name in names):
        views = tuple(ShardDataset(path, view="fixed", copy=number) for number in range(len(names)))
        reader = ShardReader(views)
        found.append(EvaluationData(name="corrupted", role="corrupted", variants=names, reader=reader, **common))
    if not found:
        raise SourceError(f"{path} holds augmented copies alone", "name the test set itself, or a corrupted one")
    return found


@dataclass(frozen=True)
class ArrayPiece:
    """Some rows of a .npy file, with their labels."""

    path: Path
    rows: tuple[int, int]
    labels: tuple[int, ...]

    def read(self) -> tuple[Pictures, list[int]]:
        """Return pictures and labels; of sequences, the frames of one after those of the other."""
        array = mapped_array(self.path)
        rows = np.array(array[slice(*self.rows)])
        return list(rows.reshape(-1, *rows.shape[-3:])), list(self.labels)


@dataclass(frozen=True)
class ArrayReader:
    """Reads rows of .npy files: variant i begins at row first[i] of paths[i]; sequences have no labels."""

    paths: tuple[Path, ...]
    first: tuple[int, ...]
    labels: tuple[int, ...]

    def piece(self, variant: int, start: int, stop: int) -> ArrayPiece:
        """Return some rows."""
        labels = self.labels[start:stop] or (0,) * (stop - start)
        return ArrayPiece(self.paths[variant], (self.first[variant] + start, self.first[variant] + stop), labels)


def _arrays(path: Path, files: Sequence[Path]) -> EvaluationData:
    shapes = {file: _shape(file) for file in files}
    sequences = [len(shape) == 5 for shape in shapes.values()]
    if any(sequences) and not all(sequences):
        raise SourceError(f"{path} holds sequences and pictures", "put them into folders of their own")
    if all(sequences):
        return _sequences(path, {path / f"{name}.npy": shapes[path / f"{name}.npy"] for name in _stems(shapes)})
    parts_of = _severities(path)
    labels = _labels(path, shapes, len(parts_of))
    names, paths, first = [], [], []
    for file in sorted(files, key=lambda file: in_order({found.stem for found in files}).index(file.stem)):
        parts, rest = divmod(shapes[file][0], len(labels))
        if rest or not parts:
            raise SourceError(
                f"{file}: {shapes[file][0]:,} pictures are not several times the {len(labels):,} labels",
                "the arrays and labels.npy belong to different sets",
            )
        corruption, severity = split_variant(file.stem)
        severities = (severity,) if severity is not None else parts_of
        if parts > len(severities):
            raise SourceError(f"{file} holds {parts} severities", f"expected {len(severities)} or fewer, in order")
        for number in range(parts):
            names.append(f"{corruption}.{severities[number]}")
            paths.append(file)
            first.append(number * len(labels))
    return EvaluationData(
        name="corrupted",
        role="corrupted",
        location=os.path.realpath(path),
        format=_made_here(path, "arrays"),
        digest=_files_digest([*files, path / LABELS]),
        keys=[f"{number:08d}" for number in range(len(labels))],
        variants=tuple(names),
        shape=shapes[files[0]][1:3],
        reader=ArrayReader(tuple(paths), tuple(first), tuple(labels)),
    )


def _made_here(path: Path, layout: str) -> str:
    """Return the name of a layout, and whether this program has written it."""
    return OURS + layout if (path / MANIFEST).is_file() else layout


def _stems(files: Iterable[Path]) -> list[str]:
    return in_sequence_order(file.stem for file in files)


def _sequences(path: Path, shapes: dict[Path, tuple[int, ...]]) -> EvaluationData:
    counts = {shape[0] for shape in shapes.values()}
    if len(counts) > 1:
        raise SourceError(
            f"{path}: the arrays hold {sorted(counts)} sequences", "give each perturbation the same number"
        )
    files = tuple(shapes)
    return EvaluationData(
        name="sequences",
        role="sequences",
        location=os.path.realpath(path),
        format="arrays",
        digest=_files_digest(files),
        keys=[f"{number:08d}" for number in range(counts.pop())],
        variants=tuple(file.stem for file in files),
        shape=shapes[files[0]][2:4],
        reader=ArrayReader(files, (0,) * len(files), ()),
    )


def _shape(file: Path) -> tuple[int, ...]:
    try:
        array = mapped_array(file)
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error}", "fetch it again") from error
    if array.dtype != np.uint8 or array.ndim not in {4, 5} or array.shape[-1] != 3:
        raise SourceError(
            f"{file}: expected uint8 (pictures, height, width, 3), got {array.dtype} {array.shape}",
            "store 8-bit RGB pictures, channels last",
        )
    return tuple(array.shape)


def _severities(path: Path) -> tuple[int, ...]:
    """Return the severities of an array in order: a set made here records them, others begin with severity 1."""
    if not (path / MANIFEST).is_file():
        return SEVERITIES
    try:
        recorded = decoded(LocalFolder(path).read(MANIFEST, MOST_BYTES))["job"]["output"].get("variants", [])
        severities = [split_variant(str(name))[1] for name in recorded]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"{path / MANIFEST} is damaged: {error}", f"type: ipmix repair {path}") from error
    return tuple(dict.fromkeys(known for known in severities if known is not None)) or SEVERITIES


def _labels(path: Path, shapes: dict[Path, tuple[int, ...]], severities: int) -> list[int]:
    """Return the labels of the pictures of one severity: CIFAR-10-C's file repeats them for each of the five."""
    try:
        labels = np.asarray(mapped_array(path / LABELS)).reshape(-1)
    except OSError as error:
        raise SourceError(f"{path / LABELS} cannot be read: {error}", "put it beside the arrays") from error
    if labels.dtype.kind not in "iu" or not len(labels):
        raise SourceError(f"{path / LABELS} holds {labels.dtype} {labels.shape}", "store one class number a picture")
    most = max(shape[0] for shape in shapes.values())
    if len(labels) == most and len(labels) % severities == 0:
        repeated = labels.reshape(severities, -1)
        if (repeated == repeated[0]).all() and not any(split_variant(file.stem)[1] for file in shapes):
            labels = repeated[0]
    return [int(label) for label in labels]


def _files_digest(files: Sequence[Path]) -> str:
    """Return a digest of files, in order: of their content up to 1 GiB in all, else of blocks spread over each."""
    digest = hashlib.sha256()
    whole = sum(file.stat().st_size for file in files) <= CONTENT_LIMIT
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.name}\0{size}\0{whole}\0".encode())
        digest.update(sha256_of(file).encode() if whole else b"".join(_sampled(file, size)))
    return digest.hexdigest()


def _sampled(file: Path, size: int) -> Iterator[bytes]:
    with file.open("rb") as stream:
        for number in range(SAMPLED_BLOCKS):
            stream.seek(number * max(size - BLOCK_BYTES, 0) // (SAMPLED_BLOCKS - 1))
            yield stream.read(BLOCK_BYTES)


def corruption_folders(path: Path) -> dict[str, Path]:
    """Return the class folders of ROOT/CORRUPTION/SEVERITY by variant; a level of groups (noise, blur ..) may be above.

    Empty if there are none.
    """
    found: dict[str, Path] = {}
    for folder in (path, *folders_in(path)):
        for corruption in folders_in(folder):
            severities = folders_in(corruption)
            if severities and all(severity.name in map(str, SEVERITIES) for severity in severities):
                for severity in severities:
                    if (variant := f"{corruption.name}.{severity.name}") in found:
                        raise SourceError(f"{path} holds {variant} twice", f"remove {severity} or {found[variant]}")
                    found[variant] = severity
    names = in_order({split_variant(variant)[0] for variant in found})
    return dict(sorted(found.items(), key=lambda item: (names.index(split_variant(item[0])[0]), item[0])))


def _folders(path: Path, leaves: dict[str, Path], spec: SourceSpec) -> EvaluationData:
    sources = [
        open_source(replace(spec, input=str(leaf), input_format="imagefolder", split_folder="."))
        for leaf in leaves.values()
    ]
    first = sources[0]
    keys = [first.key(index) for index in range(len(first))]
    for variant, source in zip(leaves, sources, strict=True):
        if len(source) != len(first) or source.class_names != first.class_names:
            raise PredictionsError(
                f"{path}: {variant} has {len(source):,} pictures of {len(source.class_names)} classes, the first one "
                f"{len(first):,} of {len(first.class_names)}",
                "give all corruptions and severities the same pictures",
            )
        if [source.key(index) for index in range(len(source))] != keys:
            raise PredictionsError(f"{path}: {variant} has pictures of other names", "give all the same pictures")
    digest = hashlib.sha256(json.dumps([[*leaves], [source.digest for source in sources]]).encode()).hexdigest()
    return EvaluationData(
        name="corrupted",
        role="corrupted",
        location=os.path.realpath(path),
        format=_made_here(path, "class folders"),
        digest=digest,
        keys=keys,
        variants=tuple(leaves),
        shape=first.size or (),
        class_names=first.class_names,
        reader=SourceReader(tuple(sources)),
    )
