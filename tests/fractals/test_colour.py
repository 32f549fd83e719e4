"""Palettes always have light and dark and little chroma; kernels agree with slow, obvious twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fractals import colour
from fractals.randomness import RandomStream

random = np.random.default_rng(5)
PICTURE = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
OTHER = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
FIELD = random.random((40, 40), dtype=np.float32)


@given(st.integers(0, 10**6))
def test_every_palette_has_a_dark_and_a_light_stop_and_limited_chroma(seed: int) -> None:
    stops = np.array(colour.sample_palette(RandomStream(seed)))
    assert stops[0, 0] == 0
    assert stops[-1, 0] == 1
    assert (np.diff(stops[:, 0]) > 0).all()
    assert stops[:, 1].min() < 0.4
    assert stops[:, 1].max() > 0.6
    assert np.hypot(stops[:, 2], stops[:, 3]).max() <= colour.VIVID


@pytest.mark.parametrize(
    ("lab", "rgb"),
    [((1, 0, 0), (255, 255, 255)), ((0, 0, 0), (0, 0, 0)), ((0.62796, 0.22486, 0.12585), (255, 0, 0))],
)
def test_oklab_is_turned_into_srgb(lab: tuple[float, ...], rgb: tuple[int, ...]) -> None:
    table = colour.palette_table([[0.0, *lab], [1.0, *lab]])
    assert table.shape == (1024, 3)
    assert np.abs(table[500].astype(int) - rgb).max() <= 1


def test_paint_looks_the_field_up_in_the_table() -> None:
    table = colour.palette_table(colour.sample_palette(RandomStream(1)))
    assert np.array_equal(colour.paint(FIELD, table), table[(FIELD * np.float32(1023.99)).astype(int)])


def test_over_mixes_by_alpha_and_leaves_its_inputs_alone() -> None:
    before = PICTURE.copy(), OTHER.copy()
    mixed = colour.over(PICTURE, FIELD, OTHER)
    wanted = FIELD[..., None] * PICTURE + (1 - FIELD[..., None]) * OTHER
    assert np.abs(mixed - wanted).max() < 1.5
    assert np.array_equal(before, (PICTURE, OTHER))


def test_light_moves_towards_white_and_shadow_towards_black() -> None:
    bright, dark = colour.shaded(PICTURE, np.abs(FIELD)), colour.shaded(PICTURE, -np.abs(FIELD))
    assert (bright >= PICTURE).all()
    assert (dark <= PICTURE).all()
    assert np.array_equal(colour.shaded(PICTURE, np.zeros_like(FIELD)), PICTURE)
