"""Perturbation sequences to be evaluated: frames among the variants of our shards, and folders of frames."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ipmix_cli.errors import SourceError
from ipmix_cli.frames import sequences_in
from ipmix_cli.pipeline.output.manifest import MANIFEST
from ipmix_cli.reader.shard_dataset import ShardDataset
from ipmix_cli.scoring.evaluation.data import EvaluationData, Pictures, SourcePiece, folders_in
from ipmix_cli.scoring.reading.names import in_sequence_order, is_perturbation
from ipmix_cli.scoring.reading.record import OURS
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import Source, SourceSpec


@dataclass(frozen=True)
class FramesPiece:
    """Some sequences of one perturbation in our shards, whose view shows all frames."""

    view: ShardDataset
    start: int
    stop: int

    def read(self) -> tuple[Pictures, list[int]]:
        """Return the frames of each sequence after those of the one before, and a label for each sequence."""
        samples = self.view.__getitems__(range(self.start, self.stop))
        return [frame for sample in samples for frame in sample[0]], [int(sample[1]) for sample in samples]


@dataclass(frozen=True)
class FramesReader:
    """Reads the sequences of our shards: for each perturbation, a view of its frames."""

    views: tuple[ShardDataset, ...]

    def piece(self, variant: int, start: int, stop: int) -> FramesPiece:
        """Return some sequences of one perturbation."""
        return FramesPiece(self.views[variant], start, stop)


def frames_in_shards(path: Path, sequences: Mapping[str, Sequence[int]], common: Mapping[str, Any]) -> EvaluationData:
    """Return the sequences of a finished data set of ours: the numbers of their frames among its variants, by name."""
    views = tuple(ShardDataset(path, view="all", copies=numbers) for numbers in sequences.values())
    return EvaluationData(
        name="sequences", role="sequences", variants=tuple(sequences), reader=FramesReader(views), **common
    )


@dataclass(frozen=True)
class FrameFilesPiece:
    """Some sequences of one perturbation, whose frames are pictures of a source."""

    frames: SourcePiece
    length: int

    def read(self) -> tuple[Pictures, list[int]]:
        """Return the frames of each sequence after those of the one before, and a label for each sequence."""
        pictures, labels = self.frames.read()
        return pictures, labels[:: self.length]


@dataclass(frozen=True)
class FrameFilesReader:
    """Reads folders of frames: for each perturbation a source, and how many frames a sequence has."""

    sources: tuple[Source, ...]
    lengths: tuple[int, ...]

    def piece(self, variant: int, start: int, stop: int) -> FrameFilesPiece:
        """Return some sequences of one perturbation."""
        source, length = self.sources[variant], self.lengths[variant]
        return FrameFilesPiece(SourcePiece(source.location, source.part(start * length, stop * length)), length)


def holds_frames(path: Path) -> bool:
    """Return whether a folder is a data set of ours whose variants are frames."""
    try:
        output = json.loads((path / MANIFEST).read_bytes())["job"]["output"]
        return bool(sequences_in(output.get("variants", ())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def frame_folders(path: Path) -> dict[str, Path]:
    """Return the folders of perturbations, PERTURBATION/CLASS/SEQUENCE/FRAME, by name; empty if there are none.

    Their names are the published ones, with the difficulty behind it if that is not 1, such as ``shot_noise_3``.
    """
    found = {folder.name: folder for folder in folders_in(path) if is_perturbation(folder.name)}
    if not found or not all(_holds_frames(folder) for folder in found.values()):
        return {}
    return {name: found[name] for name in in_sequence_order(found)}


def _holds_frames(perturbation: Path) -> bool:
    """Return whether the first sequence of the first class is a folder of files, as a severity's class is not."""
    for kind in folders_in(perturbation)[:1]:
        for sequence in folders_in(kind)[:1]:
            names = sorted(entry.name for entry in sequence.iterdir())
            return bool(names) and all(re.fullmatch(r"(frame|img)?_?[0-9]+\.\w+", name) for name in names)
    return False


def frames_in_folders(path: Path, folders: Mapping[str, Path], spec: SourceSpec) -> EvaluationData:
    """Return sequences whose frames are files.

    Raises
    ------
    SourceError
        If perturbations have other sequences than the first one, or sequences are not equally long.
    """
    sources = [
        open_source(replace(spec, input=str(folder), input_format="imagefolder", split_folder="."))
        for folder in folders.values()
    ]
    keys = sequences_of(sources[0])
    for name, source in zip(folders, sources, strict=True):
        if sequences_of(source) != keys or source.class_names != sources[0].class_names:
            raise SourceError(
                f"{path}: {name} has other sequences, or classes, than {next(iter(folders))}",
                "give all perturbations the same pictures",
            )
    lengths = tuple(_length(path / name, source, len(keys)) for name, source in zip(folders, sources, strict=True))
    described = json.dumps([[*folders], [source.digest for source in sources]])
    return EvaluationData(
        name="sequences",
        role="sequences",
        location=os.path.realpath(path),
        format=OURS + "frames" if (path / MANIFEST).is_file() else "frames",
        digest=hashlib.sha256(described.encode()).hexdigest(),
        keys=keys,
        variants=tuple(folders),
        shape=sources[0].size or (),
        class_names=sources[0].class_names,
        reader=FrameFilesReader(tuple(sources), lengths),
    )


def sequences_of(source: Source) -> list[str]:
    """Return the folders that a source's pictures lie in, each once, in order."""
    return list(dict.fromkeys(str(PurePosixPath(source.key(index)).parent) for index in range(len(source))))


def _length(place: Path, source: Source, sequences: int) -> int:
    """Return how many frames each sequence has; raises SourceError unless they are equally many, and together."""
    parents = [str(PurePosixPath(source.key(index)).parent) for index in range(len(source))]
    length, rest = divmod(len(parents), sequences)
    if rest or any(len(set(parents[start : start + length])) > 1 for start in range(0, len(parents), length)):
        raise SourceError(f"{place}: the sequences have different numbers of frames", "add what is missing")
    return length
