"""Corruptions and perturbations by name: which belong to a benchmark, and how variants are called."""

from __future__ import annotations

import re

STANDARD = (  # the 15 of ImageNet-C and CIFAR-10-C (Hendrycks and Dietterich, ICLR 2019), in the order of its tables
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
)

VALIDATION = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
"""The four that tuning may look at; no mean over the 15 counts them."""

SEVERITIES = (1, 2, 3, 4, 5)

PERTURBATIONS = (  # of ImageNet-P and CIFAR-10-P, as their README and make_cifar_p.py list them
    "gaussian_noise",
    "shot_noise",
    "motion_blur",
    "zoom_blur",
    "snow",
    "brightness",
    "translate",
    "rotate",
    "tilt",
    "scale",
)

VALIDATION_PERTURBATIONS = ("speckle_noise", "gaussian_blur", "spatter", "shear")


def split_variant(name: str) -> tuple[str, int | None]:
    """Return the corruption and severity of a variant's name.

    Examples
    --------
    >>> split_variant("gaussian_noise.3")
    ('gaussian_noise', 3)
    >>> split_variant("clean")
    ('clean', None)
    """
    match = re.fullmatch(r"(.+)\.([1-9][0-9]?)", name)
    return (match[1], int(match[2])) if match else (name, None)


def is_noise(perturbation: str) -> bool:
    """Tell whether a sequence's frames are compared with its first one: those of noise, as in ImageNet-P's test.py.

    Examples
    --------
    >>> is_noise("shot_noise"), is_noise("tilt"), is_noise("gaussian_noise_2")
    (True, False, True)
    """
    return "noise" in perturbation


def in_order(names: set[str]) -> list[str]:
    """Return corruptions as tables have them: the 15, the four of validation, then others by name."""
    known = [*STANDARD, *VALIDATION]
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))
