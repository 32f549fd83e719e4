"""Operations of sequences that have a way of their own there, beside Pillow's."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from ipmix_cli.methods import transform_named
from ipmix_cli.methods.steps.operations import SEQUENCE_OPS
from ipmix_cli.methods.steps.sequence import plan_dtype


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 254), (7, 7), (19, 20), (30, 201), (255, 255)])
@pytest.mark.parametrize("size", [(2, 2), (3, 41), (57, 2), (70, 64)])
def test_autocontrast_without_a_cutoff_makes_pillows_pixels(low, high, size):
    rng = np.random.default_rng(low + high)
    clean = np.clip(rng.integers(0, 256, (2, *size, 3), dtype=np.uint8), low, high).astype(np.uint8)
    clean[..., 1] //= 2  # a channel with a range of its own
    method, plans = transform_named("randaugment"), np.zeros((2, 1), plan_dtype(2))
    plans["length"] = 1
    plans["steps"]["code"] = SEQUENCE_OPS["autocontrast"].code
    out = np.empty((2, 1, *size, 3), np.uint8)
    method.apply(clean, plans, None, method.settings_for("torchvision", None, {}), out)
    for picture, copy in zip(clean, out[:, 0], strict=True):
        assert np.array_equal(copy, np.array(ImageOps.autocontrast(Image.fromarray(picture))))


@pytest.mark.parametrize("before", ["equalize", "color", None])
def test_a_picture_equalized_again_and_again_is_pillows(before):
    rng = np.random.default_rng(3)
    clean = (rng.random((3, 40, 61, 3)) ** 3 * 256).astype(np.uint8)
    clean[2, :, :, 1] = 7  # a channel of one value
    names = [name for name in (before, "equalize", "equalize") if name]
    method = transform_named("randaugment")
    plans = np.zeros((3, 1), plan_dtype(len(names)))
    plans["length"] = len(names)
    for number, name in enumerate(names):
        plans["steps"]["code"][..., number] = SEQUENCE_OPS[name].code
    out = np.empty((3, 1, *clean.shape[1:]), np.uint8)
    method.apply(clean, plans, None, method.settings_for("torchvision", None, {}), out)
    for picture, copy in zip(clean, out[:, 0], strict=True):
        image = Image.fromarray(picture)
        for name in names:
            image = ImageOps.equalize(image) if name == "equalize" else ImageEnhance.Color(image).enhance(0.0)
        assert np.array_equal(copy, np.array(image))


@pytest.mark.parametrize("width", [2, 60, 63, 64, 65, 90, 128, 200])
def test_what_a_shift_leaves_open_is_painted_to_the_last_pixel(width):
    clean = np.full((1, 5, width, 3), 9, np.uint8)
    method, plans = transform_named("randaugment"), np.zeros((1, 1), plan_dtype(1))
    plans["length"] = 1
    step = plans["steps"][0, 0, 0]
    step["code"], step["fill"], step["parameter"] = SEQUENCE_OPS["translate_y"].code, 0x7C7468, 3.0
    step["numbers"] = (1, 0, 0, 0, 1, 3)
    out = np.empty((1, 1, *clean.shape[1:]), np.uint8)
    method.apply(clean, plans, None, method.settings_for("torchvision", None, {}), out)
    assert (out[0, 0, :2] == 9).all()
    assert (out[0, 0, 2:] == (0x7C, 0x74, 0x68)).all()
