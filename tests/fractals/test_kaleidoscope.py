"""The folded plane is the one that polar coordinates describe."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fractals import kaleidoscope

SIZE = 40
ROWS, COLUMNS = np.indices((SIZE, SIZE))
PICTURE = np.stack([5 * ROWS, 3 * COLUMNS, 5 * ROWS + 9], axis=2).astype(np.uint8)


def polar(params: dict[str, float], row: int, column: int) -> tuple[float, float]:
    """Return the place (x, y) of the picture, in pixels, that a pixel of the kaleidoscope shows."""
    u, v = (column + 0.5) / SIZE - 0.5, (row + 0.5) / SIZE - 0.5
    wedge = math.tau / params["folds"]
    angle = abs(2 * (math.atan2(v, u) / wedge % 1) - 1) * wedge / 2 + params["angle"]
    radius = params["zoom"] * math.hypot(u, v)
    places = (tip + radius * part for tip, part in zip(params["tip"], (math.cos(angle), math.sin(angle)), strict=True))
    x, y = (abs(place * SIZE - 0.5) for place in places)
    return tuple(place if place <= SIZE - 1 else 2 * (SIZE - 1) - place for place in (x, y))


@pytest.mark.parametrize("folds", [2, 3, 4, 5, 6, 8])
def test_the_plane_is_folded_as_in_polar_coordinates(folds: int) -> None:
    params = {"folds": folds, "angle": 1.0 + folds, "tip": [0.35, 0.6], "zoom": 0.9}
    before = PICTURE.copy()
    found = kaleidoscope.folded(PICTURE, params)
    assert np.array_equal(PICTURE, before)
    for row in range(SIZE):
        for column in range(SIZE):
            x, y = polar(params, row, column)
            assert np.abs(found[row, column] - np.array([5 * y, 3 * x, 5 * y + 9])).max() < 1.1
