"""The resize gives Pillow's bytes, whatever the sizes and the part."""

from __future__ import annotations

import math

import numpy as np
import PIL
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ipmix_cli.kernels import resize
from ipmix_cli.kernels.resize import resized

SIDES = st.integers(1, 90)
PARTS = st.floats(0, 1)
BILINEAR = Image.Resampling.BILINEAR


def noise(height, width):
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def box_of(height, width, parts):
    """A part at least one pixel wide and high; the edges are fractions as they come from a centre crop."""
    left, top = parts[0] * (width - 1), parts[1] * (height - 1)
    return left, top, left + 1 + parts[2] * (width - 1 - left), top + 1 + parts[3] * (height - 1 - top)


def in_two_steps(picture, box, size):
    """Pillow, one axis at a time: the order of the axes that Pillow 13 chooses, with any version."""
    (height, width), image = picture.shape[:2], Image.fromarray(picture)
    left, top, right, bottom = box
    if height > size[0] and height - size[0] > 2 * (width - size[1]):
        image = image.resize((width, size[0]), BILINEAR, (0, top, width, bottom))
        return np.array(image.resize((size[1], size[0]), BILINEAR, (left, 0, right, size[0])))
    image = image.resize((size[1], height), BILINEAR, (left, 0, right, height))
    return np.array(image.resize((size[1], size[0]), BILINEAR, (0, top, size[1], bottom)))


@settings(max_examples=400, deadline=None)
@given(SIDES, SIDES, SIDES, SIDES, st.tuples(PARTS, PARTS, PARTS, PARTS))
def test_any_part_of_any_picture_is_resized_as_by_pillow(height, width, new_height, new_width, parts):
    picture, box, size = noise(height, width), box_of(height, width, parts), (new_height, new_width)
    found = resized(picture, box, size)
    assert found.shape == (*size, 3)
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous
    assert found.flags.writeable
    assert np.array_equal(found, in_two_steps(picture, box, size))
    if int(PIL.__version__.split(".")[0]) >= 13:
        assert np.array_equal(found, Image.fromarray(picture).resize(size[::-1], BILINEAR, box))


@pytest.mark.parametrize("shape", [(375, 500), (500, 375), (500, 333), (1300, 70), (64, 2000)])
def test_photographs_are_resized_as_by_pillow(shape):
    picture, box = noise(*shape), (3.25, 1.5, shape[1] - 7.125, shape[0])
    assert np.array_equal(resized(picture, box, (224, 224)), in_two_steps(picture, box, (224, 224)))


@settings(max_examples=50, deadline=None)
@given(SIDES, SIDES, st.tuples(PARTS, PARTS, PARTS, PARTS))
def test_a_mirrored_result_is_the_result_mirrored(height, width, parts):
    picture, box = noise(height, width), box_of(height, width, parts)
    plain, mirrored = (resized(picture, box, (20, 30), mirror) for mirror in (False, True))
    assert np.array_equal(mirrored, plain[:, ::-1])
    assert mirrored.flags.c_contiguous


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("shape", [(40, 60), (90, 20)])
def test_the_input_stays_as_it_is_and_may_be_read_only(shape, mirror):
    picture = noise(*shape)
    before = picture.copy()
    picture.flags.writeable = False
    found = resized(picture, (0, 0, shape[1], shape[0]), shape, mirror)
    assert not np.shares_memory(found, picture)
    assert np.array_equal(picture, before)
    assert np.array_equal(found, before[:, ::-1] if mirror else before)


def test_a_poster_is_resized_in_bands(monkeypatch):
    picture, box = noise(300, 80), (0, 0, 80, 300)
    whole = resized(picture, box, (200, 20))
    monkeypatch.setattr(resize, "BAND", 7)
    assert np.array_equal(resized(picture, box, (200, 20)), whole)


def test_even_the_steepest_weights_add_up():
    """White stays white: the rounding of many small weights never reaches half a level."""
    white = np.full((3000, 4, 3), 255, np.uint8)
    assert resized(white, (0, 0, 4, 3000), (2, 2)).min() == 255
    assert math.isclose(resize.weights_of(0, 3000, 3000, 2).taps.sum(1).mean(), 1 << 22, rel_tol=1e-3)
