"""Shears in 16 bits make the floors of exact arithmetic."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ipmix_cli.kernels.exact_shear import UNITS, denominators, factor_for

CHANGES = np.arange(-255, 256)


def floors(part):
    """Floors of change * part, in fractions."""
    exact = Fraction(part)
    return np.array([change * exact.numerator // exact.denominator for change in CHANGES.tolist()])


@given(part=st.floats(0, 1, exclude_max=True))
def test_a_factor_makes_the_same_floors_as_its_part(part):
    factor = factor_for.py_func(part, denominators())
    if factor != 0:
        assert np.array_equal((CHANGES * factor) >> 16, floors(part))


@given(st.data())
def test_parts_beside_a_fraction_are_told_apart_and_the_fraction_itself_is_in_doubt(data):
    denominator = data.draw(st.integers(1, 255))
    fraction = data.draw(st.integers(0, denominator - 1)) / denominator
    assert factor_for.py_func(fraction, denominators()) == 0
    for part in (fraction - 1e-6, fraction + 1e-6):
        if 0 < part < 1:
            factor = factor_for.py_func(part, denominators())
            assert 0 < factor < UNITS
            assert np.array_equal((CHANGES * factor) >> 16, floors(part))
