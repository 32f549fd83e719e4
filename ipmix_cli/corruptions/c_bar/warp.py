"""Caustic refraction, pinch and twirl, and ripple."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.c_bar.levels import levels_of, share_of
from ipmix_cli.corruptions.corruption import Conditions, Corruption
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.gaussian import gaussian
from ipmix_cli.picture import Picture

ETA = 4.0  # refractive index
CAUSTIC_STEPS = 5
CELLS = {"32": 3, "64": 3, "224": 5, "299": 5}
"""Pinched cells along an axis, by profile."""


def caustic_refraction(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Look through water whose surface is that of caustics.

    Published: beyond the edges the caustics are dark, so that the border of the picture is a strong lens.
    """
    from ipmix_cli.kernels.corruptions.warps import draw_caustics, refract

    side = min(picture.shape[:2])
    times = np.zeros((CAUSTIC_STEPS, 3))
    times[:, 0] = draws.numbers["time"] * (1.0 - (3.5 / np.arange(1, CAUSTIC_STEPS + 1)))
    light, out = np.empty(picture.shape[:2]), np.empty_like(picture)
    draw_caustics(times, draws.numbers["size"] * side, light)
    lens = ETA, share_of(level, 0.5 * side), share_of(level, 2.0)
    x = picture.astype(np.float32) / np.float32(255)
    refract(x, gaussian(light, 1.0, "reflect"), lens, int(conditions.corrected), conditions.half, out)
    return out


def pinch_and_twirl(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Pinch the cells of a grid, and turn their middles; what is left beside the grid stays."""
    from ipmix_cli.kernels.corruptions.warps import pinch_cells

    size = (picture.shape[0], picture.shape[1])
    signs = pinch_fields(level, draws, size, conditions)["signs"]
    count = len(signs)
    cell = np.empty((size[0] // count, size[1] // count, 3), np.float32)
    values = picture.astype(np.float32)
    if cell.size:
        pinch_cells(values, signs * share_of(level, np.pi / 2), share_of(level, 0.4) + 0.1, cell)
    return np.asarray(np.clip(values + np.float32(conditions.half), 0, 255).astype(np.uint8))


def pinch_fields(_: Any, draws: Draws, __: tuple[int, int], conditions: Conditions) -> dict[str, NDArray[Any]]:
    """Return which way each cell is turned, 1 or -1, (columns, rows)."""
    count = CELLS[conditions.profile]
    return {"signs": np.where(draws.uniform(0, count, count) < 0.5, 1, -1)}


def ripple(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Shift rows and columns by sine waves."""
    from ipmix_cli.kernels.corruptions.warps import read_grid, ripple_places

    side = min(picture.shape[:2])
    places = np.empty(picture.shape[0]), np.empty(picture.shape[1])
    for out, axis in zip(places, ("down", "across"), strict=True):
        wavelength = draws.numbers[f"wavelength_{axis}"] * side
        ripple_places(share_of(level, 0.025) * side, wavelength, draws.numbers[f"phase_{axis}"], out)
    made = np.empty_like(picture)
    read_grid(picture, *places, conditions.half, made)
    return made


CAUSTIC_REFRACTION = Corruption(
    name="caustic_refraction",
    code=42,
    summary="seen through rippled water",
    parameters=levels_of("caustic_refraction"),
    meaning=("level",),
    apply=caustic_refraction,
    numbers={"time": (0.5, 2.0), "size": (0.75, 1.25)},
)
PINCH_AND_TWIRL = Corruption(
    name="pinch_and_twirl",
    code=43,
    summary="the cells of a grid pinched and turned",
    parameters=levels_of("pinch_and_twirl"),
    meaning=("level",),
    apply=pinch_and_twirl,
    fields=pinch_fields,
)
RIPPLE = Corruption(
    name="ripple",
    code=44,
    summary="rows and columns shifted by waves",
    parameters=levels_of("ripple"),
    meaning=("level",),
    apply=ripple,
    numbers={
        "wavelength_down": (0.1, 0.3),
        "wavelength_across": (0.1, 0.3),
        "phase_down": (0.0, 2 * math.pi),
        "phase_across": (0.0, 2 * math.pi),
    },
)
