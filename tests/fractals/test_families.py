"""What every family promises; a new one in the table is tested without writing a test."""

from __future__ import annotations

import json
import math

import cv2
import numpy as np
import pytest

from fractals import FAMILIES, draw, newton, tone
from fractals.draw_spec import DrawSpec
from fractals.picture import ATTEMPTS, drawn, render, varied
from fractals.quality import complaint
from fractals.randomness import RandomStream

every_family = pytest.mark.parametrize("name", FAMILIES)


def accepted(name: str, seed: int = 1) -> dict[str, object]:
    for attempt in range(ATTEMPTS):
        params = FAMILIES[name].sample(RandomStream(seed, attempt))
        if not FAMILIES[name].probe(params):
            return params
    raise AssertionError(f"{name} refuses nearly everything")


@every_family
@pytest.mark.parametrize("size", [32, 53, 64])
def test_a_picture_is_uint8_rgb_of_the_size_asked_for(name: str, size: int) -> None:
    picture = draw(name, seed=4, index=2, size=size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous


@every_family
def test_a_picture_is_a_function_of_seed_and_index(name: str) -> None:
    first = draw(name, seed=4, index=0, size=48)
    assert np.array_equal(first, draw(name, seed=4, index=0, size=48))
    assert not np.array_equal(first, draw(name, seed=4, index=1, size=48))
    assert not np.array_equal(first, draw(name, seed=5, index=0, size=48))


@every_family
def test_the_recipe_survives_json_and_draws_the_picture_again(name: str) -> None:
    for index in range(3):
        found = drawn(DrawSpec(mix={name: 1.0}, size=40, seed=6), index)
        text = json.dumps(found.recipe, separators=(",", ":"))
        assert len(text) < 2048
        assert np.array_equal(render(json.loads(text), 40), found.picture)


@every_family
def test_a_layer_lies_within_0_and_1(name: str) -> None:
    layer = FAMILIES[name].render(accepted(name), 40)
    for plane in (layer.value, layer.alpha):
        if plane is not None:
            assert plane.shape == (40, 40)
            assert plane.dtype == np.float32
            assert 0 <= plane.min() <= plane.max() <= 1.2
    assert (layer.alpha is None) == (FAMILIES[name].covers or FAMILIES[name].plain)


@every_family
def test_the_same_recipe_looks_the_same_at_every_size(name: str) -> None:
    alike = []
    for index in range(6):
        recipe = drawn(DrawSpec(mix={name: 1.0}, size=64, seed=8), index).recipe
        small = render(recipe, 64)
        large = cv2.resize(render(recipe, 192), (64, 64), interpolation=cv2.INTER_AREA)
        blurred = [cv2.GaussianBlur(one.mean(axis=2), (0, 0), 2.0).ravel() for one in (small, large)]
        alike.append(np.corrcoef(*blurred)[0, 1])
    assert np.median(alike) > 0.8


@every_family
def test_pictures_pass_the_quality_control(name: str) -> None:
    found = [drawn(DrawSpec(mix={name: 1.0}, size=64, seed=2), index) for index in range(8)]
    assert all(one.attempt < ATTEMPTS - 1 for one in found)
    assert all(len(one.rejected) == one.attempt for one in found)
    assert all(FAMILIES[name].plain or not complaint(one.figures) for one in found)


@every_family
def test_a_class_varies_its_parameters_and_keeps_the_others(name: str) -> None:
    params = accepted(name)
    other = varied(params, FAMILIES[name].varied, RandomStream(9))
    assert other.keys() == params.keys()
    assert {key for key in params if params[key] != other[key]} <= set(FAMILIES[name].varied)
    assert other != params


@pytest.mark.parametrize(
    ("name", "changes", "word"),
    [
        ("ifs", {"maps": [[0.5, 0, 0, 0.5, 0, 0], [0.5, 0, 0, 0.5, 0, 0]]}, "diverges"),
        ("ifs", {"maps": [[2.0, 0, 0, 2.0, 1, 1], [2.0, 0, 0, 2.0, 0, 1]]}, "diverges"),
        ("fractaldb", {"maps": [[0.1, 0, 0, 0.1, 0, 0], [0.1, 0, 0, 0.1, 1, 1]]}, "sparse"),
        ("attractor", {"numbers": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]}, "cycle"),
        ("julia", {"view": [0.0, 0.0, 0.001, 0.0], "c": [0.0, 0.0]}, "inside"),
        ("mandelbrot", {"view": [90.0, 0.0, 1.0, 0.0]}, "bland"),
        ("lyapunov", {"window": [2.0, 2.0, 0.01]}, "bland"),
        ("newton", {"view": [40.0, 40.0, 0.01]}, "bland"),
    ],
)
def test_the_probe_refuses_what_is_degenerate(name: str, changes: dict[str, object], word: str) -> None:
    assert FAMILIES[name].probe(accepted(name) | changes) == word


@pytest.mark.parametrize("roots", range(3, 8))
def test_newton_stays_among_the_numbers_where_a_step_leads_to_infinity(roots: int) -> None:
    angles = math.tau * np.arange(roots) / roots
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1).round(7)
    for size in (53, 64):  # an odd one has a pixel at 0, where the slope is 0
        for half in (1e-3, 0.5):
            steps, _ = newton.basins(size, np.array([0.0, 0.0, half, 0.0]), ring, np.array([1.0, 0.0, 0.0, 0.0]))
            assert np.isfinite(steps).all()


def test_a_field_with_a_hole_is_still_spread_over_0_to_1() -> None:
    field = np.linspace(-3, 5, 64 * 64, dtype=np.float32).reshape(64, 64)
    field[7, 9] = np.nan
    spread = tone.equalised(field, 0.5)
    assert 0 <= spread.min() <= spread.max() <= 1


@pytest.mark.parametrize(("name", "size"), [("iffs", 64), ("ifs", 31), ("ifs", 1025)])
def test_what_cannot_be_drawn_is_refused(name: str, size: int) -> None:
    with pytest.raises(ValueError, match=r"did you mean 'ifs'|32 to 1024"):
        draw(name, seed=0, index=0, size=size)
