"""Kaleidoscope: fold the plane into one wedge: a picture repeats itself, mirrored, around its centre."""

from __future__ import annotations

import numpy as np

from fractals.chance import Chance
from fractals.elementary import TURN, atan2, sincos
from fractals.family import Params, Picture
from fractals.jit import inlined, kernel


def sample(chance: Chance) -> Params:
    """Draw the number of wedges, the wedge that is shown, and where its tip lies."""
    return {
        "folds": chance.choose((2, 3, 4, 5, 6, 8), (3, 3, 4, 2, 3, 1)),
        "angle": chance.uniform(0, TURN),
        "tip": [chance.uniform(0.3, 0.7), chance.uniform(0.3, 0.7)],
        "zoom": chance.uniform(0.6, 1.0),
    }


def folded(picture: Picture, params: Params) -> Picture:
    """Return the picture uint8 (S, S, 3) as seen in the kaleidoscope."""
    tip = params["tip"]
    return _folded(picture, float(params["folds"]), params["angle"], tip[0], tip[1], params["zoom"])


@kernel
def _folded(picture: Picture, folds: float, angle: float, tip_x: float, tip_y: float, zoom: float) -> Picture:
    size = picture.shape[0]
    out = np.empty_like(picture)
    wedge, last = TURN / folds, picture.shape[0] - 1
    places = np.empty((2, size))
    for row in range(size):
        v = (row + 0.5) / size - 0.5
        for column in range(size):  # apart from what follows, and so in vectors
            u = (column + 0.5) * (1.0 / size) - 0.5
            turn = (atan2(v, u) + TURN) * (1.0 / wedge)
            sin, cos = sincos(abs(2.0 * (turn - np.floor(turn)) - 1.0) * wedge * 0.5 + angle)
            radius = zoom * np.sqrt(u * u + v * v)
            places[0, column], places[1, column] = tip_x + radius * cos, tip_y + radius * sin
        for column in range(size):
            x, y = _mirrored(places[0, column] * size, last), _mirrored(places[1, column] * size, last)
            left, top = min(int(x), last - 1), min(int(y), last - 1)
            fx, fy = int((x - left) * 256.0), int((y - top) * 256.0)
            for channel in range(3):
                upper = picture[top, left, channel] * (256 - fx) + picture[top, left + 1, channel] * fx
                lower = picture[top + 1, left, channel] * (256 - fx) + picture[top + 1, left + 1, channel] * fx
                out[row, column, channel] = (upper * (256 - fy) + lower * fy + 32768) >> 16
    return out


@inlined
def _mirrored(place: float, last: int) -> float:
    """Return a place on 0..last, where a picture that repeats itself mirrored shows the place asked for."""
    place = abs(place - 0.5)
    return place if place <= last else max(2.0 * last - place, 0.0)  # at most one and a half pictures away
