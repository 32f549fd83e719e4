"""Folders of pictures by corruption and severity, as readers of ImageNet-C expect them, or of frames by perturbation.

A data set is ``CORRUPTION/SEVERITY/CLASS/KEY_NAME.png``, and ``clean/CLASS/KEY_NAME.png`` where clean pictures are
stored: each ``CORRUPTION/SEVERITY`` is a folder for torchvision's ImageFolder. NAME is the picture's own in the source,
if it has one. Frames of sequences are ``PERTURBATION/CLASS/KEY_NAME/frameNN.png``: each perturbation is a folder for
ImageFolder, and each sequence a folder in place of ImageNet-P's video. The shard is a list of its pictures, as in
:mod:`ipmix_cli.shards.class_folders`; the pictures of a sample stand in it in the order of the variants.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ipmix_cli.frames import sequences_in
from ipmix_cli.shards.class_folders import FolderBuilder, FolderView
from ipmix_cli.shards.places import CLEAN
from ipmix_cli.shards.shard import ShardSample

LINE = re.compile(
    r"([0-9a-f]{64})  ((clean|[a-z0-9_]+/[A-Za-z0-9_]+)/([^/\0]+)/([A-Za-z0-9-]+)(?:_[A-Za-z0-9_-]+)?\.[a-z]+)"
)
FRAME_LINE = re.compile(
    r"([0-9a-f]{64})  (([a-z0-9_]+)/([^/\0]+)/([A-Za-z0-9-]+)(?:_[A-Za-z0-9_-]+)?/(frame[0-9]{2,})\.[a-z]+)"
)
MOST_NAME = 60  # characters of a picture's own name that are kept


def own_name(source_key: str) -> str:
    """Return a picture's own name, fit for a file's, after an underscore; nothing where the source has but numbers.

    >>> own_name("n01440764/ILSVRC2012_val_00000293.JPEG"), own_name("17")
    ('_ILSVRC2012_val_00000293', '')
    """
    stem = re.sub(r"[^A-Za-z0-9_-]", "-", PurePosixPath(source_key).stem)[:MOST_NAME]
    return f"_{stem}" if re.search("[A-Za-z]", stem) else ""


class CorruptionFolderBuilder(FolderBuilder):
    """Builds the pictures of a shard and their list; see :class:`ipmix_cli.shards.shard.ShardBuilder`."""

    def _parts(self) -> list[str]:
        variants = self._settings.variants or [f"copy{number}" for number in range(self._settings.copies)]
        return [variant.replace(".", "/") if "." in variant else f"{variant}/0" for variant in variants]

    def _file_name(self, sample: ShardSample, folder: str, part: str) -> str:
        if sequences_in(self._settings.variants) and part != "clean":
            sequence, _, frame = part.partition("/")
            return f"{sequence}/{folder}/{sample.key}{own_name(sample.source_key)}/{frame}.{self._suffix}"
        return f"{part}/{folder}/{sample.key}{own_name(sample.source_key)}.{self._suffix}"


class CorruptionFolderView(FolderView):
    """A list of pictures opened for reading; see :class:`ipmix_cli.shards.class_folders.FolderView`."""

    def _read_picture(self, line: str) -> None:
        digest, name, part, key = self._parsed(line)
        entry = self._entries[-1]
        copy = CLEAN if part == "clean" else len(entry.pictures.keys() - {CLEAN})
        first = self._entries[0].pictures.get(copy)
        if first is not None and self._parsed(f"{first[0]}  {first[1]}")[2] != part:
            raise self._wrong(f"{name!r} is where another corruption belongs")
        if key != entry.facts["key"] or entry.pictures.setdefault(copy, (digest, name)) != (digest, name):
            raise self._wrong(f"{name!r} is where it does not belong")

    def _parsed(self, line: str) -> tuple[str, str, str, str]:
        """Return the digest, the name, the part (such as ``fog/3`` or ``tilt/frame07``) and the key of a picture."""
        if (frame := FRAME_LINE.fullmatch(line)) is not None:
            digest, name, sequence, _, key, number = frame.groups()
            part = f"{sequence}/{number}"
        elif (found := LINE.fullmatch(line)) is not None:
            digest, name, part, _, key = found.groups()
        else:
            raise self._wrong(f"the line {line[:80]!r}")
        if not self._entries or ".." in name.split("/"):
            raise self._wrong(f"the line {line[:80]!r}")
        return digest, name, part, key


def class_folder(name: str) -> str:
    """Return the name of the class folder that a picture lies in.

    >>> class_folder("fog/3/cat/00000001.png"), class_folder("tilt/cat/00000001/frame07.png")
    ('cat', 'cat')
    """
    parts = PurePosixPath(name).parts
    return parts[-3] if re.fullmatch(r"frame[0-9]{2,}\.[a-z]+", parts[-1]) else parts[-2]
