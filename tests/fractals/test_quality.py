"""Figures agree with slow, obvious twins, and poor pictures are refused with the right word."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fractals.draw_spec import DrawSpec
from fractals.picture import drawn
from fractals.quality import Figures, complaint, measure_quality, nearest

random = np.random.default_rng(2)


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    return drawn(DrawSpec(mix={"plasma": 1.0}, size=128, seed=3), 1).picture


def test_contrast_edges_and_colour_are_what_a_slow_computation_finds(picture: NDArray[np.uint8]) -> None:
    figures = measure_quality(picture)
    red, green, blue = (picture[..., channel].astype(float) for channel in range(3))
    luma = np.round(0.299 * red + 0.587 * green + 0.114 * blue)
    assert figures.luma_std == pytest.approx(luma.std(), rel=1e-3)
    across, down = cv2.Sobel(luma, cv2.CV_64F, 1, 0), cv2.Sobel(luma, cv2.CV_64F, 0, 1)
    strong = np.hypot(across, down)[1:-1, 1:-1] / 4 / 255 > 0.06
    assert figures.edge_share == pytest.approx(strong.mean(), abs=0.01)
    rg, yb = red - green, 0.5 * (red + green) - blue
    colourful = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert figures.colourfulness == pytest.approx(colourful, rel=1e-6)
    bins = np.bincount(((picture >> 4).astype(int) @ [256, 16, 1]).ravel(), minlength=4096) / red.size
    assert figures.top_share == pytest.approx(bins.max())
    assert figures.entropy == pytest.approx(-(bins[bins > 0] * np.log2(bins[bins > 0])).sum())
    small = cv2.resize(luma, (36, 36), interpolation=cv2.INTER_AREA)
    assert figures.small_std == pytest.approx(small.std(), rel=0.02)


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0])
def test_the_slope_of_a_power_law_is_found(exponent: float) -> None:
    fy, fx = np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None, :]
    radius = np.maximum(np.hypot(fy, fx), 1 / 256)
    waves = np.exp(2j * np.pi * random.random(radius.shape)) / radius ** (exponent / 2)
    field = np.fft.irfft2(waves)
    grey = np.clip(128 + 40 * field / field.std(), 0, 255).astype(np.uint8)
    assert measure_quality(np.repeat(grey[..., None], 3, axis=2)).slope == pytest.approx(exponent, abs=0.25)


def checks(size: int, colours: list[tuple[int, int, int]]) -> NDArray[np.uint8]:
    return np.array(colours, np.uint8)[random.integers(0, len(colours), (size, size))]


@pytest.mark.parametrize(
    ("poor", "word"),
    [
        (np.full((64, 64, 3), 90, np.uint8), "flat"),
        (random.integers(0, 256, (64, 64, 3), dtype=np.uint8), "noisy"),
        (checks(64, [(0, 0, 0)] * 9 + [(255, 255, 255)]), "one_colour"),
        (np.repeat(np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None], 64, 0)[..., None], 3, 2), "few_edges"),
    ],
)
def test_a_poor_picture_is_refused_with_a_word(poor: NDArray[np.uint8], word: str) -> None:
    assert complaint(measure_quality(poor)) == word


RICH = Figures(50.0, 40.0, 0.3, 2.0, 40.0, 8.0, 0.1, 0)


@pytest.mark.parametrize(
    ("word", "figure", "limit", "outside"),
    [
        ("flat", "luma_std", 15, 14.9),
        ("one_colour", "top_share", 0.6, 0.61),
        ("few_edges", "edge_share", 0.04, 0.039),
        ("noisy", "slope", 1.0, 0.99),
        ("fades", "small_std", 8, 7.9),
        ("few_colours", "entropy", 3, 2.9),
    ],
)
def test_each_limit_is_where_it_is_documented(word: str, figure: str, limit: float, outside: float) -> None:
    assert complaint(replace(RICH, **{figure: limit})) == ""
    assert complaint(replace(RICH, **{figure: outside})) == word


def test_a_rich_picture_is_accepted(picture: NDArray[np.uint8]) -> None:
    assert complaint(measure_quality(picture)) == ""


def test_pictures_that_look_alike_have_near_hashes(picture: NDArray[np.uint8]) -> None:
    brighter = np.clip(picture.astype(int) + 3, 0, 255).astype(np.uint8)
    first, second = measure_quality(picture).hash, measure_quality(brighter).hash
    assert nearest(np.array([0, first], np.uint64), 2, np.uint64(second)) <= 6


def test_the_nearest_hash_is_counted_in_bits() -> None:
    hashes = random.integers(0, 2**63, 50, dtype=np.uint64)
    wanted = np.uint64(12345678901234567)
    slow = min(int(one ^ wanted).bit_count() for one in hashes)
    assert nearest(hashes, 50, wanted) == slow
    assert nearest(hashes, 0, wanted) == 64
