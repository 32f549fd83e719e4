"""The elementary functions made of arithmetic agree with the C library's."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fractals import elementary

angles = st.floats(-1000, 1000)
positive = st.floats(1e-300, 1e300)


@given(st.floats(-690, 690))
def test_exp(x: float) -> None:
    assert elementary.exp(x) == pytest.approx(math.exp(x), rel=1e-13)


@given(positive)
def test_log(x: float) -> None:
    assert elementary.log(x) == pytest.approx(math.log(x), rel=1e-13, abs=1e-15)


@given(angles)
def test_sine_and_cosine(x: float) -> None:
    sine, cosine = elementary.sincos(x)
    assert sine == pytest.approx(math.sin(x), abs=1e-10)
    assert cosine == pytest.approx(math.cos(x), abs=1e-10)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_atan2(y: float, x: float) -> None:
    if math.hypot(x, y) > 1e-100:
        difference = elementary.atan2(y, x) - math.atan2(y, x)
        assert abs((difference + math.pi) % math.tau - math.pi) < 1e-5


@given(st.floats(1e-3, 1e3), st.floats(-5, 5))
def test_power(x: float, y: float) -> None:
    assert elementary.power(x, y) == pytest.approx(math.pow(x, y), rel=1e-12)
