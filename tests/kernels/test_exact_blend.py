"""Blends in 16 bits make Pillow's bytes for every pair of them, or are known not to."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipmix_cli.kernels.compiler import entry
from ipmix_cli.kernels.exact_blend import is_exact, shares_of

BASE, VALUE = np.arange(256)[:, None], np.arange(256)[None, :]
CHANGE = VALUE - BASE


@entry
def shares(factor):
    return shares_of(factor, True)


def pillows(factor):
    """Image.blend of all pairs of bytes (libImaging/Blend.c)."""
    base = BASE.astype(np.float32)
    mixed = base + np.float32(factor) * (VALUE.astype(np.float32) - base)
    return np.clip(mixed, 0, 255).astype(np.int32)


@settings(deadline=None)
@given(factor=st.floats(0, 70) | st.integers(0, 400).map(lambda n: n / 100))
@example(0.0)
@example(1.0)
@example(63.999)
def test_shares_make_pillows_blends_or_there_are_none(factor):
    whole, rest, other = shares(factor)
    if is_exact.py_func((whole, rest, other)):
        product = CHANGE * np.where(CHANGE < 0, other, rest) >> 16
        assert np.array_equal(np.clip(BASE + CHANGE * whole + product, 0, 255), pillows(factor))
        assert -(2**15) <= min(rest, other) <= max(rest, other) < 2**15
        assert abs(255 * whole) + 255 < 2**15


@pytest.mark.parametrize("factor", [-0.1, 64.0, float("nan"), float("inf"), 1.18])
def test_factors_without_shares_are_told(factor):
    assert not is_exact.py_func(shares(factor))


def test_nearly_all_factors_have_shares():
    factors = np.random.default_rng(0).uniform(0, 2, 1000)
    assert sum(bool(is_exact.py_func(shares(factor))) for factor in factors) >= 990
