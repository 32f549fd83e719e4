"""What training reads with: the pictures of a data set by number, as numpy arrays, from any format of shards.

>>> from torch.utils.data import DataLoader                                       # doctest: +SKIP
>>> data = ShardDataset("shards", view="triplet", seed=0)                         # doctest: +SKIP
>>> for epoch in range(90):                                                       # doctest: +SKIP
...     data.set_epoch(epoch)
...     for pictures, labels in DataLoader(data, batch_size=128, shuffle=True, num_workers=4):
...         ...

torch is not imported here: a ShardDataset is a sequence, which is all that a DataLoader asks for.
"""

from __future__ import annotations

import bisect
import json
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import accumulate
from multiprocessing.context import get_spawning_popen
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import SourceError, UsageError, check_name
from ipmix_cli.shards.shard import ShardSettings, ShardView
from ipmix_cli.shards.writers import WRITERS, open_shard
from ipmix_cli.storage.folder import LocalFolder

VIEWS = ("random", "fixed", "all", "clean", "triplet")
CLEAN = -1
MASK = 2**64 - 1
MOST_OPEN = 256  # a process may have 1024 files open, and the trainer needs some


class ShardDataset:
    """The samples of a finished data set, as (pictures, label).

    Parameters
    ----------
    folder : str or Path
        A data set that `ipmix augment` finished, on a local or network file system.
    view : {"random", "fixed", "all", "clean", "triplet"}
        What of a sample is read: one copy, another one in each epoch; the copy number `copy`; all copies; the clean
        picture; or the clean picture and two different copies, which the consistency loss needs.
    copy : int
        Of the view "fixed".
    seed : int
        Which copies "random" and "triplet" choose: they follow from seed, epoch and the sample's number alone.
    transform : callable, optional
        Gets the pictures of one sample, in one array: what it draws (a crop, a flip) it applies to all views alike.
        Must be picklable for workers that are not forked.
    most_open : int
        Shards open at once in each process; the one unused for longest is closed first.

    Raises
    ------
    SourceError
        Where there is no finished data set, or a shard is damaged (when it is first read).
    UsageError
        Where the data set does not hold what the view needs.

    Notes
    -----
    ``data[i]`` is ``(pictures, label)``: uint8 RGB (H, W, 3), for "all" (K, H, W, 3) and for "triplet" (3, H, W, 3), in
    memory of its own; label is an int. Call :meth:`set_epoch` before the loader's iterator is made; workers of any
    start method hear of it, those that persist over epochs too. Shards are opened by each process when it first reads
    them; a pickled ShardDataset has none open.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        view: str = "random",
        copy: int = 0,
        seed: int = 0,
        transform: Callable[[NDArray[np.uint8]], Any] | None = None,
        most_open: int = MOST_OPEN,
    ) -> None:
        check_name("view", view, VIEWS)
        self._folder = LocalFolder(folder)
        self._view, self._copy, self._seed, self._transform = view, copy, seed, transform
        self._most_open = max(1, most_open)
        self._read_manifest()
        self._check_view()
        self._epoch = RawValue("Q", 0)
        self._process = 0
        self._open: OrderedDict[int, ShardView] = OrderedDict()

    def _read_manifest(self) -> None:
        location = self._folder.location
        try:
            manifest = json.loads(self._folder.read("manifest.json"))
            output = manifest["job"]["output"]
            self.settings = ShardSettings(**output)
            self.class_names = tuple(map(str, manifest["class_names"]))
            self._names = [str(shard["name"]) for shard in manifest["shards"]]
            counts = [int(shard["samples"]) for shard in manifest["shards"]]
            good = self.settings.format in WRITERS and self.settings.encoding in CODECS and min(counts, default=0) >= 0
        except FileNotFoundError as error:
            raise SourceError(
                f"{location} has no manifest.json: it is no finished data set",
                f"finish it by typing its `ipmix augment` command again; `ipmix status {location}` tells more",
            ) from error
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise SourceError(
                f"{location}: manifest.json is damaged: {error}", f"type: ipmix validate {location}"
            ) from error
        if not good:
            raise SourceError(f"{location}: manifest.json is damaged", f"type: ipmix validate {location}")
        self._ends = list(accumulate(counts))

    def _check_view(self) -> None:
        if self._view in {"clean", "triplet"} and not self.settings.clean:
            raise UsageError(
                f"{self._folder.location} holds no clean pictures, which the view {self._view!r} needs",
                "make it again without --no-clean, or choose another view",
            )
        if self._view == "fixed" and not 0 <= self._copy < self.settings.copies:
            raise UsageError(
                f"there is no copy {self._copy}: {self._folder.location} holds {self.settings.copies} copies",
                f"choose a copy from 0 to {self.settings.copies - 1}",
            )

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int) -> tuple[Any, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        number = bisect.bisect_right(self._ends, index)
        shard = self._shard(number)
        position = index - (self._ends[number - 1] if number else 0)
        size = shard.size(position)
        decode = CODECS[self.settings.encoding].decode
        copies = self._copies(index)
        pictures = [decode(shard.stored(position, copy), size) for copy in copies]
        chosen = np.stack(pictures) if self._view in {"all", "triplet"} else pictures[0]
        return (chosen if self._transform is None else self._transform(chosen)), shard.label(position)

    def __iter__(self) -> Iterator[tuple[Any, int]]:
        return (self[index] for index in range(len(self)))

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, 0 .. 2**63 - 1: another one draws other copies, the same one the same copies."""
        self._epoch.value = epoch

    def close(self) -> None:
        """Close this process's shards; they are opened again when they are needed."""
        while self._open:
            self._open.popitem()[1].__exit__(None, None, None)

    def _copies(self, index: int) -> tuple[int, ...]:
        """Return which pictures of a sample its view shows, in this epoch."""
        count = self.settings.copies
        if self._view == "clean":
            return (CLEAN,)
        if self._view == "fixed":
            return (self._copy,)
        if self._view == "all":
            return tuple(range(count))
        chance = mixed(self._seed, self._epoch.value, index)
        first = (chance >> 32) * count >> 32
        if self._view == "random":
            return (first,)
        step = 1 + ((chance & 0xFFFFFFFF) * (count - 1) >> 32)
        return CLEAN, first, (first + step) % count

    def _shard(self, number: int) -> ShardView:
        """Return a shard, opened by this very process."""
        if self._process != os.getpid():  # a forked child must not read through its parent's handles
            self._process = os.getpid()
            self._open = OrderedDict()
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        if len(self._open) >= self._most_open:
            self._open.popitem(last=False)[1].__exit__(None, None, None)
        path = self._folder.path(self._names[number])
        shard = open_shard(self.settings.format, path)
        expected = self._ends[number] - (self._ends[number - 1] if number else 0)
        if len(shard) != expected or (expected and shard.copies != self.settings.copies):
            raise SourceError(
                f"{path} holds {len(shard)} samples with {shard.copies} copies, the manifest says {expected} with "
                f"{self.settings.copies}",
                f"type: ipmix validate {self._folder.location}",
            )
        self._open[number] = shard
        return shard

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "_open": OrderedDict(), "_process": 0}
        if get_spawning_popen() is None:  # shared memory goes only to a child that is being started
            state["_epoch"] = self._epoch.value
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if isinstance(self._epoch, int):
            self._epoch = RawValue("Q", self._epoch)


def mixed(seed: int, epoch: int, index: int) -> int:
    """Return 64 bits that follow from three numbers: splitmix64's finaliser after each (Steele et al., 2014).

    >>> mixed(0, 0, 0) != mixed(0, 1, 0) != mixed(0, 0, 1)
    True
    """
    state = 0
    for number in (seed, epoch, index):
        state = (state + number + 0x9E3779B97F4A7C15) & MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & MASK
        state ^= state >> 31
    return state
