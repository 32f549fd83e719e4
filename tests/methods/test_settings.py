"""Settings are checked once, and presets are the published numbers."""

import json
from dataclasses import replace

import pytest

from ipmix_cli.errors import UsageError
from ipmix_cli.methods.ipmix.presets import PRESETS
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.ipmix.transform import IPMIX
from ipmix_cli.methods.operations import ALL_OPERATIONS, BASIC_OPERATIONS


@pytest.mark.parametrize(
    "change",
    [
        {"chains": 0},
        {"max_steps": 0},
        {"severity": 0.0},
        {"severity": 11},
        {"beta": 0.0},
        {"beta": float("nan")},
        {"self_mix": 1.5},
        {"mixing_ratio": 0.9},
        {"patch_sizes": ()},
        {"patch_sizes": (1, 4)},
        {"overflow": "wrapp"},
        {"operations": ()},
        {"operations": ("invert", "invert")},
        {"operations": ("equalise",)},
        {"mixings": ("plus",)},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_with_a_remedy(change):
    with pytest.raises(UsageError) as caught:
        replace(PRESETS["cifar"], **change)
    assert caught.value.message
    assert caught.value.remedy


def test_a_misspelt_name_gets_a_suggestion():
    with pytest.raises(UsageError) as caught:
        replace(PRESETS["cifar"], operations=("equalise",))
    assert "equalize" in caught.value.remedy
    with pytest.raises(UsageError) as caught:
        IPMIX.settings_for("imagnet", (32, 32), {})
    assert "imagenet" in caught.value.remedy


@pytest.mark.parametrize("name", PRESETS)
def test_a_config_survives_json(name):
    config = replace(PRESETS[name], patch_sizes=(4, 8), operations=ALL_OPERATIONS, overflow="wrap")
    assert AugmentConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_settings_that_do_not_exist_or_are_missing_are_refused():
    values = PRESETS["cifar"].to_dict()
    with pytest.raises(UsageError, match="chain"):
        AugmentConfig.from_dict({**values, "chain": 3})
    del values["beta"]
    with pytest.raises(UsageError, match="beta"):
        AugmentConfig.from_dict(values)


def test_auto_chooses_by_the_size_of_the_picture():
    assert IPMIX.settings_for("auto", (64, 64), {}) is PRESETS["cifar"]
    assert IPMIX.settings_for("auto", (65, 64), {}) is PRESETS["imagenet"]
    assert IPMIX.settings_for("imagenet", (32, 32), {}) is PRESETS["imagenet"]


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((32, 32), (4, 8, 16, 32)),
        ((224, 224), (4, 8, 16, 32, 64, 224)),
        ((40, 100), (4, 8, 16, 32, 40)),
        ((2, 9), (2,)),
        ((4, 4), (4,)),
    ],
)
def test_patch_sizes_are_powers_of_two_and_the_short_side(size, sizes):
    assert PRESETS["cifar"].patch_sizes_for(*size) == sizes


def test_patch_sizes_above_the_short_side_are_refused():
    config = replace(PRESETS["cifar"], patch_sizes=(8, 33))
    with pytest.raises(UsageError, match="33"):
        config.patch_sizes_for(32, 64)
    assert config.patch_sizes_for(33, 64) == (8, 33)


def test_the_basic_operations_are_the_published_ten():
    assert len(BASIC_OPERATIONS) == 10
    assert not {"autocontrast", "color", "contrast", "brightness", "sharpness"} & set(BASIC_OPERATIONS)
