"""Systems have the singular values of Anderson and Farrell, and the chaos game agrees with a slow twin."""

from __future__ import annotations

import numpy as np

from fractals import ifs
from fractals.randomness import RandomStream

MASK = 2**64 - 1


def test_singular_values_are_contractive_and_add_up_to_the_rich_range() -> None:
    for seed in range(200):
        maps = np.array(ifs.sample(RandomStream(seed))["maps"])
        values = np.linalg.svd(maps[:, :4].reshape(-1, 2, 2), compute_uv=False)
        assert values.max() <= 1 + 1e-6
        assert (len(maps) + 5) / 2 - 1e-4 <= (values[:, 0] + 2 * values[:, 1]).sum() <= (len(maps) + 6) / 2 + 1e-4


def mixed(word: int) -> int:
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB & MASK
    return word ^ (word >> 31)


def test_the_chaos_game_visits_what_a_slow_game_visits() -> None:
    params = ifs.sample(RandomStream(12))
    maps = np.array(params["maps"])
    choice = ifs.choices(np.abs(maps[:, 0] * maps[:, 3] - maps[:, 1] * maps[:, 2]))
    grid = np.zeros((32, 32), np.uint32)
    view = np.array([-3.0, -3.0, 3.0, 3.0])
    trace = ifs.chaos_game(maps, choice, 77, view, 2000, grid)
    walkers, state, word, slow = [(0.0, 0.0), (0.5, 0.5)], 77, 0, []
    for step in range(-24, 1000):
        if step % 4 == 0:
            state = (state + 0x9E3779B97F4A7C15) & MASK
            word = mixed(state)
        for number, (x, y) in enumerate(walkers):
            a = maps[choice[word >> (8 * number) & 255]]
            walkers[number] = (a[0] * x + a[1] * y + a[4], a[2] * x + a[3] * y + a[5])
            if step >= 0:
                slow.append(walkers[number])
        word >>= 16
    assert np.array_equal(trace, np.array(slow))
    columns, rows = ((np.array(slow) + 3) * 32 / 6).astype(int).T
    counts = np.zeros((32, 32), int)
    np.add.at(counts, (rows, columns), 1)
    assert np.array_equal(grid >> 10, counts)
