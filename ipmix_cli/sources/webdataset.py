"""Untrusted WebDataset tars as a source: pictures and labels by offset; nothing is ever extracted."""

from __future__ import annotations

import dataclasses
import itertools
import operator
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.common_size import CommonSize
from ipmix_cli.sources.compressed_tars import check_uncompressed
from ipmix_cli.sources.decoded import EncodedPictures
from ipmix_cli.sources.image_files import MAX_FILE_BYTES
from ipmix_cli.sources.kept_fields import KeptColumns
from ipmix_cli.sources.label_text import readable
from ipmix_cli.sources.labels import LabelRule, label_column, label_rule
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.split_names import SPLIT_NAMES
from ipmix_cli.sources.tar_folders import folder_classes
from ipmix_cli.sources.tar_samples import FOLDER, TarReader, TarSample
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.memory_map import mapped
from ipmix_cli.storage.object_files import RemoteFile, check_remote, ranges_of, remote_tars
from ipmix_cli.storage.object_store import State, is_remote
from ipmix_cli.storage.source_digest import digest_kind, framed, source_digest
from ipmix_cli.storage.tar import members

MOST_TARS = 100_000


@dataclass(frozen=True)
class TarPart(EncodedPictures):
    """Pictures by place: `places` (n, 3) int64 has the number of the tar, the offset and the size of each.

    `states` are those of the tars when they were listed, None for local ones.
    """

    tars: tuple[str, ...]
    states: tuple[State | None, ...]
    places: NDArray[np.int64]
    labels: Annotated
    keys: Names
    start: int
    alpha: str

    def encoded(self) -> Iterator[bytes]:
        """Yield the encoded pictures; one tar is open at a time."""
        for tar, places in itertools.groupby(self.places.tolist(), key=operator.itemgetter(0)):
            with ranges_of(self.tars[tar], self.states[tar]) as read:
                for _, offset, size in places:
                    data = read(offset, size) if size <= MAX_FILE_BYTES else b""
                    if len(data) != size <= MAX_FILE_BYTES:
                        raise SourceError(f"{self.tars[tar]} is shorter than before", "restore it")
                    yield data

    def key(self, position: int) -> str:
        """Return the name of the sample at a position: its path up to the first dot."""
        return readable(self.keys[position])

    def cut(self, start: int, stop: int) -> TarPart:
        """Return the samples start..stop, with the tars that hold them."""
        used = self.places[start:stop, 0]
        low = int(used.min(initial=0 if stop == start else len(self.tars)))
        high = int(used.max(initial=0)) + 1
        places = self.places[start:stop] - np.array([low, 0, 0])
        keys, labels = self.keys.cut(start, stop), self.labels[start:stop]
        tars, states = self.tars[low:high], self.states[low:high]
        return replace(self, tars=tars, states=states, places=places, labels=labels, keys=keys, start=start)

    def check_unchanged(self) -> None:
        """Refuse remote tars that are no longer what they were when they were listed; raises SourceError."""
        for tar, state in zip(self.tars, self.states, strict=True):
            if state is not None:
                check_remote(tar, RemoteFile(tar).state, state)


def open_webdataset(spec: SourceSpec) -> ListedSource:
    """Open one tar, a folder of tars, or ``NAME-{000..009}.tar``.

    Which files are a sample, its picture and its label is told in :mod:`ipmix_cli.sources.tar_samples`, which folder is
    a class in :mod:`ipmix_cli.sources.tar_folders`. Links and devices are passed over.

    Raises
    ------
    SourceError
        No tars, a damaged one, a sample without a picture or label, or labels that do not agree.
    """
    return open_tars(spec, tar_paths(spec))


def open_tars(spec: SourceSpec, paths: list[str], names: tuple[str, ...] | None = None) -> ListedSource:
    """Open tars in this order; `names` are the classes, where something beside the tars names them.

    Raises
    ------
    SourceError
        See :func:`open_webdataset`.
    """
    files = WatchedFiles.of([path for path in paths if not is_remote(path)])
    samples: list[TarSample] = []
    tars: list[int] = []
    states: list[State | None] = []
    reader = TarReader(spec)
    for number, path in enumerate(paths):
        tar = RemoteFile(path) if is_remote(path) else mapped(Path(path), path)
        states.append(tar.state if isinstance(tar, RemoteFile) else None)
        check_uncompressed(bytes(tar[:6]), path)
        found = list(reader.samples(tar, members(tar, path), path))
        samples += found
        tars += [number] * len(found)
    if not samples:
        raise SourceError(f"{spec.input} holds no samples", "check that the tars are not empty")
    rule = label_rule(spec)
    kept, labels, class_names = _labels(samples, spec, rule, names)
    labels = _with_fields(labels, [samples[at] for at in kept], spec)
    places = np.array([(tars[at], *samples[at].picture[1:]) for at in kept], np.int64)
    keys = Names.of(samples[at].key for at in kept)
    whole = TarPart(tuple(paths), tuple(states), places, labels, keys, 0, spec.alpha)
    kind = digest_kind(int(places[:, 2].sum()))
    common = CommonSize()
    digest = source_digest({"kind": kind}, class_names, labels, _content(whole, kind, common))
    given = {name: getattr(spec, name) for name in ("images_key", "labels_key", "split_folder")}
    return ListedSource(
        format="webdataset",
        location=spec.input if is_remote(spec.input) else str(Path(spec.input).absolute()),
        class_names=class_names,
        size=common.value,
        digest=digest,
        settings={
            "split": spec.split,
            "label_field": spec.label_field,
            **{name: value for name, value in given.items() if value is not None},
            **rule.settings(),
            "alpha": spec.alpha,
            "digest": kind,
        },
        whole=whole,
        files=files,
        notes=tuple(_notes(reader, len(samples) - len(kept))),
    )


def _with_fields(labels: Annotated, samples: Sequence[TarSample], spec: SourceSpec) -> Annotated:
    """Return labels with the fields of the samples that are kept, if any are."""
    if not spec.keep:
        return labels
    fields = KeptColumns(spec.input, spec.keep)
    for sample in samples:
        fields.note(f"sample {sample.key}", sample.fields)
    return fields.added_to(labels)


def _labels(
    samples: Sequence[TarSample], spec: SourceSpec, rule: LabelRule, names: tuple[str, ...] | None
) -> tuple[list[int], Annotated, tuple[str, ...]]:
    """Return the positions of the samples that belong to the split, their labels, and the class names."""
    by_folder = [sample.by_folder for sample in samples]
    column = label_column(spec.input, rule, names, row_word="sample")
    if not any(by_folder):
        for sample in samples:
            column.note(sample.key, sample.label)
        return [*range(len(samples))], *column.annotated()
    if not all(by_folder):
        one, other = (samples[by_folder.index(which)].key for which in (True, False))
        raise SourceError(
            f"{spec.input}: the sample {readable(other)!r} has a label, and {readable(one)!r} has none",
            f"give --labels-key {FOLDER} if the folders are the classes",
        )
    classes = folder_classes([sample.key for sample in samples], spec)
    kept = [at for at, name in enumerate(classes) if name is not None]
    column = label_column(spec.input, dataclasses.replace(rule, reading="names", start=0), row_word="sample")
    for at in kept:
        column.note(samples[at].key, classes[at])
    return kept, *column.annotated()


def _notes(reader: TarReader, others: int) -> Iterator[str]:
    if reader.passed:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in reader.passed.most_common())
        yield f"passed over in the tars: {kinds[:200]}"
    if others:
        yield f"passed over: {others:,} pictures of other splits"


def tar_paths(spec: SourceSpec) -> list[str]:
    """Return the tars that a source names, in order; raises SourceError where there are none.

    In a folder these are the ones whose names begin with the split's, or all of them where none begins with
    one.
    """
    if is_remote(spec.input):
        tars = remote_tars(spec.input, expanded)
        return tars if spec.input.endswith(".tar") else _of_split(tars, spec.input, spec.split)
    given = Path(spec.input).absolute()
    if given.is_file():
        return [str(given)]
    if given.is_dir():
        return _of_split(sorted(map(str, given.glob("*.tar"))), str(given), spec.split)
    paths = expanded(str(given))
    for path in paths:
        if not Path(path).is_file():
            raise SourceError(f"there is no {path}", "check the numbers in the braces")
    return paths


def _of_split(tars: list[str], folder: str, split: str) -> list[str]:
    """Return the tars of a folder that belong to a split."""
    names = {tar: tar.rpartition("/")[2] for tar in tars}
    named = [tar for tar in tars if names[tar].startswith(SPLIT_NAMES.get(split, (split,)))]
    every = tuple(name for found in SPLIT_NAMES.values() for name in found)
    plain = [] if any(name.startswith(every) for name in names.values()) else tars
    if named or plain:
        return named or plain
    raise SourceError(f"{folder} has no tars of the {split} split", "choose another --split")


def expanded(pattern: str, most: int = MOST_TARS) -> list[str]:
    """Return the names that a pattern stands for; raises SourceError for more than `most`.

    >>> expanded("train-{008..010}.tar")
    ['train-008.tar', 'train-009.tar', 'train-010.tar']
    >>> expanded("{a,b}.tar")
    ['a.tar', 'b.tar']
    """
    found = re.search(r"\{(\d{1,9})\.\.(\d{1,9})\}|\{([^{}]*,[^{}]*)\}", pattern)
    if found is None:
        return [pattern]
    first, last, listed = found.groups()
    number = int(last) - int(first) + 1 if listed is None else listed.count(",") + 1
    if number > most:
        raise SourceError(f"{pattern} stands for more than {MOST_TARS} tars", "check the numbers in the braces")
    middle = listed.split(",") if listed else [f"{n:0{len(first)}d}" for n in range(int(first), int(last) + 1)]
    rests = expanded(pattern[found.end() :], most // max(number, 1))
    return [pattern[: found.start()] + part + rest for part in middle for rest in rests]


def _content(whole: TarPart, kind: str, common: CommonSize) -> Iterator[bytes]:
    for key, size in zip(whole.keys, whole.places[:, 2].tolist(), strict=True):
        yield framed(os.fsencode(key)) + size.to_bytes(8, "little")
    if kind == "content":
        yield from map(framed, common.passing(whole.encoded()))
