"""Snow, frost, fog and spatter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.blur import bytes_of, levels_of, motion
from ipmix_cli.corruptions.corruption import Conditions, Corruption, to_bytes
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.gaussian import gaussian
from ipmix_cli.corruptions.profiles import PROFILES
from ipmix_cli.corruptions.zoom import zoom_of_layer
from ipmix_cli.picture import Picture

PUBLISHED_FROST = 5  # of the six pictures: the last one is never drawn
TURQUOISE = (175, 238, 238)  # of water
BROWN = (63, 42, 20)  # of mud


def one_normal(_: Any, draws: Draws, size: tuple[int, int], __: Conditions) -> dict[str, NDArray[Any]]:
    """Return the standard normals of each pixel."""
    return {"normal": draws.normal(0, *size)}


def snow(picture: Picture, values: tuple[float, ...], draws: Draws, conditions: Conditions) -> Picture:
    """Lay falling flakes over a whitened picture."""
    import cv2

    mean, deviation, zoom, threshold, radius, sigma, keep = values
    flakes = zoom_of_layer(mean + deviation * draws.normal(0, *picture.shape[:2]), zoom)
    flakes[flakes < threshold] = 0
    levels = bytes_of(flakes, conditions.half)[..., None]
    layer = levels_of(motion(levels, int(radius), sigma, draws.numbers["degrees"]), conditions) / 255.0
    x = picture.astype(np.float32) / np.float32(255)
    grey = np.asarray(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), np.float32)[..., None]
    whitened = np.float32(keep) * x + np.float32(1 - keep) * np.maximum(x, grey * np.float32(1.5) + np.float32(0.5))
    return bytes_of(whitened + layer + layer[::-1, ::-1], conditions.half)


def frost(picture: Picture, values: tuple[float, float, float], draws: Draws, conditions: Conditions) -> Picture:
    """Add part of a picture of frost."""
    keep, share, scale = values
    assert conditions.frost is not None, "frost needs pictures of frost"
    height, width = picture.shape[:2]
    count = conditions.frost.count if conditions.corrected else min(PUBLISHED_FROST, conditions.frost.count)
    ice = conditions.frost.scaled(int(draws.numbers["which"] * count), scale, (height, width))
    top = int(draws.numbers["top"] * (ice.shape[0] - height))
    left = int(draws.numbers["left"] * (ice.shape[1] - width))
    mixed = keep * picture + share * ice[top : top + height, left : left + width]
    return np.clip(mixed + conditions.half, 0, 255).astype(np.uint8)


def fog_side(size: tuple[int, int]) -> int:
    """Return the side of the plasma that fog is cut from: the next power of two, 512 for 299.

    Examples
    --------
    >>> [fog_side((side, side)) for side in (2, 32, 64, 224, 299)]
    [2, 32, 64, 256, 512]
    """
    return 1 << (max(size) - 1).bit_length()


def fog(picture: Picture, values: tuple[float, float], draws: Draws, conditions: Conditions) -> Picture:
    """Add plasma, and darken to the picture's own maximum."""
    from ipmix_cli.kernels.corruptions.geometry import diamond_square

    height, width = picture.shape[:2]
    side = fog_side((height, width))
    plasma = np.empty((side, side))
    diamond_square(draws.uniform(0, side * side - 1), float(values[1]), plasma)
    plasma -= plasma.min()
    plasma /= plasma.max()
    x = picture / 255.0
    brightest = x.max()
    x += values[0] * plasma[:height, :width, None]
    return bytes_of(x * brightest / (brightest + values[0]), conditions.half)


def fog_fields(_: Any, draws: Draws, size: tuple[int, int], __: Conditions) -> dict[str, NDArray[Any]]:
    """Return the uniforms of the plasma in order of use."""
    return {"uniform": draws.uniform(0, fog_side(size) ** 2 - 1)}


def spatter(picture: Picture, values: tuple[float, ...], draws: Draws, conditions: Conditions) -> Picture:
    """Splash the lens with water or with mud."""
    mean, deviation, sigma, threshold, strength, mud = values
    liquid = gaussian(mean + deviation * draws.normal(0, *picture.shape[:2]), sigma)
    liquid[liquid < threshold] = 0
    x = picture.astype(np.float32) / np.float32(255)
    if mud:
        return with_mud(x, liquid, threshold, strength, conditions.half)
    return with_water(x, liquid, strength, conditions.half)


def with_water(x: NDArray[np.float32], liquid: NDArray[np.float64], strength: float, half: float) -> Picture:
    """Add drops whose rims are lit; without a drop the picture stays."""
    import cv2

    drops = (liquid * 255).astype(np.uint8)
    distance = cv2.distanceTransform(255 - cv2.Canny(drops, 50, 150), cv2.DIST_L2, 5)
    _, distance = cv2.threshold(distance, 20, 20, cv2.THRESH_TRUNC)
    distance = cv2.equalizeHist(cv2.blur(distance, (3, 3)).astype(np.uint8))
    distance = cv2.filter2D(distance, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
    light = np.asarray(drops * cv2.blur(distance, (3, 3)).astype(np.float32), np.float32)
    if light.max() > 0:
        light /= light.max()
    light *= np.float32(strength)
    colour = np.array([value / 255.0 for value in TURQUOISE], np.float32)
    return to_bytes(x + light[..., None] * colour, half)


def with_mud(
    x: NDArray[np.float32], liquid: NDArray[np.float64], threshold: float, sigma: float, half: float
) -> Picture:
    """Cover with blots."""
    cover = gaussian((liquid > threshold).astype(np.float32), sigma)
    cover[cover < 0.8] = 0
    colour = np.array([value / 255.0 for value in BROWN])
    return to_bytes(x * (1 - cover[..., None]) + colour * cover[..., None], half)


SNOW = Corruption(
    name="snow",
    code=7,
    summary="falling snow",
    parameters=PROFILES["snow"],
    meaning=("mean", "standard_deviation", "zoom", "threshold", "radius", "sigma", "keep"),
    apply=snow,
    numbers={"degrees": (-135.0, -45.0)},
    fields=one_normal,
)
FROST = Corruption(
    name="frost",
    code=8,
    summary="ice crystals on a window",
    parameters=PROFILES["frost"],
    meaning=("keep", "frost", "scale"),
    apply=frost,
    numbers={"which": (0.0, 1.0), "top": (0.0, 1.0), "left": (0.0, 1.0)},
)
FOG = Corruption(
    name="fog",
    code=9,
    summary="fog, drawn by diamond-square",
    parameters=PROFILES["fog"],
    meaning=("strength", "decay"),
    apply=fog,
    fields=fog_fields,
)
SPATTER = Corruption(
    name="spatter",
    code=17,
    summary="drops of water or mud on the lens",
    parameters=PROFILES["spatter"],
    meaning=("mean", "standard_deviation", "sigma", "threshold", "strength", "mud"),
    apply=spatter,
    fields=one_normal,
)
