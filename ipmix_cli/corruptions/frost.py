"""Pictures of frost: those given, or six grown by a process of our own.

Synthetic frost has the sizes, and each channel the mean and the standard deviation, of the published six; needles with
side branches are drawn over clouds. It only looks like them, so results are not comparable with published numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.gaussian import gaussian
from ipmix_cli.picture import Picture
from ipmix_cli.randomness import stream_key

BEND = 7.0  # pixels, the standard deviation by which needles are bent
FIELDS = {"crystals": 0, "clouds": 1, "tint": 8, "right": 16, "down": 24}  # the first of their random arrays
MOST_KEPT = 24  # resized pictures: the six in four sizes


class FrostPictures:
    """Pictures of frost by number, resized when they are first asked for, and kept.

    Parameters
    ----------
    count : int
    picture : callable
        ``picture(number)`` returns uint8 (h, w, 3) RGB.
    """

    def __init__(self, count: int, picture: Callable[[int], Picture]) -> None:
        self.count = count
        self._picture = picture
        self._kept: dict[tuple[int, float], Picture] = {}

    def scaled(self, number: int, scale: float, size: tuple[int, int]) -> Picture:
        """Return a picture resized by a profile's scale, or by more if it would not exceed `size` (H, W)."""
        import cv2

        ice = self._picture(number)
        scale = max(float(scale), *((side + 1) / length for side, length in zip(size, ice.shape[:2], strict=True)))
        if scale == 1.0:
            return ice
        if (number, scale) not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[number, scale] = np.asarray(cv2.resize(ice, (0, 0), fx=scale, fy=scale), np.uint8)
        return self._kept[number, scale]


class Look(NamedTuple):
    """What a synthetic picture of frost is drawn by.

    Parameters
    ----------
    size : tuple of int
        Height and width in pixels.
    mean, deviation : tuple of float
        Of the levels of each channel, RGB.
    crystals : int
        How many are drawn.
    reach : float
        Length of the longest needle over the short side.
    clouds : float
        Standard deviation of the clouds over that of the crystals.
    """

    size: tuple[int, int]
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    crystals: int
    reach: float
    clouds: float


LOOKS = (
    Look((600, 900), (77.7, 149.1, 165.7), (26.9, 16.5, 15.3), 700, 0.3, 1.1),
    Look((315, 560), (200.8, 205.4, 214.5), (21.4, 22.1, 22.6), 700, 0.4, 0.5),
    Look((315, 560), (200.8, 205.4, 214.5), (21.4, 22.1, 22.6), 700, 0.4, 0.5),
    Look((350, 527), (137.6, 152.8, 165.2), (28.5, 28.5, 29.9), 900, 0.2, 0.6),
    Look((495, 660), (112.4, 123.4, 134.8), (44.4, 43.3, 41.7), 1100, 0.25, 1.0),
    Look((323, 485), (71.4, 95.4, 104.5), (35.2, 42.7, 47.4), 420, 0.6, 0.6),
)
"""The published six, measured: frost2 and frost3 are one photograph."""


@functools.cache
def synthetic_frost() -> FrostPictures:
    """Return six synthetic pictures of frost, the same on every machine; each is grown when first asked for."""
    return FrostPictures(len(LOOKS), grown)


@functools.cache
def grown(number: int) -> Picture:
    """Return synthetic picture `number`, (h, w, 3) of its look."""
    look = LOOKS[number]
    draws = Draws(stream_key(0, "frost", number), {})
    height, width = look.size
    relief = crystals(look, draws) + look.clouds * clouds((height, width), draws, FIELDS["clouds"])
    relief = standardised(relief)
    tint = standardised(clouds((height, width), draws, FIELDS["tint"]))
    levels = [
        mean + deviation * standardised(relief + share * tint)
        for mean, deviation, share in zip(look.mean, look.deviation, (-0.08, 0.03, 0.08), strict=True)
    ]
    picture: Picture = np.clip(np.stack(levels, 2) + 0.5, 0, 255).astype(np.uint8)
    picture.flags.writeable = False
    return picture


def crystals(look: Look, draws: Draws) -> NDArray[np.float64]:
    """Return needles with side branches, standardised, (h, w)."""
    from ipmix_cli.kernels.corruptions.crystals import draw_crystals
    from ipmix_cli.kernels.corruptions.geometry import warp

    relief = np.zeros(look.size)
    draw_crystals(draws.uniform(FIELDS["crystals"], look.crystals, 5), look.reach * min(look.size), relief)
    bent = np.empty((*look.size, 1), np.float32)
    right, down = ((BEND * clouds(look.size, draws, FIELDS[axis])).astype(np.float32) for axis in ("right", "down"))
    warp(relief.astype(np.float32)[..., None], right, down, bent)
    relief = gaussian(bent[..., 0].astype(np.float64), 0.6)
    relief = standardised(relief - 0.6 * gaussian(relief, 4.0))
    return standardised(relief / np.sqrt(1.0 + relief * relief))


def clouds(size: tuple[int, int], draws: Draws, first_field: int) -> NDArray[np.float64]:
    """Return smooth noise of several scales, standardised, (h, w)."""
    import cv2

    total = np.zeros(size)
    for octave, cells in enumerate((2, 4, 8, 16, 32, 64, 128)):
        coarse = draws.normal(first_field + octave, cells, cells)
        total += np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)) * 1.7**-octave
    return standardised(total)


def standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values with mean 0 and standard deviation 1."""
    return np.asarray((values - values.mean()) / values.std(), np.float64)
