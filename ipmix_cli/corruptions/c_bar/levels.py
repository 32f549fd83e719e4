"""The two lists of C-bar, and the published strength of each severity, on a scale of 0 to 10."""

from __future__ import annotations

from collections.abc import Mapping

from ipmix_cli.corruptions.profiles import Five

CIFAR: dict[str, Five] = {
    "blue_noise_sample": (0.7, 1.4, 2.1, 3.5, 4.2),
    "checkerboard_cutout": (1.0, 2.0, 3.0, 4.0, 5.0),
    "inverse_sparkles": (1.0, 1.5, 2.5, 4.5, 5.0),
    "pinch_and_twirl": (5.5, 6.0, 6.5, 8.5, 10.0),
    "ripple": (5.5, 6.0, 6.5, 7.5, 8.0),
    "brownish_noise": (2.5, 4.0, 5.5, 6.5, 7.0),
    "circular_motion_blur": (2.8, 3.6, 4.4, 5.2, 6.0),
    "lines": (0.5, 1.0, 1.5, 2.0, 2.5),
    "sparkles": (0.7, 3.5, 5.6, 6.3, 7.0),
    "transverse_chromatic_abberation": (1.0, 2.0, 5.0, 9.0, 10.0),
}
"""CIFAR-10-C-bar: cifar10_c_bar.csv."""

IMAGENET: dict[str, Five] = {
    "caustic_refraction": (2.35, 3.2, 4.9, 6.6, 9.15),
    "inverse_sparkles": (1.0, 2.0, 4.0, 9.0, 10.0),
    "sparkles": (1.0, 2.0, 3.0, 5.0, 6.0),
    "perlin_noise": (4.6, 5.2, 5.8, 7.6, 8.8),
    "blue_noise_sample": (0.8, 1.6, 2.4, 4.0, 5.6),
    "plasma_noise": (4.75, 7.0, 8.5, 9.25, 10.0),
    "checkerboard_cutout": (2.0, 3.0, 4.0, 5.0, 6.0),
    "cocentric_sine_waves": (3.0, 5.0, 8.0, 9.0, 10.0),
    "single_frequency_greyscale": (1.0, 1.5, 2.0, 4.5, 5.0),
    "brownish_noise": (1.0, 2.0, 3.0, 4.0, 5.0),
}
"""ImageNet-C-bar: imagenet_c_bar.csv."""

LISTS = {"32": CIFAR, "64": CIFAR, "224": IMAGENET, "299": IMAGENET}
"""By profile. Those of 64 and 299 px were not published: they take the list of the next size."""


def levels_of(name: str) -> Mapping[str, Five]:
    """Return a corruption's strengths by profile; where a profile's list lacks it, those of the other list."""
    return {profile: known.get(name) or {**CIFAR, **IMAGENET}[name] for profile, known in LISTS.items()}


def share_of(level: float, most: float) -> float:
    """Return a strength as a share of the strongest: `most` at level 10."""
    return float(level) * most / 10.0
