"""Plans follow the stated distributions, and a plan depends on nothing but its own job, sample and copy."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ipmix_cli.errors import UsageError
from ipmix_cli.kernels import codes
from ipmix_cli.kernels.mixing import fill_mask
from ipmix_cli.kernels.stream import stream_key as compiled_key
from ipmix_cli.methods.ipmix.plan import sample_plans
from ipmix_cli.methods.ipmix.presets import PRESETS
from ipmix_cli.methods.operations import ALL_OPERATIONS, OPS
from ipmix_cli.methods.steps.chains_view import Plan
from ipmix_cli.randomness import PURPOSES, stream_key, uniforms

SHAPES = np.array([(36, 36), (36, 50), (40, 36)], np.int32)
LIKELY = 1e-3  # seeds are fixed: a p-value below this is a wrong distribution, not bad luck
CONFIG = replace(PRESETS["cifar"], operations=ALL_OPERATIONS, self_mix=0.5)


def drawn(config=CONFIG, count=4000, copies=5, seed=11):
    return sample_plans(config, (32, 32), seed, np.arange(count), copies, SHAPES).reshape(-1)


@pytest.fixture(scope="module")
def plans():
    return drawn()


@pytest.fixture(scope="module")
def steps(plans):
    """All steps that count, one after the other."""
    used = np.arange(3)[None, None, :] < plans["lengths"][:, :, None]
    return plans["steps"][used]


def assert_uniform(values, count):
    assert stats.chisquare(np.bincount(values, minlength=count)).pvalue > LIKELY


def assert_follows(values, distribution):
    assert stats.kstest(values, distribution.cdf).pvalue > LIKELY


def test_blend_is_uniform_and_weights_are_dirichlet(plans):
    assert_follows(plans["blend"], stats.uniform())
    assert np.allclose(plans["weights"].sum(1), 1)
    for chain in range(3):
        assert_follows(plans["weights"][:, chain], stats.beta(1, 2))
    assert abs(np.corrcoef(plans["weights"][:, 0], plans["weights"][:, 1])[0, 1] + 0.5) < 0.03


def test_lengths_are_uniform_from_zero_to_the_largest(plans):
    for chain in range(3):
        assert_uniform(plans["lengths"][:, chain], 4)


def test_a_chain_is_of_one_kind_each_half_of_the_time(plans):
    for chain in range(3):
        longer = plans[plans["lengths"][:, chain] >= 2]["steps"][:, chain]
        assert (longer["kind"][:, 0] == longer["kind"][:, 1]).all()
        assert_uniform(longer["kind"][:, 0], 2)


def test_mixing_pictures_and_their_crops_are_uniform(plans):
    assert_uniform(plans["mixing"], 3)
    wide = plans[plans["mixing"] == 1]
    assert_uniform(wide["crop_top"], 5)
    assert_uniform(wide["crop_left"], 19)


def test_operations_and_mixings_and_partners_are_uniform(steps):
    operations, mixings = steps[steps["kind"] == codes.OPERATION], steps[steps["kind"] == codes.MIXING]
    assert_uniform(operations["code"], 15)
    assert_uniform(mixings["code"], 4)
    assert_uniform(mixings["partner"], 2)
    assert_uniform(mixings[mixings["partner"] == codes.PARTNER_OPERATION]["partner_code"], 15)


@pytest.mark.parametrize(
    ("name", "level_of"),
    [
        ("shear_x", lambda f: abs(f) * 10 / 0.3),
        ("shear_y", lambda f: abs(f) * 10 / 0.3),
        ("autocontrast", lambda cutoff: 10 - cutoff),
        ("sharpness", lambda factor: (factor - 0.1) * 10 / 1.8),
        ("color", lambda factor: (factor - 0.1) * 10 / 1.8),
    ],
)
def test_levels_are_uniform(steps, name, level_of):
    chosen = steps[(steps["kind"] == codes.OPERATION) & (steps["code"] == OPS[name].code)]["parameter"]
    assert_follows(level_of(chosen), stats.uniform(0.1, 2.9))
    if name.startswith("shear"):
        assert_uniform((chosen > 0).astype(int), 2)


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("posterize", lambda s: 4 - int(s * 4 / 10)),
        ("solarize", lambda s: 256 - int(s * 256 / 10)),
        ("rotate", lambda s: int(s * 30 / 10)),
        ("translate_x", lambda s: int(s * (32 / 3) / 10)),
        ("translate_y", lambda s: int(s * (48 / 3) / 10)),
    ],
)
def test_whole_parameters_have_the_frequencies_of_their_levels(name, distribution):
    config = replace(CONFIG, operations=(name,), severity=10.0, self_mix=0.0)
    shapes = np.array([(60, 60)], np.int32)
    rows = sample_plans(config, (48, 32), 5, np.arange(3000), 3, shapes).reshape(-1)
    used = (np.arange(3) < rows["lengths"][:, :, None]) & (rows["steps"]["kind"] == codes.OPERATION)
    found = np.abs(rows["steps"][used]["parameter"]).astype(int)
    levels = 0.1 + 9.9 * (np.arange(100_000) + 0.5) / 100_000
    expected = np.bincount([distribution(level) for level in levels], minlength=found.max() + 1) / 100_000
    counts = np.bincount(found, minlength=expected.size)
    assert not counts[expected == 0].any()
    common = expected * found.size > 5
    total = counts[common].sum()
    assert stats.chisquare(counts[common], expected[common] / expected[common].sum() * total).pvalue > LIKELY


def test_patches_are_squares_or_thin_ones_of_every_size(steps):
    mixings = steps[steps["kind"] == codes.MIXING]
    expected = np.zeros(33)
    for size in (4, 8, 16, 32):
        expected[size] += 1 / 8
        expected[2 : size + 1] += 1 / 8 / (size - 1)
    for side in ("width", "height"):
        counts = np.bincount(mixings[side], minlength=33)
        assert not counts[:2].any()
        assert stats.chisquare(counts[2:], expected[2:] * counts.sum()).pvalue > LIKELY
    assert (mixings["left"] + mixings["width"] <= 32).all()
    assert (mixings["top"] + mixings["height"] <= 32).all()


def test_places_of_patches_are_uniform():
    rows = drawn(replace(CONFIG, patch_sizes=(8,)), count=2000)
    used = (np.arange(3) < rows["lengths"][:, :, None]) & (rows["steps"]["kind"] == codes.MIXING)
    mixings = rows["steps"][used]
    assert_uniform(mixings["left"], 25)
    assert_uniform(mixings["top"], 25)
    square = (mixings["width"] == 8) & (mixings["height"] == 8)
    assert abs(square.mean() - (0.5 + 0.5 / 49)) < 0.01


def test_factors_of_add_and_multiply_are_beta(steps):
    for code in (codes.ADD, codes.MULTIPLY):
        chosen = steps[(steps["kind"] == codes.MIXING) & (steps["code"] == code)]
        inside, beyond = chosen[chosen["a"] < 1], chosen[chosen["a"] >= 1]
        assert stats.binomtest(len(inside), len(chosen)).pvalue > LIKELY
        assert_follows(inside["a"], stats.beta(3, 1))
        assert_follows(inside["b"], stats.beta(1, 3))
        assert_follows(beyond["a"] - 1, stats.beta(1, 3))
        assert_follows(-beyond["b"], stats.beta(1, 3))
        assert abs(np.corrcoef(beyond["a"], beyond["b"])[0, 1]) < 0.05


def test_masks_keep_with_their_probability_and_are_independent(steps):
    masked = steps[(steps["kind"] == codes.MIXING) & (steps["code"] >= codes.RANDOM_PIXELS)]
    assert_follows(masked["p"], stats.uniform())
    assert len(np.unique(masked["mask_key"])) == len(masked)
    mask = np.empty((400, 3072), np.uint8)
    for row, step in zip(mask, masked, strict=False):
        fill_mask(codes.RANDOM_ELEMENTS, np.uint64(step["mask_key"]), 0.3, row)
    kept = (mask != 0).astype(float)
    assert stats.binomtest(int(kept.sum()), kept.size, 0.3).pvalue > LIKELY
    centred = kept - kept.mean()
    for lag in (1, 3, 32, 96):
        assert abs((centred[:, lag:] * centred[:, :-lag]).mean()) < 4 * 0.21 / np.sqrt(kept.size)
    assert abs((centred[1:] * centred[:-1]).mean()) < 4 * 0.21 / np.sqrt(kept.size)
    fill_mask(codes.RANDOM_PIXELS, np.uint64(masked["mask_key"][0]), 0.3, mask[0])
    pixels = mask[0].reshape(-1, 3)
    assert (pixels == pixels[:, :1]).all()


def test_copies_of_a_sample_and_neighbours_are_independent():
    rows = sample_plans(CONFIG, (32, 32), 3, np.arange(4000), 3, SHAPES)["blend"]
    pairs = [(rows[:, 0], rows[:, 1]), (rows[1:, 0], rows[:-1, 0]), (rows[1:, 0], rows[:-1, 1])]
    other_seed = sample_plans(CONFIG, (32, 32), 4, np.arange(4000), 3, SHAPES)["blend"]
    for one, other in [*pairs, (rows[:, 0], other_seed[:, 0])]:
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(4000)


def test_a_plan_does_not_depend_on_its_batch():
    whole = sample_plans(CONFIG, (32, 32), 9, np.arange(20), 6, SHAPES)
    order = np.random.default_rng(0).permutation(20)
    assert (sample_plans(CONFIG, (32, 32), 9, order, 6, SHAPES) == whole[order]).all()
    assert (sample_plans(CONFIG, (32, 32), 9, [7], 2, SHAPES)[0] == whole[7, :2]).all()


def test_the_plain_stream_is_the_compiled_one():
    for seed, index, copy in [(0, 0, 0), (1, 2, 3), (2**64 - 1, 2**40, 9)]:
        words = (np.uint64(word) for word in (seed, PURPOSES["copy"], index, copy))
        assert stream_key(seed, "copy", index, copy) == compiled_key(*words)
        plan = sample_plans(CONFIG, (32, 32), seed, [index], copy + 1, SHAPES)[0, copy]
        blend, mixing = uniforms(seed, "copy", index, 2, copy)
        assert (plan["blend"], plan["mixing"]) == (blend, int(mixing * 3))


def test_purposes_do_not_share_numbers():
    found = {uniforms(5, purpose, 8, 1)[0] for purpose in PURPOSES}
    assert len(found) == len(PURPOSES)


def test_a_seed_beyond_64_bits_is_refused():
    with pytest.raises(UsageError, match="seed"):
        sample_plans(CONFIG, (32, 32), 2**64, [0], 1, SHAPES)


def test_a_plan_is_json_and_words(plans):
    for row in plans[:50]:
        plan = Plan.from_row(row, "clip")
        plain = plan.to_dict()
        assert json.loads(json.dumps(plain)) == plain
        assert [len(chain["steps"]) for chain in plain["chains"]] == list(row["lengths"])
        assert len(plan.describe()) == 2 + 3 + row["lengths"].sum()
