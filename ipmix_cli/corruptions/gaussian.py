"""Gaussian filters as SciPy computes them: separable, in float64, cut off after some standard deviations."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.picture import Picture

Reals = NDArray[np.float64]


@functools.lru_cache(maxsize=64)
def half_kernel(sigma: float, truncate: float) -> Reals:
    """Return the normalised kernel from its centre outwards, (r + 1,)."""
    radius = int(truncate * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * offsets**2)
    weights /= weights.sum()
    half: Reals = weights[radius:].copy()
    half.flags.writeable = False
    return half


@functools.lru_cache(maxsize=64)
def lines_beyond(length: int, radius: int, mode: str, channels: int = 1) -> NDArray[np.int64]:
    """Return which element stands for each of -radius .. length + radius - 1 pixels of an axis, ((..) * channels,).

    Examples
    --------
    >>> lines_beyond(3, 2, "nearest").tolist(), lines_beyond(3, 2, "reflect").tolist()
    ([0, 0, 0, 1, 2, 2, 2], [1, 0, 0, 1, 2, 2, 1])
    """
    places = np.arange(-radius, length + radius)
    if mode == "nearest":
        places = np.clip(places, 0, length - 1)
    else:
        places = places % (2 * length)
        places = np.where(places >= length, 2 * length - 1 - places, places)
    elements = (places[:, None] * channels + np.arange(channels)).reshape(-1).astype(np.int64)
    elements.flags.writeable = False
    return elements


def gaussian(values: Reals, sigma: float, mode: str = "nearest", truncate: float = 4.0) -> Reals:
    """Return a Gaussian filter of (H, W) or (H, W, C), over height and width.

    The bytes of ``skimage.filters.gaussian``. Does not modify its input.

    Parameters
    ----------
    values : ndarray of float64, C-contiguous
    sigma : float
        Standard deviation in pixels; 0 returns a copy.
    mode : {"nearest", "reflect"}
        What lies beyond the edges: the edge pixel, or the picture mirrored at half a pixel beyond the edge.
    truncate : float
        Where the kernel ends, in standard deviations.
    """
    from ipmix_cli.kernels.corruptions.filters import correlate_across, correlate_down

    if sigma <= 1e-15:
        return values.copy()
    height, width = values.shape[:2]
    channels = values.size // (height * width)
    half = half_kernel(float(sigma), float(truncate))
    radius = len(half) - 1
    source = values.reshape(height, width * channels)
    between = np.empty_like(source)
    out = np.empty_like(source)
    correlate_down(source, half, lines_beyond(height, radius, mode), between)
    columns = lines_beyond(width, radius, mode, channels)
    correlate_across(between, half, columns, np.empty(len(columns)), out)
    return out.reshape(values.shape)


def blurred(picture: Picture, sigma: float) -> Reals:
    """Return a picture as float64 of 0 .. 1 after a Gaussian filter of its height and width."""
    return gaussian(picture / 255.0, sigma)
