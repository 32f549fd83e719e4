"""Pictures out of the shards' files, by offset and length: no shard is held open but by a plain file descriptor.

What is known of a shard (labels, sizes, offsets) stays in memory, that of the shards unused for longest goes first.
Shards whose pictures have no place of their own in a file (compressed chunks, class folders) are held open as views.
"""

from __future__ import annotations

import contextlib
import operator
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.reader.contents import Contents
from ipmix_cli.reader.places_cache import cached_places
from ipmix_cli.shards.places import CLEAN, Places
from ipmix_cli.shards.shard import ShardView
from ipmix_cli.shards.writers import WRITERS, open_shard

MOST_PLACES = 2**28  # bytes of what is known of shards, in each process
MOST_BUFFERS = 512  # of one system call: the least that POSIX systems take is 16, Linux takes 1024
NEAR = 4096  # bytes between two pictures that one read may cover

Wanted = tuple[int, list[int], NDArray[np.uint8]]
"""Position of a sample, its pictures by number, and the array (V, H, W, 3) for them."""


class Read(NamedTuple):
    """Samples as they are read: pictures (N, V, H, W, 3) in one array if they have one size, else a list of (V, ..)."""

    pictures: Any
    labels: list[int]
    indices: NDArray[np.int64]


class ShardFiles:
    """The shards of one data set, read by one process and its forked children.

    Parameters
    ----------
    contents : Contents
    path_of : callable
        Gives the local path of a shard's file by its number; fetches it there if it lies elsewhere.
    most_open : int
        Files open at once; the one unused for longest is closed first.
    """

    def __init__(self, contents: Contents, path_of: Callable[[int], Path], most_open: int) -> None:
        self._contents, self._path_of, self._most_open = contents, path_of, max(1, most_open)
        self._decode = CODECS[contents.settings.encoding].decode
        self._raw = contents.settings.encoding == "raw"
        self._places: OrderedDict[int, Places | None] = OrderedDict()
        self._places_bytes = 0
        self._descriptors: OrderedDict[int, int] = OrderedDict()
        self._views: OrderedDict[int, ShardView] = OrderedDict()
        self._process = os.getpid()

    @property
    def open_files(self) -> int:
        """How many files are open."""
        return len(self._descriptors) + len(self._views)

    def read(self, numbers: Sequence[int], chosen: NDArray[np.int64]) -> Read:
        """Return pictures of samples by the samples' numbers: `chosen` (N, V), copies by number, the clean one as -1.

        Raises
        ------
        SourceError
            If a shard is missing or damaged.
        """
        by_shard: dict[int, list[tuple[int, int]]] = {}
        for row, number in enumerate(numbers):
            shard, position = self._contents.find(number)
            by_shard.setdefault(shard, []).append((row, position))
        labels, indices = np.zeros((2, len(numbers)), np.int64)
        sizes = np.zeros((len(numbers), 2), np.int32)
        for shard, places in by_shard.items():
            rows, positions = np.array(places).T
            labels[rows], indices[rows], sizes[rows] = self._facts(shard, positions)
        views = chosen.shape[1]
        outs: Any
        if len(numbers) and (sizes == sizes[0]).all():
            outs = np.empty((len(numbers), views, *sizes[0].tolist(), 3), np.uint8)
        else:
            outs = [np.empty((views, *size, 3), np.uint8) for size in sizes.tolist()]
        copies = chosen.tolist()
        for shard, places in by_shard.items():
            self._fill(shard, [(position, copies[row], outs[row]) for row, position in places])
        return Read(outs, labels.tolist(), indices)

    def _facts(self, shard: int, positions: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """Return labels, indices and (height, width) of samples of a shard."""
        places = self.places(shard)
        if places is not None:
            return places.labels[positions], places.indices[positions], places.sizes[positions]
        view = self._view(shard)
        labels, sizes = zip(*((view.label(place), view.size(place)) for place in positions.tolist()), strict=True)
        return labels, [int(view.keys()[place]) for place in positions.tolist()], sizes

    def labels(self, shard: int) -> list[int]:
        """Return the labels of all samples of a shard."""
        places = self.places(shard)
        if places is not None:
            return [int(label) for label in places.labels]
        view = self._view(shard)
        return [view.label(position) for position in range(len(view))]

    def mixed_labels(self, numbers: Sequence[int], chosen: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
        """Return the weight of each class, (N, V, C), of the pictures `chosen` (N, V); for methods that mix labels."""
        out = np.zeros((*chosen.shape, classes), np.float32)
        for row, number in enumerate(numbers):
            shard, position = self._contents.find(number)
            view = self._view(shard)
            own, mixed = view.label(position), view.mixed(position)
            for column, copy in enumerate(chosen[row].tolist()):
                second, weight = (own, 1.0) if copy == CLEAN else mixed[copy]
                out[row, column, own] += np.float32(weight)
                out[row, column, second] += np.float32(1.0 - weight)
        return out

    def _fill(self, shard: int, wanted: Sequence[Wanted]) -> None:
        """Read pictures of one shard into the arrays given."""
        places = self.places(shard)
        if places is None:
            self._fill_from_view(shard, wanted)
            return
        at = places.extents.at
        extents = [
            (*at(position, copy), out[row]) for position, copies, out in wanted for row, copy in enumerate(copies)
        ]
        extents.sort(key=operator.itemgetter(0))
        descriptor = self._descriptor(shard)
        for run in runs(extents, 0 if self._raw else NEAR):
            (self._read_raw if self._raw else self._read_encoded)(shard, descriptor, run)

    def places(self, shard: int) -> Places | None:
        """Return where the pictures of a shard lie, or None if it has to be held open."""
        if shard in self._places:
            self._places.move_to_end(shard)
            return self._places[shard]
        path, entry = self._path_of(shard), self._contents.shards[shard]
        writer = WRITERS[self._contents.settings.format]
        places = cached_places(entry, path, writer.places)
        if places is not None:
            self._check(shard, len(places), places.copies)
            if places.extents.end() > path.stat().st_size:
                raise self._wrong(shard, "is cut off")
            self._make_room(places.nbytes)
            self._places_bytes += places.nbytes
        self._places[shard] = places
        return places

    def _make_room(self, needed: int) -> None:
        while self._places and self._places_bytes + needed > MOST_PLACES:
            gone = self._places.popitem(last=False)[1]
            self._places_bytes -= 0 if gone is None else gone.nbytes

    def _read_raw(self, shard: int, descriptor: int, run: Sequence[tuple[int, int, NDArray[np.uint8]]]) -> None:
        """Read adjacent raw pictures straight into their arrays."""
        for start in range(0, len(run), MOST_BUFFERS):
            part = run[start : start + MOST_BUFFERS]
            expected = sum(length for _, length, _ in part)
            if os.preadv(descriptor, [out.data for _, _, out in part], part[0][0]) != expected:
                raise self._wrong(shard, "is cut off")

    def _read_encoded(self, shard: int, descriptor: int, run: Sequence[tuple[int, int, NDArray[np.uint8]]]) -> None:
        start, stop = run[0][0], max(offset + length for offset, length, _ in run)
        data = memoryview(os.pread(descriptor, stop - start, start))
        if len(data) != stop - start:
            raise self._wrong(shard, "is cut off")
        for offset, length, out in run:
            try:
                out[:] = self._decode(data[offset - start : offset - start + length], (out.shape[0], out.shape[1]))
            except BadSampleError as error:
                name = self._contents.shards[shard].name
                raise BadSampleError(f"{self._contents.location}/{name}: {error.message}", error.remedy) from error

    def _fill_from_view(self, shard: int, wanted: Sequence[Wanted]) -> None:
        view = self._view(shard)
        for position, copies, out in wanted:
            for row, copy in enumerate(copies):
                out[row] = self._decode(view.stored(position, copy), (out.shape[1], out.shape[2]))

    def _descriptor(self, shard: int) -> int:
        """Return a file descriptor of a shard; forked children may use their parent's, since no read moves it."""
        if shard in self._descriptors:
            self._descriptors.move_to_end(shard)
            return self._descriptors[shard]
        self._close_some()
        path = self._path_of(shard)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._wrong(shard, f"cannot be opened: {error.strerror}") from error
        self._descriptors[shard] = descriptor
        return descriptor

    def _view(self, shard: int) -> ShardView:
        """Return a shard held open, by this very process."""
        if self._process != os.getpid():  # a forked child must not read through its parent's HDF5 handles
            self._process, self._views = os.getpid(), OrderedDict()
        if shard in self._views:
            self._views.move_to_end(shard)
            return self._views[shard]
        self._close_some()
        view = open_shard(self._contents.settings.format, self._path_of(shard))
        self._check(shard, len(view), view.copies)
        self._views[shard] = view
        return view

    def _check(self, shard: int, samples: int, copies: int) -> None:
        expected, settings = self._contents.shards[shard].samples, self._contents.settings
        if samples != expected or (expected and copies != settings.stored_copies):
            message = f"holds {samples} samples with {copies} copies, the manifest says {expected} with"
            raise self._wrong(shard, f"{message} {settings.stored_copies}")

    def _close_some(self) -> None:
        while self.open_files >= self._most_open:
            if self._descriptors:
                os.close(self._descriptors.popitem(last=False)[1])
            else:
                self._views.popitem(last=False)[1].__exit__(None, None, None)

    def close(self) -> None:
        """Close this process's files; they are opened again when they are needed."""
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])
        while self._views:
            self._views.popitem()[1].__exit__(None, None, None)

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the interpreter may be half gone
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        """Refuse to be pickled: whoever holds it makes another one."""
        raise TypeError("open files cannot be pickled")

    def _wrong(self, shard: int, what: str) -> SourceError:
        location = self._contents.location
        return SourceError(f"{location}/{self._contents.shards[shard].name} {what}", f"type: ipmix validate {location}")


def runs(
    extents: Sequence[tuple[int, int, NDArray[np.uint8]]], gap: int
) -> list[list[tuple[int, int, NDArray[np.uint8]]]]:
    """Return sorted extents (offset, length, array) in groups, each of which one read covers.

    >>> nothing = np.empty(0, np.uint8)
    >>> [len(run) for run in runs([(0, 10, nothing), (10, 10, nothing), (25, 5, nothing)], gap=0)]
    [2, 1]
    """
    found: list[list[tuple[int, int, NDArray[np.uint8]]]] = []
    end = -1
    for extent in extents:
        if found and end <= extent[0] <= end + gap:
            found[-1].append(extent)
        else:
            found.append([extent])
        end = extent[0] + extent[1]
    return found
