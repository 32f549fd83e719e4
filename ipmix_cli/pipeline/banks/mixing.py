"""The mixing pictures of a job: opened once, resized once, shared by every worker through a memory map."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.decode import check_pixels, decode_picture, decoded_shape
from ipmix_cli.errors import BadSampleError, SourceError, UsageError, WriteError
from ipmix_cli.hdf5.safety import array, explained, open_file
from ipmix_cli.methods.mixing_set import MixingSet, covering_shape, resize_mixing
from ipmix_cli.numba_cache.user_cache import private_temporary_folder, user_cache
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.banks.bank import MOST_PICTURES, BankSettings, builtin_settings, cached_bank
from ipmix_cli.pipeline.banks.pixel_map import open_pixels, write_pixels
from ipmix_cli.pipeline.job import MixingRecord
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.sources.folders import list_pictures
from ipmix_cli.sources.image_files import read_picture_file
from ipmix_cli.storage.digest_cache import cached_sha256
from ipmix_cli.storage.file_state import WatchedFiles
from ipmix_cli.storage.source_digest import framed
from ipmix_cli.storage.temporary import machine
from ipmix_cli.transform import NATIVE

BUILTIN_SIDE = "builtin:"
BLOCK_BYTES = 2**20


class Bank(Protocol):
    """A set of mixing pictures, opened for reading."""

    location: str
    shapes: NDArray[np.int32]
    """(M, 2): height and width of every picture."""

    @property
    def digest(self) -> str:
        """The sha256 of the content; computed when it is asked for, since workers do not need it."""
        ...

    def read(self, index: int) -> Picture:
        """Return one picture at its own size."""
        ...


class ArrayBank:
    """A bank in an HDF5 file: `images` (M, S, S, 3) uint8; or the first `most` pictures of it."""

    def __init__(self, path: Path, most: int | None = None) -> None:
        self.location = str(path)
        with explained(self.location):
            self._file = open_file(path)
            self._pictures = array(self._file, "images", self.location)
        if self._pictures.ndim != 4 or self._pictures.shape[3] != 3 or self._pictures.dtype != np.uint8:
            raise SourceError(
                f"{path}: images is {self._pictures.dtype} {self._pictures.shape}, no bank of RGB pictures",
                "make a bank with `ipmix generate-fractals`",
            )
        count, height, width, _ = self._pictures.shape
        _check_bank_shape(path, count, height, width)
        count = count if most is None else min(count, most)
        self._shape = (count, height, width, 3)
        self.shapes = np.tile(np.array([[height, width]], np.int32), (count, 1))

    @functools.cached_property
    def digest(self) -> str:
        """The sha256 of the pictures alone, not of the rest of the file."""
        return cached_sha256(self._content)

    def _content(self) -> Iterator[bytes | memoryview]:
        """Yield the shape, then the pictures, about a megabyte at a time."""
        shape = self._shape
        yield str(shape).encode()
        step = max(1, BLOCK_BYTES // max(1, math.prod(shape[1:])))
        for start in range(0, shape[0], step):
            with explained(self.location):
                block = np.ascontiguousarray(self._pictures[start : min(start + step, shape[0])])
            yield block.reshape(-1).data

    def read(self, index: int) -> Picture:
        """Return one picture at its own size."""
        with explained(self.location):
            return np.ascontiguousarray(self._pictures[index])


def _check_bank_shape(path: Path, count: int, height: int, width: int) -> None:
    """Refuse a bank without pictures, and one of more or larger pictures than any machine could use.

    Raises
    ------
    SourceError
        Naming the bank.
    """
    if 0 in (count, height, width):
        raise SourceError(
            f"the bank {path} holds no pixels: images has the shape {(count, height, width, 3)}",
            "make a bank with `ipmix generate-fractals`",
        )
    check_pixels(width, height, f"the bank {path}")
    if count > MOST_PICTURES:
        raise SourceError(
            f"the bank {path} claims {count} pictures, more than {MOST_PICTURES}",
            "use a smaller bank of mixing pictures",
        )


class FolderBank:
    """A folder of pictures, in any nesting; their order is that of their names."""

    def __init__(self, path: Path) -> None:
        self.location = str(path)
        self._names = list_pictures(path)
        if not len(self._names):
            raise SourceError(f"no pictures in {path}", "name a folder of pictures, or a bank.h5")
        self.shapes = np.array([self._shape(index) for index in range(len(self._names))], np.int32)

    @functools.cached_property
    def digest(self) -> str:
        """The sha256 over the files' names and contents."""
        digest = hashlib.sha256()
        for index, name in enumerate(self._names):
            digest.update(framed(os.fsencode(name)) + framed(self._content(index)))
        return digest.hexdigest()

    def read(self, index: int) -> Picture:
        """Return one picture at its own size."""
        with self._named(index):
            return decode_picture(self._content(index))

    def _shape(self, index: int) -> tuple[int, int]:
        with self._named(index):
            return decoded_shape(self._content(index))

    def _content(self, index: int) -> bytes:
        with self._named(index):
            return read_picture_file(Path(self.location, self._names[index]))

    @contextlib.contextmanager
    def _named(self, index: int) -> Iterator[None]:
        """Let errors name the file."""
        try:
            yield
        except BadSampleError as error:
            name = Path(self.location, self._names[index])
            raise SourceError(
                f"cannot read the mixing picture {name}: {error}", "remove or replace that file, then try again"
            ) from error


@functools.lru_cache(maxsize=2)
def open_bank(location: str) -> Bank:
    """Open a bank of mixing pictures: an HDF5 file, a folder of pictures, or ``builtin:SIDE:COUNT``.

    The built-in bank for pictures of that side is made in this machine's cache if it is not there: a worker on another
    machine may be the first to need it. A larger one that is there serves as well: it begins with the same pictures.

    Raises
    ------
    SourceError
        Naming what is missing or unreadable.
    """
    if location.startswith(BUILTIN_SIDE):
        settings = builtin_of(location)
        if (path := cached_builtin(settings)) is None:
            from ipmix_cli.pipeline.banks.drawing import ensure_bank  # and with it all that draws

            for _ in ensure_bank(settings, 1):
                pass
            path = cached_builtin(settings)
        if path is None:
            raise WriteError("the built-in bank vanished from the cache", "set IPMIX_CACHE_DIR to a folder that stays")
        return ArrayBank(path, settings.count)
    path = Path(location).expanduser().absolute()
    if path.is_dir():
        return FolderBank(path)
    if path.is_file():
        return ArrayBank(path)
    raise SourceError(
        f"there is no bank of mixing pictures at {path}",
        f"make one with `ipmix generate-fractals --out {location}`, or name another one",
    )


def builtin_name(short_side: int, count: int) -> str:
    """Return how :func:`open_bank` is told the first `count` pictures of the built-in bank for this short side."""
    return f"{BUILTIN_SIDE}{short_side}:{count}"


def builtin_of(location: str) -> BankSettings:
    """Return the settings of the built-in bank that a name of :func:`builtin_name` means."""
    side, _, count = location.removeprefix(BUILTIN_SIDE).partition(":")
    return builtin_settings(int(side), int(count) if count else None)


def cached_builtin(settings: BankSettings) -> Path | None:
    """Return where a built-in bank is in the cache, by itself or as the beginning of the whole one; None if nowhere."""
    return cached_bank(builtin_settings(settings.size)) or cached_bank(settings)


def check_covers(bank: Bank, size: tuple[int, int]) -> None:
    """Refuse a bank with pictures smaller than the samples' (H, W).

    Raises
    ------
    UsageError
        Naming the smallest picture.
    """
    too_small = np.flatnonzero((bank.shapes < np.array(size)).any(axis=1))
    if len(too_small):
        height, width = bank.shapes[too_small[0]]
        need = max(size)
        raise UsageError(
            f"mixing picture {too_small[0]} of {bank.location} is {width}x{height} px, "
            f"smaller than the pictures' {size[1]}x{size[0]}",
            f"make a larger bank: ipmix generate-fractals --size {need} --out bank-{need}.h5",
        )


@dataclass(frozen=True)
class MixingHandle:
    """What a worker needs to open the mixing pictures; small, and valid on any machine that sees the bank.

    `state` is what :func:`bank_state` gave before the bank was digested; empty for one that is not watched.
    """

    location: str
    record: MixingRecord
    ratio: float
    state: str = ""


def bank_state(location: str) -> str:
    """Return a short text that tells this machine, and the state of the bank's files on it; empty for built-in ones.

    Their files lie in the cache under names made of their content, with checksums.
    """
    if location.startswith(BUILTIN_SIDE):
        return ""
    path = Path(location).expanduser().absolute()
    try:
        paths = [path / name for name in list_pictures(path)] if path.is_dir() else [path]
    except SourceError:
        paths = [path]
    return f"{machine()} {WatchedFiles.of(paths).fingerprint()}"


def check_bank(handle: MixingHandle) -> None:
    """Refuse a bank that has changed since it was digested; on another machine nothing is checked.

    Raises
    ------
    SourceError
    """
    if handle.state.startswith(f"{machine()} ") and bank_state(handle.location) != handle.state:
        raise SourceError(
            f"the bank {handle.location} changed while the job ran",
            "restore it and repeat the same command, or choose another --out for the changed bank",
        )


@functools.lru_cache(maxsize=16)
def resized_shapes(handle: MixingHandle, size: tuple[int, int]) -> NDArray[np.int32]:
    """Return (M, 2): the height and width of each mixing picture once it is resized for samples of (H, W)."""
    own, inverse = np.unique(open_bank(handle.location).shapes, axis=0, return_inverse=True)
    resized = own if handle.ratio == NATIVE else np.array([_covering(shape, size, handle.ratio) for shape in own])
    return np.ascontiguousarray(resized[inverse.reshape(-1)], np.int32)


def _covering(shape: NDArray[np.int32], size: tuple[int, int], ratio: float) -> tuple[int, int]:
    return covering_shape((int(shape[0]), int(shape[1])), size, ratio)


def mixing_subset(handle: MixingHandle, size: tuple[int, int], indices: NDArray[np.int64]) -> MixingSet:
    """Return a set in which only the given mixing pictures are filled in, resized on the spot.

    For single copies, and for pictures that are each of another size.
    """
    bank = open_bank(handle.location)
    shapes = resized_shapes(handle, size)
    offsets = np.zeros(len(shapes), np.int64)
    parts, end = [np.empty(0, np.uint8)], 0
    for index in np.unique(indices):
        picture = resize_mixing(bank.read(int(index)), (int(shapes[index, 0]), int(shapes[index, 1])))
        offsets[index] = end
        end += picture.size
        parts.append(picture.reshape(-1))
    return MixingSet(np.concatenate(parts), offsets, shapes)


@functools.lru_cache(maxsize=2)
def cached_mixing_set(handle: MixingHandle, size: tuple[int, int]) -> MixingSet:
    """Return all mixing pictures resized for samples of (H, W), as a memory map that processes share.

    The map lies in the user's cache under a name made of the bank's digest; it is made if it is not there.
    """
    shapes = resized_shapes(handle, size)
    ends = np.cumsum(shapes.astype(np.int64).prod(axis=1) * 3)
    pixels = shared_pixels(handle, size, int(ends[-1]), Listener())
    if pixels is None:  # nothing can be written: hold them in memory
        return mixing_subset(handle, size, np.arange(len(shapes)))
    return MixingSet(pixels, np.concatenate([[0], ends[:-1]]).astype(np.int64), shapes)


def prepare_mixing(handle: MixingHandle, size: tuple[int, int], listener: Listener) -> None:
    """Make the memory map that :func:`mixing_set` opens, telling a listener how far it is."""
    total = int(resized_shapes(handle, size).astype(np.int64).prod(axis=1).sum() * 3)
    shared_pixels(handle, size, total, listener)


def shared_pixels(
    handle: MixingHandle, size: tuple[int, int], total: int, listener: Listener
) -> NDArray[np.uint8] | None:
    """Return the memory map of all resized mixing pictures, made if it is not there or rotten; None without a place."""
    for path in map_paths(handle, size):
        pixels = open_pixels(path, total)
        if pixels is None:
            with contextlib.suppress(WriteError):
                write_map(handle, size, path, listener)
                pixels = open_pixels(path, total)
        if pixels is not None:
            return pixels
    return None


def map_paths(handle: MixingHandle, size: tuple[int, int]) -> Iterator[Path]:
    """Yield where the memory map may lie, the best place first."""
    name = f"{handle.record.digest[:24]}-{size[0]}x{size[1]}-{handle.ratio:.6f}.pixels"
    for root in (user_cache(), private_temporary_folder()):
        if root is not None:
            yield root / "mixing" / name


def write_map(handle: MixingHandle, size: tuple[int, int], path: Path, listener: Listener) -> None:
    """Write all mixing pictures, resized, one after the other; raises WriteError where that cannot be."""
    bank, shapes = open_bank(handle.location), resized_shapes(handle, size)
    with listener.activity("resizing the mixing pictures", len(shapes), "pictures") as advance:

        def resized() -> Iterator[NDArray[np.uint8]]:
            for index, (height, width) in enumerate(shapes):
                yield resize_mixing(bank.read(index), (int(height), int(width)))
                advance(index + 1)
            check_bank(handle)

        write_pixels(path, resized())
