"""Kaleidoscope: fold the plane into one wedge: a picture repeats itself, mirrored, around its centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.elementary import TURN, sincos
from fractals.family import Params, Picture
from fractals.randomness import RandomStream
from ipmix_cli.numba_cache.jit import inlined, kernel


def sample(stream: RandomStream) -> Params:
    """Draw the number of wedges, the wedge that is shown, and where its tip lies."""
    return {
        "folds": stream.choose((2, 3, 4, 5, 6, 8), (3, 3, 4, 2, 3, 1)),
        "angle": stream.uniform(0, TURN),
        "tip": [stream.uniform(0.3, 0.7), stream.uniform(0.3, 0.7)],
        "zoom": stream.uniform(0.6, 1.0),
    }


def folded(picture: Picture, params: Params) -> Picture:
    """Return the picture uint8 (S, S, 3) as seen in the kaleidoscope."""
    wedge = 0.5 * TURN / params["folds"]
    sin, cos = sincos(wedge + params["angle"])
    scale, tip = params["zoom"], params["tip"]
    sight = np.array([scale * cos, scale * sin, *tip])
    return _folded(picture, _mirrors(params["folds"], wedge), sight)


def _mirrors(folds: int, wedge: float) -> NDArray[np.float64]:
    """Return the normals (M, 2) of the mirrors that fold the upper half plane into one wedge, halving it each time."""
    normals = []
    while folds > 1:
        folds = (folds + 1) // 2
        sin, cos = sincos(folds * wedge)
        normals.append((-sin, cos))
    return np.array(normals, np.float64)


@kernel
def _folded(picture: Picture, mirrors: NDArray[np.float64], sight: NDArray[np.float64]) -> Picture:
    """Fold the plane and look the colours up, bilinearly.

    Parameters
    ----------
    picture : uint8 (S, S, 3)
    mirrors : float64 (M, 2)
        See :func:`_mirrors`.
    sight : float64 (4,)
        Where the picture lies: the first axis of the wedge seen in it, and the tip.
    """
    size, last = picture.shape[0], picture.shape[0] - 1
    out = np.empty_like(picture)
    xs, ys = np.empty(size), np.empty(size)
    places = np.empty((2, size), np.int32)  # in 256ths of a pixel
    for row in range(size):
        down = abs((row + 0.5) / size - 0.5)
        for column in range(size):
            xs[column], ys[column] = (column + 0.5) / size - 0.5, down
        for number in range(mirrors.shape[0]):
            across, along = mirrors[number, 0], mirrors[number, 1]
            for column in range(size):
                beyond = 2.0 * max(across * xs[column] + along * ys[column], 0.0)
                xs[column] -= beyond * across
                ys[column] -= beyond * along
        for column in range(size):
            x, y = xs[column], ys[column]
            places[0, column] = _mirrored((sight[2] + x * sight[0] + y * sight[1]) * size, last)
            places[1, column] = _mirrored((sight[3] + x * sight[1] - y * sight[0]) * size, last)
        for column in range(size):
            left, top = min(places[0, column] >> 8, last - 1), min(places[1, column] >> 8, last - 1)
            fx, fy = places[0, column] - 256 * left, places[1, column] - 256 * top
            for channel in range(3):
                upper = picture[top, left, channel] * (256 - fx) + picture[top, left + 1, channel] * fx
                lower = picture[top + 1, left, channel] * (256 - fx) + picture[top + 1, left + 1, channel] * fx
                out[row, column, channel] = (upper * (256 - fy) + lower * fy + 32768) >> 16
    return out


@inlined
def _mirrored(place: float, last: int) -> np.int32:
    """Return a place on 0..last, in 256ths, where a picture that repeats itself mirrored shows the place asked for."""
    place = abs(place - 0.5)
    place = place if place <= last else max(2.0 * last - place, 0.0)  # at most one and a half pictures away
    return np.int32(place * 256.0)
