"""The order of samples that is kind to disks: each sample once, over ranks and workers, and resumable."""

from __future__ import annotations

from itertools import chain
from typing import ClassVar

import numpy as np
import pytest

from ipmix_cli.errors import UsageError
from ipmix_cli.reader.shard_sampler import ShardSampler


class Lengths:
    shard_lengths: ClassVar[list[int]] = [7, 5, 0, 11, 3, 8, 6]


TOTAL = sum(Lengths.shard_lengths)


def of_ranks(world: int, **options: object) -> list[list[int]]:
    return [list(ShardSampler(Lengths(), rank=rank, world_size=world, **options)) for rank in range(world)]


@pytest.mark.parametrize("world", [1, 2, 3, 7, 41])
@pytest.mark.parametrize("shuffle", [True, False])
def test_ranks_together_give_each_sample_once(world: int, shuffle: bool) -> None:
    parts = of_ranks(world, shuffle=shuffle, shards_at_once=2)
    assert sorted(chain(*parts)) == list(range(TOTAL))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("world", [1, 3, 7])
def test_ranks_are_of_one_length_on_request(world: int) -> None:
    dropped, padded = of_ranks(world, uneven="drop"), of_ranks(world, uneven="pad")
    assert {len(part) for part in dropped} == {TOTAL // world}
    assert {len(part) for part in padded} == {-(-TOTAL // world)}
    assert len(set(chain(*dropped))) == TOTAL // world * world
    assert set(chain(*padded)) == set(range(TOTAL))


def test_an_epoch_has_its_own_order_and_always_the_same_one() -> None:
    sampler = ShardSampler(Lengths(), seed=3)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    sampler.set_epoch(0)
    assert list(sampler) == first
    assert sorted(second) == sorted(first) == list(range(TOTAL))
    assert second != first
    assert list(ShardSampler(Lengths(), seed=4)) != first


def test_few_shards_are_read_at_a_time() -> None:
    ends = np.cumsum(Lengths.shard_lengths)
    order = np.array(list(ShardSampler(Lengths(), shards_at_once=2)))
    shards = np.searchsorted(ends, order, side="right")
    last = {shard: np.flatnonzero(shards == shard)[-1] for shard in set(shards.tolist())}
    first = {shard: np.flatnonzero(shards == shard)[0] for shard in set(shards.tolist())}
    for place in range(TOTAL):
        assert sum(first[shard] <= place <= last[shard] for shard in first) <= 2


@pytest.mark.parametrize("stop", [0, 1, 17, TOTAL - 1])
def test_it_goes_on_in_the_middle_of_an_epoch(stop: int) -> None:
    sampler = ShardSampler(Lengths(), seed=5)
    sampler.set_epoch(9)
    whole = list(sampler)
    numbers = iter(sampler)
    begun = [next(numbers) for _ in range(stop)]
    other = ShardSampler(Lengths(), seed=5)
    other.load_state_dict(sampler.state_dict())
    assert begun + list(other) == whole
    assert list(other) == whole  # the next pass is a whole one
    third = ShardSampler(Lengths(), seed=5)
    third.load_state_dict(sampler.state_dict(consumed=stop // 2))
    assert list(third) == whole[stop // 2 :]


def test_a_state_of_another_order_is_refused() -> None:
    state = ShardSampler(Lengths(), seed=5).state_dict()
    with pytest.raises(UsageError, match="seed 5"):
        ShardSampler(Lengths(), seed=6).load_state_dict(state)


@pytest.mark.parametrize("options", [{"rank": 2, "world_size": 2}, {"shards_at_once": 0}, {"uneven": "even"}])
def test_what_makes_no_sense_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        ShardSampler(Lengths(), **options)


def test_the_rank_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert list(ShardSampler(Lengths())) == of_ranks(2)[1]


def test_loader_workers_see_each_sample_once() -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    sampler = ShardSampler(Lengths(), shards_at_once=3)
    loader = torch_data.DataLoader(list(range(TOTAL)), batch_size=6, sampler=sampler)
    assert len(loader) == -(-TOTAL // 6)
    assert sorted(int(number) for batch in loader for number in batch) == list(range(TOTAL))


def test_a_state_at_the_end_of_an_epoch_has_no_samples_left() -> None:
    sampler = ShardSampler(Lengths(), seed=5)
    sampler.load_state_dict(sampler.state_dict(consumed=TOTAL))
    assert list(sampler) == []
    with pytest.raises(UsageError):
        sampler.load_state_dict(sampler.state_dict(consumed=TOTAL + 1))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": None},
        {"given": "3"},
        {"given": 1.5},
        {"epoch": -1},
        {"epoch": 2**64},
        {"epoch": [0]},
        {"seed": True},
        {"given": -1},
        {"given": float("nan")},
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(change):
    sampler = ShardSampler(Lengths(), seed=1)
    order = list(sampler)
    state = sampler.state_dict(3)
    for damaged in (state | change, {}, None, [state]):
        with pytest.raises(UsageError):
            sampler.load_state_dict(damaged)
    assert list(sampler) == order
