"""Streams of chance: apart for every key, within their ranges, and exact when written as JSON."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from fractals.randomness import RandomStream

KEYS = [(0,), (1,), (0, 0), (1, 0), (0, 1), (1, 1), (0, 0, 0), (2, 0), ()]


def test_every_seed_and_key_has_a_stream_of_its_own() -> None:
    streams = {tuple(RandomStream(seed, *key).word() for _ in range(4)) for seed in (0, 1, 2) for key in KEYS}
    assert len(streams) == 3 * len(KEYS)


def test_a_stream_is_the_same_every_time() -> None:
    assert [RandomStream(7, 1, 2).word() for _ in range(3)] == [RandomStream(7, 1, 2).word()] * 3


def test_the_stream_of_seed_0_never_changes() -> None:
    stream = RandomStream(0, 1, 2)
    assert [stream.word() for _ in range(2)] == [453610375768979353, 332022239484339240]


@given(st.integers(0, 2**32), st.floats(-100, 100), st.floats(0.001, 100))
def test_numbers_lie_in_their_range_and_survive_json(seed: int, low: float, width: float) -> None:
    stream = RandomStream(seed)
    number = stream.uniform(low, low + width)
    assert low - 1e-4 <= number <= low + width + 1e-4
    assert json.loads(json.dumps(number)) == number
    assert 0.01 <= stream.log_uniform(0.01, 10) <= 10
    assert 3 <= stream.integer(3, 5) <= 5
    assert 0 <= stream.seed() < 2**48


def test_choices_come_in_proportion_to_their_weights() -> None:
    stream = RandomStream(3)
    found = Counter(stream.choose("abc", (1, 2, 0)) for _ in range(3000))
    assert set(found) == {"a", "b"}
    assert 1800 < found["b"] < 2200
