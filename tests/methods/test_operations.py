"""Every operation makes Pillow's pixels, for any size and parameter, of the whole picture and of a box."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.plans import parameter_of
from ipmix_cli.methods.ipmix.apply import apply_plans
from ipmix_cli.methods.ipmix.presets import PRESETS
from ipmix_cli.methods.mixing_set import mixing_set
from ipmix_cli.methods.operations import ALL_OPERATIONS, OPS
from ipmix_cli.methods.steps.chains import plan_dtype
from tests.methods import oracle

SIDES = st.integers(2, 80)


def picture(height, width, seed, kind="noise"):
    """A picture that shows an operation's corners: noise, few values, or smooth."""
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if kind == "few":
        return rng.choice(np.array([0, 1, 127, 255], np.uint8), (height, width, 3), p=[0.7, 0.1, 0.1, 0.1])
    ramp = np.linspace(0, 255, height * width).reshape(height, width, 1) * rng.uniform(0.2, 1, 3)
    return ramp.astype(np.uint8)


ONE = replace(PRESETS["cifar"], chains=1, max_steps=2)


def plan_of(*steps):
    """A plan of one chain, whose result is the copy; a step is a dict of the fields of plan.STEP."""
    plan = np.zeros((1, 1), plan_dtype(1, 2))
    plan["blend"] = plan["weights"] = 1.0
    plan["lengths"] = len(steps)
    for number, step in enumerate(steps):
        for field, value in step.items():
            plan["steps"][0, 0, 0, number][field] = value
    return plan


def copy_of(source, plan):
    before = source.copy()
    mixing = mixing_set([np.zeros_like(source)], source.shape[:2], 1.0)
    out = np.zeros((1, 1, *source.shape), np.uint8)
    apply_plans(source[None], plan, mixing, ONE, out)
    assert np.array_equal(source, before)
    return out[0, 0]


def ours(name, value, source, *first):
    step = {"kind": codes.OPERATION, "code": OPS[name].code, "parameter": value}
    return copy_of(source, plan_of(*first, step))


def ours_in_a_box(name, value, source, box):
    """The operation as a partner of which nothing but the box is made: random_elements that keeps nothing."""
    patch = dict(zip(("top", "left", "height", "width"), box, strict=True))
    partner = {
        "partner": codes.PARTNER_OPERATION,
        "partner_code": OPS[name].code,
        "partner_parameter": value,
    }
    step = {"kind": codes.MIXING, "code": codes.RANDOM_ELEMENTS, "p": 1e-12, **patch, **partner}
    return copy_of(source, plan_of(step))


def theirs(name, value, source):
    return oracle.operate(name, OPS[name].parameters(value), source)


@pytest.mark.parametrize("name", ALL_OPERATIONS)
@settings(max_examples=120, deadline=None)
@given(
    height=SIDES, width=SIDES, seed=st.integers(0, 9999), kind=st.sampled_from(["noise", "few", "smooth"]),
    level=st.floats(0.1, 10), sign=st.sampled_from([1.0, -1.0]), data=st.data(),
)  # fmt: skip
def test_operation_makes_pillows_pixels(name, height, width, seed, kind, level, sign, data):
    source = picture(height, width, seed, kind)
    value = parameter_of(OPS[name].code, level, sign, (height, width))
    expected = theirs(name, value, source)
    assert np.array_equal(ours(name, value, source), expected)

    top, left = data.draw(st.integers(0, height - 2)), data.draw(st.integers(0, width - 2))
    box = (top, left, data.draw(st.integers(1, height - top)), data.draw(st.integers(1, width - left)))
    rows, columns = slice(top, top + box[2]), slice(left, left + box[3])
    patched = source.copy()
    patched[rows, columns] = expected[rows, columns]
    assert np.array_equal(ours_in_a_box(name, value, source, box), patched)

    # As a second step, the running picture's own figures count
    solarized = {"kind": codes.OPERATION, "code": codes.SOLARIZE, "parameter": 100}
    expected = theirs(name, value, theirs("solarize", 100, source))
    assert np.array_equal(ours(name, value, source, solarized), expected)


@pytest.mark.parametrize("name", ALL_OPERATIONS)
@pytest.mark.parametrize("size", [(1024, 1024), (2, 1024), (1024, 3), (2, 2), (375, 500), (224, 224)])
def test_operation_makes_pillows_pixels_at_the_ends_of_the_sizes(name, size):
    source = picture(*size, 5)
    for level, sign in [(0.1, 1.0), (1.7, -1.0), (10.0, 1.0)]:
        value = parameter_of(OPS[name].code, level, sign, size)
        assert np.array_equal(ours(name, value, source), theirs(name, value, source))


@pytest.mark.parametrize("name", ["shear_x", "shear_y"])
@pytest.mark.parametrize("factor", [0.0, 0.5, -0.25, 0.1, 0.2, -0.3, 1 / 3, 0.02, 1.5])
def test_shears_by_round_factors_make_pillows_pixels(name, factor):
    # Round factors land on whole grey levels, where the last bit of a double decides
    for kind in ("noise", "few", "smooth"):
        source = picture(97, 61, 1, kind)
        assert np.array_equal(ours(name, factor, source), theirs(name, factor, source))


@pytest.mark.parametrize("degrees", range(-30, 31))
def test_rotation_by_every_degree_makes_pillows_pixels(degrees):
    for size in [(32, 32), (53, 37)]:
        source = picture(*size, degrees + 30)
        assert np.array_equal(ours("rotate", degrees, source), theirs("rotate", degrees, source))
