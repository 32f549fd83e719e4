"""Operations of sequences that have a way of their own there, beside Pillow's."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

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
