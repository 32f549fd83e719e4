"""What holds for every method of the table: plans replayed by a slow twin, purity, prefixes, stages, settings."""

import dataclasses
import json

import numpy as np
import pytest

from ipmix_cli.errors import UsageError
from ipmix_cli.methods import METHODS, transform_named
from ipmix_cli.methods.mixing_set import MixingSet, mixing_set
from tests.methods.replay import replay

SIZES = ((32, 32), (19, 26))
COUNT, COPIES = 12, 4
OTHERS = [name for name in METHODS if name != "ipmix"]  # whose own twin is oracle.apply
CASES = [(name, preset) for name in OTHERS for preset in transform_named(name).presets]


class Made:
    """Copies of some pictures by a method, with all that they were made of."""

    def __init__(self, name, preset, size):
        rng = np.random.default_rng(4)
        self.method = transform_named(name)
        self.settings = self.method.settings_for(preset, size, {})
        self.pictures = rng.integers(0, 256, (COUNT, *size, 3), dtype=np.uint8)
        self.pictures[0, :9] //= 8
        ratio = self.method.mixing_ratio(self.settings)
        bank = rng.integers(0, 256, (3, 50, 45, 3), dtype=np.uint8)
        self.mixing = None if ratio is None else mixing_set(list(bank), size, ratio)
        shapes = np.zeros((0, 2), np.int32) if self.mixing is None else self.mixing.shapes
        self.plan = lambda indices, copies: self.method.plan(self.settings, size, 9, indices, copies, shapes)
        self.plans = self.plan(np.arange(COUNT), COPIES)
        if self.method.mixes_labels:
            self.partners = self.method.partners(self.plans, np.arange(COUNT), COUNT)
            self.mixing = seconds(self.pictures[self.partners].reshape(-1, *size, 3))
        self.out = np.empty((COUNT, COPIES, *size, 3), np.uint8)
        self.method.apply(self.pictures, self.plans, self.mixing, self.settings, self.out)

    def view(self, n, k):
        return self.method.view(self.plans[n, k], self.settings)

    def partner(self, n, k):
        """The mixing picture as it was cropped, or the second sample."""
        if self.method.mixes_labels:
            return self.mixing.picture(n * COPIES + k)
        if self.mixing is None:
            return None
        height, width = self.pictures.shape[1:3]
        place = self.view(n, k).to_dict()["mixing"]
        whole = self.mixing.picture(place["index"])
        return whole[place["top"] : place["top"] + height, place["left"] : place["left"] + width]

    def alone(self, n, k):
        """What stages need for one copy."""
        return seconds(self.partner(n, k)[None]) if self.method.mixes_labels else self.mixing


def seconds(pictures):
    """Pictures of one size as a set."""
    count, height, width = pictures.shape[:3]
    offsets = np.arange(count, dtype=np.int64) * height * width * 3
    return MixingSet(pictures.ravel(), offsets, np.tile(np.array([[height, width]], np.int32), (count, 1)))


@pytest.fixture(params=[(*case, size) for case in CASES for size in SIZES], ids=str, scope="module")
def made(request):
    return Made(*request.param)


def test_a_plan_as_json_gives_the_copy_to_another_program(made):
    for n, k in np.ndindex(COUNT, COPIES):
        plan = json.loads(json.dumps(made.view(n, k).to_dict()))
        wanted = replay(plan, made.pictures[n], made.partner(n, k))
        assert np.abs(wanted - made.out[n, k]).max() <= 0.501, plan  # the nearest level of a real number


def test_plans_that_change_nothing_are_known(made):
    unchanged = made.method.unchanged(made.plans)
    for n, k in np.argwhere(unchanged):
        assert np.array_equal(made.out[n, k], made.pictures[n])


def test_a_plan_depends_on_its_own_sample_and_copy_alone(made):
    fewer = made.plan(np.array([5, 2]), COPIES - 1)
    assert np.array_equal(fewer, made.plans[[5, 2], : COPIES - 1])


def test_pixels_do_not_depend_on_the_batch_and_inputs_stay(made):
    before = made.pictures.copy()
    out = np.empty((1, 1, *made.pictures.shape[1:]), np.uint8)
    made.method.apply(made.pictures[3:4], made.plans[3:4, 1:2], made.alone(3, 1), made.settings, out)
    assert np.array_equal(out[0, 0], made.out[3, 1])
    assert np.array_equal(before, made.pictures)
    assert not np.shares_memory(out, made.pictures)


def test_stages_lead_from_the_clean_picture_to_the_copy(made):
    for n, k in ((0, 0), (4, 2), (7, 3)):
        stages = made.method.stages(made.pictures[n], made.plans[n, k], made.alone(n, k), made.settings)
        assert np.array_equal(stages["clean"], made.pictures[n])
        assert np.array_equal(stages["out"], made.out[n, k])
        rows = made.method.stage_rows(made.plans[n, k], made.settings, stages)
        assert {figure.stage for row in rows for figure in row.figures} <= stages.keys()
        captions = [figure.caption for row in rows for figure in row.figures]
        assert not any(caption.startswith("step") for caption in captions)  # but what a step does
        assert made.view(n, k).describe()


def test_a_workspace_can_be_reused(made):
    workspace = made.method.workspace(made.pictures.shape[1:3], made.settings)
    for _ in range(2):
        out = np.empty_like(made.out)
        made.method.apply(made.pictures, made.plans, made.mixing, made.settings, out, workspace)
        assert np.array_equal(out, made.out)


@pytest.mark.parametrize("name", METHODS)
def test_settings_survive_their_record(name):
    method = transform_named(name)
    assert method.name == name
    for settings in method.presets.values():
        assert method.settings_type.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize("name", METHODS)
def test_unknown_names_are_refused_with_a_suggestion(name):
    method = transform_named(name)
    preset = next(iter(method.presets))
    with pytest.raises(UsageError, match="no preset") as caught:
        method.settings_for(f"{preset}s", None, {})
    assert preset in caught.value.remedy
    field = dataclasses.fields(method.settings_type)[0].name
    with pytest.raises(UsageError, match="no setting"):
        method.settings_for("auto", None, {f"{field}x": 1})


@pytest.mark.parametrize("name", METHODS)
def test_numbers_out_of_range_are_refused(name):
    method = transform_named(name)
    for field in dataclasses.fields(method.settings_type):
        if field.metadata.get("high") is not None and not field.type.startswith("tuple"):
            with pytest.raises(UsageError, match=field.name):
                method.settings_for("auto", None, {field.name: field.metadata["high"] + 1})


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_has_help(name):
    for field in dataclasses.fields(transform_named(name).settings_type):
        assert field.metadata["help"]


def test_second_samples_are_of_the_whole_data_set_and_weights_of_what_they_have(made):
    if not made.method.mixes_labels:
        return
    weights = made.method.label_weights(made.plans)
    assert ((weights >= 0) & (weights <= 1)).all()
    assert (made.partners[weights == 1] == np.argwhere(weights == 1)[:, 0]).all()
    many = made.plan(np.arange(4000), 1)
    partners = made.method.partners(many, np.arange(4000), 10)
    assert set(partners[made.method.label_weights(many) < 1]) == set(range(10))
