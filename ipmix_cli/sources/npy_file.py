"""A ``.npy`` file of pictures as a source, with its labels in another one beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.array_names import choose_arrays
from ipmix_cli.sources.arrays import ArrayData, FileRows, array_source, picture_layout
from ipmix_cli.sources.labels import MAX_LABEL_BYTES, check_count
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.storage.bounded import too_large
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.npy import MAX_HEADER, Header, header_of
from ipmix_cli.storage.regular_file import open_regular

MOST_FILES = 1000


def looks_like_npy(path: Path) -> bool:
    """Tell whether a path is a .npy file, or a folder with a pair of them that has usual names."""
    if path.is_file():
        return path.suffix.lower() == ".npy"
    return path.is_dir() and any((path / f"{name}.npy").is_file() for name in ("x_train", "X_train", "train_images"))


def open_npy(spec: SourceSpec) -> ListedSource:
    """Open a .npy file of pictures, or a folder with ``x_train.npy`` and ``y_train.npy`` and the like.

    The labels' file is found by the usual pairs of names (``x_train`` and ``y_train``; ``images`` and ``labels``), or
    is ``labels.npy`` beside any other, or named with ``--labels-key``.

    Raises
    ------
    SourceError
        No labels' file, arrays of another shape or type, pickled objects, or a file that is too short.
    """
    given = Path(spec.input).absolute()
    folder = given if given.is_dir() else given.parent
    stems = [path.stem for path in sorted(folder.glob("*.npy"))[:MOST_FILES]]
    images, labels = _pair(given, stems, spec)
    place = folder / f"{images}.npy"
    names = [name for name in (labels, *spec.keep) if name is not None]
    files = WatchedFiles.of([place, *(folder / f"{name}.npy" for name in names)])
    header = _header(place)
    picture_layout(header.shape, str(place), header.dtype)
    if header.fortran:
        raise SourceError(f"{place} is in Fortran order", "store np.ascontiguousarray of it")
    check_count(header.shape[0], str(place))
    data = ArrayData(
        format="npy",
        location=str(given),
        rows=FileRows(str(place), header.size, header.shape),
        labels=None if labels is None else _small(folder / f"{labels}.npy"),
        settings={"images_key": images, "labels_key": labels},
        files=files,
        kept={name: _small(folder / f"{name}.npy") for name in spec.keep},
    )
    return array_source(data, spec)


def _pair(given: Path, stems: list[str], spec: SourceSpec) -> tuple[str, str | None]:
    """Return the names of the pictures' and the labels' file, without their extension."""
    if given.is_dir():
        return choose_arrays(stems, spec, str(given))
    if spec.unlabelled:
        return given.stem, None
    if spec.labels_key is not None:
        wanted = spec.labels_key.removesuffix(".npy")
        if wanted not in stems:
            raise SourceError(f"there is no {given.parent / wanted}.npy", "name a .npy file in the pictures' folder")
        return given.stem, wanted
    named = [given.stem.replace(*pair) for pair in (("images", "labels"), ("x_", "y_"), ("X_", "y_"), ("_x", "_y"))]
    for name in (*named, "labels"):
        if name in stems and name != given.stem:
            return given.stem, name
    raise SourceError(
        f"there is no file of labels beside {given}, such as labels.npy",
        "name it with --labels-key NAME, or give --unlabelled",
    )


def _header(path: Path) -> Header:
    try:
        with open_regular(path) as file:
            header = header_of(file.read(MAX_HEADER), str(path))
            file.seek(0, 2)
            length = file.tell()
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}", "check the file") from error
    header.check_fits(length, str(path))
    return header


def _small(path: Path) -> NDArray[Any]:
    """Return a whole array of numbers or text."""
    header = _header(path)
    if header.dtype.kind not in "iufbUS":
        raise SourceError(f"{path} holds {header.dtype}, no labels", "name another file")
    if header.nbytes > MAX_LABEL_BYTES:
        raise too_large(str(path))
    with open_regular(path) as file:
        file.seek(header.size)
        data = file.read(header.nbytes)
    values = np.frombuffer(data, header.dtype, header.nbytes // max(header.dtype.itemsize, 1))
    found: NDArray[Any] = values.reshape(header.shape[::-1]).T if header.fortran else values.reshape(header.shape)
    return found
