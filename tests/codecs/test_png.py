"""Our own PNG encoder: every reader gives the pixels back, and the bytes never change."""

from __future__ import annotations

import hashlib
import io
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from ipmix_cli.codecs.png import PngEncoder
from ipmix_cli.codecs.png.tables import LONGEST, code_lengths, codes_of, tables

Pixels = NDArray[np.uint8]


def texture(height: int, width: int, seed: int = 0) -> Pixels:
    """A picture with slopes, an edge and noise, like a photograph."""
    noise = np.random.default_rng(seed).integers(0, 24, (height, width, 3))
    y, x = np.mgrid[:height, :width]
    slope = 90 + 60 * np.sin(x / 9)[..., None] + 50 * np.cos(y / 7)[..., None] + 40 * (x > y)[..., None]
    return np.clip(slope + noise, 0, 255).astype(np.uint8)


def encoded(picture: Pixels) -> bytes:
    return bytes(PngEncoder().encode(picture)[0])


def assert_read_back(data: bytes, picture: Pixels) -> None:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), picture)
    by_opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(by_opencv[..., ::-1], picture)


@pytest.mark.parametrize(
    "size",
    [
        (1, 1),
        (1, 2),
        (2, 1),
        (1, 700),
        (700, 1),
        (3, 5),
        (32, 32),
        (53, 37),
        (224, 224),
        (1024, 1024),
        (3, 2000),
    ],
)
@pytest.mark.parametrize("kind", ["noise", "flat", "texture"])
def test_pillow_and_opencv_give_the_pixels_back(size: tuple[int, int], kind: str) -> None:
    picture = {
        "noise": np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8),
        "flat": np.full((*size, 3), 201, np.uint8),
        "texture": texture(*size),
    }[kind]
    assert_read_back(encoded(picture), picture)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 2, 17, 256]), st.integers(0, 2**32 - 1))
def test_any_size_and_any_spread_of_values_survives(height: int, width: int, spread: int, seed: int) -> None:
    picture = (np.random.default_rng(seed).integers(0, spread, (height, width, 3)) * 200).astype(np.uint8)
    assert_read_back(encoded(picture), picture)


def test_a_batch_gives_the_same_files_as_single_pictures() -> None:
    pictures = np.stack([texture(20, 31, seed) for seed in range(6)]).reshape(2, 3, 20, 31, 3)
    together = [bytes(data) for data in PngEncoder().encode(pictures)]
    assert together == [encoded(picture) for picture in pictures.reshape(-1, 20, 31, 3)]


def test_an_encoder_serves_several_sizes_in_turn() -> None:
    encoder = PngEncoder()
    for size in [(64, 64), (8, 9), (64, 64), (9, 8)]:
        picture = texture(*size)
        assert_read_back(bytes(encoder.encode(picture)[0]), picture)


def test_the_bytes_are_those_of_every_other_machine() -> None:
    """Made once; another digest means that data sets made before and after differ."""
    digest = hashlib.sha256()
    for size in [(32, 32), (5, 7), (224, 224)]:
        y, x = np.mgrid[: size[0], : size[1]]
        digest.update(encoded(np.stack([x * y, x * 7 + y, x ^ y], -1).astype(np.uint8)))
    assert digest.hexdigest() == "139ce7e313c5f518cfabedb96876a8d1164d9b07494356984e6c9473017cb2d5"


def test_the_picture_is_not_changed() -> None:
    picture = texture(16, 16)
    before = picture.copy()
    encoded(picture)
    assert np.array_equal(picture, before)


def test_photograph_like_pictures_get_smaller_and_flat_ones_much_smaller() -> None:
    assert len(encoded(texture(64, 64))) < 0.75 * 64 * 64 * 3
    assert len(encoded(np.zeros((64, 64, 3), np.uint8))) < 0.15 * 64 * 64 * 3


def test_checksums_and_chunks_are_as_the_standard_has_them() -> None:
    data = encoded(texture(12, 13))
    place, kinds = 8, []
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        body = data[place + 4 : place + 8 + length]
        assert zlib.crc32(body) == int.from_bytes(data[place + 8 + length : place + 12 + length], "big")
        kinds.append(body[:4])
        if body[:4] == b"IDAT":
            rows = zlib.decompress(body[4:])
            assert len(rows) == 12 * (13 * 3 + 1)
        place += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_every_ready_made_code_is_complete_and_short_enough() -> None:
    lengths = tables().entries >> 16
    assert lengths.max() <= LONGEST
    assert (2.0 ** -lengths.astype(float)).sum(axis=1) == pytest.approx(1)


def test_a_huffman_code_has_the_lengths_of_the_textbook() -> None:
    assert code_lengths([45, 13, 12, 16, 9, 5], 15) == [1, 3, 3, 3, 4, 4]
    assert codes_of([2, 1, 3, 3]) == ["10", "0", "110", "111"]


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (28, 28), (53, 37)])
def test_grey_pictures_are_read_back_as_grey(size: tuple[int, int]) -> None:
    encoder = PngEncoder()
    for picture in (texture(*size)[..., :1], np.zeros((*size, 1), np.uint8)):
        encoder.encode(texture(*size))  # the memory of another number of channels is not used again
        data = bytes(encoder.encode(picture)[0])
        with Image.open(io.BytesIO(data)) as image:
            assert image.mode == "L"
            assert np.array_equal(np.asarray(image), picture[..., 0])
        assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), picture[..., 0])
