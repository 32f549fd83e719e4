"""WebDataset shards: a tar of samples, read by webdataset, Hugging Face datasets and wids alike.

grouped
    one sample a picture with its copies: ``KEY.clean.png KEY.aug0.png .. KEY.aug{K-1}.png KEY.cls KEY.json``
flat
    one sample for each picture: ``KEY_clean.png KEY_clean.cls KEY_clean.json KEY_0.png KEY_0.cls KEY_0.json
    ..``

The JSON of every sample has the same fields of the same types, never null: ``key``, ``index``, ``label``,
``class``, ``source_key``, ``source_index``, ``crop``, ``copies``, ``seed``, ``height``, ``width``,
``checksum`` (of the sample with all its copies, 16 hexadecimal digits; :mod:`ipmix_cli.shards.checksum`),
``kept`` (an object of the fields that are kept, if there are any),
and in the flat layout ``copy`` (-1 for the clean picture). A key has no dot, since names are cut at the first
one. Headers are USTAR without times. Labels that are no single class stand in ``label`` alone, a list of 0 and 1, a
number, or a list of numbers; text is a file ``.txt`` in place of ``.cls``, too. Without labels there is neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import Label, Value, class_of, nested
from ipmix_cli.codecs.codecs import CODECS, REMEDY
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.picture import Bytes
from ipmix_cli.shards.checksum import sample_checksum
from ipmix_cli.shards.places import CLEAN, ListedExtents, Places
from ipmix_cli.shards.sample_json import has_fields
from ipmix_cli.shards.shard import MixedLabel, ShardSample, ShardSettings, ShardView, StoredSample
from ipmix_cli.shards.soft_labels import soft_labels
from ipmix_cli.storage.memory_map import Sliceable, mapped
from ipmix_cli.storage.tar import END, Member, append, own_members

SUFFIX = ".tar"
NUMBERS = ("index", "source_index", "crop", "copies", "seed", "height", "width")
STRINGS = ("key", "source_key", "checksum")
CLASS, LABEL, KEPT = "class", "label", "kept"
SECOND_LABELS, LABEL_WEIGHTS = "second_labels", "label_weights"  # of methods that mix labels
SOFT_LABELS = "soft_labels"
NAME = re.compile(r"([A-Za-z0-9-]+)(?:_(clean|[0-9]{1,6}))?\.(?:(clean|aug[0-9]{1,6})\.)?(cls|txt|json|png|webp|jpg)")
MOST_DIGITS = 20


class TarBuilder:
    """Builds a WebDataset shard; see :class:`ipmix_cli.shards.shard.ShardBuilder`."""

    def __init__(
        self, name: str, samples: Sequence[ShardSample], settings: ShardSettings, attributes: dict[str, Any]
    ) -> None:
        self._name, self._samples, self._settings = name, samples, settings
        self._classes = [json.dumps(name) for name in attributes.get("class_names", ())]
        codec = CODECS[settings.encoding]
        assert codec.suffix, f"a tar holds picture files, not {settings.encoding} pixels"
        self._suffix = codec.suffix
        self._encode_clean, self._encode = (codec.batch_encoder(settings.quality) for _ in range(2))
        self._tar = bytearray()
        self._added = 0
        self._out = np.empty(0, np.uint8)

    def out(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return an array (n, K, H, W, 3) for the copies of samples start..stop; always the same memory."""
        shape = (stop - start, self._settings.stored_copies, *self._samples[start].picture.shape)
        needed = int(np.prod(shape))
        if self._out.size < needed:
            self._out = np.empty(needed, np.uint8)
        return self._out[:needed].reshape(shape)

    def add(self, start: int, copies: NDArray[np.uint8]) -> None:
        """Encode samples start.. with their copies; samples come in order."""
        assert start == self._added, "samples are added in order"
        samples = self._samples[start : start + len(copies)]
        encoded = self._encode(copies) if copies.size else ()
        clean: Sequence[Bytes] = ()
        if self._settings.clean:
            clean = self._encode_clean(np.stack([sample.picture for sample in samples]))
        write = self._write_grouped if self._settings.layout == "grouped" else self._write_flat
        for number, sample in enumerate(samples):
            first = number * copies.shape[1]
            write(sample, clean[number] if clean else None, encoded[first : first + copies.shape[1]])
        self._added += len(samples)

    def finish(self) -> list[tuple[str, Bytes]]:
        """Return the shard."""
        self._tar += END
        return [(self._name + SUFFIX, self._tar)]

    def _write_grouped(self, sample: ShardSample, clean: Bytes | None, copies: Sequence[Bytes]) -> None:
        key = sample.key.encode()
        if clean is not None:
            append(self._tar, b"%s.clean.%s" % (key, self._suffix.encode()), clean)
        for number, copy in enumerate(copies):
            append(self._tar, b"%s.aug%d.%s" % (key, number, self._suffix.encode()), copy)
        self._write_label(key, sample.label)
        append(self._tar, key + b".json", f"{self._facts(sample, clean, copies)}}}".encode())

    def _write_label(self, key: bytes, label: Label) -> None:
        """Write the label as a file of its own, if it is a class or text."""
        if isinstance(label, int):
            append(self._tar, key + b".cls", b"%d" % label)
        elif isinstance(label, str):
            append(self._tar, key + b".txt", label.encode("utf-8", "surrogateescape"))

    def _write_flat(self, sample: ShardSample, clean: Bytes | None, copies: Sequence[Bytes]) -> None:
        facts = self._facts(sample, clean, copies)
        pictures = list(enumerate(copies))
        for number, picture in pictures if clean is None else [(CLEAN, clean), *pictures]:
            key = f"{sample.key}_{'clean' if number == CLEAN else number}".encode()
            append(self._tar, b"%s.%s" % (key, self._suffix.encode()), picture)
            self._write_label(key, sample.label)
            append(self._tar, key + b".json", f'{facts}, "copy": {number}}}'.encode())

    def _facts(self, sample: ShardSample, clean: Bytes | None, copies: Sequence[Bytes]) -> str:
        """Return the sample's JSON without its end; json.dumps would take twenty times as long."""
        height, width = sample.picture.shape[:2]
        checksum = sample_checksum(sample, (height, width), clean, copies)
        return (
            f'{{"key": "{sample.key}", "index": {sample.index}, {self._label_facts(sample.label)}'
            f'"source_key": {json.dumps(sample.source_key)}, "source_index": {sample.source_index}, '
            f'"crop": {sample.crop}, "copies": {len(copies)}, "seed": {self._settings.seed}, '
            f'"height": {height}, "width": {width}, "checksum": "{checksum:016x}"'
            f"{_mixed_facts(sample)}{self._soft_facts(sample)}{self._kept_facts(sample)}"
        )

    def _soft_facts(self, sample: ShardSample) -> str:
        """Return what a sample's JSON says of the weights of all classes, to the nine digits that float32 has."""
        if not self._settings.soft_labels:
            return ""
        rows = soft_labels(class_of(sample.label), sample.mixed, len(self._classes)).tolist()
        texts = (", ".join(f"{weight:.9g}" for weight in row) for row in rows)
        return f', "{SOFT_LABELS}": [{", ".join(f"[{text}]" for text in texts)}]'

    def _label_facts(self, label: Label) -> str:
        """Return what a sample's JSON says of its label, with a comma after it; nothing if there is none."""
        if isinstance(label, int):
            name = self._classes[label] if 0 <= label < len(self._classes) else '""'
            return f'"label": {label}, "class": {name}, '
        return "" if label is None else f'"label": {json.dumps(label)}, '

    def _kept_facts(self, sample: ShardSample) -> str:
        """Return what a sample's JSON says of the fields that are kept; nothing if there are none."""
        fields = self._settings.annotations.fields
        if not fields:
            return ""
        values = {field.name: value for field, value in zip(fields, sample.fields, strict=True)}
        return f', "{KEPT}": {json.dumps(values)}'


def _mixed_facts(sample: ShardSample) -> str:
    """Return what a sample's JSON says of mixed labels; nothing where there are none."""
    if not sample.mixed:
        return ""
    labels, weights = zip(*sample.mixed, strict=True)
    return f', "{SECOND_LABELS}": {json.dumps(labels)}, "{LABEL_WEIGHTS}": {json.dumps(weights)}'


class TarView(ShardView):
    """A WebDataset shard that :class:`TarBuilder` built, opened for reading at any sample.

    Parameters
    ----------
    content : Path or bytes
        The file, or what is in it.
    location : str
        What errors call it.

    Raises
    ------
    SourceError
        Where it is damaged, or no such shard: every header and the order of the files are checked.
    """

    attributes: dict[str, Any]

    def __init__(self, content: Path | Bytes, location: str) -> None:
        self._location = location
        self.attributes = {}
        self._tar: Sliceable = mapped(content, location)
        entries: list[_Entry] = []
        for member in own_members(self._tar, location):
            self._index(member, entries)
        self._keys = [entry.key for entry in entries]
        self._check_entries(entries)
        first = entries[0] if entries else _Entry("", {}, [], [])
        self.copies = len(first.pictures.keys() - {CLEAN})
        self._columns = {copy: column for column, copy in enumerate(first.pictures)}
        files = [[*entry.pictures.values(), *entry.labels, *entry.facts] for entry in entries]
        self._places = np.array([[member[1:] for member in row] for row in files], np.int64)  # (N, files, 2)
        self._labels = range(len(first.pictures), len(first.pictures) + len(first.labels))
        self._jsons = range(self._labels.stop, self._labels.stop + len(first.facts))

    def _index(self, member: Member, entries: list[_Entry]) -> None:
        """Book a file under its sample, which is the last one or a new one."""
        found = NAME.fullmatch(member.name)
        if found is None:
            raise self._wrong(f"{member.name!r} is not the name of a sample's file")
        key, flat, grouped, suffix = found.groups()
        if not entries or entries[-1].key != key:
            entries.append(_Entry(key, {}, [], []))
        entry = entries[-1]
        if suffix in {"cls", "txt", "json"}:
            (entry.facts if suffix == "json" else entry.labels).append(member)
            return
        part = flat or grouped
        copy = CLEAN if part in {"clean", None} else int(part.removeprefix("aug"))
        if entry.pictures.setdefault(copy, member) is not member:
            raise self._wrong(f"{member.name!r} is there twice")

    def _check_entries(self, entries: Sequence[_Entry]) -> None:
        """Refuse samples with different files, and keys that are there twice."""
        shapes = {(*entry.pictures, len(entry.labels), len(entry.facts)) for entry in entries}
        for *copies, labels, facts in shapes:
            first = CLEAN if copies and copies[0] == CLEAN else 0
            whole = (
                copies == [*range(first, len(copies) + first)] and labels in {0, facts} and facts in {1, len(copies)}
            )
            if not whole or len(shapes) > 1:
                raise self._wrong(f"its samples have different files, or lack some: {sorted(shapes)[:3]}")
        if len(set(self._keys)) != len(self._keys):
            raise self._wrong("a key is there twice")

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self) -> Sequence[str]:
        """Return the samples' keys in order."""
        return self._keys

    def label(self, position: int) -> Label:
        """Return the label of one sample: the number of its class, in most data sets."""
        found: Label = self._facts(position, self._jsons[0])["label"]
        if not all(self._fits(position, column, found) for column in self._labels):
            raise self._rotten(position, f"its label is {str(found)[:20]!r} in its JSON, and another one beside it")
        return found

    def fields(self, position: int) -> tuple[Value, ...]:
        """Return the kept fields of one sample."""
        found: tuple[Value, ...] = self._facts(position, self._jsons[0])["fields"]
        return found

    def _fits(self, position: int, column: int, label: Label) -> bool:
        """Return whether a file of a sample's label, a number or text, holds this one."""
        text = self._read(position, column)
        if isinstance(label, str):
            return text == label.encode("utf-8", "surrogateescape")
        number = text.removeprefix(b"-").isdigit() and len(text) <= MOST_DIGITS
        return number and isinstance(label, int) and int(text) == label

    def size(self, position: int) -> tuple[int, int]:
        """Return the (height, width) of one sample's pictures."""
        facts = self._facts(position, self._jsons[0])
        return facts["height"], facts["width"]

    def stored(self, position: int, copy: int) -> Bytes:
        """Return one picture as it is stored: a copy by its number, the clean picture by -1.

        Raises
        ------
        BadSampleError
            If there is no such picture.
        """
        if copy not in self._columns:
            raise BadSampleError(f"{self._location} holds no copy {copy}", "choose a copy that the data set has")
        return self._read(position, self._columns[copy])

    def mixed(self, position: int) -> tuple[MixedLabel, ...]:
        """Return the mixed label of each copy of one sample; nothing where labels are not mixed."""
        found: tuple[MixedLabel, ...] = self._facts(position, self._jsons[0])["mixed"]
        return found

    def soft_labels(self, position: int) -> NDArray[np.float32] | None:
        """Return the weights of all classes, (K, C), of the copies of one sample; None if they are not stored."""
        rows = self._facts(position, self._jsons[0])["soft"]
        if rows is None:
            return None
        try:
            return np.array(rows, np.float32).reshape(self.copies, -1)
        except (ValueError, TypeError) as error:
            raise self._rotten(position, f"its {SOFT_LABELS} are no table of numbers: {error}") from error

    def sample(self, position: int) -> StoredSample:
        """Return one sample; raises BadSampleError where its files contradict each other."""
        facts = self._facts(position, self._jsons[0])
        beside = all(self._fits(position, column, facts["label"]) for column in self._labels)
        for column in self._jsons[1:]:
            if {**self._facts(position, column), "copy": 0} != {**facts, "copy": 0}:
                raise self._rotten(position, "its copies' JSON contradict each other")
        if not beside or facts["key"] != self._keys[position] or facts["copies"] != self.copies:
            raise self._rotten(position, "its JSON, its label and its names contradict each other")
        clean = self._read(position, self._columns[CLEAN]) if CLEAN in self._columns else None
        copies = tuple(self._read(position, self._columns[number]) for number in range(self.copies))
        names = ("key", "index", "label", "source_index", "source_key", "crop", "mixed", "fields")
        identity = {name: facts[name] for name in names}
        size = facts["height"], facts["width"]
        bare = StoredSample(**identity, clean=clean, copies=copies, size=size, checksum=0, expected=0)
        expected = sample_checksum(bare, size, clean, copies)
        return replace(bare, checksum=int(facts["checksum"], 16), expected=expected)

    def _facts(self, position: int, column: int) -> dict[str, Any]:
        """Return a sample's JSON after checking its fields."""
        try:
            facts = json.loads(self._read(position, column))
            copy = facts.pop("copy", CLEAN)
            mixed, soft = _mixed_labels(facts), facts.pop(SOFT_LABELS, None)
            label, kept = _label(facts), facts.pop(KEPT, {})
            fields = tuple(map(_checked, kept.values()))
            good = type(copy) is int and has_fields(facts, NUMBERS, STRINGS)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._rotten(position, f"its JSON is damaged: {error}") from error
        if not good:
            raise self._rotten(position, "its JSON has other fields than it should")
        return {**facts, "copy": copy, "mixed": mixed, "soft": soft, "label": label, "fields": fields}

    def _read(self, position: int, column: int) -> bytes:
        offset, size = self._places[position, column].tolist()
        return bytes(self._tar[offset : offset + size])

    def places(self) -> Places:
        """Return where the pictures lie in the file; raises BadSampleError where a sample says nothing of itself."""
        facts = [self._facts(position, self._jsons[0]) for position in range(len(self))]
        labels = [self.label(position) for position in range(len(self))]
        return Places(
            np.array([label if isinstance(label, int) else 0 for label in labels], np.int64),
            np.array([fact["index"] for fact in facts], np.int64),
            np.array([(fact["height"], fact["width"]) for fact in facts], np.int32).reshape(-1, 2),
            self._extents(),
            self.copies,
        )

    def _extents(self) -> ListedExtents:
        places = self._places.reshape(len(self), -1, 2)[:, : len(self._columns)]
        return ListedExtents(self._columns, places[..., 0].copy(), places[..., 1].copy())

    def close(self) -> None:
        """Let go of the file."""
        self._tar = b""

    def _wrong(self, what: str) -> SourceError:
        return SourceError(f"{self._location} is not a shard of ipmix: {what}", REMEDY)

    def _rotten(self, position: int, what: str) -> BadSampleError:
        return BadSampleError(f"{self._location}: sample {self._keys[position]!r}: {what}", REMEDY)


class _Entry(NamedTuple):
    """Where the files of one sample lie; in the flat layout each picture has its own label and JSON."""

    key: str
    pictures: dict[int, Member]
    labels: list[Member]
    facts: list[Member]


def tar_places(path: Path, location: str) -> Places:
    """Return where the pictures of a tar lie; raises SourceError where it is damaged, or no shard."""
    with TarView(path, location) as view:
        return view.places()


def _label(facts: dict[str, Any]) -> Label:
    """Take the label out of a sample's JSON; raises TypeError where it is damaged."""
    if CLASS in facts and (type(facts.get(LABEL)) is not int or type(facts.pop(CLASS)) is not str):
        raise TypeError("a class that is no number")
    return _checked(facts.pop(LABEL)) if LABEL in facts else None


def _checked(value: Any) -> Value:
    """Return a number, text or nested list of JSON as a value; raises TypeError for anything else."""
    found = nested(value)
    waiting: list[Any] = [found]
    while waiting:
        item = waiting.pop()
        if isinstance(item, tuple):
            waiting += item
        elif type(item) not in (int, float, str):
            raise TypeError("a value that is neither a number nor text")
    return found


def _mixed_labels(facts: dict[str, Any]) -> tuple[MixedLabel, ...]:
    """Take the mixed labels out of a sample's JSON; raises TypeError or ValueError where they are damaged."""
    if SECOND_LABELS not in facts:
        return ()
    labels, weights = facts.pop(SECOND_LABELS), facts.pop(LABEL_WEIGHTS, ())
    pairs = list(zip(labels, weights, strict=True))
    if not all(type(label) is int and type(weight) is float for label, weight in pairs):
        raise TypeError("mixed labels of other types than numbers")
    return tuple(MixedLabel(label, weight) for label, weight in pairs)
