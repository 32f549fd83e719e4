"""A whole copy is the oracle's, and depends on nothing but the picture, its plan and its mixing picture."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipmix_cli.algorithm.apply import apply_plans
from ipmix_cli.algorithm.explain import explain
from ipmix_cli.algorithm.mixing_set import mixing_set
from ipmix_cli.algorithm.operations import ALL_OPERATIONS
from ipmix_cli.algorithm.plan import sample_plans
from ipmix_cli.algorithm.plan_view import Plan
from ipmix_cli.algorithm.presets import PRESETS
from tests.algorithm import oracle

ALL = replace(PRESETS["imagenet"], operations=ALL_OPERATIONS, severity=6.0)


def smooth(count, height, width, seed):
    """Pictures with shapes, black parts and a little noise, as photographs and fractals have."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    pictures = []
    for _ in range(count):
        waves = [np.sin(x * rng.uniform(0.02, 0.5) + y * rng.uniform(0.02, 0.5) + rng.uniform(0, 6)) for _ in "rgb"]
        picture = 128 + 150 * np.stack(waves, -1) + rng.normal(0, 3, (height, width, 3))
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return np.stack(pictures)


def batch(config, height, width, count=6, copies=5, seed=3):
    side = max(height, width) + 9
    mixing = mixing_set(smooth(4, side, side + 3, seed + 1), (height, width), config.mixing_ratio)
    pictures = smooth(count, height, width, seed)
    plans = sample_plans(config, (height, width), seed, np.arange(count), copies, mixing.shapes)
    return pictures, plans, mixing


def applied(pictures, plans, mixing, config, scratch=None):
    out = np.zeros((*plans.shape, *pictures.shape[1:]), np.uint8)
    apply_plans(pictures, plans, mixing, config, out, scratch)
    return out


def replayed(picture, row, mixing, config):
    """The same copy by the oracle, and the stages it was told."""
    stages = explain(picture, row, mixing, config)
    masks = {
        tuple(int(part) for part in name[4:].split("_")): array
        for name, array in stages.items()
        if name.startswith("mask")
    }
    plan = Plan.from_row(row, config.overflow).to_dict()
    return oracle.apply(picture, plan, stages["mixing"], config.overflow, masks), stages


@pytest.mark.parametrize("overflow", ["clip", "wrap"])
@pytest.mark.parametrize("config", [PRESETS["cifar"], PRESETS["imagenet"], ALL], ids=["cifar", "imagenet", "all"])
@pytest.mark.parametrize("size", [(32, 32), (61, 40), (2, 2), (3, 70), (128, 128)])
def test_copies_are_the_oracles(size, config, overflow):
    config = replace(config, overflow=overflow)
    pictures, plans, mixing = batch(config, *size, count=8, copies=8)
    out = applied(pictures, plans, mixing, config)
    different = 0
    for n, k in np.ndindex(*plans.shape):
        expected, stages = replayed(pictures[n], plans[n, k], mixing, config)
        distance = np.abs(expected.astype(int) - out[n, k])
        assert distance.max() <= 1
        assert np.count_nonzero(distance) <= 0.001 * distance.size
        assert np.array_equal(stages["out"], out[n, k])
        different += np.count_nonzero(distance)
    assert different <= 1e-5 * out.size + 1


@settings(max_examples=25, deadline=None)
@given(height=st.integers(2, 48), width=st.integers(2, 48), seed=st.integers(0, 2**64 - 1))
def test_copies_of_any_size_are_the_oracles(height, width, seed):
    side = max(height, width) + 5
    mixing = mixing_set(smooth(2, side, side, seed), (height, width), ALL.mixing_ratio)
    pictures = smooth(2, height, width, seed)
    plans = sample_plans(ALL, (height, width), seed, np.arange(2), 2, mixing.shapes)
    out = applied(pictures, plans, mixing, ALL)
    for n, k in np.ndindex(2, 2):
        distance = np.abs(replayed(pictures[n], plans[n, k], mixing, ALL)[0].astype(int) - out[n, k])
        assert distance.max() <= 1
        assert np.count_nonzero(distance) <= 0.001 * distance.size
