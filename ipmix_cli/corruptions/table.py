"""The corruptions by name, and the sets they belong to."""

from __future__ import annotations

from ipmix_cli.corruptions.blur import DEFOCUS_BLUR, GAUSSIAN_BLUR, GLASS_BLUR, MOTION_BLUR, ZOOM_BLUR
from ipmix_cli.corruptions.c_bar.cover import CHECKERBOARD_CUTOUT, INVERSE_SPARKLES, LINES, SPARKLES
from ipmix_cli.corruptions.c_bar.lens import CIRCULAR_MOTION_BLUR, TRANSVERSE_CHROMATIC_ABBERATION
from ipmix_cli.corruptions.c_bar.levels import LISTS
from ipmix_cli.corruptions.c_bar.noise import BLUE_NOISE_SAMPLE, BROWNISH_NOISE, PERLIN_NOISE, PLASMA_NOISE
from ipmix_cli.corruptions.c_bar.warp import CAUSTIC_REFRACTION, PINCH_AND_TWIRL, RIPPLE
from ipmix_cli.corruptions.c_bar.waves import COCENTRIC_SINE_WAVES, SINGLE_FREQUENCY_GREYSCALE
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
    "blue_noise_sample": BLUE_NOISE_SAMPLE,
    "brownish_noise": BROWNISH_NOISE,
    "checkerboard_cutout": CHECKERBOARD_CUTOUT,
    "inverse_sparkles": INVERSE_SPARKLES,
    "sparkles": SPARKLES,
    "pinch_and_twirl": PINCH_AND_TWIRL,
    "ripple": RIPPLE,
    "circular_motion_blur": CIRCULAR_MOTION_BLUR,
    "lines": LINES,
    "transverse_chromatic_abberation": TRANSVERSE_CHROMATIC_ABBERATION,
    "caustic_refraction": CAUSTIC_REFRACTION,
    "perlin_noise": PERLIN_NOISE,
    "plasma_noise": PLASMA_NOISE,
    "cocentric_sine_waves": COCENTRIC_SINE_WAVES,
    "single_frequency_greyscale": SINGLE_FREQUENCY_GREYSCALE,
}

TEST = tuple(CORRUPTIONS)[:15]
VALIDATION = tuple(CORRUPTIONS)[15:19]

SETS: dict[str, tuple[str, ...]] = {
    "test": TEST,
    "validation": VALIDATION,
    "all": (*TEST, *VALIDATION),
}
"""What ``--set`` names: the 15 that mCE averages, the 4 to tune on, and all 19."""

C_BAR = "c-bar"
PROFILE_SETS: dict[str, dict[str, tuple[str, ...]]] = {
    C_BAR: {profile: tuple(known) for profile, known in LISTS.items()},
}
"""Sets whose members depend on the profile: CIFAR-10-C-bar and ImageNet-C-bar have ten each, and share five."""


def is_of_c_bar(name: str) -> bool:
    """Whether a corruption belongs to either list of C-bar."""
    return any(name in members for members in PROFILE_SETS[C_BAR].values())
