"""READERS: every kind of source that --in takes, how it is known, and where its reader is."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ipmix_cli.codecs.decode import HIGHEST_LIMIT, pixel_limit
from ipmix_cli.errors import SourceError, UsageError, did_you_mean
from ipmix_cli.sources.chained import ChainedSource
from ipmix_cli.sources.cifar.cifar import looks_like_cifar
from ipmix_cli.sources.class_summary import START_AT_ONE, seems_to_start_at_one
from ipmix_cli.sources.compressed_tars import COMPRESSED
from ipmix_cli.sources.csv_list import CSV, JSON_LINES, looks_like_list
from ipmix_cli.sources.folders import FolderListing, holds_own_output, holds_pictures
from ipmix_cli.sources.given_classes import given_classes
from ipmix_cli.sources.idx import looks_like_idx
from ipmix_cli.sources.imagefolder import looks_like_imagefolder
from ipmix_cli.sources.label_text import readable
from ipmix_cli.sources.layouts import split_or_all
from ipmix_cli.sources.matlab import looks_like_matlab
from ipmix_cli.sources.npy_file import looks_like_npy
from ipmix_cli.sources.npz import looks_like_npz
from ipmix_cli.sources.parquet import looks_like_parquet
from ipmix_cli.sources.saved_dataset import looks_like_saved
from ipmix_cli.sources.source import Source, SourceSpec
from ipmix_cli.sources.stl10 import looks_like_stl10
from ipmix_cli.storage.download import Progress
from ipmix_cli.storage.object_store import is_remote
from ipmix_cli.storage.regular_file import open_regular

NAMED = ("cifar10", "cifar100", "demo")
"""Sources that are a name and not a path."""


@dataclass(frozen=True)
class Reader:
    """One kind of source.

    Parameters
    ----------
    description : str
        One line for the help.
    function : str
        "module:function", imported when it is used: ``function(spec) -> Source``.
    recognise : callable
        Tells from a path that exists whether it is of this kind; cheap, and never raises for odd content.
    fetches : bool
        Whether the function takes ``progress`` too, and its data set's name as an input.
    """

    description: str
    function: str
    recognise: Callable[[Path], bool]
    fetches: bool = False


REMOTE_FILES = (".tar", *COMPRESSED, *CSV, *JSON_LINES)
"""Endings of URLs that name a file, and no folder of one."""


def _never(_: Path) -> bool:
    return False


def _looks_like_hdf5(path: Path) -> bool:
    """Tell whether a file begins as HDF5 files do, or is called like one."""
    if not path.is_file():
        return False
    with contextlib.suppress(OSError), open_regular(path) as file:
        start = file.read(10)
        return start[:8] == b"\x89HDF\r\n\x1a\n" or start == b"MATLAB 7.3" or path.suffix.lower() in {".h5", ".hdf5"}
    return False


def _looks_like_webdataset(path: Path) -> bool:
    """Tell whether a path is a tar, gzipped or not, or a folder with tars and no folders of pictures."""
    if path.is_dir():
        with contextlib.suppress(SourceError, OSError):
            return any(path.glob("*.tar")) and not any(
                holds_pictures(path / name) for name in FolderListing().folders(path)
            )
        return False
    return path.name.lower().endswith((".tar", *COMPRESSED))


READERS = {  # asked in this order
    "demo": Reader("a small set of drawn shapes, made on the spot", "demo:open_demo", _never),
    "ipmix": Reader("the clean pictures of a finished data set", "finished:open_finished", holds_own_output),
    "cifar10": Reader(
        "CIFAR-10: the python or binary version, folder or .tar.gz, or fetched",
        "cifar.cifar:open_cifar",
        partial(looks_like_cifar, dataset="cifar10"),
        fetches=True,
    ),
    "cifar100": Reader(
        "CIFAR-100: the python or binary version, folder or .tar.gz, or fetched",
        "cifar.cifar:open_cifar",
        partial(looks_like_cifar, dataset="cifar100"),
        fetches=True,
    ),
    "stl10": Reader("STL-10's binary files", "stl10:open_stl10", looks_like_stl10),
    "npy": Reader("a .npy file of pictures, and one of labels beside it", "npy_file:open_npy", looks_like_npy),
    "matlab": Reader("a MATLAB file of arrays, such as SVHN's", "matlab:open_matlab", looks_like_matlab),
    "npz": Reader("an NPZ file of pictures and labels", "npz:open_npz", looks_like_npz),
    "hdf5": Reader("an HDF5 file of pictures and labels", "hdf5:open_hdf5", _looks_like_hdf5),
    "idx": Reader("MNIST's IDX files, gzipped or not", "idx:open_idx", looks_like_idx),
    "list": Reader("a list of paths and labels: CSV or JSON-lines", "csv_list:open_list", looks_like_list),
    "parquet": Reader(
        "Parquet files as Hugging Face writes them (extra: parquet)",
        "parquet:open_parquet",
        looks_like_parquet,
    ),
    "arrow": Reader(
        "a Hugging Face data set saved with save_to_disk (extra: parquet)",
        "saved_dataset:open_saved",
        looks_like_saved,
    ),
    "webdataset": Reader(
        "WebDataset tars: one, a folder of them, or NAME-{000..009}.tar",
        "webdataset:open_webdataset",
        _looks_like_webdataset,
    ),
    "imagefolder": Reader(
        "a folder of class folders of pictures", "imagefolder:open_imagefolder", looks_like_imagefolder
    ),
}


def open_source(spec: SourceSpec, progress: Progress | None = None) -> Source:
    """Open a source: of the kind that `spec.input_format` names, or that a look at it shows.

    Parameters
    ----------
    spec : SourceSpec
    progress : callable, optional
        Told (bytes so far, bytes in all) while a published archive is fetched.

    Raises
    ------
    UsageError
        For an unknown kind.
    SourceError
        If the input is missing, of no known kind, or cannot be read.
    """
    if spec.more:
        return ChainedSource([open_source(one, progress) for one in spec.chain])
    name = spec.input_format or recognised(spec)
    if name not in READERS:
        raise UsageError(
            f"there is no input format {name!r}{_meant(name, READERS)}",
            f"choose one of: {', '.join(READERS)}",
        )
    reader = READERS[name]
    module, _, function = reader.function.partition(":")
    open_it = getattr(importlib.import_module(f"ipmix_cli.sources.{module}"), function)
    most = _checked_limit(spec.max_picture_pixels)
    with pixel_limit(most):
        source: Source = open_it(spec, name, progress) if reader.fetches else open_it(spec)
    if most is not None:
        source.settings = {**source.settings, "max_picture_pixels": most}
    _check_kept(source, spec, name)
    if source.annotations.labels == "class" and seems_to_start_at_one(source.labels, source.class_names):
        source.notes = (*source.notes, f"no picture has the label 0: {START_AT_ONE}")
    return source


def _check_kept(source: Source, spec: SourceSpec, name: str) -> None:
    """Refuse what a kind of source does not have: further fields, or labels of another kind than classes."""
    spec_of = source.annotations
    if tuple(field.name for field in spec_of.fields) != spec.keep:
        raise UsageError(f"{name} has no fields that could be kept", "leave out --keep, or give a source that has them")
    if spec.labels_as in {"multilabel", "real", "text"} and spec_of.labels != spec.labels_as:
        raise UsageError(f"the labels of {name} are classes, not {spec.labels_as}", "leave out --labels-as")
    given = given_classes(spec.classes_from)
    if given is not None and tuple(map(readable, given)) != source.class_names:
        raise SourceError(
            f"{spec.input} names its own classes ({', '.join(source.class_names)[:80]}), which are not those of "
            f"--classes-from {spec.classes_from}",
            "leave out --classes-from, or let it name the same classes in the same order",
        )
    if spec.unlabelled and spec_of.labels != "none":
        raise UsageError(f"{name} always has labels", "leave out --unlabelled")


def split_or_whole(spec: SourceSpec) -> str:
    """Return the split to read of a source of which no split was asked for: test, or what has no splits as a whole.

    A training split never stands in for a test split that is missing: opening the source tells then.
    """
    path = Path(spec.input).expanduser()
    if spec.input in NAMED or not path.exists():
        return "test"
    if path.is_dir():
        return split_or_all(str(path), "test")
    try:
        open_source(dataclasses.replace(spec, split="test"))
    except SourceError as error:
        return "test" if _is_training(spec, error.message) else SourceSpec.split
    return "test"


def _is_training(spec: SourceSpec, of_test: str) -> bool:
    """Return whether what stands in a file without a test split is a training split, or nothing at all."""
    try:
        return names_training(open_source(dataclasses.replace(spec, split="train")))
    except SourceError as error:  # another error than that of the missing split is the one to be told
        return error.message.replace("train split", "test split") == of_test


def names_training(source: Source) -> bool:
    """Return whether what decided a source's samples says that they are a training split."""
    return "train" in json.dumps(source.settings)


def _checked_limit(most: int | None) -> int | None:
    if most is not None and not 1 <= most <= HIGHEST_LIMIT:
        raise UsageError(f"--max-picture-pixels {most}", f"give 1 to {HIGHEST_LIMIT}")
    return most


def recognised(spec: SourceSpec) -> str:
    """Return the name of the reader for an input.

    Raises
    ------
    SourceError
        If the input is missing, or of no known kind.
    """
    path = Path(spec.input)
    if spec.input in NAMED:  # a folder of that name is ./NAME
        return spec.input
    if re.search(r"\{.*\}|://", spec.input) and not path.exists():
        if is_remote(spec.input) and not spec.input.lower().endswith(REMOTE_FILES):
            from ipmix_cli.sources.finished import holds_finished  # and with it all formats of the output

            if holds_finished(spec.input):
                return "ipmix"
        return "list" if path.suffix.lower() in CSV + JSON_LINES else "webdataset"
    if not path.exists():
        raise _missing(spec.input)
    for name, reader in READERS.items():
        if reader.recognise(path):
            return name
    raise SourceError(
        f"{path} is of an unknown kind", f"name its kind with --input-format, one of: {', '.join(READERS)}"
    )


def _missing(given: str) -> SourceError:
    path = Path(given).absolute()
    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    meant = _meant(path.name, [*beside, *NAMED]) or (
        "" if path.parent.is_dir() else f"; nor is there a folder {path.parent}"
    )
    return SourceError(
        f"there is no file or folder {given}{meant}", f"name a path that exists, or one of: {', '.join(NAMED)}"
    )


def _meant(given: str, known: Iterable[str]) -> str:
    question = did_you_mean(given, known, 3)
    return f" ({question})" if question else ""
