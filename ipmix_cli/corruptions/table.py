"""The corruptions by name, and the sets they belong to."""

from __future__ import annotations

from ipmix_cli.corruptions.blur import DEFOCUS_BLUR, GAUSSIAN_BLUR, GLASS_BLUR, MOTION_BLUR, ZOOM_BLUR
from ipmix_cli.corruptions.corruption import Corruption
from ipmix_cli.corruptions.digital import (
    BRIGHTNESS,
    CONTRAST,
    ELASTIC_TRANSFORM,
    JPEG_COMPRESSION,
    PIXELATE,
    SATURATE,
)
from ipmix_cli.corruptions.noise import GAUSSIAN_NOISE, IMPULSE_NOISE, SHOT_NOISE, SPECKLE_NOISE
from ipmix_cli.corruptions.weather import FOG, FROST, SNOW, SPATTER

CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": GAUSSIAN_NOISE,
    "shot_noise": SHOT_NOISE,
    "impulse_noise": IMPULSE_NOISE,
    "defocus_blur": DEFOCUS_BLUR,
    "glass_blur": GLASS_BLUR,
    "motion_blur": MOTION_BLUR,
    "zoom_blur": ZOOM_BLUR,
    "snow": SNOW,
    "frost": FROST,
    "fog": FOG,
    "brightness": BRIGHTNESS,
    "contrast": CONTRAST,
    "elastic_transform": ELASTIC_TRANSFORM,
    "pixelate": PIXELATE,
    "jpeg_compression": JPEG_COMPRESSION,
    "speckle_noise": SPECKLE_NOISE,
    "gaussian_blur": GAUSSIAN_BLUR,
    "spatter": SPATTER,
    "saturate": SATURATE,
}

TEST = tuple(CORRUPTIONS)[:15]
VALIDATION = tuple(CORRUPTIONS)[15:19]

SETS: dict[str, tuple[str, ...]] = {
    "test": TEST,
    "validation": VALIDATION,
    "all": (*TEST, *VALIDATION),
}
"""What ``--set`` names: the 15 that mCE averages, the 4 to tune on, and all 19."""
