"""Crops follow torchvision's distributions, and mixing pictures are resized as its Resize does."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from ipmix_cli.crop import CropConfig, apply_crop, plan_crop
from ipmix_cli.errors import UsageError
from ipmix_cli.methods.mixing_set import mixing_set, mixing_shape, resize_mixing

RANDOM = CropConfig(mode="random-resized", size=64, version=2)
OLD = CropConfig(mode="random-resized", size=64)  # as records without a version have it


def noisy(height, width):
    coarse = np.random.default_rng(2).integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), dtype=np.uint8)
    return np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def test_random_crops_follow_the_distribution():
    plans = [plan_crop(RANDOM, (300, 400), 1, index) for index in range(4000)]
    area = np.array([plan.width * plan.height for plan in plans]) / (300 * 400)
    ratio = np.array([plan.width / plan.height for plan in plans])
    small = area < 0.5  # larger ones are refused more often the longer they are
    assert stats.kstest(area[small], stats.uniform(0.08, 0.42).cdf).pvalue > 1e-3
    distribution = stats.uniform(np.log(3 / 4), np.log(16 / 9))
    assert stats.kstest(np.log(ratio[small]), distribution.cdf).statistic < 0.03
    assert stats.binomtest(sum(plan.flip for plan in plans), 4000).pvalue > 1e-3
    for plan in plans:
        assert 0 <= plan.left <= 400 - plan.width
        assert 0 <= plan.top <= 300 - plan.height
    rooms = {"left": 400 - np.array([p.width for p in plans]), "top": 300 - np.array([p.height for p in plans])}
    for place, room in rooms.items():
        offset = np.array([getattr(plan, place) for plan in plans])
        part = (offset[room > 40] + 0.5) / (room[room > 40] + 1)  # offsets are whole numbers
        assert stats.kstest(part, stats.uniform.cdf).statistic < 0.03, place


def test_a_picture_too_long_for_the_ratio_gets_its_middle():
    plan = plan_crop(RANDOM, (10, 1000), 0, 0)
    assert (plan.left, plan.top, plan.width, plan.height) == (493, 0, 13, 10)


def test_crops_of_one_picture_differ_and_are_repeatable():
    plans = [plan_crop(RANDOM, (300, 400), 1, 5, crop) for crop in range(4)]
    assert len(set(plans)) == 4
    assert plans[2] == plan_crop(RANDOM, (300, 400), 1, 5, 2)


@pytest.mark.parametrize("shape", [(300, 400), (400, 300), (257, 640), (225, 225)])
def test_the_centre_is_that_of_resize_and_center_crop(shape):
    picture = noisy(*shape)
    plan = plan_crop(CropConfig(mode="center", size=224), shape, 0, 0)
    height, width = shape
    size = (256 * width // height, 256) if height <= width else (256, 256 * height // width)
    resized = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    expected = np.array(resized.crop((left, top, left + 224, top + 224)))
    assert np.abs(apply_crop(picture, plan).astype(int) - expected).max() <= 1


def test_resize_and_flip_are_pillows():
    picture = noisy(50, 90)
    before = picture.copy()
    plan = plan_crop(CropConfig(mode="resize", size=32), (50, 90), 0, 0)
    expected = np.array(Image.fromarray(picture).resize((32, 32), Image.Resampling.BILINEAR))
    assert np.array_equal(apply_crop(picture, plan), expected)
    flipped = next(p for p in (plan_crop(OLD, (50, 90), 0, i) for i in range(99)) if p.flip)
    box = (flipped.left, flipped.top, flipped.left + flipped.width, flipped.top + flipped.height)
    expected = np.array(Image.fromarray(picture).resize((64, 64), Image.Resampling.BILINEAR, box))[:, ::-1]
    assert np.array_equal(apply_crop(picture, flipped), expected)
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("shape", [(50, 90), (300, 400), (64, 64), (9, 200), (700, 500)])
def test_a_random_crop_is_cut_out_first_and_resized_then(shape):
    """So torchvision does: nothing outside of the part has a share in it."""
    picture = noisy(*shape)
    for index in range(20):
        plan = plan_crop(RANDOM, shape, 3, index)
        part = Image.fromarray(picture).crop((plan.left, plan.top, plan.left + plan.width, plan.top + plan.height))
        expected = np.array(part.resize((64, 64), Image.Resampling.BILINEAR))
        assert np.array_equal(apply_crop(picture, plan), expected[:, ::-1] if plan.flip else expected)


def test_flips_can_be_left_out_and_change_nothing_else():
    plans = [plan_crop(RANDOM, (300, 400), 1, index) for index in range(50)]
    still = [plan_crop(replace(RANDOM, flip=False), (300, 400), 1, index) for index in range(50)]
    assert any(plan.flip for plan in plans)
    assert still == [replace(plan, flip=False) for plan in plans]


@pytest.mark.parametrize("shape", [(32, 32), (20, 48)])
def test_a_padded_crop_is_torchvisions(shape):
    """RandomCrop(size, padding=4) and RandomHorizontalFlip: every place is as likely, and what is new is black."""
    config, picture = CropConfig(mode="padded", flip=True), noisy(*shape) | 1
    height, width = shape
    plans = [plan_crop(config, shape, 5, index) for index in range(3000)]
    bordered = np.pad(picture, ((4, 4), (4, 4), (0, 0)))
    for plan in plans[:100]:
        expected = bordered[plan.top : plan.top + height, plan.left : plan.left + width]
        found = apply_crop(picture, plan)
        assert np.array_equal(found, expected[:, ::-1] if plan.flip else expected)
        assert found.flags.c_contiguous
    for places in ([plan.left for plan in plans], [plan.top for plan in plans]):
        assert stats.chisquare(np.bincount(places, minlength=9)).pvalue > 1e-3
    assert stats.binomtest(sum(plan.flip for plan in plans), 3000).pvalue > 1e-3
    assert not any(plan_crop(CropConfig(mode="padded"), shape, 5, index).flip for index in range(100))


def test_records_of_crops_from_before_stay_as_they_were():
    assert CropConfig(mode="random-resized", size=64).to_dict() == {"mode": "random-resized", "size": 64, "crops": 1}
    assert CropConfig(mode="center", size=64).of_new_job().to_dict() == {"mode": "center", "size": 64, "crops": 1}
    assert RANDOM.to_dict()["version"] == OLD.of_new_job().version == 2


def test_no_crop_is_no_plan():
    assert plan_crop(CropConfig(), (32, 32), 0, 0) is None


@pytest.mark.parametrize(
    "values",
    [
        {"mode": "centre", "size": 32},
        {"mode": "center"},
        {"size": 32},
        {"mode": "resize", "size": 1},
        {"mode": "resize", "size": 32, "crops": 2},
        {"mode": "random-resized", "size": 32, "crops": 0},
    ],
)
def test_a_crop_that_makes_no_sense_is_refused(values):
    with pytest.raises(UsageError) as caught:
        CropConfig(**values)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("shape", "size", "ratio", "expected"),
    [
        ((100, 100), (32, 32), 9 / 8, (36, 36)),
        ((300, 400), (224, 224), 8 / 7, (256, 341)),
        ((400, 300), (224, 224), 8 / 7, (341, 256)),
        ((300, 400), (100, 30), 9 / 8, (112, 149)),
        ((300, 400), (30, 200), 9 / 8, (168, 225)),
    ],
)
def test_mixing_pictures_cover_the_picture(shape, size, ratio, expected):
    assert mixing_shape(shape, size, ratio) == expected
    picture = noisy(*shape)
    resized = resize_mixing(picture, expected)
    assert resized.shape[:2] == expected
    assert not np.shares_memory(resized, picture)


def test_a_mixing_picture_smaller_than_the_pictures_is_refused():
    with pytest.raises(UsageError, match="smaller"):
        mixing_shape((31, 100), (32, 32), 9 / 8)
    with pytest.raises(UsageError, match="no mixing"):
        mixing_set([], (32, 32), 9 / 8)
