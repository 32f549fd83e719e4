"""What methods draw follows the stated distributions. Seeds are fixed: a small p-value is a wrong distribution."""

import numpy as np
import pytest
from scipy import stats

from ipmix_cli.kernels import codes
from ipmix_cli.methods import augmix, cutmix, cutout, mixup, pixmix, random_erasing
from ipmix_cli.methods.autoaugment import AUTOAUGMENT, POLICIES
from ipmix_cli.methods.randaugment import RANDAUGMENT
from ipmix_cli.methods.steps.operations import SEQUENCE_NAMES
from ipmix_cli.methods.trivialaugment import OPERATIONS, TRIVIALAUGMENT

LIKELY = 1e-3
COUNT = 40_000
SIZE = (32, 48)
SHAPES = np.array([(40, 60), (36, 54)], np.int32)


def drawn(method, preset="auto", size=SIZE, **changes):
    settings = method.settings_for(preset, size, changes)
    return method.plan(settings, size, 3, np.arange(COUNT), 1, SHAPES)[:, 0]


def steps_of(plans):
    """All steps that are made, one after the other."""
    return plans["steps"][np.arange(plans["steps"].shape[1]) < plans["length"][:, None]]


def assert_frequencies(values, wanted):
    """Values are as frequent as wanted: a dict of probabilities."""
    values = np.asarray(values)
    assert set(np.unique(values)) <= set(wanted)
    counts = np.array([np.sum(values == value) for value in wanted])
    assert stats.chisquare(counts, np.array(list(wanted.values())) * len(values)).pvalue > LIKELY


def assert_uniform(values, possible):
    assert_frequencies(values, {value: 1 / len(possible) for value in possible})


def assert_follows(values, distribution):
    assert stats.kstest(values, distribution.cdf).pvalue > LIKELY


def parameters(steps, name):
    return steps["parameter"][steps["code"] == next(code for code, known in SEQUENCE_NAMES.items() if known == name)]


def mirrored(values):
    """Values that are negated half of the time, with their probabilities."""
    wanted = {}
    for value in values:
        for sign in (-1.0, 1.0):
            wanted[sign * value + 0.0] = wanted.get(sign * value + 0.0, 0.0) + 0.5 / len(values)
    return wanted


def test_trivialaugment_draws_operations_and_strengths_uniformly():
    steps = steps_of(drawn(TRIVIALAUGMENT, "wide"))
    assert_uniform([SEQUENCE_NAMES[code] for code in steps["code"]], OPERATIONS)
    assert_frequencies(parameters(steps, "rotate"), mirrored([float(int(135 * k / 30)) for k in range(31)]))
    assert_frequencies(parameters(steps, "shear_x"), mirrored([k * 0.99 / 30 for k in range(31)]))
    assert_frequencies(parameters(steps, "translate_y"), mirrored([float(int(32 * k / 30)) for k in range(31)]))
    assert_uniform(parameters(steps, "solarize"), [256 - int(256 * k / 30) for k in range(31)])
    assert_uniform(parameters(steps, "color"), [k * (2.0 - 0.01) / 30 + 0.01 for k in range(31)])
    bits = [8 - int(6 * k / 30) for k in range(31)]
    assert_frequencies(parameters(steps, "posterize"), {bit: bits.count(bit) / 31 for bit in set(bits)})


def test_torchvisions_trivialaugment_mirrors_enhancers_and_rounds_bits():
    steps = steps_of(drawn(TRIVIALAUGMENT, "torchvision"))
    factors = parameters(steps, "contrast")
    assert abs(np.mean(factors < 1) - np.mean(factors > 1)) < 0.05
    assert factors.min() == pytest.approx(0.01, abs=1e-6)
    assert factors.max() == pytest.approx(1.99, abs=1e-6)
    bits = [8 - round(k / 5) for k in range(31)]
    assert_frequencies(parameters(steps, "posterize"), {bit: bits.count(bit) / 31 for bit in set(bits)})
    assert parameters(steps, "rotate").max() == 135.0


def test_torchvisions_randaugment_has_one_magnitude():
    plans = drawn(RANDAUGMENT, "torchvision")
    assert (plans["length"] == 2).all()
    steps = steps_of(plans)
    assert_uniform(steps["code"], np.unique(steps["code"]))
    assert len(np.unique(steps["code"])) == 14
    assert_frequencies(np.round(parameters(steps, "rotate"), 4), {-9.0: 0.5, 9.0: 0.5})
    assert_frequencies(parameters(steps, "translate_x"), mirrored([float(int(150 / 331 * SIZE[1] * 9 / 30))]))
    assert set(parameters(steps, "solarize")) == {179.0}  # ceil of 178.5: a byte is below both or below neither
    assert set(parameters(steps, "posterize")) == {7.0}


def test_timms_randaugment_draws_magnitudes_about_nine():
    plans = drawn(RANDAUGMENT, "timm")
    assert_frequencies(plans["length"], {0: 0.25, 1: 0.5, 2: 0.25})
    steps = steps_of(plans)
    assert_uniform(steps["code"], np.unique(steps["code"]))
    assert len(np.unique(steps["code"])) == 15
    clipped = stats.norm(9, 0.5)
    for name, unit in (("rotate", 3.0), ("shear_y", 0.03), ("translate_x", 0.045 * SIZE[1])):
        values = parameters(steps, name)
        assert_frequencies(np.sign(values), {-1.0: 0.5, 1.0: 0.5})
        magnitudes = np.abs(values) / unit
        top = magnitudes >= 10 - 1e-9
        assert stats.binomtest(int(top.sum()), len(top), clipped.sf(10)).pvalue > LIKELY
        assert stats.kstest(magnitudes[~top], lambda m: clipped.cdf(m) / clipped.cdf(10)).pvalue > LIKELY
    geometric = np.isin(steps["code"], (codes.ROTATE, codes.SHEAR_X))
    assert_uniform(steps["resample"][geometric], [codes.BILINEAR, codes.BICUBIC])


@pytest.mark.parametrize("policy", POLICIES)
def test_autoaugment_makes_each_operation_of_a_pair_with_its_probability(policy):
    plans = drawn(AUTOAUGMENT, policy)
    pairs = [[part.split() for part in pair.split(",")] for pair in POLICIES[policy].split(";")]
    assert len(pairs) == 25
    expected = {}
    for pair in pairs:
        for name, probability, _ in pair:
            expected[name] = expected.get(name, 0.0) + float(probability) / 25
    steps = steps_of(plans)
    assert len(steps) / COUNT == pytest.approx(sum(expected.values()), abs=0.02)
    expected = {name: value / sum(expected.values()) for name, value in expected.items() if value}
    assert_frequencies(np.array([SEQUENCE_NAMES[code] for code in steps["code"]]), expected)


def test_cutouts_centres_are_uniform_and_its_squares_clipped():
    steps = steps_of(drawn(cutout.CUTOUT, "cifar10"))
    for position, side, length in (("top", "height", SIZE[0]), ("left", "width", SIZE[1])):
        centres = [(max(c - 8, 0), min(c + 8, length) - max(c - 8, 0)) for c in range(length)]
        found = list(zip(steps[position].tolist(), steps[side].tolist(), strict=True))
        codes_of = {box: centres.count(box) / length for box in set(centres)}
        numbered = {box: i for i, box in enumerate(codes_of)}
        assert_frequencies(
            np.array([numbered[box] for box in found]), {numbered[box]: p for box, p in codes_of.items()}
        )


def test_random_erasings_boxes_lie_in_the_picture_and_follow_area_and_aspect():
    size = (400, 400)  # rounding to pixels is fine beside the distributions
    plans = drawn(random_erasing.RANDOM_ERASING, "torchvision", size)
    assert_frequencies(plans["length"], {0: 0.5, 1: 0.5})
    steps = steps_of(plans)
    assert ((steps["top"] + steps["height"] <= 400) & (steps["left"] + steps["width"] <= 400)).all()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, len(steps)))  # undoes the rounding
    height, width = steps["height"] + noise[0], steps["width"] + noise[1]
    assert_follows(np.log(height / width), stats.uniform(np.log(0.3), np.log(3.3 / 0.3)))
    assert_follows(height * width / 160_000, stats.uniform(0.02, 0.31))
    assert_follows((steps["top"] + 0.5 + noise[0]) / (400 - steps["height"] + 1), stats.uniform())


def test_augmix_draws_depth_weights_and_operations():
    plans = drawn(augmix.AUGMIX, "cifar")
    assert_uniform(plans["lengths"][:, 1], [1, 2, 3])
    assert_follows(plans["blend"], stats.uniform())
    assert_follows(plans["weights"][:, 2], stats.beta(1, 2))
    assert np.allclose(plans["weights"].sum(1), 1)
    steps = plans["steps"][:, 0, 0]
    assert_uniform(steps["code"], np.unique(steps["code"]))
    assert len(np.unique(steps["code"])) == 9
    assert_follows(np.abs(parameters(steps, "shear_x")) * 10 / 0.3, stats.uniform(0.1, 2.9))
    assert_frequencies(np.sign(parameters(steps, "shear_y")), {-1.0: 0.5, 1.0: 0.5})
    assert set(parameters(steps, "autocontrast")) == {0.0}


def test_pixmix_draws_rounds_partners_and_factors():
    plans = drawn(pixmix.PIXMIX, "cifar")
    steps = plans["steps"][:, 0]
    first = (steps["kind"][:, 0] == codes.OPERATION) & (plans["lengths"][:, 0] > 0)
    rounds = plans["lengths"][:, 0] - first
    assert_uniform(rounds, range(5))
    used = steps[(np.arange(5) < plans["lengths"][:, :1]) & (steps["kind"] == codes.MIXING)]
    assert_uniform(used["partner"], [codes.PARTNER_OPERATION, codes.PARTNER_MIXING_PICTURE])
    assert_uniform(used["code"], [codes.ADD, codes.MULTIPLY])
    near = used["b"] > 0
    assert_follows(used["a"][near], stats.beta(3, 1))
    assert_follows(used["b"][near], stats.beta(1, 3))
    assert_follows(used["a"][~near] - 1, stats.beta(1, 3))
    assert_follows(-used["b"][~near], stats.beta(1, 3))
    assert_uniform(plans["mixing"], [0, 1])


@pytest.mark.parametrize("alpha", [0.2, 0.4, 1.0, 2.0, 4.0])
def test_mixups_weights_are_beta(alpha):
    assert_follows(drawn(mixup.MIXUP, "cifar", beta=alpha)["weight"], stats.beta(alpha, alpha))


def test_cutmixs_boxes_are_clipped_and_weigh_what_they_cover():
    plans = drawn(cutmix.CUTMIX, "imagenet", (200, 200))
    top, left, height, width = plans["box"].T
    assert ((top + height <= 200) & (left + width <= 200)).all()
    assert np.allclose(plans["weight"], 1 - height * width / 40_000)
    whole = (top > 0) & (left > 0) & (top + height < 200) & (left + width < 200)
    assert (height[whole] == width[whole]).all()
    assert_follows(plans["partner"], stats.uniform())
    half = drawn(cutmix.CUTMIX, "cifar", (200, 200))
    assert np.mean(half["weight"] == 1) == pytest.approx(0.5, abs=0.01)
