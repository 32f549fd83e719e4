"""Corruptions through the contract that the pipeline knows."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ipmix_cli.corruptions.settings import CorruptionSettings, corruptions_named
from ipmix_cli.errors import UsageError
from ipmix_cli.methods import transform_named
from ipmix_cli.transform import NATIVE

TRANSFORM = transform_named("corruptions")
NO_SHAPES = np.zeros((0, 2), np.int32)


def test_variants_are_named_by_corruption_and_severity():
    settings = TRANSFORM.settings_for("auto", (32, 32), {"severities": (1, 5)})
    names = TRANSFORM.variants(settings, 30)
    assert names[:3] == ["gaussian_noise.1", "gaussian_noise.5", "shot_noise.1"]
    assert len(names) == 30


@pytest.mark.parametrize(
    ("size", "profile"), [((32, 32), "32"), ((2, 2), "32"), ((64, 99), "64"), ((224, 500), "224"), ((300, 300), "299")]
)
def test_auto_takes_the_nearest_profile(size, profile):
    assert TRANSFORM.settings_for("auto", size, {}).profile == profile


def test_pictures_of_many_sizes_have_each_its_profile():
    settings = TRANSFORM.settings_for("validation", None, {})
    assert settings.profile == "auto"
    small, large = (TRANSFORM.plan(settings, size, 0, np.arange(1), 20, NO_SHAPES) for size in ((32, 32), (300, 300)))
    assert TRANSFORM.view(small[0, 0], settings).to_dict()["profile"] == "32"
    assert TRANSFORM.view(large[0, 0], settings).to_dict()["profile"] == "299"


def test_out_holds_what_stages_say():
    settings = TRANSFORM.settings_for("all", (16, 20), {"severities": (3,)})
    x = np.random.default_rng(0).integers(0, 256, (2, 16, 20, 3), dtype=np.uint8)
    plans = TRANSFORM.plan(settings, (16, 20), 0, np.arange(2), 19, NO_SHAPES)
    out = np.empty((2, 19, 16, 20, 3), np.uint8)
    TRANSFORM.apply(x, plans, None, settings, out, TRANSFORM.workspace((16, 20), settings))
    for number in range(19):
        stages = TRANSFORM.stages(x[1], plans[1, number], None, settings)
        assert (stages["clean"] == x[1]).all()
        assert (stages["out"] == out[1, number]).all()
    assert TRANSFORM.operations(plans, settings)["fog"] == 2
    assert TRANSFORM.unchanged(plans).shape == (2, 19)


def test_views_are_json_and_words():
    settings = TRANSFORM.settings_for("test", (32, 32), {})
    plans = TRANSFORM.plan(settings, (32, 32), 0, np.arange(1), 75, NO_SHAPES)
    for plan in plans[0]:
        view = TRANSFORM.view(plan, settings)
        values = json.loads(json.dumps(view.to_dict()))
        assert values["corruption"] in view.describe()[0]
        assert ("remark" in values) == (values["corruption"] == "frost")


def test_frost_pictures_are_mixing_pictures_at_their_own_size():
    assert TRANSFORM.mixing_ratio(TRANSFORM.settings_for("test", None, {})) is None
    assert TRANSFORM.mixing_ratio(TRANSFORM.settings_for("test", None, {"frost": "pictures"})) == NATIVE
    assert TRANSFORM.mixing_ratio(TRANSFORM.settings_for("validation", None, {"frost": "pictures"})) is None


def test_settings_come_back_from_their_record():
    settings = CorruptionSettings(corruptions=("fog", "snow"), severities=(2, 3), corrected=True)
    assert CorruptionSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_names_and_sets_can_be_mixed():
    assert corruptions_named("fog, validation,fog")[:2] == ("fog", "speckle_noise")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"corruptions": ("fogg",)}, "no corruption named 'fogg'"),
        ({"corruptions": ("fog", "fog")}, "each once"),
        ({"corruptions": ()}, "at least one"),
        ({"corruptions": ("fog",), "severities": (0,)}, "1 to 5"),
        ({"corruptions": ("fog",), "severities": (3, 1)}, "rising"),
        ({"corruptions": ("fog",), "profile": "128"}, "no profile named '128'"),
    ],
)
def test_refuses_what_cannot_be(wrong, said):
    with pytest.raises(UsageError, match=said):
        CorruptionSettings(**wrong)


def test_refuses_unknown_sets():
    with pytest.raises(UsageError, match="no corruption or set"):
        corruptions_named("al")


def test_chosen_variants_are_those_of_all():
    settings = TRANSFORM.settings_for("all", (16, 16), {})
    plans = TRANSFORM.plan(settings, (16, 16), 3, np.arange(2), 95, NO_SHAPES)
    chosen = np.array([[90, 2], [7, 7]])
    drawn = TRANSFORM.plan_chosen(settings, (16, 16), 3, np.arange(2), chosen, NO_SHAPES)
    assert (drawn == np.take_along_axis(plans, chosen, 1)).all()


def test_synthetic_frost_is_remarked():
    assert "not comparable" in TRANSFORM.remark(TRANSFORM.settings_for("test", None, {}))
    assert not TRANSFORM.remark(TRANSFORM.settings_for("test", None, {"frost": "pictures"}))
    assert not TRANSFORM.remark(TRANSFORM.settings_for("validation", None, {}))


def test_credits_those_who_published_the_corruptions():
    def credit(*names):
        return TRANSFORM.credit_of(TRANSFORM.settings_for("test", (32, 32), {"corruptions": names}))

    assert "Hendrycks" in credit("fog")
    assert "Mintun" not in credit("fog")
    assert "Hendrycks" not in credit("c-bar")
    assert credit("ripple", "fog") == f"{credit('fog')} and {credit('c-bar')}"
