"""A finished data set, opened to be looked at: its manifest, its shards, its samples as pictures."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ipmix_cli.annotations import Label, classes_of
from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import SourceError, UsageError
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.output.manifest import Manifest, ShardRecord, read_manifest
from ipmix_cli.shards.shard import ShardView, StoredSample
from ipmix_cli.shards.writers import WRITERS, open_shard
from ipmix_cli.storage.folder import Folder, open_folder, sha256_of


@dataclass(frozen=True)
class Dataset:
    """A finished folder with its manifest."""

    folder: Folder
    manifest: Manifest

    def view(self, shard: ShardRecord) -> ShardView:
        """Open one shard, as a context manager; raises SourceError where it is missing or damaged."""
        path = self.folder.path(shard.name)
        name = f"{self.folder.location}/{shard.name}"
        try:
            content: Path | bytes = self.folder.read(shard.name) if path is None else path
            return open_shard(self.manifest.job.output.format, content, name)
        except FileNotFoundError as error:
            raise SourceError(f"{name} is missing", f"type: ipmix repair {self.folder.location}") from error

    def sha256(self, shard: ShardRecord) -> str:
        """Return the sha256 that a shard's file has now."""
        path = self.folder.path(shard.name)
        return hashlib.sha256(self.folder.read(shard.name)).hexdigest() if path is None else sha256_of(path)

    @property
    def one_file_a_shard(self) -> bool:
        """Whether the shard's sha256 covers its pictures, or only a list of their files."""
        return WRITERS[self.manifest.job.output.format].one_file

    def pictures_of_shards(self) -> Iterator[str]:
        """Yield the names of files that belong to shards beside the shards' own."""
        if self.one_file_a_shard:
            return
        for shard in self.manifest.shards:
            with contextlib.suppress(SourceError), self.view(shard) as view:  # a damaged list is a problem of its own
                yield from view.files()

    def find(self, key: str) -> StoredSample:
        """Return the sample with this key (leading zeros may be left out), or with this name in the source.

        Raises
        ------
        UsageError
            If there is none.
        """
        number = f"{int(key):08d}" if key.isdecimal() and key.isascii() else ""  # 42 is 00000042
        for shard in self._shards_for(number):
            with self.view(shard) as view:
                keys = list(view.keys())
                if number in keys:
                    return view.sample(keys.index(number))
        for sample in () if number else self._samples():
            if sample.source_key == key:
                return sample
        raise UsageError(
            f"{self.folder.location} has no sample {key!r}",
            f"keys are numbers such as {0:08d}, up to {max(self.manifest.job.samples - 1, 0):08d}, "
            "or the pictures' names in the source",
        )

    def _shards_for(self, key: str) -> list[ShardRecord]:
        """Return the shard that holds a key if it exists: keys are the samples' numbers."""
        if not key.isdigit():
            return []
        picture = int(key) // self.manifest.job.crop.crops
        return [shard for shard in self.manifest.shards if shard.first <= picture < shard.stop]

    def _samples(self) -> Iterator[StoredSample]:
        for shard in self.manifest.shards:
            with self.view(shard) as view:
                yield from view

    def at(self, number: int) -> StoredSample:
        """Return sample number 0 .. samples-1 of those that are there, in order.

        Raises
        ------
        SourceError
            If its shard is missing or damaged, or holds fewer samples than the manifest says.
        """
        for shard in self.manifest.shards:
            if number < shard.samples:
                with self.view(shard) as view:
                    if number >= len(view):
                        raise SourceError(
                            f"{shard.name} holds {len(view)} samples, not the {shard.samples} that the manifest says",
                            f"type: ipmix validate {self.folder.location}",
                        )
                    return view.sample(number)
            number -= shard.samples
        raise IndexError(number)

    def pictures(self, sample: StoredSample) -> tuple[Picture | None, list[Picture]]:
        """Return the clean picture, if it is stored, and the copies of a sample, decoded."""
        clean = None if sample.clean is None else self.decoded(sample.clean, sample.size)
        return clean, [self.decoded(copy, sample.size) for copy in sample.copies]

    def decoded(self, stored: bytes, size: tuple[int, int]) -> Picture:
        """Return a stored picture of (height, width) = `size` as an array; raises BadSampleError if it is none."""
        output = self.manifest.job.output
        return CODECS[output.encoding].decode(stored, size, output.channels)

    def class_name(self, label: Label) -> str:
        """Return a label in words: the name of its class, the names of its classes, numbers, or the text."""
        names = self.manifest.class_names
        if self.manifest.job.output.annotations.labels == "multilabel":
            return ", ".join(names[one] if one < len(names) else str(one) for one in classes_of(label)) or "no class"
        if isinstance(label, int):
            return names[label] if 0 <= label < len(names) else str(label)
        if label is None:
            return "no label"
        return ", ".join(f"{one:.6g}" for one in label) if isinstance(label, tuple) else str(label)


def open_dataset(location: str | Path) -> Dataset:
    """Open a finished folder.

    Raises
    ------
    SourceError
        If there is no such folder.
    UnfinishedError
        If it has no manifest.
    """
    folder = open_folder(str(location))
    if isinstance(folder.path("x"), Path) and not Path(location).is_dir():
        raise SourceError(f"there is no folder {location}", "give the folder that `ipmix augment --out` made")
    return Dataset(folder, read_manifest(folder))


def chosen_numbers(count: int, wanted: int, seed: int) -> list[int]:
    """Return `wanted` different numbers below `count`, in order, the same for the same seed."""
    order = np.random.Generator(np.random.Philox(key=seed)).permutation(count)
    return sorted(int(number) for number in order[:wanted])
