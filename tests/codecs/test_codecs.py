"""Every encoding gives its pictures back, and refuses what is none of its pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from ipmix_cli.codecs.codecs import CODECS, stated_size
from ipmix_cli.errors import BadSampleError

Pixels = NDArray[np.uint8]
PICTURES = [name for name in CODECS if CODECS[name].suffix]


def picture(height: int = 24, width: int = 37) -> Pixels:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 5 + y, 255 - x * 3, y * 6], -1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("size", [(1, 1), (24, 37), (224, 224)])
def test_a_picture_comes_back_exactly_or_nearly(name: str, size: tuple[int, int]) -> None:
    codec, original = CODECS[name], picture(*size)
    decoded = codec.decode(codec.encode(original, 95), size)
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    assert decoded.flags.writeable
    assert not np.shares_memory(decoded, original)
    tolerance = 0 if codec.lossless else 12
    assert np.abs(decoded.astype(int) - original).max() <= tolerance


@pytest.mark.parametrize("name", CODECS)
def test_a_batch_is_encoded_like_its_pictures(name: str) -> None:
    codec = CODECS[name]
    batch = np.stack([picture(), picture()[::-1]])[None]
    together = [bytes(data) for data in codec.batch_encoder(90)(batch)]
    assert together == [codec.encode(np.ascontiguousarray(one), 90) for one in batch[0]]


def test_jpeg_keeps_colours_that_change_from_pixel_to_pixel() -> None:
    """Chroma subsampling would average the neighbours away."""
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 200
    codec = CODECS["jpeg"]
    decoded = codec.decode(codec.encode(stripes, 95), (32, 32))
    assert np.abs(decoded.astype(int) - stripes).mean() < 4


def test_jpeg_quality_is_obeyed() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert len(CODECS["jpeg"].encode(noise, 50)) < len(CODECS["jpeg"].encode(noise, 95)) / 2


@pytest.mark.parametrize("name", CODECS)
def test_another_size_than_the_one_stored_is_refused(name: str) -> None:
    data = CODECS[name].encode(picture(), 95)
    with pytest.raises(BadSampleError):
        CODECS[name].decode(data, (24, 38))


def test_a_bomb_is_refused_by_its_header() -> None:
    buffer = io.BytesIO()
    Image.new("1", (30000, 30000)).save(buffer, "PNG")
    with pytest.raises(BadSampleError, match="30000x30000"):
        CODECS["png"].decode(buffer.getvalue(), (32, 32))


@pytest.mark.parametrize("name", PICTURES)
def test_the_header_states_the_size_that_pillow_finds(name: str) -> None:
    data = CODECS[name].encode(picture(11, 200), 80)
    with Image.open(io.BytesIO(data)) as image:
        assert stated_size(data) == (image.height, image.width) == (11, 200)


@pytest.mark.parametrize("name", PICTURES)
@settings(max_examples=80, deadline=None)
@given(cut=st.floats(0, 1), flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 7)), max_size=3))
def test_damage_raises_nothing_but_a_bad_sample(name: str, cut: float, flips: list[tuple[float, int]]) -> None:
    data = bytearray(CODECS[name].encode(picture(), 95))
    for where, bit in flips:
        data[int(where * (len(data) - 1))] ^= 1 << bit
    try:
        decoded = CODECS[name].decode(bytes(data[: int(cut * len(data))]), (24, 37))
    except BadSampleError:
        return
    assert decoded.shape == (24, 37, 3)


def test_colour_codecs_read_grey_and_alpha_as_rgb() -> None:
    buffer = io.BytesIO()
    Image.new("L", (8, 6), 77).save(buffer, "PNG")
    assert (CODECS["png"].decode(buffer.getvalue(), (6, 8)) == 77).all()
