"""CIFAR's .tar.gz archives, read through without extracting a file."""

from __future__ import annotations

import gzip
import json
import tarfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, cast

import numpy as np

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.arrays import ArrayData
from ipmix_cli.sources.cifar.batches import (
    MAX_BATCH_BYTES,
    VARIANTS,
    read_batch,
    read_class_names,
    variant_of,
)
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.unpack_cache import UnpackedRows, file_key, unpacked_folder
from ipmix_cli.storage.bounded import BoundedStream, read_file, too_large
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.regular_file import open_regular

MAX_ARCHIVE_BYTES = 256 * 2**20
"""Decompressed; the published archives have 186 MB at most."""

MAX_MEMBERS = 1000
"""The published archives have ten; a header of an empty file takes more memory than room in a tar."""

PIXELS, ABOUT = "pixels.raw", "about.json"


def looks_like_cifar_archive(path: Path, dataset: str) -> bool:
    """Tell whether a file is a gzipped tar that begins like one of a CIFAR data set's."""
    try:
        if not path.is_file():
            return False
        with open_regular(path) as file, gzip.open(file) as stream, _tar(stream, str(path)) as tar:
            member = tar.next()
            names = {variant.folder for variant in VARIANTS if variant.dataset == dataset}
            return member is not None and bool(names & set(Path(member.name).parts))
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, SourceError):
        return False


def archive_data(archive: Path, split: str, dataset: str) -> ArrayData:
    """Return a split of an archive; its pixels are unpacked into the user's cache, once.

    Raises
    ------
    SourceError
        Where the archive is cut short or damaged, swells without bound, or lacks a file.
    """
    files = WatchedFiles.of([archive])
    parts = ("cifar", split, dataset)
    key = file_key(archive, *parts)
    unpack = partial(unpack_split, split=split, dataset=dataset)
    folder = unpacked_folder(key, lambda fresh: unpack(archive, fresh))
    about = json.loads(read_file(folder / ABOUT, MAX_BATCH_BYTES))
    labels = np.array(about["labels"], dtype=np.int64)
    return ArrayData(
        format=about["dataset"],
        location=str(archive),
        rows=UnpackedRows(str(archive), key, parts, PIXELS, (len(labels), 3, 32, 32), unpack),
        labels=labels,
        class_names=tuple(about["class_names"]),
        keys=Names.of(about["keys"]),
        files=files,
    )


def unpack_split(archive: Path, folder: Path, split: str, dataset: str) -> None:
    """Write a split's pixels, labels and class names into a folder."""
    files = dict(_members(archive, split))
    variant = variant_of({Path(name).name for name in files})
    if variant is None or variant.dataset != dataset:
        raise SourceError(f"{archive} holds no {dataset}", "name the archive as it was published")
    where = {name: f"{archive}: {name}" for name in (variant.meta, *variant.batches(split))}
    for name in where:
        if name not in files:
            raise SourceError(f"{archive} is incomplete: {name} is missing in it", "fetch it again")
    labels: list[int] = []
    keys: list[str] = []
    with (folder / PIXELS).open("wb") as out:
        for name in variant.batches(split):
            batch = read_batch(files.pop(name), variant, where[name])
            out.write(batch.pixels.tobytes())
            labels += batch.labels.tolist()
            keys += batch_keys(name, len(batch.labels))
    class_names = read_class_names(files[variant.meta], variant, where[variant.meta])
    about = {"dataset": dataset, "labels": labels, "keys": keys, "class_names": class_names}
    (folder / ABOUT).write_text(json.dumps(about))


def batch_keys(name: str, count: int) -> list[str]:
    """Return the names of a file's pictures: the same in all versions of the data set.

    >>> batch_keys("data_batch_1.bin", 2)
    ['data_batch_1/0', 'data_batch_1/1']
    """
    stem = name.removesuffix(".bin")
    return [f"{stem}/{row}" for row in range(count)]


def _members(archive: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Yield (base name, content) of the plain files of a split; everything else is ignored."""
    wanted = {name for variant in VARIANTS for name in (*variant.batches(split), variant.meta)}
    try:
        with open_regular(archive) as file, gzip.open(file) as stream, _tar(stream, str(archive)) as tar:
            for number, member in enumerate(tar):
                if number > MAX_MEMBERS:
                    raise too_large(str(archive))
                name = Path(member.name).name
                if name in wanted and member.type in {tarfile.REGTYPE, tarfile.AREGTYPE}:
                    content = tar.extractfile(member)
                    yield name, content.read(MAX_ARCHIVE_BYTES) if content else b""
            _check_end(stream, archive)
    except (EOFError, OSError, zlib.error, tarfile.TarError, ValueError) as error:
        raise SourceError(f"{archive} is cut short or damaged: {error}", "delete it and fetch it again") from error


def _check_end(stream: gzip.GzipFile, archive: Path) -> None:
    """Read on to the checksum at the end of a gzip file."""
    while stream.read(2**20):
        if stream.tell() > MAX_ARCHIVE_BYTES:
            raise too_large(str(archive))


def _tar(stream: gzip.GzipFile, where: str) -> tarfile.TarFile:
    bounded = BoundedStream(cast(IO[bytes], stream), where, MAX_ARCHIVE_BYTES)
    return tarfile.open(fileobj=cast(IO[bytes], bounded), mode="r:")
