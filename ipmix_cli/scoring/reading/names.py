"""Corruptions and perturbations by name: which belong to a benchmark, and how variants are called."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

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

C_BAR = {  # ten each, which share five (Mintun, Kirillov and Xie, NeurIPS 2021)
    "CIFAR-10-C-bar": (
        "blue_noise_sample",
        "brownish_noise",
        "checkerboard_cutout",
        "inverse_sparkles",
        "sparkles",
        "circular_motion_blur",
        "lines",
        "pinch_and_twirl",
        "ripple",
        "transverse_chromatic_abberation",
    ),
    "ImageNet-C-bar": (
        "blue_noise_sample",
        "brownish_noise",
        "checkerboard_cutout",
        "inverse_sparkles",
        "sparkles",
        "caustic_refraction",
        "cocentric_sine_waves",
        "perlin_noise",
        "plasma_noise",
        "single_frequency_greyscale",
    ),
}

ALL_C_BAR = tuple(dict.fromkeys(name for names in C_BAR.values() for name in names))

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


def is_perturbation(name: str) -> bool:
    """Tell whether sequences are of a published perturbation, of any difficulty.

    Examples
    --------
    >>> is_perturbation("tilt"), is_perturbation("shot_noise_3"), is_perturbation("fog")
    (True, True, False)
    """
    return re.sub(r"_[23]$", "", name) in {*PERTURBATIONS, *VALIDATION_PERTURBATIONS}


def in_sequence_order(names: Iterable[str]) -> list[str]:
    """Return perturbations as tables have them: the ten, the four of validation, then others by name."""
    known = [*PERTURBATIONS, *VALIDATION_PERTURBATIONS]
    plain = {name: re.sub(r"_[23]$", "", name) for name in names}
    return sorted(plain, key=lambda name: (known.index(plain[name]) if plain[name] in known else len(known), name))


def in_order(names: set[str]) -> list[str]:
    """Return corruptions as tables have them: the 15, the four of validation, those of C-bar, then others by name."""
    known = [*STANDARD, *VALIDATION, *ALL_C_BAR]
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))


def counted(names: Sequence[str]) -> list[str]:
    """Return the corruptions that the mean corruption error of a set is over.

    The 15 if all are there. Else those of C-bar, if none of the 15 is there; else all but those of validation and of
    C-bar, or simply all.

    Examples
    --------
    >>> counted(["fog", "saturate", "ripple"]), counted(["ripple", "lines", "saturate"])
    (['fog'], ['ripple', 'lines'])
    """
    if set(STANDARD) <= set(names):
        return list(STANDARD)
    if not set(STANDARD) & set(names) and (of_c_bar := [name for name in names if name in ALL_C_BAR]):
        return of_c_bar
    return [name for name in names if name not in VALIDATION + ALL_C_BAR] or list(names)


def nearest_c_bar(names: Collection[str]) -> str:
    """Return the data set of C-bar that has most of some corruptions.

    Examples
    --------
    >>> nearest_c_bar(["sparkles", "ripple"]), nearest_c_bar(["sparkles", "plasma_noise"])
    ('CIFAR-10-C-bar', 'ImageNet-C-bar')
    """
    return max(C_BAR, key=lambda data: len(set(C_BAR[data]) & set(names)))
