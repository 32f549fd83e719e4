"""A disk-friendly shuffled order: shards in random order, samples at random among a few shards at a time.

>>> from torch.utils.data import DataLoader                                       # doctest: +SKIP
>>> sampler = ShardSampler(data, seed=0)                                          # doctest: +SKIP
>>> loader = DataLoader(data, batch_size=128, sampler=sampler, num_workers=4)     # doctest: +SKIP
>>> for epoch in range(90):                                                       # doctest: +SKIP
...     data.set_epoch(epoch)
...     sampler.set_epoch(epoch)
...     for pictures, labels in loader:
...         ...
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.printable import printable
from ipmix_cli.randomness import GOLDEN, scramble_all

UNEVEN = ("keep", "drop", "pad")
SHARDS, SAMPLES = 1, 2  # two kinds of draws, which share no numbers


class Sharded(Protocol):
    """What a sampler needs to know of a data set; a :class:`ShardDataset` has it."""

    @property
    def shard_lengths(self) -> list[int]:
        """How many samples each shard holds, in order."""
        ...


class ShardSampler:
    """Numbers of samples for a DataLoader's ``sampler=``: shards shuffled, and samples within windows of shards.

    Parameters
    ----------
    data : ShardDataset
    seed : int
        The order follows from seed and epoch alone, for any number of ranks.
    shuffle : bool
        Without it, samples come in order, each rank with one run of them.
    shards_at_once : int
        Shards among which samples are shuffled. With 16 shards of 1,000 samples, a batch of 128 holds 8 of each.
    rank, world_size : int, optional
        Which part of the samples to give, of how many; by default those of ``torch.distributed`` where it is
        initialised, else of the environment variables RANK and WORLD_SIZE, else 0 of 1.
    uneven : {"keep", "drop", "pad"}
        If the samples cannot be divided evenly: some ranks give one more; as many as are too many are left out; or the
        first ones are given twice, so that all ranks give equally many.

    Raises
    ------
    UsageError
        For a rank that is not one of the world, and a window of no shard.

    Notes
    -----
    Within an epoch, :meth:`state_dict` says how far the order has been handed out, and :meth:`load_state_dict` goes on
    from there. A DataLoader asks for batches before they are trained on: say how many samples were, as
    ``state_dict(consumed=batches * batch_size)``, or use torchdata's StatefulDataLoader, which counts by itself.
    """

    def __init__(  # noqa: PLR0913 -- as many arguments as there are choices
        self,
        data: Sharded,
        *,
        seed: int = 0,
        shuffle: bool = True,
        shards_at_once: int = 16,
        rank: int | None = None,
        world_size: int | None = None,
        uneven: str = "keep",
    ) -> None:
        check_name("way to meet uneven ranks", uneven, UNEVEN)
        self._lengths = np.array(data.shard_lengths, np.int64)
        own_rank, own_world = _own_rank()
        self._rank = own_rank if rank is None else rank
        self._world = own_world if world_size is None else world_size
        if not 0 <= self._rank < self._world:
            raise UsageError(f"there is no rank {self._rank} of {self._world}", "give rank=0 .. world_size - 1")
        if shards_at_once < 1:
            raise UsageError(f"a window of {shards_at_once} shards", "give shards_at_once=1 or more")
        self._seed, self._shuffle, self._window, self._uneven = seed, shuffle, shards_at_once, uneven
        self._epoch, self._start, self._given = 0, 0, 0

    def __len__(self) -> int:
        """Return how many samples this rank gives in an epoch."""
        first, stop = self._part()
        return stop - first

    def _part(self) -> tuple[int, int]:
        """Return the places of this rank's samples in the order of the epoch."""
        total = int(self._lengths.sum())
        if self._uneven == "keep":
            return total * self._rank // self._world, total * (self._rank + 1) // self._world
        each = total // self._world if self._uneven == "drop" else -(-total // self._world)
        return self._rank * each, (self._rank + 1) * each

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; each epoch has another order; raises UsageError for a number that none can have."""
        if not 0 <= epoch < 2**63:
            raise UsageError(f"there is no epoch {epoch}", "give a whole number from 0 on")
        if epoch != self._epoch:
            self._epoch, self._start, self._given = epoch, 0, 0

    def __iter__(self) -> Iterator[int]:
        order, start = self.order(), self._start
        self._start, self._given = 0, start
        return self._counted(order[start:].tolist())

    def _counted(self, numbers: list[int]) -> Iterator[int]:
        for number in numbers:
            self._given += 1
            yield number

    def order(self) -> NDArray[np.int64]:
        """Return the numbers of this rank's samples in this epoch, in order."""
        total, (first, stop) = int(self._lengths.sum()), self._part()
        places = np.arange(first, stop) % max(total, 1)
        if not self._shuffle or not total:
            return places
        shards = np.argsort(self._hashes(SHARDS, len(self._lengths)), kind="stable")
        ends = np.cumsum(self._lengths[shards])
        slots = np.searchsorted(ends, places, side="right")
        starts = np.concatenate([[0], np.cumsum(self._lengths)])[shards]
        numbers = starts[slots] + places - (ends - self._lengths[shards])[slots]
        windows = (slots - slots[0]) % len(shards) // self._window if len(slots) else slots
        return numbers[np.lexsort((self._hashes(SAMPLES, total)[numbers], windows))]

    def _hashes(self, kind: int, count: int) -> NDArray[np.uint64]:
        """Return 64 random bits for each of the first numbers, of this seed and epoch."""
        state: NDArray[np.uint64] = np.zeros(count, np.uint64)
        words = (self._seed & (2**64 - 1), self._epoch, kind)
        for word in words:
            state = scramble_all(state + np.uint64(word) + np.uint64(GOLDEN))
        numbers: NDArray[np.uint64] = np.arange(count, dtype=np.uint64)
        return scramble_all(state + numbers + np.uint64(GOLDEN))

    def state_dict(self, consumed: int | None = None) -> dict[str, Any]:
        """Return how far the epoch is: by what was handed out, or by the samples that were trained on."""
        given = self._given or self._start
        return {"seed": self._seed, "epoch": self._epoch, "given": given if consumed is None else consumed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state: the next iterator begins there.

        Raises
        ------
        UsageError
            For a state of another order, and for what is no state of a sampler.
        """
        seed, epoch, given = (_whole(state, name) for name in ("seed", "epoch", "given"))
        if seed != self._seed or not 0 <= given <= len(self):
            raise UsageError(
                f"the state is of seed {seed} after {given} samples; this sampler has seed "
                f"{self._seed} and {len(self)} samples",
                "make the sampler as it was made for the state: the same seed, rank, world and data set",
            )
        self.set_epoch(epoch)
        self._start, self._given = given, 0


def _whole(state: Any, name: str) -> int:
    """Return a number of a state, which may come from a damaged checkpoint; raises UsageError if it is none."""
    value = state.get(name) if isinstance(state, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise UsageError(
            f"the state of the sampler has no whole number {name}: {printable(repr(value))[:60]}",
            "give what state_dict() returned",
        )
    return int(value)


def _own_rank() -> tuple[int, int]:
    """Return the rank of this process and the size of its world, if they are known."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_rank()), int(distributed.get_world_size())
    rank, world = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    return (int(rank), int(world)) if rank.isdigit() and world.isdigit() else (0, 1)
