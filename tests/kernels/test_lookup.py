"""Bytes are replaced by their channel's table, in vectors or pixel by pixel."""

import numba
import numpy as np
import pytest

from ipmix_cli.kernels.compiler import entry
from ipmix_cli.kernels.lookup import apply_tables, look_up_pixels

RNG = np.random.default_rng(3)
TABLES = RNG.integers(0, 256, (3, 256), dtype=np.uint8)


@entry
def applied(source, target, frame, tables):
    apply_tables(source, target, frame, tables)


@pytest.mark.parametrize(
    "box", [(0, 0, 2, 2), (1, 0, 1, 1), (3, 5, 20, 63), (3, 5, 20, 64), (0, 1, 33, 65), (0, 0, 33, 129)]
)
def test_a_box_of_a_picture_is_looked_up_and_nothing_else_is_written(box):
    top, left, height, width = box
    picture = RNG.integers(0, 256, (33, 129, 3), dtype=np.uint8)
    found = np.full(height * width * 3 + 200, 7, np.uint8)
    applied(picture.ravel(), found, (33, 129, *box), TABLES)
    chosen = picture[top : top + height, left : left + width]
    wanted = np.stack([TABLES[c][chosen[..., c]] for c in range(3)], -1).ravel()
    assert np.array_equal(found[: wanted.size], wanted)
    assert (found[wanted.size :] == 7).all()


def test_processors_without_such_vectors_look_up_the_same_bytes():
    source, found = RNG.integers(0, 256, 300, dtype=np.uint8), np.zeros(300, np.uint8)
    numba.njit(look_up_pixels)(source, np.uintp(30), found, TABLES, np.uint8(99))
    wanted = TABLES[np.arange(99) % 3, source[30:129]]
    assert np.array_equal(found[30:129], wanted)
    assert not found[:30].any()
    assert not found[129:].any()
