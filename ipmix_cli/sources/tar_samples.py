"""The samples of one tar: which of its files belong together, which one is the picture, and what says its label.

A sample is the run of files that share a path up to the first dot of the base name, as webdataset groups them.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.folders import SYSTEM_FOLDERS
from ipmix_cli.sources.label_text import readable
from ipmix_cli.sources.picture_names import FIRST_BYTES, KNOWN, begins_as_picture, extension_of
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.storage.memory_map import Sliceable
from ipmix_cli.storage.tar import Member

LABEL_FIELD = "label"
LABEL_FILES = ("cls", "json")
FOLDER = "folder"
"""The ``--labels-key`` that takes the folder for the class."""

NEVER_PICTURES = {"cls", "json", "txt", "id", "index", "npy", "npz", "pyd", "pth", "pt", "xml", "csv", "md", "html"}
MOST_SMALL = 1 << 20  # bytes of a label or of a JSON
MOST_SHOWN = 6

Files = dict[str, Member]
"""The files of a sample by their extension in lower case: all after the first dot."""


class TarSample(NamedTuple):
    """One sample of a tar: `label` as it stands there, or None where the folder is the class."""

    key: str
    picture: Member
    label: object
    by_folder: bool = False
    fields: tuple[object, ...] = ()


@dataclass
class TarReader:
    """Reads the samples of a data set's tars, one tar after the other.

    Parameters
    ----------
    spec : SourceSpec
        `images_key` and `labels_key` name a sample's files by their extension, `label_field` a field of its JSON.
    """

    spec: SourceSpec
    passed: Counter[str] = field(default_factory=Counter)
    _several: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def samples(self, tar: Sliceable, files: Iterable[Member], location: str) -> Iterator[TarSample]:
        """Yield the samples of one tar, in its order.

        Raises
        ------
        SourceError
            Where a sample has no picture or no label, or it cannot be told which of its files they are.
        """
        runs = self._runs(files, location)
        counts = Counter(key for key, _ in runs)
        if runs:
            _OneSample(self.spec, tar, location, *runs[0]).check_no_copy()
        for key, run in runs:
            one = _OneSample(self.spec, tar, location, key, run)
            if one.is_stray():
                self.passed[extension_of(f"x.{next(iter(run))}")] += 1
                continue
            try:
                found = list(one.found())
            except SourceError as error:
                raise _apart(location, key) if counts[key] > 1 else error from error
            if len(found) > 1:
                self._note_several(location, key, tuple(sorted(run)))
            yield from found

    def _note_several(self, location: str, key: str, names: tuple[str, ...]) -> None:
        self._several[names] += 1
        if self._several[names] > 1:
            raise _which_picture(location, key, list(names))

    def _runs(self, files: Iterable[Member], location: str) -> list[tuple[str, Files]]:
        """Return (key, files by extension) for each run of files with one key."""
        runs: list[tuple[str, Files]] = []
        for member in files:
            folder, _, base = member.name.rpartition("/")
            stem, dot, extension = base.partition(".")
            if not stem or _in_system_folder(folder):
                continue
            if not dot:
                self.passed["without an extension"] += 1
                continue
            name = f"{folder}/{stem}" if folder else stem
            if not runs or runs[-1][0] != name:
                runs.append((name, {}))
            if runs[-1][1].setdefault(extension.lower(), member) is not member:
                raise SourceError(
                    f"{location} holds the file {readable(member.name)!r} twice",
                    "write the tar again, from files with different names",
                )
        return runs


OWN_FIELDS = {"key", "index", "source_key", "source_index", "crop", "copies", "seed", "checksum"}
"""What the JSON of ipmix's own samples has, in every version."""


@dataclass(frozen=True)
class _OneSample:
    spec: SourceSpec
    tar: Sliceable
    location: str
    key: str
    files: Files

    def is_stray(self) -> bool:
        """Whether this is not a sample but a single file, neither picture nor label, such as README.md."""
        return len(self.files) == 1 and not self.files.keys() & {"cls", self.spec.labels_key} and not self._pictures()

    def check_no_copy(self) -> None:
        """Refuse a sample of ipmix's own whose picture is, or could be, an augmented copy."""
        own = False
        if "json" in self.files and not any(name.startswith("clean.") for name in self.files):
            with contextlib.suppress(SourceError):  # a damaged JSON is told of where it is needed
                own = self._json().keys() >= OWN_FIELDS
        if own:
            raise SourceError(
                f"{self.location} is a shard that ipmix made, and holds copies beside clean pictures or alone",
                "name the folder or the URL of its data set, which holds the manifest.json, with --in",
            )

    def found(self) -> Iterator[TarSample]:
        """Yield the sample; in a tar of class folders, each picture whose name begins alike is one."""
        pictures = self._pictures()
        if not pictures:
            raise self._lacking("no picture", "name the picture's file with --images-key EXTENSION")
        label, by_folder = self._label(pictures)
        if by_folder and self.spec.images_key is None:
            for name in pictures:
                key = f"{self.key}.{name}".rpartition(".")[0]
                yield TarSample(key, self.files[name], None, by_folder=True, fields=self._fields())
            return
        yield TarSample(self.key, self.files[self._picture(pictures)], label, by_folder, self._fields())

    def _fields(self) -> tuple[object, ...]:
        """Return the fields that are kept: those of the sample's JSON, or whole files of text by their extension."""
        if not self.spec.keep:
            return ()
        values = self._json() if "json" in self.files else {}
        found: list[object] = []
        for name in self.spec.keep:
            if name in values:
                found.append(values[name])
            elif name.lower() in self.files and extension_of(f"x.{name.lower()}") not in KNOWN:
                found.append(self._text(name.lower()))
            else:
                told = ", ".join([*map(str, values), *self.files][: 2 * MOST_SHOWN]) or "nothing"
                raise self._lacking(f"no field {name!r} that is text or in its .json; it has: {told}", "keep others")
        return tuple(found)

    def _pictures(self) -> list[str]:
        if self.spec.images_key is not None:
            wanted = self.spec.images_key.lower().lstrip(".")
            return [wanted] if wanted in self.files else []
        found = [name for name in self.files if extension_of(f"x.{name}") in KNOWN]
        return found or [name for name in self.files if self._begins_as_picture(name)]

    def _begins_as_picture(self, name: str) -> bool:
        if name.rpartition(".")[2] in NEVER_PICTURES:
            return False
        offset = self.files[name].offset
        return begins_as_picture(bytes(self.tar[offset : offset + FIRST_BYTES]))

    def _picture(self, pictures: list[str]) -> str:
        """Return the picture that is meant: the only one, ipmix's ``clean``, or the only one without a second name."""
        clean = [name for name in pictures if name.startswith("clean.")]
        for obvious in (pictures, clean, [name for name in pictures if "." not in name]):
            if len(obvious) == 1:
                return obvious[0]
        raise _which_picture(self.location, self.key, pictures)

    def _label(self, pictures: list[str]) -> tuple[object, bool]:
        """Return the label as it stands in the sample, and whether it is the folder's name instead."""
        wanted = self.spec.labels_key
        if self.spec.unlabelled:
            return None, False
        if wanted == FOLDER:
            return None, True
        if wanted is not None:
            if wanted.lower().lstrip(".") not in self.files:
                raise self._lacking(f"no file {wanted}", "name the label's file with --labels-key EXTENSION")
            return self._text(wanted.lower().lstrip(".")), False
        if self.spec.label_field is None and "cls" in self.files:
            return self._text("cls"), False
        if "json" in self.files:
            return self._from_json(), False
        others = [name for name in self.files if name not in pictures]
        if not others and "/" in self.key.removeprefix("./"):
            return None, True
        raise self._without_label(others)

    def _without_label(self, others: list[str]) -> SourceError:
        dotted = next((name for name in others if name.endswith((".cls", ".json"))), None)
        if dotted is not None:
            return self._lacking(
                f"neither .cls nor .json, but {dotted}: a sample's name ends at its first dot",
                "write the tar again from files with no dot in their names but that of the extension",
            )
        if others:
            folder = f", or --labels-key {FOLDER} if the folder is the class" if "/" in self.key else ""
            return self._lacking(
                f"neither .cls nor .json, but {', '.join(others)[:100]}",
                f"name the file with the label: --labels-key {others[0]}{folder}",
            )
        return self._lacking("neither .cls nor .json", "write a label beside each picture, or name a list of labels")

    def _from_json(self) -> object:
        name = self.spec.label_field or LABEL_FIELD
        values = self._json()
        fields = list(values)
        if name not in fields or values[name] is None:
            told = ", ".join(map(str, fields[:MOST_SHOWN])) or "nothing"
            raise self._lacking(
                f"no label in the field {name!r} of its .json; it has: {told}", "give --label-field NAME"
            )
        return values[name]

    def _json(self) -> dict[str, Any]:
        try:
            values: Any = json.loads(self._text("json"))
        except (ValueError, RecursionError) as error:
            raise self._lacking(f"a damaged .json: {str(error)[:100]}", "write the tar again") from error
        return values if isinstance(values, dict) else {}

    def _text(self, name: str) -> str:
        member = self.files[name]
        if member.size > MOST_SMALL:
            raise self._lacking(f"a label of {member.size} bytes", "name the label's file with --labels-key EXTENSION")
        return bytes(self.tar[member.offset : member.offset + member.size]).decode("utf-8", "surrogateescape")

    def _lacking(self, what: str, remedy: str) -> SourceError:
        return SourceError(f"{self.location}: the sample {readable(self.key)!r} has {what}", remedy)


def _which_picture(location: str, key: str, pictures: list[str]) -> SourceError:
    named = ", ".join(pictures[:MOST_SHOWN])
    return SourceError(
        f"{location}: the sample {readable(key)!r} has several pictures: {named}",
        f"choose one with --images-key, such as --images-key {pictures[0]}",
    )


def _apart(location: str, key: str) -> SourceError:
    return SourceError(
        f"{location}: the files of the sample {readable(key)!r} do not follow each other",
        "write the tar again in the order of names: tar --sort=name -cf NEW.tar FOLDER",
    )


def _in_system_folder(folder: str) -> bool:
    parts = [part for part in folder.split("/") if part not in {"", ".", ".."}]
    return any(part.lower() in SYSTEM_FOLDERS or part.startswith(".") for part in parts)
