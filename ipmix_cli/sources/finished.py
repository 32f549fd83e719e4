"""A finished data set of ipmix as a source: its clean pictures, with their labels and class names.

Everything that its files do not say themselves is taken from ``manifest.json``: which shards there are, in which order,
of which format, and what the classes are called. HDF5 shards and grouped tars are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.hdf5.heap import Heap
from ipmix_cli.hdf5.references import column_references
from ipmix_cli.hdf5.safety import array, explained, open_file
from ipmix_cli.record import MOST_BYTES, RecordError, decoded, json_digest, typed
from ipmix_cli.sources.annotated import Annotated
from ipmix_cli.sources.arrays import ArrayData, ArrayRows, ChainedRows, array_source, picture_layout, with_arrays
from ipmix_cli.sources.common_size import CommonSize
from ipmix_cli.sources.decoded import EncodedPictures
from ipmix_cli.sources.hdf5 import EncodedPart, label_values, named_values, rows_of
from ipmix_cli.sources.labels import TARGETS, annotated_array, check_count, label_rule
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.webdataset import open_tars
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.memory_map import mapped
from ipmix_cli.storage.regular_file import read_regular
from ipmix_cli.storage.source_digest import digest_kind, framed, source_digest

FORMAT = "ipmix"
MANIFEST = "manifest.json"
PICTURES, LABELS = "clean", "label"
SHARD_NAME = re.compile(r"[^./\\\0][^/\\\0]{0,200}")
ORIGINALS = "name the folder of the original pictures with --in"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a manifest says that decides how its data set is read."""

    format: str
    layout: str
    clean: bool
    labels: str
    split: str
    class_names: tuple[str, ...]
    shards: tuple[str, ...]


@dataclass(frozen=True)
class ShardColumns(EncodedPictures):
    """Encoded pictures of several shards, one after the other."""

    links: tuple[EncodedPart, ...]
    labels: Annotated
    start: int
    alpha: str

    def encoded(self) -> Iterator[bytes]:
        """Yield the encoded pictures, a shard at a time."""
        for link in self.links:
            yield from link.encoded()

    def cut(self, start: int, stop: int) -> ShardColumns:
        """Return the samples start..stop, with the shards that hold them."""
        links, first = [], 0
        for link in self.links:
            low, high = max(start - first, 0), min(stop - first, len(link.references))
            if low < high:
                links.append(link.cut(low, high))
            first += len(link.references)
        return replace(self, links=tuple(links), labels=self.labels[start:stop], start=start)


def open_finished(spec: SourceSpec) -> ListedSource:
    """Open the clean pictures of a finished data set.

    Raises
    ------
    SourceError
        An unfinished or damaged data set, one without clean pictures, one of another split, or one whose format
        cannot be read.
    """
    folder = Path(spec.input).absolute()
    facts = read_facts(folder)
    _check_readable(folder, facts, spec)
    spec = replace(spec, split=facts.split)
    if facts.labels == "none":
        spec = replace(spec, unlabelled=True)
    elif facts.labels in TARGETS and not spec.unlabelled:
        spec = replace(spec, labels_as=facts.labels)
    elif not spec.unlabelled and spec.labels_as == "auto":
        spec = replace(spec, labels_as="numbers")
    paths = [folder / name for name in facts.shards]
    if facts.format == "webdataset":
        source = open_tars(spec, [str(path) for path in paths], facts.class_names or None)
    else:
        source = _open_hdf5(spec, paths, facts)
    source.format = FORMAT
    return source


def read_facts(folder: Path) -> Facts:
    """Return what the manifest of a data set says of how to read it.

    Raises
    ------
    SourceError
        If there is no manifest, or one that is damaged.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise SourceError(f"{folder} holds an unfinished data set of ipmix", f"finish it, or {ORIGINALS}")
    try:
        values = decoded(read_regular(path, MOST_BYTES))
        seal = values.pop("seal")
        if seal != json_digest(values):
            raise RecordError("its content does not match its checksum")
        job, output = values["job"], values["job"]["output"]
        found = {
            "format": output["format"],
            "layout": output["layout"],
            "clean": output["clean"],
            "labels": job.get("annotations", output.get("annotations", {})).get("labels", "class"),
            "split": job["source"]["settings"].get("split") or SourceSpec.split,
            "class_names": values["class_names"],
            "shards": [shard["name"] for shard in values["shards"] if shard["samples"]],
        }
        return typed(Facts, found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        line = " ".join(str(error).split())[:200]
        raise SourceError(f"{path} is damaged, or no manifest of ipmix: {line}", "ipmix repair restores it") from error


def _check_readable(folder: Path, facts: Facts, spec: SourceSpec) -> None:
    """Refuse a data set whose clean pictures cannot be read, and options that say otherwise than its manifest."""
    if not facts.clean:
        raise SourceError(f"{folder} holds a data set that ipmix made without its clean pictures", ORIGINALS)
    if not (facts.format == "hdf5" or (facts.format == "webdataset" and facts.layout == "grouped")):
        kind = "flat tars" if facts.format == "webdataset" else facts.format
        raise SourceError(
            f"{folder} holds a data set that ipmix made as {kind}, which it does not read back: only HDF5 and grouped "
            "tars",
            ORIGINALS,
        )
    if not all(SHARD_NAME.fullmatch(name) for name in facts.shards):
        raise SourceError(f"{folder / MANIFEST} names shards outside of its folder", ORIGINALS)
    if not facts.shards:
        raise SourceError(f"{folder} holds no samples", ORIGINALS)
    if spec.split not in {facts.split, SourceSpec.split}:
        raise SourceError(f"{folder} holds the {facts.split} split, not {spec.split}", f"give --split {facts.split}")
    if spec.images_key or spec.labels_key or spec.label_field:
        raise SourceError(
            f"{folder} is a data set of ipmix, whose pictures and labels have known names",
            "leave out --images-key, --labels-key and --label-field, or name one of its shards",
        )


@dataclass(frozen=True)
class _Shard:
    """What one HDF5 shard holds: `rows` of raw pictures, or a `column` of encoded ones."""

    rows: ArrayRows | None
    column: EncodedPart | None
    labels: NDArray[Any] | None
    kept: dict[str, NDArray[Any]]


def _shard(path: Path, spec: SourceSpec) -> _Shard:
    with explained(str(path)), open_file(path) as file:
        pictures = array(file, PICTURES, str(path))
        check_count(len(pictures), str(path))
        labels = None if spec.unlabelled else label_values(file, LABELS, len(pictures), path)
        kept = {name: named_values(array(file, name, str(path)), path, f"{path}: {name}") for name in spec.keep}
        if h5py.check_vlen_dtype(pictures.dtype) != np.uint8:
            picture_layout(pictures.shape, f"{path}: {PICTURES}", pictures.dtype)
            return _Shard(rows_of(pictures, path, PICTURES), None, labels, kept)
        heap = Heap(mapped(path, str(path)), str(path))
        references = column_references(pictures, heap, f"{path}: {PICTURES}")
        no_labels = Annotated.without_labels(len(references))
        return _Shard(None, EncodedPart(str(path), references, 0, no_labels, spec.alpha), labels, kept)


def _open_hdf5(spec: SourceSpec, paths: list[Path], facts: Facts) -> ListedSource:
    """Return the clean pictures of HDF5 shards."""
    files = WatchedFiles.of(paths)
    shards = [_shard(path, spec) for path in paths]
    where, names = str(Path(spec.input).absolute()), facts.class_names or None
    found = [shard.labels for shard in shards if shard.labels is not None]
    labels = np.concatenate(found) if found else None
    kept = {name: np.concatenate([shard.kept[name] for shard in shards]) for name in spec.keep}
    rows = tuple(shard.rows for shard in shards if shard.rows is not None)
    columns = tuple(shard.column for shard in shards if shard.column is not None)
    if (rows and columns) or len({row.shape[1:] for row in rows}) > 1:
        raise SourceError(f"{where} holds shards of several kinds", "ipmix validate tells which shard is damaged")
    if rows:
        data = ArrayData(
            format=FORMAT,
            location=where,
            rows=ChainedRows(rows),
            labels=labels,
            class_names=names,
            settings={"split": spec.split},
            files=files,
            kept=kept,
        )
        return array_source(data, spec)
    rule = label_rule(spec)
    known, class_names = annotated_array(labels, where, sum(len(one.references) for one in columns), rule, names)
    whole = ShardColumns(columns, with_arrays(known, kept, where), 0, spec.alpha)
    settings = {"split": spec.split, **rule.settings(), "alpha": spec.alpha}
    return _encoded_source(whole, class_names, settings, where, files)


def _encoded_source(
    whole: ShardColumns, class_names: tuple[str, ...], settings: dict[str, Any], where: str, files: WatchedFiles
) -> ListedSource:
    kind = digest_kind(sum(Path(link.path).stat().st_size for link in whole.links))
    common = CommonSize()
    content = map(framed, common.passing(whole.encoded())) if kind == "content" else ()
    digest = source_digest({"kind": kind}, class_names, whole.labels, content)
    return ListedSource(
        format=FORMAT,
        location=where,
        class_names=class_names,
        size=common.value,
        digest=digest,
        settings={**settings, "digest": kind},
        whole=whole,
        files=files,
    )
