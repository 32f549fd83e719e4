"""A single frequency, and concentric waves."""

from __future__ import annotations

import math

import numpy as np

from ipmix_cli.corruptions.c_bar.levels import levels_of, share_of
from ipmix_cli.corruptions.corruption import Conditions, Corruption
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.picture import Picture


def single_frequency_greyscale(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Add a grey sine wave; of its two frequencies, in radians per pixel, the second is below the first."""
    from ipmix_cli.kernels.corruptions.waves import add_layer, draw_wave

    drawn = draws.numbers
    frequencies = drawn["frequency"], abs(drawn["frequency"]) * drawn["share"]
    across, down = frequencies if drawn["order"] < 0.5 else frequencies[::-1]
    wave, out = np.empty(picture.shape[:2]), np.empty_like(picture)
    draw_wave(across, down, drawn["phase"], wave)
    add_layer(picture, wave, share_of(level, 196), conditions.half, out)
    return out


def cocentric_sine_waves(picture: Picture, level: float, draws: Draws, conditions: Conditions) -> Picture:
    """Add grey rings about a point, whose distance waves with the angle."""
    from ipmix_cli.kernels.corruptions.waves import add_layer, draw_rings

    height, width = picture.shape[:2]
    side, drawn = min(height, width), draws.numbers
    rings, out = np.empty((height, width)), np.empty_like(picture)
    centre = drawn["column"] * width, drawn["row"] * height
    draw_rings(centre, drawn["frequency"], drawn["amplitude"] * side, drawn["ring"] * side, rings)
    add_layer(picture, rings, share_of(level, 128), conditions.half, out)
    return out


SINGLE_FREQUENCY_GREYSCALE = Corruption(
    name="single_frequency_greyscale",
    code=40,
    summary="a grey sine wave",
    parameters=levels_of("single_frequency_greyscale"),
    meaning=("level",),
    apply=single_frequency_greyscale,
    numbers={
        "frequency": (-math.pi, math.pi),
        "share": (-1.0, 1.0),
        "order": (0.0, 1.0),
        "phase": (0.0, 2 * math.pi),
    },
)
COCENTRIC_SINE_WAVES = Corruption(
    name="cocentric_sine_waves",
    code=41,
    summary="wavy rings about a point",
    parameters=levels_of("cocentric_sine_waves"),
    meaning=("level",),
    apply=cocentric_sine_waves,
    numbers={
        "column": (0.0, 1.0),
        "row": (0.0, 1.0),
        "frequency": (0.0, 10.0),
        "amplitude": (0.0, 0.1),
        "ring": (0.0, 0.1),
    },
)
