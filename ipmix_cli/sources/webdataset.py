"""WebDataset tars of strangers as a source: pictures and labels by offset; nothing is ever extracted."""

from __future__ import annotations

import itertools
import json
import operator
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.array_names import SPLIT_NAMES
from ipmix_cli.sources.common_size import CommonSize
from ipmix_cli.sources.decoded import decoded_sample
from ipmix_cli.sources.image_files import EXTENSIONS, MAX_FILE_BYTES
from ipmix_cli.sources.labels import checked_labels, default_class_names
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import BadSample, Sample, SourceSpec
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.memory_map import Sliceable, mapped
from ipmix_cli.storage.object_files import RemoteFile, ranges_of, remote_tars
from ipmix_cli.storage.object_store import is_remote
from ipmix_cli.storage.source_digest import digest_kind, framed, source_digest
from ipmix_cli.storage.tar import Member, members

LABEL_FIELD = "label"
LABEL_FILES = {"cls", "json"}
MOST_SMALL = 1 << 20  # bytes of a label or of a JSON
MOST_TARS = 100_000


@dataclass(frozen=True)
class TarPart:
    """Pictures by place: `places` (n, 3) int64 has the number of the tar, the offset and the size of each."""

    tars: tuple[str, ...]
    places: NDArray[np.int64]
    labels: NDArray[np.int64]
    keys: Names
    start: int
    alpha: str

    def samples(self, clock: StageClock) -> Iterator[Sample | BadSample]:
        """Yield the samples in order."""
        for position, data in enumerate(self.encoded()):
            clock.lap("read")
            index, key = self.start + position, self.keys[position]
            yield decoded_sample((index, key), data, int(self.labels[position]), self.alpha)
            clock.lap("decode")

    def encoded(self) -> Iterator[bytes]:
        """Yield the encoded pictures; one tar is open at a time."""
        for tar, places in itertools.groupby(self.places.tolist(), key=operator.itemgetter(0)):
            with ranges_of(self.tars[tar]) as read:
                for _, offset, size in places:
                    data = read(offset, size) if size <= MAX_FILE_BYTES else b""
                    if len(data) != size <= MAX_FILE_BYTES:
                        raise SourceError(f"{self.tars[tar]} is shorter than before", "put it back as it was")
                    yield data

    def key(self, position: int) -> str:
        """Return the name of the sample at a position: its path up to the first dot."""
        return self.keys[position]

    def cut(self, start: int, stop: int) -> TarPart:
        """Return the samples start..stop, with the tars that hold them."""
        tars = self.places[start:stop, 0]
        low = int(tars.min(initial=0 if stop == start else len(self.tars)))
        high = int(tars.max(initial=0)) + 1
        places = self.places[start:stop] - np.array([low, 0, 0])
        keys, labels = self.keys.cut(start, stop), self.labels[start:stop]
        return replace(self, tars=self.tars[low:high], places=places, labels=labels, keys=keys, start=start)


class _Found(NamedTuple):
    """One sample of a tar."""

    key: str
    picture: Member
    label: int | str


def open_webdataset(spec: SourceSpec) -> ListedSource:
    """Open one tar, a folder of tars, or ``NAME-{000..009}.tar``.

    A sample is the run of files that share a path up to the first dot of the base name. Its picture is the
    file with a picture's extension (``clean`` before any other where there are several); its label the number
    in ``.cls``, else the field `spec.label_field` (``label``) of its ``.json``: a number, or a text, and then
    the texts are the classes, sorted. In a tar of class folders, with neither, it is the folder that the picture lies
    in. Links and devices are passed over.

    Raises
    ------
    SourceError
        No tars, a damaged one, or a sample without a picture or label.
    """
    paths = tar_paths(spec)
    samples: list[_Found] = []
    tars: list[int] = []
    for number, path in enumerate(paths):
        tar = RemoteFile(path) if is_remote(path) else mapped(Path(path), path)
        found = list(_samples_of(tar, path, spec.label_field))
        samples += found
        tars += [number] * len(found)
    if not samples:
        raise SourceError(f"{spec.input} holds no samples", "check that the tars are not empty")
    labels, class_names = _classes(samples, spec.input)
    places = np.array([(tar, *sample.picture[1:]) for tar, sample in zip(tars, samples, strict=True)], np.int64)
    keys = Names.of(sample.key for sample in samples)
    whole = TarPart(tuple(paths), places, labels, keys, 0, spec.alpha)
    kind = digest_kind(int(places[:, 2].sum()))
    common = CommonSize()
    digest = source_digest({"kind": kind}, class_names, labels, _content(whole, kind, common))
    return ListedSource(
        format="webdataset",
        location=spec.input if is_remote(spec.input) else str(Path(spec.input).absolute()),
        class_names=class_names,
        size=common.value,
        digest=digest,
        settings={"split": spec.split, "label_field": spec.label_field, "alpha": spec.alpha, "digest": kind},
        whole=whole,
    )


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


def expanded(pattern: str) -> list[str]:
    """Return the names that a pattern stands for.

    >>> expanded("train-{008..010}.tar")
    ['train-008.tar', 'train-009.tar', 'train-010.tar']
    >>> expanded("{a,b}.tar")
    ['a.tar', 'b.tar']
    """
    found = re.search(r"\{(\d{1,9})\.\.(\d{1,9})\}|\{([^{}]*,[^{}]*)\}", pattern)
    if found is None:
        return [pattern]
    first, last, listed = found.groups()
    if listed is None and int(last) - int(first) >= MOST_TARS:
        raise SourceError(f"{pattern} stands for more than {MOST_TARS} tars", "check the numbers in the braces")
    middle = listed.split(",") if listed else [f"{n:0{len(first)}d}" for n in range(int(first), int(last) + 1)]
    return [pattern[: found.start()] + part + rest for part in middle for rest in expanded(pattern[found.end() :])]


def _samples_of(tar: Sliceable, location: str, field: str | None) -> Iterator[_Found]:
    """Yield the samples of one tar, in its order."""
    for key, files in _runs(members(tar, location)):
        pictures = [name for name in files if f".{name.rpartition('.')[2]}" in EXTENSIONS]
        if not pictures:
            raise _lacking(location, key, f"no picture ({' '.join(EXTENSIONS)})")
        if not files.keys() & LABEL_FILES and "/" in key:
            yield from _by_folder(key, {name: files[name] for name in pictures})
            continue
        picture = min(pictures, key=lambda name: (not name.startswith("clean."), "." in name))
        yield _Found(key, files[picture], _label(tar, files, field, (location, key)))


def _by_folder(key: str, pictures: dict[str, Member]) -> Iterator[_Found]:
    """Yield the pictures of a tar of class folders, each a sample: its label is the folder that it lies in."""
    folder = key.rpartition("/")[0].rpartition("/")[2]
    for name, member in pictures.items():
        yield _Found(f"{key}.{name}".rpartition(".")[0], member, folder)


def _runs(files: Iterable[Member]) -> Iterator[tuple[str, dict[str, Member]]]:
    """Yield (key, files by lower-case extension) for each run of files with one key."""
    key, run = None, dict[str, Member]()
    for member in files:
        folder, _, base = member.name.rpartition("/")
        stem, dot, extension = base.partition(".")
        if not dot or not stem:  # no sample's file: a README, a hidden one
            continue
        name = f"{folder}/{stem}" if folder else stem
        if name != key:
            if key is not None:
                yield key, run
            key, run = name, {}
        run.setdefault(extension.lower(), member)
    if key is not None:
        yield key, run


def _label(tar: Sliceable, files: dict[str, Member], field: str | None, where: tuple[str, str]) -> int | str:
    if field is None and "cls" in files:
        text = _small(tar, files["cls"], where).decode("utf-8", "replace").strip()
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text
    if "json" not in files:
        raise _lacking(*where, "neither .cls nor .json")
    try:
        values = json.loads(_small(tar, files["json"], where))
    except (ValueError, RecursionError) as error:
        raise _lacking(*where, f"a damaged .json: {error}") from error
    value = values.get(field or LABEL_FIELD) if isinstance(values, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, int) and value >= 2**63):
        raise _lacking(*where, f"no label in the field {field or LABEL_FIELD!r} of its .json")
    return value


def _small(tar: Sliceable, member: Member, where: tuple[str, str]) -> bytes:
    if member.size > MOST_SMALL:
        raise _lacking(*where, f"a label of {member.size} bytes")
    return bytes(tar[member.offset : member.offset + member.size])


def _lacking(location: str, key: str, what: str) -> SourceError:
    return SourceError(f"{location}: the sample {key!r} has {what}", "name the label's field with --label-field")


def _classes(samples: Sequence[_Found], where: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return labels and class names: texts are numbered in their sorted order."""
    values = [sample.label for sample in samples]
    texts = {value for value in values if isinstance(value, str)}
    if not texts:
        labels = checked_labels(
            np.array([max(value, -1) for value in values if isinstance(value, int)]), where, len(values)
        )
        return labels, default_class_names(labels)
    if len(texts) != len(set(values)):
        raise SourceError(f"{where}: some labels are numbers and some are texts", "name one field with --label-field")
    names = tuple(sorted(texts))
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[str(value)] for value in values], np.int64), names


def _content(whole: TarPart, kind: str, common: CommonSize) -> Iterator[bytes]:
    for key, size in zip(whole.keys, whole.places[:, 2].tolist(), strict=True):
        yield framed(os.fsencode(key)) + size.to_bytes(8, "little")
    if kind == "content":
        yield from map(framed, common.passing(whole.encoded()))
