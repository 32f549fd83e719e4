"""Sparkles, inverse sparkles, checkerboard cutout and lines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.c_bar.levels import levels_of, share_of
from ipmix_cli.corruptions.corruption import Conditions, Corruption
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.picture import Picture

STARS = 5
FEWEST_RAYS, MOST_RAYS = 50, 200  # the second is excluded
RAGGED = 0.25  # standard deviation of a ray's length, over the radius
FADES = 0.65  # at level 10, of the exponent by which the light of an inverse sparkle falls


def sparkles(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Lay five white stars over the picture."""
    from ipmix_cli.kernels.corruptions.covers import add_star

    height, width = picture.shape[:2]
    radius = share_of(level, 0.1) * min(height, width)
    arrays = sparkle_fields(level, draws, (height, width), conditions)
    values = picture.astype(np.float64)
    for centre, rays, normal in zip(arrays["centres"], arrays["rays"], arrays["normal"], strict=True):
        lengths = np.maximum(1.0, radius + RAGGED * radius * normal[:rays])
        add_star(values, (centre[0] * height, centre[1] * width), lengths, 1.0)
    return levels_to_bytes(values, conditions.half)


def levels_to_bytes(values: NDArray[np.float64], half: float) -> Picture:
    """Return levels of 0 .. 255 as bytes."""
    return np.clip(values + half, 0, 255).astype(np.uint8)


def sparkle_fields(_: Any, draws: Draws, __: tuple[int, int], ___: Conditions) -> dict[str, NDArray[Any]]:
    """Return the centres over the picture's sides, the numbers of rays, and the standard normals of their lengths."""
    numbers = draws.uniform(1, STARS) * (MOST_RAYS - FEWEST_RAYS)
    return {
        "centres": draws.uniform(0, STARS, 2),
        "rays": FEWEST_RAYS + numbers.astype(np.int64),
        "normal": draws.normal(2, STARS, MOST_RAYS - 1),
    }


def inverse_sparkles(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Leave a star of the picture, and turn white what is outside."""
    from ipmix_cli.kernels.corruptions.covers import keep_star

    height, width = picture.shape[:2]
    radius = 0.25 * min(height, width)
    normal = inverse_fields(level, draws, (height, width), conditions)["normal"]
    centre = draws.numbers["row"] * height, draws.numbers["column"] * width
    out = np.empty_like(picture)
    exponent = share_of(level, 2.0 * FADES)
    keep_star(picture, centre, radius + RAGGED * radius * normal, exponent, conditions.half, out)
    return out


def inverse_fields(_: Any, draws: Draws, __: tuple[int, int], ___: Conditions) -> dict[str, NDArray[Any]]:
    """Return the standard normals of the rays' lengths."""
    return {"normal": draws.normal(0, int(draws.numbers["rays"]))}


def cell_size(draws: Draws, size: tuple[int, int]) -> float:
    """Return the side of a cell of the checkerboard in pixels, at least 1."""
    return max(draws.numbers["cell"] * min(size), 1.0)


def grid_side(cell: float, size: tuple[int, int]) -> int:
    """Return the side of the random grid of a checkerboard: as published, or more where that is too few cells."""
    return max(int(4 * min(size) // cell), int(2 * math.hypot(*size) // cell) + 2)


def checkerboard_cutout(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Make grey a fraction of the dark cells of a turned checkerboard."""
    from ipmix_cli.kernels.corruptions.covers import cut_cells

    size = (picture.shape[0], picture.shape[1])
    cell = cell_size(draws, size)
    grid = draws.field_key(0), grid_side(cell, size), conditions.corrected
    out = np.empty_like(picture)
    cut_cells(picture, (draws.numbers["radians"], cell), share_of(level, 1.0), grid, out)
    return out


def checkerboard_fields(_: Any, draws: Draws, size: tuple[int, int], __: Conditions) -> dict[str, NDArray[Any]]:
    """Return the uniforms that choose cells."""
    side = grid_side(cell_size(draws, size), size)
    return {"uniform": draws.uniform(0, side, side)}


def lines(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Draw grey lines, in number and reach as the long side; rows and columns are exchanged, as published."""
    from ipmix_cli.kernels.corruptions.covers import draw_lines

    size = (picture.shape[0], picture.shape[1])
    uniforms = line_fields(level, draws, size, conditions)["uniform"]
    turns = draws.numbers["radians"] + 2 * np.pi * draws.numbers["spread"] * (uniforms[:, 2] - 0.5)
    each = np.stack([size[0] * uniforms[:, 0], size[1] * uniforms[:, 1], turns], 1)
    most = 12 * max(size) + 18
    memory = np.empty((most + 1, 2), np.int32), np.empty(most), np.empty((most, 3), np.uint8)
    out = picture.copy()
    draw_lines(each, float(max(size)), conditions.half, memory, out)
    return out


def line_fields(level: float, draws: Draws, size: tuple[int, int], _: Conditions) -> dict[str, NDArray[Any]]:
    """Return the uniforms of each line: its middle, down and across, and its turn."""
    return {"uniform": draws.uniform(0, int(share_of(level, 1.0) * max(size)), 3)}


SPARKLES = Corruption(
    name="sparkles",
    code=32,
    summary="five white stars",
    parameters=levels_of("sparkles"),
    meaning=("level",),
    apply=sparkles,
    fields=sparkle_fields,
)
INVERSE_SPARKLES = Corruption(
    name="inverse_sparkles",
    code=33,
    summary="white but for a star, through which the picture is seen",
    parameters=levels_of("inverse_sparkles"),
    meaning=("level",),
    apply=inverse_sparkles,
    numbers={"row": (0.25, 0.75), "column": (0.25, 0.75), "rays": (float(FEWEST_RAYS), float(MOST_RAYS))},
    fields=inverse_fields,
)
CHECKERBOARD_CUTOUT = Corruption(
    name="checkerboard_cutout",
    code=34,
    summary="grey squares on a turned checkerboard",
    parameters=levels_of("checkerboard_cutout"),
    meaning=("level",),
    apply=checkerboard_cutout,
    numbers={"radians": (0.0, 2 * math.pi), "cell": (0.1, 0.25)},
    fields=checkerboard_fields,
)
LINES = Corruption(
    name="lines",
    code=35,
    summary="grey lines across the picture",
    parameters=levels_of("lines"),
    meaning=("level",),
    apply=lines,
    numbers={"radians": (0.0, 2 * math.pi), "spread": (0.1, 1.0)},
    fields=line_fields,
)
