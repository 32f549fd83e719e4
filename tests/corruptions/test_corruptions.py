"""Each corruption against its slow version in slow_corruptions.py, and on pictures of every shape."""

from __future__ import annotations

import numpy as np
import pytest

from ipmix_cli.corruptions.apply import FrostMemory, apply_plan, random_arrays
from ipmix_cli.corruptions.frost import grown
from ipmix_cli.corruptions.plan import draw_plans, draws_of
from ipmix_cli.corruptions.profiles import PROFILES, SIZES
from ipmix_cli.corruptions.settings import CorruptionSettings
from ipmix_cli.corruptions.table import CORRUPTIONS, SETS
from tests.corruptions import slow_c_bar, slow_corruptions

ELASTIC_SIDES = {"32": 32, "64": 64, "224": 244 / 224 * 64, "299": 360 / 299 * 64}
EXACT = {
    "defocus_blur",
    "zoom_blur",
    "brightness",
    "contrast",
    "pixelate",
    "jpeg_compression",
    "gaussian_blur",
    "saturate",
    "circular_motion_blur",
}


def slow_version(name):
    return getattr(slow_corruptions, name, None) or getattr(slow_c_bar, name)


def picture(height, width, seed=0):
    """Smooth colours, an edge, and flat white, where truncation shows every rounding error."""
    rng = np.random.default_rng(seed)
    ramp = np.add.outer(np.arange(height) * 3, np.arange(width) * 2)[..., None] * np.array([1, 2, 3])
    out = (ramp % 256 + rng.integers(0, 40, (height, width, 3))).clip(0, 255).astype(np.uint8)
    out[: height // 4] = 255
    out[height // 4 : height // 3, : width // 2] = 128
    return out


def plans_for(name, profile, size, severities=(1, 2, 3, 4, 5), **more):
    settings = CorruptionSettings(corruptions=(name,), severities=severities, profile=profile, **more)
    return settings, draw_plans(settings, size, 7, np.arange(1))[0]


@pytest.mark.parametrize("profile", SIZES)
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_equals_the_slow_version(name, profile):
    side = min(SIZES[profile], 64)
    x = picture(side, side)
    settings, plans = plans_for(name, profile, (side, side))
    for plan, values in zip(plans, CORRUPTIONS[name].parameters[profile], strict=True):
        arrays = random_arrays(x.shape[:2], plan, settings)
        given = [x, values, arrays, draws_of(plan).numbers, [grown(i) for i in range(6)]]
        if name == "elastic_transform":
            given.append(ELASTIC_SIDES[profile])
        slow = slow_version(name)(*given).astype(int)
        off = np.abs(apply_plan(x, plan, None, settings, FrostMemory()) - slow)
        if name in EXACT:
            assert not off.any()
        assert off.max() <= 1
        assert (off > 0).mean() <= 0.005


@pytest.mark.parametrize("size", [(2, 2), (2, 9), (3, 3), (31, 7), (20, 64), (65, 40)])
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_takes_every_size_and_leaves_its_input_alone(name, size):
    x = picture(*size)
    before = x.copy()
    for profile in ("32", "299"):
        for corrected in (False, True):
            settings, plans = plans_for(name, profile, size, severities=(1, 4), corrected=corrected)
            for plan in plans:
                out = apply_plan(x, plan, None, settings, FrostMemory())
                assert out.shape == x.shape
                assert out.dtype == np.uint8
                assert not np.shares_memory(out, x)
    assert (x == before).all()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_is_stronger_at_severity_five(name):
    """But for colours, which are weakest at severity 2, for frost by chance, and for elastic at 224."""
    x = picture(64, 64)
    settings, plans = plans_for(name, "224", (64, 64), (1, 5))
    weak, strong = (np.abs(apply_plan(x, plan, None, settings, FrostMemory()) - x.astype(int)).mean() for plan in plans)
    assert strong > weak if name not in {"saturate", "elastic_transform", "frost"} else strong > 0


def test_grey_pictures_stay_grey_where_only_light_changes():
    x = np.repeat(picture(32, 32)[..., :1], 3, 2)
    for name in ("brightness", "saturate", "contrast", "defocus_blur", "gaussian_blur", "zoom_blur", "pixelate", "fog"):
        settings, plans = plans_for(name, "32", (32, 32), severities=(1, 2))
        for plan in plans:
            out = apply_plan(x, plan, None, settings, FrostMemory())
            assert (out[..., 0] == out[..., 1]).all()


def test_flat_white_stays_white_under_blurs_that_are_corrected():
    x = np.full((40, 40, 3), 255, np.uint8)
    for name in ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur"):
        settings, plans = plans_for(name, "224", (40, 40), corrected=True)
        for plan in plans:
            assert (apply_plan(x, plan, None, settings, FrostMemory()) == 255).all()


def test_corrected_glass_exchanges_pixels_and_the_published_one_copies_them():
    from ipmix_cli.kernels.corruptions.filters import shuffle_pixels

    x = np.arange(12 * 12 * 3).reshape(12, 12, 3).astype(np.uint16)
    steps = np.random.default_rng(0).integers(-2, 2, (2, 8, 8, 2))
    kept, lost = ((x % 251).astype(np.uint8) for _ in range(2))
    shuffle_pixels(kept, steps, 2, 1)
    shuffle_pixels(lost, steps, 2, 0)
    assert sorted(map(tuple, kept.reshape(-1, 3))) == sorted(map(tuple, (x % 251).astype(np.uint8).reshape(-1, 3)))
    assert len(np.unique(lost.reshape(-1, 3), axis=0)) < len(np.unique(kept.reshape(-1, 3), axis=0))


def test_the_published_set_has_fifteen_and_four():
    assert [len(SETS[name]) for name in ("test", "validation", "all")] == [15, 4, 19]
    assert len({corruption.code for corruption in CORRUPTIONS.values()}) == len(CORRUPTIONS)
    assert all(set(profiles) == set(SIZES) for profiles in PROFILES.values())


def test_the_sixth_picture_of_frost_is_drawn_only_when_corrected():
    class Given:
        shapes = np.array([[40, 40]] * 6, np.int32)

        def picture(self, index):
            return np.full((40, 40, 3), 40 * index, np.uint8)

    x = np.zeros((32, 32, 3), np.uint8)
    for corrected, kinds in ((False, 5), (True, 6)):
        settings = CorruptionSettings(corruptions=("frost",), profile="224", corrected=corrected, frost="pictures")
        plans = draw_plans(settings, (32, 32), 0, np.arange(40))[:, 0]
        seen = {int(apply_plan(x, plan, Given(), settings, FrostMemory())[0, 0, 0]) for plan in plans}
        assert len(seen) == kinds
