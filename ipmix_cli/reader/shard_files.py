"""Pictures out of the shards' files, by offset and length: no shard is held open but by a plain file descriptor.

What is known of a shard (labels, sizes, offsets) stays in memory, that of the shards unused for longest goes first.
Shards whose pictures have no place of their own in a file (compressed chunks, class folders) are held open as views.
"""

from __future__ import annotations

import contextlib
import itertools
import operator
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import Annotation, class_of
from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.reader.contents import Contents
from ipmix_cli.reader.mapped_shards import FEWEST, MappedShards
from ipmix_cli.reader.places_cache import cached_places
from ipmix_cli.shards.places import CLEAN, Extent, Places
from ipmix_cli.shards.shard import ShardView
from ipmix_cli.shards.writers import WRITERS, open_shard

MOST_PLACES = 2**28  # bytes of what is known of shards, in each process
MOST_BUFFERS = 512  # of one system call: the least that POSIX systems take is 16, Linux takes 1024
NEAR = 4096  # bytes between two pictures that one read may cover

NOTHING = np.empty(0, np.uint8)


class Ordered(NamedTuple):
    """Samples of a batch in the order of their bytes.

    Parameters
    ----------
    rows : ndarray of int64
        The place of each in the batch.
    positions : ndarray of int64
        Its position in its shard.
    groups : list of (int, int, int)
        Each shard's number, and where its samples start and stop in this order.
    """

    rows: NDArray[np.int64]
    positions: NDArray[np.int64]
    groups: list[tuple[int, int, int]]


class Read(NamedTuple):
    """Samples as they are read: pictures (N, V, H, W, C) in one array if they have one size, else a list of (V, ..)."""

    pictures: Any
    labels: list[int]
    indices: NDArray[np.int64]
    weights: NDArray[np.float32] | None = None  # (N, V, C), of the classes, where copies of mixed samples are rendered


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
        self._ends = np.array(contents.ends, np.int64)
        self._firsts = np.array([0, *contents.ends], np.int64)
        self._decode, self._channels = CODECS[contents.settings.encoding].decode, contents.settings.channels
        self._raw = contents.settings.encoding == "raw"
        self._places: OrderedDict[int, Places | None] = OrderedDict()
        self._places_bytes = 0
        self._descriptors: OrderedDict[int, int] = OrderedDict()
        self._views: OrderedDict[int, ShardView] = OrderedDict()
        self._process = os.getpid()
        self._maps = MappedShards(self._most_open)
        self._scratch = NOTHING

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return len(self._contents)

    @property
    def open_files(self) -> int:
        """How many files are open."""
        return len(self._descriptors) + len(self._views)

    def read(self, numbers: Sequence[int], chosen: NDArray[np.int64], lasting: bool = True) -> Read:
        """Return pictures of samples by the samples' numbers: `chosen` (N, V), copies by number, the clean one as -1.

        Pictures that are not to last may lie in memory that the next read uses again.

        Raises
        ------
        SourceError
            If a shard is missing or damaged.
        """
        ordered = self._ordered(np.asarray(numbers, np.int64))
        if self._raw and len(numbers) >= FEWEST * len(ordered.groups) > 0:
            read = self._gathered(ordered, chosen, lasting)
            if read is not None:
                return read
        groups = [
            (shard, ordered.rows[start:stop], ordered.positions[start:stop]) for shard, start, stop in ordered.groups
        ]
        labels, indices = np.zeros((2, len(numbers)), np.int64)
        sizes = np.zeros((len(numbers), 2), np.int32)
        for shard, rows, positions in groups:
            labels[rows], indices[rows], sizes[rows] = self._facts(shard, positions)
        views = chosen.shape[1]
        outs: Any
        even = len(numbers) > 0 and bool((sizes == sizes[0]).all())
        if even:
            outs = self._array((len(numbers), views, *sizes[0].tolist(), self._channels), lasting)
        else:
            outs = [np.empty((views, *size, self._channels), np.uint8) for size in sizes.tolist()]
        for shard, rows, positions in groups:
            self._fill(shard, positions.tolist(), chosen[rows].tolist(), [outs[row] for row in rows.tolist()])
        return Read(outs, labels.tolist(), indices)

    def _gathered(self, ordered: Ordered, chosen: NDArray[np.int64], lasting: bool) -> Read | None:
        """Return raw pictures out of mapped shards; None if some cannot be read so, or have another size."""
        rows, positions, groups = ordered
        known = [self.places(shard) for shard, _, _ in groups]
        sizes = {None if places is None else places.size for places in known}
        size = sizes.pop()
        if sizes or size is None or not size[0] * size[1]:
            return None
        shape = (*chosen.shape, *size, self._channels)
        length = size[0] * size[1] * self._channels
        copy = int(chosen[0, 0]) if chosen.shape[1] == 1 and (chosen == chosen[0, 0]).all() else None
        facts = np.empty((2, len(rows)), np.int64)
        alone = len(groups) == 1  # all in one array then, which needs no place in another
        out = np.empty(0, np.uint8) if alone else self._array(shape, lasting)
        pictures = out if alone else out.reshape(*chosen.shape, length).view(f"V{length}")[..., 0]
        for (shard, start, stop), places in zip(groups, known, strict=True):
            assert places is not None, "it has a size"
            part, own = positions[start:stop], rows[start:stop]
            places.labels.take(part, out=facts[0, start:stop], mode="clip")
            places.indices.take(part, out=facts[1, start:stop], mode="clip")
            try:
                if copy is None:
                    offsets = places.extents.offsets_of(part, chosen[own], length)
                else:
                    offsets = places.extents.offsets_of_one(part, copy, length)
                if alone:
                    asked = np.empty_like(offsets)
                    asked[own] = offsets
                    out = self._maps.gather(shard, self._descriptor(shard), asked, length).view(np.uint8).reshape(shape)
                else:
                    pictures[own] = self._maps.gather(shard, self._descriptor(shard), offsets, length)
            except ValueError as error:
                raise self._wrong(shard, "is cut off, or damaged") from error
        as_asked = np.empty_like(facts)
        as_asked[:, rows] = facts
        return Read(out, as_asked[0].tolist(), as_asked[1])

    def read_one(self, number: int, copies: Sequence[int]) -> Read:
        """Return pictures of one sample as :meth:`read` does, without what only pays for many."""
        shard, position = self._contents.find(number)
        places = self.places(shard)
        if places is None:
            return self.read([number], np.array([copies]))
        height, width = places.sizes[position]
        out = np.empty((1, len(copies), height, width, self._channels), np.uint8)
        self._fill(shard, [position], [list(copies)], [out[0]])
        return Read(out, [int(places.labels[position])], places.indices[position : position + 1])

    def _array(self, shape: tuple[int, ...], lasting: bool) -> NDArray[np.uint8]:
        """Return an array: in memory of its own, or in memory that is used again, which the system need not clear."""
        if lasting:
            return np.empty(shape, np.uint8)
        needed = int(np.prod(shape))
        if self._scratch.size < needed:
            self._scratch = np.empty(needed, np.uint8)
        return self._scratch[:needed].reshape(shape)

    def _ordered(self, numbers: NDArray[np.int64]) -> Ordered:
        """Return samples in the order of their bytes."""
        rows = np.argsort(numbers, kind="stable")
        in_order = numbers[rows]
        shards = np.searchsorted(self._ends, in_order, side="right")
        edges = [0, *(np.flatnonzero(shards[1:] != shards[:-1]) + 1).tolist(), len(numbers)]
        groups = [(int(shards[start]), start, stop) for start, stop in itertools.pairwise(edges) if start < stop]
        return Ordered(rows, in_order - self._firsts[shards], groups)

    def _facts(self, shard: int, positions: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """Return labels, indices and (height, width) of samples of a shard."""
        places = self.places(shard)
        if places is not None:
            return places.labels[positions], places.indices[positions], places.sizes[positions]
        view = self._view(shard)
        sizes = [view.size(place) for place in positions.tolist()]
        labels = [self._class(view, place) for place in positions.tolist()]
        return labels, [int(view.keys()[place]) for place in positions.tolist()], sizes

    def labels(self, shard: int) -> list[int]:
        """Return the labels of all samples of a shard."""
        places = self.places(shard)
        if places is not None:
            return [int(label) for label in places.labels]
        view = self._view(shard)
        return [self._class(view, position) for position in range(len(view))]

    def _class(self, view: ShardView, position: int) -> int:
        """Return the class of a sample; 0 where labels are no classes, which are read as annotations."""
        return class_of(view.label(position)) if self._contents.settings.annotations.labels == "class" else 0

    def annotations(self, numbers: Iterable[int]) -> Iterator[Annotation]:
        """Yield the labels of samples, of whatever kind, and their kept fields."""
        for number in numbers:
            shard, position = self._contents.find(number)
            view = self._view(shard)
            yield Annotation(view.label(position), view.fields(position))

    def mixed_labels(self, numbers: Sequence[int], chosen: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
        """Return the weight of each class, (N, V, C), of the pictures `chosen` (N, V); for methods that mix labels."""
        out = np.zeros((*chosen.shape, classes), np.float32)
        for row, number in enumerate(numbers):
            shard, position = self._contents.find(number)
            view = self._view(shard)
            own, mixed, stored = class_of(view.label(position)), view.mixed(position), view.soft_labels(position)
            if stored is not None and stored.shape != (len(mixed), classes):
                raise self._wrong(shard, f"has soft labels of another shape, {stored.shape}")
            for column, copy in enumerate(chosen[row].tolist()):
                if stored is not None and copy != CLEAN:
                    out[row, column] = stored[copy]
                    continue
                second, weight = (own, 1.0) if copy == CLEAN else mixed[copy]
                out[row, column, own] += np.float32(weight)
                out[row, column, second] += np.float32(1.0 - weight)
        return out

    def _fill(
        self, shard: int, positions: list[int], chosen: list[list[int]], outs: Sequence[NDArray[np.uint8]]
    ) -> None:
        """Read pictures of samples of one shard, in the order of their bytes, into the arrays given."""
        places = self.places(shard)
        if places is None:
            self._fill_from_view(shard, positions, chosen, outs)
            return
        descriptor = self._descriptor(shard)
        extents = list(places.extents.each(positions, chosen, outs))
        if len(chosen[0]) > 1:
            extents.sort(key=operator.itemgetter(0))
        if self._raw:
            self._read_raw(shard, descriptor, extents)
            return
        for run in runs(extents, NEAR):
            self._read_encoded(shard, descriptor, run)

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

    def _read_raw(self, shard: int, descriptor: int, extents: Sequence[Extent]) -> None:
        """Read raw pictures straight into their arrays, adjacent ones at once."""
        start, end, buffers = 0, -1, list[memoryview]()
        for offset, length, out in (*extents, (-1, 0, NOTHING)):
            if offset != end or len(buffers) == MOST_BUFFERS:
                if buffers and os.preadv(descriptor, buffers, start) != end - start:
                    raise self._wrong(shard, "is cut off")
                start, buffers = offset, []
            buffers.append(out.data)
            end = offset + length

    def _read_encoded(self, shard: int, descriptor: int, run: Sequence[Extent]) -> None:
        start, stop = run[0][0], max(offset + length for offset, length, _ in run)
        data = memoryview(os.pread(descriptor, stop - start, start))
        if len(data) != stop - start:
            raise self._wrong(shard, "is cut off")
        for offset, length, out in run:
            try:
                encoded = data[offset - start : offset - start + length]
                out[:] = self._decode(encoded, (out.shape[0], out.shape[1]), self._channels)
            except BadSampleError as error:
                name = self._contents.shards[shard].name
                raise BadSampleError(f"{self._contents.location}/{name}: {error.message}", error.remedy) from error

    def _fill_from_view(
        self, shard: int, positions: list[int], chosen: list[list[int]], outs: Sequence[NDArray[np.uint8]]
    ) -> None:
        view = self._view(shard)
        for position, copies, out in zip(positions, chosen, outs, strict=True):
            for row, copy in enumerate(copies):
                out[row] = self._decode(view.stored(position, copy), (out.shape[1], out.shape[2]), self._channels)

    def _descriptor(self, shard: int) -> int:
        """Return a file descriptor of a shard; forked children may use their parent's, since no read moves it."""
        if shard in self._descriptors:
            self._descriptors.move_to_end(shard)
            return self._descriptors[shard]
        self._close_some()
        self._descriptors[shard] = self._opened(shard)
        return self._descriptors[shard]

    def _opened(self, shard: int) -> int:
        try:
            return os.open(self._path_of(shard), os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._wrong(shard, f"cannot be opened: {error.strerror}") from error

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
        self._maps.close()
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])
        while self._views:
            self._views.popitem()[1].__exit__(None, None, None)

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the interpreter may be half gone
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        """Refuse to be pickled: make another one in the other process."""
        raise TypeError("open files cannot be pickled")

    def _wrong(self, shard: int, what: str) -> SourceError:
        location = self._contents.location
        return SourceError(f"{location}/{self._contents.shards[shard].name} {what}", f"type: ipmix validate {location}")


def runs(extents: Sequence[Extent], gap: int) -> list[list[Extent]]:
    """Return sorted extents (offset, length, array) in groups, each of which one read covers.

    >>> nothing = np.empty(0, np.uint8)
    >>> [len(run) for run in runs([(0, 10, nothing), (10, 10, nothing), (25, 5, nothing)], gap=0)]
    [2, 1]
    """
    found: list[list[Extent]] = []
    end = -1
    for extent in extents:
        if found and end <= extent[0] <= end + gap:
            found[-1].append(extent)
        else:
            found.append([extent])
        end = extent[0] + extent[1]
    return found
