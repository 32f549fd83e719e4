"""The output formats: how a shard of each is built, opened and called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipmix_cli.picture import Bytes
from ipmix_cli.shards import cifar, corruption_folders, hdf5_view, mds, npy, webdataset
from ipmix_cli.shards import class_folders as classfolders
from ipmix_cli.shards import hdf5_builder as hdf5
from ipmix_cli.shards.beside import LISTS
from ipmix_cli.shards.hdf5_places import hdf5_places
from ipmix_cli.shards.parquet import builder as parquet
from ipmix_cli.shards.parquet import view as parquet_view
from ipmix_cli.shards.places import Places
from ipmix_cli.shards.shard import ShardBuilder, ShardSample, ShardSettings, ShardView
from ipmix_cli.shards.small_files import Finished
from ipmix_cli.storage.folder import Folder


@dataclass(frozen=True)
class Writer:
    """One output format.

    Parameters
    ----------
    file_name : str or callable
        The shard's file in the data set's folder, with ``{name}`` for the name of the shard; or what returns it.
    builder : callable
        ``builder(name, samples, settings, attributes) -> ShardBuilder``.
    view : callable
        ``view(path or bytes, location) -> ShardView``; location is what errors call it.
    places : callable
        ``places(path, location) -> Places``: where pictures lie in a local file, or None if they cannot be read so.
    raw, encoded : bool
        Whether it can hold arrays of raw pictures, and encoded ones.
    one_file : bool
        Whether a shard is one file with all its pictures, or a list of other files.
    plans : bool
        Whether copies may be left out, to be rendered when they are read.
    mixed : bool
        Whether a sample can have a second label for each copy.
    soft_labels : bool
        Whether it can have the weights of all classes for each copy.
    grey : bool
        Whether pictures can have one channel.
    size : (int, int), optional
        The (height, width) that all pictures must have.
    batches : callable, optional
        Returns how many shards a split has where nobody says; by default that follows from their bytes.
    small_files : callable
        Returns the small files that stand beside the shards once all are there, content by name.
    annotations : bool
        Whether it holds labels of every kind and kept fields, and not only one class a sample.
    most_dimensions : int
        Of the values of a kept field.
    assemble : callable, optional
        ``assemble(folder, shards)``: makes files of all shards, given by their names, once every one is there.
    """

    file_name: str | Callable[[str], str]
    builder: Callable[[str, Sequence[ShardSample], ShardSettings, dict[str, Any]], ShardBuilder]
    view: Callable[[Path | Bytes, str], ShardView]
    places: Callable[[Path, str], Places | None] = lambda _path, _location: None
    raw: bool = False
    encoded: bool = True
    one_file: bool = True
    plans: bool = True
    mixed: bool = False
    soft_labels: bool = False
    grey: bool = True
    size: tuple[int, int] | None = None
    batches: Callable[[str], int] | None = None
    small_files: Callable[[Finished], dict[str, bytes]] = lambda _finished: {}
    annotations: bool = False
    most_dimensions: int = 32
    assemble: Callable[[Folder, Sequence[str]], None] | None = None

    def shard_name(self, name: str) -> str:
        """Return the name of the shard's file, relative to the data set's folder."""
        return self.file_name.format(name=name) if isinstance(self.file_name, str) else self.file_name(name)


WRITERS: dict[str, Writer] = {
    "hdf5": Writer(
        "{name}" + hdf5.SUFFIX,
        hdf5.builder,
        hdf5_view.HDF5View,
        hdf5_places,
        raw=True,
        mixed=True,
        soft_labels=True,
        annotations=True,
    ),
    "webdataset": Writer(
        "{name}" + webdataset.SUFFIX,
        webdataset.TarBuilder,
        webdataset.TarView,
        webdataset.tar_places,
        mixed=True,
        soft_labels=True,
        annotations=True,
    ),
    "parquet": Writer(
        "{name}" + parquet.SUFFIX,
        parquet.ParquetBuilder,
        parquet_view.ParquetView,
        parquet_view.parquet_places,
        mixed=True,
        soft_labels=True,
        annotations=True,
        most_dimensions=1,
    ),
    "mds": Writer(
        "{name}" + mds.SUFFIX,
        mds.MdsBuilder,
        mds.MdsView,
        mds.mds_places,
        raw=True,
        mixed=True,
        soft_labels=True,
        annotations=True,
        small_files=mds.mds_index,
    ),
    "cifar": Writer(
        cifar.batch_name,
        cifar.CifarBuilder,
        cifar.CifarView,
        raw=True,
        encoded=False,
        plans=False,
        grey=False,
        size=(cifar.SIDE, cifar.SIDE),
        batches=cifar.batches_of,
        small_files=cifar.cifar_meta,
    ),
    "files": Writer(
        LISTS + "{name}" + classfolders.SUFFIX,
        classfolders.FolderBuilder,
        classfolders.FolderView,
        one_file=False,
    ),
    "folders": Writer(
        LISTS + "{name}" + classfolders.SUFFIX,
        corruption_folders.CorruptionFolderBuilder,
        corruption_folders.CorruptionFolderView,
        one_file=False,
        plans=False,
    ),
    "npy": Writer(
        LISTS + "{name}" + npy.SUFFIX,
        npy.NpyBuilder,
        npy.NpyView,
        raw=True,
        encoded=False,
        one_file=False,
        plans=False,
        grey=False,
        assemble=npy.assemble_arrays,
    ),
}


def open_shard(format_name: str, content: Path | Bytes, location: str = "") -> ShardView:
    """Open a shard, from its file or from its bytes, as a context manager.

    Raises
    ------
    SourceError
        Where it is damaged, or of another format.
    """
    named = str(content) if isinstance(content, Path) else "a shard in memory"
    return WRITERS[format_name].view(content, location or named)
