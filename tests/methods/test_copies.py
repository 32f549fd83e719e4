"""A whole copy is the oracle's, and depends on nothing but the picture, its plan and its mixing picture."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipmix_cli.errors import UsageError
from ipmix_cli.kernels import codes
from ipmix_cli.methods.ipmix.apply import apply_plans, workspace_for
from ipmix_cli.methods.ipmix.online import ArrayIPMix
from ipmix_cli.methods.ipmix.plan import sample_plans
from ipmix_cli.methods.ipmix.presets import PRESETS
from ipmix_cli.methods.ipmix.transform import IPMIX
from ipmix_cli.methods.mixing_set import mixing_set
from ipmix_cli.methods.operations import ALL_OPERATIONS
from ipmix_cli.methods.steps.chains_view import Plan
from tests.methods import oracle

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


def applied(pictures, plans, mixing, config, workspace=None):
    out = np.zeros((*plans.shape, *pictures.shape[1:]), np.uint8)
    apply_plans(pictures, plans, mixing, config, out, workspace)
    return out


def replayed(picture, row, mixing, config):
    """The same copy by the oracle, and the stages it was told."""
    stages = IPMIX.stages(picture, row, mixing, config)
    masks = {
        tuple(int(part) for part in name[4:].split("_")): array
        for name, array in stages.items()
        if name.startswith("mask")
    }
    plan = Plan.from_row(row, config.overflow).to_dict()
    overflow = "clip in float32" if config.overflow_code == codes.CLIP_SINGLE else config.overflow
    return oracle.apply(picture, plan, stages["mixing"], overflow, masks), stages


CONFIGS = {"cifar": PRESETS["cifar"], "imagenet": PRESETS["imagenet"], "all": ALL, "tiny beta": replace(ALL, beta=0.05)}


@pytest.mark.parametrize("overflow", ["clip", "wrap"])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
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
    assert different <= 1e-6 * out.size


def test_values_beyond_32_bits_wrap_to_black():
    """So the published code's conversion has it; a black partner makes up to 1e37 of a negative exponent."""
    config = replace(PRESETS["cifar"], overflow="wrap", mixings=("multiply",), beta=1.0)
    pictures, plans, _ = batch(config, 32, 32, count=4, copies=16)
    black = mixing_set(np.zeros((2, 40, 40, 3), np.uint8), (32, 32), config.mixing_ratio)
    plans = sample_plans(config, (32, 32), 1, np.arange(4), 16, black.shapes)
    out = applied(pictures, plans, black, config)
    for n, k in np.ndindex(*plans.shape):
        expected, _ = replayed(pictures[n], plans[n, k], black, config)
        assert np.array_equal(expected, out[n, k])


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


def test_copies_do_not_depend_on_batch_order_or_scratch():
    pictures, plans, mixing = batch(ALL, 33, 48, count=7, copies=4)
    whole = applied(pictures, plans, mixing, ALL)
    workspace = workspace_for(33, 48, ALL)
    for n in (5, 0, 3, 5):
        again = applied(pictures[n : n + 1], plans[n : n + 1], mixing, ALL, workspace)
        assert np.array_equal(again[0], whole[n])
    assert np.array_equal(applied(pictures, plans[:, ::-1], mixing, ALL, workspace), whole[:, ::-1])


def test_inputs_are_read_alone():
    pictures, plans, mixing = batch(ALL, 20, 20)
    pixels = mixing.pixels.copy()
    for array in (pictures, plans, mixing.pixels):
        array.flags.writeable = False
    before = pictures.copy()
    out = applied(pictures, plans, mixing, ALL)
    assert np.array_equal(pictures, before)
    assert np.array_equal(mixing.pixels, pixels)
    assert not np.shares_memory(out, pictures)


@pytest.mark.parametrize(("chains", "max_steps"), [(1, 1), (2, 5), (6, 2)])
def test_any_number_of_chains_and_steps(chains, max_steps):
    config = replace(ALL, chains=chains, max_steps=max_steps)
    pictures, plans, mixing = batch(config, 24, 31)
    out = applied(pictures, plans, mixing, config)
    for n, k in np.ndindex(*plans.shape):
        assert np.abs(replayed(pictures[n], plans[n, k], mixing, config)[0].astype(int) - out[n, k]).max() <= 1


def test_a_plan_without_steps_is_the_picture():
    pictures, plans, mixing = batch(ALL, 16, 16)
    plans["lengths"] = 0
    assert (applied(pictures, plans, mixing, ALL) == pictures[:, None]).all()


def test_pixmix_and_augmix_are_plans_over_the_same_steps():
    """A chain may change its kind, its patch may be the full picture, and weights and blend are free."""
    pictures, plans, mixing = batch(ALL, 32, 32, count=1, copies=1)
    row = plans[0, 0]
    row["blend"], row["lengths"], row["weights"] = 1.0, (3, 0, 0), (1.0, 0.0, 0.0)
    start, first, second = row["steps"][0]
    start["kind"], start["code"], start["parameter"] = codes.OPERATION, codes.ROTATE, 7
    for step in (first, second):
        step["kind"], step["code"], step["a"], step["b"] = codes.MIXING, codes.ADD, 0.8, 0.3
        step["top"], step["left"], step["height"], step["width"] = 0, 0, 32, 32
    second["partner"], second["partner_code"] = codes.PARTNER_OPERATION, codes.INVERT
    expected, _ = replayed(pictures[0], row, mixing, ALL)
    assert np.array_equal(applied(pictures, plans, mixing, ALL)[0, 0], expected)


def test_stages_name_what_a_plan_did():
    pictures, plans, mixing = batch(ALL, 32, 32, count=8, copies=6)
    seen = set()
    for n, k in np.ndindex(*plans.shape):
        row = plans[n, k]
        stages = IPMIX.stages(pictures[n], row, mixing, ALL)
        for i, length in enumerate(row["lengths"]):
            assert f"chain{i}_step{length}" not in stages
            for j in range(length):
                step = row["steps"][i, j]
                mixes = step["kind"] == codes.MIXING
                masked = mixes and step["code"] >= codes.RANDOM_PIXELS
                assert (f"mask{i}_{j}" in stages) == masked
                assert (f"partner{i}_{j}" in stages) == (mixes and step["partner"] == codes.PARTNER_OPERATION)
                assert stages[f"chain{i}_step{j}"].shape == (32, 32, 3)
        seen |= {name[:4] for name in stages}
    assert seen == {"clea", "mixi", "chai", "mask", "part", "out"}


def test_the_online_twin_makes_the_same_copies():
    config = PRESETS["cifar"]
    pictures, mixing = smooth(3, 32, 32, 1), smooth(5, 40, 44, 2)
    copies = ArrayIPMix("cifar")(pictures, mixing, seed=4, copies=3)
    assert copies.shape == (3, 3, 32, 32, 3)
    resized = mixing_set(list(mixing), (32, 32), config.mixing_ratio)
    plans = sample_plans(config, (32, 32), 4, np.arange(3), 3, resized.shapes)
    assert np.array_equal(copies, applied(pictures, plans, resized, config))
    alone = ArrayIPMix(config)(pictures[2], resized, seed=4, copies=3, first_index=2)
    assert np.array_equal(alone, copies[2])


@pytest.mark.parametrize("bad", [np.zeros((32, 32), np.uint8), np.zeros((32, 32, 3)), np.zeros((1, 9, 3), np.uint8)])
def test_the_online_twin_refuses_what_is_no_picture(bad):
    with pytest.raises(UsageError, match="expected uint8"):
        ArrayIPMix("cifar")(bad, np.zeros((40, 40, 3), np.uint8), seed=0)


DIGEST = """
import hashlib, numpy as np
from dataclasses import replace
from ipmix_cli.methods.ipmix.online import ArrayIPMix
from ipmix_cli.methods.operations import ALL_OPERATIONS
from ipmix_cli.methods.ipmix.presets import PRESETS
ramp = np.arange(6 * 45 * 38 * 3, dtype=np.uint64) * np.uint64(2654435761) >> np.uint64(13)
pictures = ((ramp & np.uint64(255)).astype(np.uint8)).reshape(6, 45, 38, 3)
mixing = np.ascontiguousarray(pictures[:2].repeat(2, 1).repeat(2, 2))
for overflow in ("clip", "wrap"):
    config = replace(PRESETS["imagenet"], operations=ALL_OPERATIONS, severity=5, overflow=overflow)
    print(hashlib.sha256(ArrayIPMix(config)(pictures, mixing, seed=8, copies=40).tobytes()).hexdigest())
"""
GOLDEN = [
    "57d34d3bcfa06a55221c6dafd6926609517cf218e58703e8aaf800b61063f75b",
    "21d529907fb84444de76fe6bd5da87398890c3ba7f86f1047ead4c70bf62bd10",
]


@pytest.mark.parametrize("cpu", ["host", "x86-64"])
def test_bytes_do_not_depend_on_the_processor(cpu):
    """All that this processor can do, or SSE2 alone: the same digests, which are kept here.

    They change with the plan version, and with nothing else.
    """
    other = {} if cpu == "host" else {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": ""}
    run = [sys.executable, "-c", DIGEST]
    found = subprocess.run(run, env=os.environ | other, capture_output=True, text=True, check=True, timeout=280)
    assert found.stdout.split() == GOLDEN
