"""NPZ files of numpy arrays as a source: pictures and labels by their usual names, or by the user's."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.arrays import (
    ArrayData,
    ArrayRows,
    FileRows,
    array_source,
    choose_arrays,
    picture_layout,
)
from ipmix_cli.sources.labels import MAX_CLASSES, MAX_LABEL_BYTES, check_count
from ipmix_cli.sources.listed_source import ListedSource
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.unpack_cache import UnpackedRows, file_key
from ipmix_cli.storage.bounded import check_swelling, too_large
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.npy import MAX_HEADER, Header, header_of
from ipmix_cli.storage.regular_file import open_regular
from ipmix_cli.storage.source_digest import digest_kind

PIXELS = "pixels.raw"
CLASS_NAMES = ("class_names", "classes", "label_names")


def looks_like_npz(path: Path) -> bool:
    """Tell whether a path is a file that is called .npz."""
    return path.suffix.lower() == ".npz" and path.is_file()


def open_npz(spec: SourceSpec) -> ListedSource:
    """Open an NPZ file; pickled objects in it are never read.

    The pictures of ``np.savez`` are read from where they are; those of ``np.savez_compressed`` are unpacked
    once into the user's cache.

    Raises
    ------
    SourceError
        No such arrays, of another shape or type, or a damaged file, or one that swells without bound.
    """
    path = Path(spec.input).absolute()
    files = WatchedFiles.of([path])
    with _opened(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        images_key, labels_key = choose_arrays(members, spec, str(path))
        header = _header(archive, members[images_key], path)
        picture_layout(header.shape, f"{path}: {images_key}", header.dtype)
        if header.fortran:
            raise SourceError(f"{path}: {images_key} is in Fortran order", "store np.ascontiguousarray of it")
        rows = _rows(members[images_key], path, header)
        check_count(header.shape[0], str(path))
        if members[images_key].compress_type == zipfile.ZIP_STORED and digest_kind(header.nbytes) == "content":
            _check_crc(archive, members[images_key])  # what is unpacked is checked when it is
        labels = None if labels_key is None else _values(archive, members, labels_key, path)
        kept = {name: _values(archive, members, name, path) for name in spec.keep}
        class_names = _class_names(archive, members, path)
    data = ArrayData(
        format="npz",
        location=str(path),
        rows=rows,
        labels=labels,
        class_names=class_names,
        settings={"images_key": images_key, "labels_key": labels_key},
        files=files,
        kept=kept,
    )
    return array_source(data, spec)


def unpack_member(path: Path, folder: Path, member: str) -> None:
    """Write the raw elements of one array of an NPZ file into a folder."""
    with _opened(path) as archive:
        info = archive.getinfo(member)
        header = _header(archive, info, path)
        left = header.nbytes
        with archive.open(info) as stream, (folder / PIXELS).open("wb") as out:
            stream.read(header.size)
            while left and (piece := stream.read(min(left, 2**20))):
                out.write(piece)
                left -= len(piece)
            stream.read(1)  # the end: its checksum is compared
    if left:
        raise SourceError(f"{path}: {member} is {left} bytes too short", "make the file again")


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip file; any error in it inside the block becomes a SourceError."""
    damaged = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, KeyError)
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            yield archive
    except damaged as error:
        raise SourceError(f"{path} is damaged, or no NPZ file: {error}", "make the file again") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}", "check the file") from error


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Header:
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise SourceError(f"{path}: {info.filename} uses an unsupported compression", "use np.savez")
    check_swelling(path, info.file_size)
    with archive.open(info) as stream:
        header = header_of(stream.read(MAX_HEADER), f"{path}: {info.filename}")
    whole = info.compress_size if info.compress_type == zipfile.ZIP_STORED else info.file_size
    if header.size + header.nbytes > min(whole, info.file_size):
        raise SourceError(f"{path}: {info.filename} is shorter than its header says", "make the file again")
    return header


def _rows(info: zipfile.ZipInfo, path: Path, header: Header) -> ArrayRows:
    if info.compress_type == zipfile.ZIP_STORED:
        return FileRows(str(path), _data_offset(path, info) + header.size, header.shape)
    parts = ("npz", info.filename)
    unpack = partial(unpack_member, member=info.filename)
    return UnpackedRows(str(path), file_key(path, *parts), parts, PIXELS, header.shape, unpack)


def _check_crc(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Read a stored member through: zipfile compares its checksum at the end, and raises BadZipFile."""
    with archive.open(info) as stream:
        while stream.read(2**20):
            pass


def _data_offset(path: Path, info: zipfile.ZipInfo) -> int:
    """Return where a member's bytes begin: its own header's length may differ from the directory's."""
    with open_regular(path) as file:
        file.seek(info.header_offset)
        fixed = file.read(30)
    name, extra = struct.unpack("<HH", fixed[26:30])
    return info.header_offset + 30 + int(name) + int(extra)


def _small_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, kinds: str, limit: int) -> NDArray[Any]:
    """Return a whole array of some kinds of elements, of at most `limit` bytes."""
    header = _header(archive, info, path)
    where = f"{path}: {info.filename}"
    if header.dtype.kind not in kinds:
        raise SourceError(f"{where} holds {header.dtype}, no labels", "name the labels' array with --labels-key")
    if header.nbytes > limit:
        raise too_large(where)
    with archive.open(info) as stream:
        stream.read(header.size)
        data = stream.read(header.nbytes)
        stream.read(1)  # the end: its checksum is compared
    return np.frombuffer(data, header.dtype).reshape(header.shape)


def _values(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, path: Path) -> NDArray[Any]:
    """Return an array of labels, or of a field that is kept."""
    if name not in members:
        raise SourceError(f"{path} has no array {name!r}; it has: {', '.join(members)[:200]}", "name one of them")
    return _small_array(archive, members[name], path, "iufbUS", MAX_LABEL_BYTES)


def _class_names(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], path: Path) -> tuple[str, ...] | None:
    for name in CLASS_NAMES:
        if name in members and _header(archive, members[name], path).dtype.kind in "US":  # numbers are no names
            found = _small_array(archive, members[name], path, "US", MAX_CLASSES * 256)
            return tuple(map(str, found.astype(np.str_).ravel().tolist()))
    return None
