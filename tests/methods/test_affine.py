"""Geometric operations of sequences, with every interpolation and any fill colour, beside Pillow's own transform."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.methods import transform_named
from ipmix_cli.methods.steps.affine import matrices
from ipmix_cli.methods.steps.operations import RESAMPLE, SEQUENCE_OPS
from ipmix_cli.methods.steps.sequence import plan_dtype

FILL = (124, 116, 104)
# Ordinary numbers; whole and half pixels, where neighbours change; beyond the picture; none at all
PARAMETERS = {
    "rotate": (13.3719, -171.2, 90.0, 0.0),
    "shear_x": (0.213579, -1.1, 0.5, 0.0),
    "shear_y": (-0.213713, 0.9, -0.25, 0.0),
    "translate_x": (9.31379, -3.0, 2.5, 41.7, 0.0),
    "translate_y": (-7.41379, 4.0, -0.5, -60.0, 0.0),
}


def pictures(height, width):
    """Noise, a smooth picture, and one of black and white alone."""
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    small = Image.fromarray(rng.integers(0, 256, (3, 3, 3), dtype=np.uint8))
    return np.stack([noise, np.array(small.resize((width, height), Image.Resampling.BICUBIC)), noise // 128 * 255])


def moved(clean, name, parameter, resample, fill):
    """Copies by one step of a sequence, and its matrix."""
    method, code = transform_named("randaugment"), SEQUENCE_OPS[name].code
    plans = np.zeros((len(clean), 1), plan_dtype(2))
    plans["length"] = 1
    step, size = plans["steps"][:, :, 0], clean.shape[1:3]
    matrix = matrices(np.array([code]), np.array([parameter]), size)[0]
    red, green, blue = fill
    step["code"], step["parameter"], step["numbers"] = code, parameter, matrix
    step["resample"], step["fill"] = RESAMPLE[resample], red << 16 | green << 8 | blue
    out = np.empty((len(clean), 1, *clean.shape[1:]), np.uint8)
    method.apply(clean, plans, None, method.settings_for("torchvision", None, {}), out)
    return out[:, 0], tuple(matrix)


@pytest.mark.parametrize("resample", RESAMPLE)
@pytest.mark.parametrize("name", PARAMETERS)
def test_every_interpolation_gives_pillows_bytes(name, resample):
    for height, width in ((32, 32), (19, 26), (2, 3)):
        clean = pictures(height, width)
        for number, parameter in enumerate(PARAMETERS[name]):
            fill = FILL if number % 2 else (0, 0, 0)
            made, matrix = moved(clean, name, parameter, resample, fill)
            for picture, copy in zip(clean, made, strict=True):
                image = Image.fromarray(picture)
                wanted = image.transform(image.size, Image.Transform.AFFINE, matrix, RESAMPLE[resample], fillcolor=fill)
                assert np.array_equal(copy, np.array(wanted)), (height, width, parameter)
