"""A picture enlarged about its centre, by SciPy's bilinear zoom."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Lines(NamedTuple):
    """Where the lines of an enlarged axis come from.

    Parameters
    ----------
    places : ndarray of int64, (length, 2)
        The two lines that each is between.
    weights : ndarray of float64, (length, 2)
    """

    places: NDArray[np.int64]
    weights: NDArray[np.float64]


@functools.lru_cache(maxsize=256)
def zoomed_lines(length: int, zoom: float) -> Lines:
    """Return the lines of an axis that is cropped about its centre, zoomed and trimmed to its length.

    The steps of the published ``clipped_zoom``, each axis by its own length. A place that rounding puts beyond the last
    line is black, as in SciPy.
    """
    crop = int(np.ceil(length / zoom))
    top = (length - crop) // 2
    size = round(crop * zoom)
    step = (crop - 1) / (size - 1) if size > 1 else 1.0
    trim = (size - length) // 2
    places, weights = np.zeros((length, 2), np.int64), np.zeros((length, 2))
    for line in range(length):
        place = (line + trim) * step
        if place > crop - 1:
            continue
        first = math.floor(place)
        second = first + 1 if first + 1 < crop else max(2 * crop - 2 - (first + 1), 0)
        places[line] = top + first, top + second
        weights[line, 0] = 1.0 - (place - first)
        weights[line, 1] = 1.0 - weights[line, 0]
    return Lines(places, weights)


def zoom_of_layer(layer: NDArray[np.float64], zoom: float) -> NDArray[np.float64]:
    """Return one channel (H, W) enlarged about its centre."""
    from ipmix_cli.kernels.corruptions.geometry import zoom_layer

    out = np.empty_like(layer)
    zoom_layer(layer, *zoomed_lines(layer.shape[0], zoom), *zoomed_lines(layer.shape[1], zoom), out)
    return out


def mean_of_zooms(picture: NDArray[np.float32], zooms: tuple[float, ...]) -> NDArray[np.float32]:
    """Return the mean of a picture (H, W, 3) and of its enlargements, summed in their order in float32."""
    from ipmix_cli.kernels.corruptions.geometry import add_zoomed

    total = np.zeros_like(picture)
    height, width = picture.shape[:2]
    for zoom in zooms:
        add_zoomed(picture, *zoomed_lines(height, zoom), *zoomed_lines(width, zoom), total)
    return (picture + total) / np.float32(len(zooms) + 1)
