"""The perturbations by name, and the sets they belong to."""

from __future__ import annotations

from ipmix_cli.corruptions.sequences.geometry import ROTATE, SCALE, SHEAR, TILT, TRANSLATE
from ipmix_cli.corruptions.sequences.lens import BRIGHTNESS, GAUSSIAN_BLUR, MOTION_BLUR, ZOOM_BLUR
from ipmix_cli.corruptions.sequences.noise import GAUSSIAN_NOISE, SHOT_NOISE, SPECKLE_NOISE
from ipmix_cli.corruptions.sequences.perturbation import Perturbation
from ipmix_cli.corruptions.sequences.weather import SNOW, SPATTER

PERTURBATIONS: dict[str, Perturbation] = {
    "gaussian_noise": GAUSSIAN_NOISE,
    "shot_noise": SHOT_NOISE,
    "motion_blur": MOTION_BLUR,
    "zoom_blur": ZOOM_BLUR,
    "snow": SNOW,
    "brightness": BRIGHTNESS,
    "translate": TRANSLATE,
    "rotate": ROTATE,
    "tilt": TILT,
    "scale": SCALE,
    "speckle_noise": SPECKLE_NOISE,
    "gaussian_blur": GAUSSIAN_BLUR,
    "spatter": SPATTER,
    "shear": SHEAR,
}

SETS: dict[str, tuple[str, ...]] = {
    "test": tuple(PERTURBATIONS)[:10],
    "validation": tuple(PERTURBATIONS)[10:],
    "all": tuple(PERTURBATIONS),
}
"""What ``--set`` names: the 10 that the mean flip rate averages, the 4 to tune on, and all 14."""
