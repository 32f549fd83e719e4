"""CIFAR-10 and CIFAR-100 as a source: a name to look up (and fetch), a folder, or the archive it came in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from ipmix_cli.errors import SourceError
from ipmix_cli.numba_cache.user_cache import tell_damaged, user_cache
from ipmix_cli.sources.arrays import ArrayData, ArrayRows, ChainedRows, FileRows, array_source
from ipmix_cli.sources.cifar.archive import archive_data, batch_keys, looks_like_cifar_archive
from ipmix_cli.sources.cifar.batches import (
    MAX_BATCH_BYTES,
    VARIANTS,
    CifarBatch,
    Variant,
    read_batch,
    read_class_names,
    variant_of,
)
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.name_table import Names
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.unpack_cache import UnpackedRows, file_key
from ipmix_cli.storage.bounded import read_file
from ipmix_cli.storage.download import PUBLISHED, Progress, download, is_as_published
from ipmix_cli.storage.file_state import WatchedFiles

SPLITS = ("train", "test")


def looks_like_cifar(path: Path, dataset: str) -> bool:
    """Tell whether a path is an extracted folder, or an archive, of a CIFAR data set."""
    if path.is_dir():
        return dataset in {variant.dataset for _, variant in _folders_in(path)}
    if path.name in _archive_names(dataset):
        return True
    return path.name.endswith(".tar.gz") and looks_like_cifar_archive(path, dataset)


def open_cifar(spec: SourceSpec, dataset: str, progress: Progress | None = None) -> ListedSource:
    """Open ``cifar10`` or ``cifar100``.

    Parameters
    ----------
    spec : SourceSpec
        `input` is the data set's name, looked for below `data_dir` (default: the user's cache) and downloaded
        to it when absent, or the path of an extracted folder or of an archive.
    dataset : {"cifar10", "cifar100"}
    progress : callable, optional
        Told (bytes so far, bytes in all) during a download.

    Raises
    ------
    SourceError
        Missing and not to be fetched, incomplete, damaged, or refused.
    """
    if spec.split not in SPLITS:
        raise SourceError(f"{dataset} has no {spec.split} split, only train and test", "choose another --split")
    place = _place(spec, dataset, progress)
    if place.is_dir():
        folder, variant = next(found for found in _folders_in(place) if found[1].dataset == dataset)
        data = _folder_data(folder, variant, spec.split)
    else:
        data = archive_data(place, spec.split, dataset)
    return array_source(dataclasses.replace(data, settings={"split": spec.split}), spec)


def default_data_dir() -> Path:
    """Return where named data sets are kept when no --data-dir is given: in the user's cache."""
    return user_cache() / "data"


def _place(spec: SourceSpec, dataset: str, progress: Progress | None) -> Path:
    """Return the folder or the archive of a data set: the given one, the one found, or the one downloaded."""
    if spec.input != dataset:
        given = Path(spec.input).absolute()
        if not looks_like_cifar(given, dataset):
            raise SourceError(f"{given} holds no {dataset}", f"name its folder or its archive, or type --in {dataset}")
        return given
    return _found(spec, dataset) or download(PUBLISHED[dataset], _data_dir(spec), progress)


def must_be_downloaded(spec: SourceSpec) -> bool:
    """Tell whether a source is a published data set that is not on this machine."""
    named = spec.input in PUBLISHED and spec.input_format in (None, spec.input)
    return named and _found(spec, spec.input) is None


def _data_dir(spec: SourceSpec) -> Path:
    return Path(spec.data_dir).absolute() if spec.data_dir else default_data_dir()


def _found(spec: SourceSpec, dataset: str) -> Path | None:
    """Return the folder or the archive of a named data set; None if it is neither below `data_dir` nor in the cache."""
    data_dir = _data_dir(spec)
    if looks_like_cifar(data_dir, dataset):
        return data_dir
    for name in _archive_names(dataset):
        if (data_dir / name).is_file():
            if spec.data_dir or name != PUBLISHED[dataset].name or is_as_published(data_dir / name, PUBLISHED[dataset]):
                return data_dir / name
            tell_damaged(data_dir / name)
    return None


def _archive_names(dataset: str) -> list[str]:
    kinds = {"cifar10": "cifar-10", "cifar100": "cifar-100"}
    return [f"{kinds[dataset]}-{version}.tar.gz" for version in ("python", "binary")]


def _folders_in(path: Path) -> Iterator[tuple[Path, Variant]]:
    """Yield the extracted folders that a path is, or holds under their published names."""
    for folder in (path, *(path / variant.folder for variant in VARIANTS)):
        if folder.is_dir():
            variant = variant_of({entry.name for entry in folder.iterdir()})
            if variant:
                yield folder, variant


def _folder_data(folder: Path, variant: Variant, split: str) -> ArrayData:
    meta = folder / variant.meta
    files = WatchedFiles.of([meta, *(folder / name for name in variant.batches(split))])
    class_names = read_class_names(read_file(meta, MAX_BATCH_BYTES), variant, str(meta))
    rows: list[ArrayRows] = []
    labels = []
    keys: list[str] = []
    for name in variant.batches(split):
        data = read_file(folder / name, MAX_BATCH_BYTES)
        batch = read_batch(data, variant, str(folder / name))
        rows.append(_batch_rows(folder / name, data, batch, variant))
        labels.append(batch.labels)
        keys += batch_keys(name, len(batch.labels))
    return ArrayData(
        format=variant.dataset,
        location=str(folder),
        rows=ChainedRows(tuple(rows)),
        labels=np.concatenate(labels),
        class_names=class_names,
        keys=Names.of(keys),
        files=files,
    )


def _batch_rows(path: Path, data: bytes, batch: CifarBatch, variant: Variant) -> ArrayRows:
    """Return where a batch's pixels are, so that a part reads its own and no others."""
    if variant.label_bytes:
        return FileRows(str(path), 0, batch.pixels.shape, variant.label_bytes)
    offset = batch.pixels.ctypes.data - np.frombuffer(data, np.uint8).ctypes.data
    if 0 <= offset <= len(data) - batch.pixels.nbytes and batch.pixels.flags.c_contiguous:
        return FileRows(str(path), offset, batch.pixels.shape)
    parts = ("cifar-batch", variant.folder)
    unpack = partial(unpack_batch, variant=variant)
    return UnpackedRows(str(path), file_key(path, *parts), parts, "pixels.raw", batch.pixels.shape, unpack)


def unpack_batch(path: Path, folder: Path, variant: Variant) -> None:
    """Write the pixels of a file that holds them in another form than their plain bytes."""
    batch = read_batch(read_file(path, MAX_BATCH_BYTES), variant, str(path))
    (folder / "pixels.raw").write_bytes(batch.pixels.tobytes())
