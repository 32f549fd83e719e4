"""Plain class folders of pictures, for torchvision's ImageFolder and for eyes.

A data set is ``SPLIT/CLASS/KEY_clean.png, KEY_aug0.png ..``. The pictures lie below a folder of the split's name since
ImageFolder takes every folder beside them, hidden ones too, for a class. ImageFolder numbers classes in the order of
their names; where that is not the order of the labels, the folders' names begin with the label: ``007_NAME``.

The shard itself is a list of its pictures, one line each, as ``sha256sum`` prints them, at ``.ipmix/files/NAME.sha256``
(``sha256sum --check`` reads it in the data set's folder), after a line of JSON for each sample::

    # ipmix list 1 of 25 samples
    # {"key": "00000000", "index": 0, "label": 3, "source_index": 0, "source_key": "0", "crop": 0, "height": 32, ...}
    2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  train/cat/00000000_clean.png
    ...
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import class_of
from ipmix_cli.codecs.codecs import CODECS, REMEDY
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.picture import Bytes
from ipmix_cli.shards.beside import LISTS, folder_of
from ipmix_cli.shards.checksum import sample_checksum
from ipmix_cli.shards.places import CLEAN
from ipmix_cli.shards.sample_json import has_fields
from ipmix_cli.shards.shard import ShardSample, ShardSettings, ShardView, StoredSample
from ipmix_cli.storage.regular_file import read_regular

SUFFIX = ".sha256"
NUMBERS = ("index", "label", "source_index", "crop", "copies", "height", "width")
STRINGS = ("key", "source_key", "checksum")
LINE = re.compile(r"([0-9a-f]{64})  ([^/\0]+/[^/\0]+/([A-Za-z0-9-]+)_(clean|aug[0-9]{1,6})\.[a-z]+)")
TITLE = "# ipmix list 1 of {} samples"
MOST_LIST = 1 << 28  # bytes
MOST_PICTURE = 1 << 28  # bytes


def folder_names(class_names: Sequence[str]) -> list[str]:
    """Return a folder's name for each class, in an order that gives ImageFolder the labels of the data set.

    >>> folder_names(["cat", "dog"]), folder_names(["dog", "a/b"])
    (['cat', 'dog'], ['0_dog', '1_a-b'])
    >>> folder_names(["Cat", "cat"])
    ['0_Cat', '1_cat']
    """
    safe = [re.sub(r"[^\w .+()-]", "-", name).strip(" .")[:80] for name in class_names]
    alike = len({name.casefold() for name in safe}) < len(safe)  # one folder on file systems that ignore case
    if safe == sorted(set(safe)) and all(safe) and not alike:
        return safe
    width = len(str(len(safe) - 1))
    return [f"{label:0{width}d}_{name}" for label, name in enumerate(safe)]


class FolderBuilder:
    """Builds the pictures of a shard and their list; see :class:`ipmix_cli.shards.shard.ShardBuilder`."""

    def __init__(
        self, name: str, samples: Sequence[ShardSample], settings: ShardSettings, attributes: dict[str, Any]
    ) -> None:
        self._name, self._samples, self._settings = name, samples, settings
        self._split = name.rpartition("-")[0] or name
        self._folders = folder_names(attributes.get("class_names", ()))
        codec = CODECS[settings.encoding]
        assert codec.suffix, f"a folder holds picture files, not {settings.encoding} pixels"
        self._suffix, self._encode = codec.suffix, codec.batch_encoder(settings.quality)
        self._files: list[tuple[str, Bytes]] = []
        self._lines: list[str] = []

    def out(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return an array (n, K, H, W, 3) for the copies of samples start..stop."""
        return np.empty((stop - start, self._settings.stored_copies, *self._samples[start].picture.shape), np.uint8)

    def add(self, start: int, copies: NDArray[np.uint8]) -> None:
        """Encode samples start.. with their copies; samples come in order."""
        for sample, own in zip(self._samples[start:], copies, strict=False):
            clean = [bytes(self._encode(sample.picture)[0])] if self._settings.clean else []
            encoded = [bytes(copy) for copy in self._encode(own)] if len(own) else []
            height, width = own.shape[1:3]
            checksum = sample_checksum(sample, (height, width), clean[0] if clean else None, encoded)
            facts = {name: getattr(sample, name) for name in ("key", "index", "label", "source_index", "source_key")}
            facts |= {"crop": sample.crop, "copies": len(encoded), "height": height, "width": width}
            self._lines.append(f"# {json.dumps({**facts, 'checksum': f'{checksum:016x}'})}")
            names = [*(["clean"] if clean else []), *self._parts()]
            for part, data in zip(names, [*clean, *encoded], strict=True):
                self._add_file(sample, part, data)

    def _add_file(self, sample: ShardSample, part: str, data: bytes) -> None:
        label = class_of(sample.label)
        folder = self._folders[label] if 0 <= label < len(self._folders) else str(label)
        name = self._file_name(sample, folder, part)
        self._files.append((name, data))
        self._lines.append(f"{hashlib.sha256(data).hexdigest()}  {name}")

    def _parts(self) -> list[str]:
        """Return what each copy is called in the names of files."""
        return [f"aug{number}" for number in range(self._settings.stored_copies)]

    def _file_name(self, sample: ShardSample, folder: str, part: str) -> str:
        """Return the name of a picture's file, relative to the data set's folder."""
        return f"{self._split}/{folder}/{sample.key}_{part}.{self._suffix}"

    def finish(self) -> list[tuple[str, Bytes]]:
        """Return the pictures, and the list of them last."""
        lines = [TITLE.format(len(self._samples)), *self._lines]
        content = "".join(f"{line}\n" for line in lines).encode()
        return [*self._files, (f"{LISTS}{self._name}{SUFFIX}", content)]


@dataclass(frozen=True)
class _Entry:
    """One sample of a list: its facts, and its pictures' digests and names, by copy."""

    facts: dict[str, Any]
    pictures: dict[int, tuple[str, str]]


class FolderView(ShardView):
    """A list of pictures opened for reading, with the pictures it names.

    Parameters
    ----------
    content : Path or bytes
        The list. The pictures are looked for in the data set's folder, three levels above it; a list that is given
        as bytes has no pictures, only their facts, unless its location is a URL.
    location : str
        What errors call it.

    Raises
    ------
    SourceError
        Where it is damaged, or no such list.
    """

    attributes: dict[str, Any]

    def __init__(self, content: Path | Bytes, location: str) -> None:
        self.attributes = {}
        self._location = location
        self._folder = folder_of(content, location)
        self._entries: list[_Entry] = []
        title, *lines = _text(content, location).split("\n")
        for line in lines[:-1]:
            self._read_line(line)
        if title != TITLE.format(len(self._entries)) or lines[-1:] != [""]:
            raise self._wrong("a title that does not fit, or an end that is missing")
        self._keys: list[str] = [entry.facts["key"] for entry in self._entries]
        self.copies = self._check_entries()

    def _read_line(self, line: str) -> None:
        if line.startswith("# "):
            self._entries.append(_Entry(self._facts(line[2:]), {}))
        else:
            self._read_picture(line)

    def _read_picture(self, line: str) -> None:
        """Read the line of one picture: its digest and its name."""
        found = LINE.fullmatch(line)
        if found is None or not self._entries or ".." in found[2].split("/") or found[2].startswith("."):
            raise self._wrong(f"the line {line[:80]!r}")
        digest, name, key, part = found.groups()
        copy = CLEAN if part == "clean" else int(part.removeprefix("aug"))
        entry = self._entries[-1]
        if key != entry.facts["key"] or entry.pictures.setdefault(copy, (digest, name)) != (digest, name):
            raise self._wrong(f"{name!r} is where it does not belong")

    def _facts(self, text: str) -> dict[str, Any]:
        try:
            facts = json.loads(text)
            good = has_fields(facts, NUMBERS, STRINGS)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._wrong(f"damaged JSON: {error}") from error
        if not good:
            raise self._wrong("a sample's JSON with other fields than it should have")
        return dict(facts)

    def _check_entries(self) -> int:
        """Return K; all samples have the same pictures, and no key is there twice."""
        shapes = {tuple(entry.pictures) for entry in self._entries}
        copies = {(*range(-1, entry.facts["copies"]),) for entry in self._entries}
        if len(shapes) > 1 or not (shapes <= copies or {(CLEAN, *shape) for shape in shapes} <= copies):
            raise self._wrong("samples with different pictures, or without some")
        if len(set(self._keys)) != len(self._keys):
            raise self._wrong("a key that is there twice")
        return int(self._entries[0].facts["copies"]) if self._entries else 0

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> Sequence[str]:
        """Return the samples' keys in order."""
        return self._keys

    def files(self) -> Sequence[str]:
        """Return the names of the pictures."""
        return [name for entry in self._entries for _, name in entry.pictures.values()]

    def label(self, position: int) -> int:
        """Return the class number of one sample."""
        return int(self._entries[position].facts["label"])

    def size(self, position: int) -> tuple[int, int]:
        """Return the (height, width) of one sample's pictures."""
        facts = self._entries[position].facts
        return facts["height"], facts["width"]

    def stored(self, position: int, copy: int) -> Bytes:
        """Return one picture as it is stored: a copy by its number, the clean picture by -1.

        Raises
        ------
        BadSampleError
            If there is no such picture, or it is not the one that the list names.
        """
        digest, name = self._entries[position].pictures.get(copy, ("", ""))
        if self._folder is None or not name:
            raise BadSampleError(f"{self._location} holds no copy {copy}", "open the list in its data set's folder")
        path, place = self._folder.path(name), f"{self._folder.location}/{name}"
        try:
            if path is not None and path.is_symlink():
                raise BadSampleError(f"{path} is a link, no plain file", REMEDY)
            data = self._folder.read(name, MOST_PICTURE)
        except OSError as error:
            raise BadSampleError(f"cannot read {place}: {error.strerror or error}", REMEDY) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise BadSampleError(f"{place} is not the picture that its list names: sha256 differs", REMEDY)
        return data

    def sample(self, position: int) -> StoredSample:
        """Return one sample; raises BadSampleError where a picture is missing or another."""
        entry = self._entries[position]
        clean = bytes(self.stored(position, CLEAN)) if CLEAN in entry.pictures else None
        copies = tuple(bytes(self.stored(position, number)) for number in range(self.copies))
        facts = entry.facts
        identity = {name: facts[name] for name in ("key", "index", "label", "source_index", "source_key", "crop")}
        size = facts["height"], facts["width"]
        bare = StoredSample(**identity, clean=clean, copies=copies, size=size, checksum=0, expected=0)
        expected = sample_checksum(bare, size, clean, copies)
        return replace(bare, checksum=int(facts["checksum"], 16), expected=expected)

    def _wrong(self, what: str) -> SourceError:
        return SourceError(f"{self._location} is not a list of ipmix's pictures: {what}", REMEDY)


def _text(content: Path | Bytes, location: str) -> str:
    """Return a list's text; raises SourceError."""
    try:
        if isinstance(content, Path):
            content = read_regular(content, MOST_LIST)
        return bytes(content).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read {location}: {error}", REMEDY) from error
