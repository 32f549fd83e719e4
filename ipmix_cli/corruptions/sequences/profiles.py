"""The published parameters of each perturbation, by profile.

Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", ICLR 2019;
github.com/hendrycks/robustness at 8190fe3, ImageNet-P/create_p: ``32`` is make_cifar_p.py, ``64`` make_imagenet_64_p.py
(and make_tinyimagenet_p.py, the same numbers), ``224`` make_imagenet_p.py, ``299`` make_imagenet_p_inception.py. The
three of noise have three difficulties, the others one. What each number means stands beside the perturbation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ProfileTable = Mapping[str, tuple[Any, ...]]


def everywhere(*values: Any) -> dict[str, tuple[Any, ...]]:
    """Return the same parameters for all profiles."""
    return dict.fromkeys(("32", "64", "224", "299"), values)


FRAMES: dict[str, Mapping[str, int]] = {
    "motion_blur": {"32": 21, "64": 31, "224": 31, "299": 31},
    "translate": {"32": 16, "64": 31, "224": 41, "299": 41},
}
"""How many frames sequences have that do not have 31 in all profiles."""

USUAL_FRAMES = dict.fromkeys(("32", "64", "224", "299"), 31)

PROFILES: dict[str, ProfileTable] = {
    "gaussian_noise": {
        "32": (0.02, 0.04, 0.06),
        "64": (0.025, 0.05, 0.075),
        "224": (0.03, 0.05, 0.08),
        "299": (0.035, 0.055, 0.085),
    },
    "shot_noise": {
        "32": (700, 400, 200),
        "64": (500, 250, 125),
        "224": (300, 120, 60),
        "299": (250, 100, 50),
    },
    "speckle_noise": {
        "32": (0.05, 0.07, 0.1),
        "64": (0.05, 0.1, 0.15),
        "224": (0.05, 0.1, 0.15),
        "299": (0.06, 0.11, 0.16),
    },
    "motion_blur": {
        "32": ((6, 1.8, -180, 9),),
        "64": ((14, 3, -150, 5),),
        "224": ((10, 3, -120, 4),),
        "299": ((13, 3, -120, 4),),
    },
    "zoom_blur": everywhere(0.004),
    "snow": {
        "32": ((0.05, 0.3, 2, 0.5, 10, 2, 0.85, -150, 4),),
        "64": ((0.05, 0.28, 2, 0.5, 10, 2.5, 0.85, -150, 4),),
        "224": ((0.05, 0.3, 3, 0.5, 14, 4, 0.85, -150, 4),),
        "299": ((0.05, 0.3, 3, 0.5, 14, 4, 0.85, -150, 4),),
    },
    "brightness": {"32": (1.5,), "64": (2,), "224": (2,), "299": (2,)},
    "translate": {"32": (-7,), "64": (-15,), "224": (-20,), "299": (-20,)},
    "rotate": everywhere(-15),
    "tilt": {"32": (0.75,), "64": (1,), "224": (1,), "299": (1,)},
    "scale": {"32": ((70, 2),), "64": ((40, 2.5),), "224": ((40, 2.5),), "299": ((40, 2.5),)},
    "gaussian_blur": {
        "32": ((0.3, 0.015, 7),),
        "64": ((0.35, 0.014, 7),),
        "224": ((0.25, 0.035, 6),),
        "299": ((0.35, 0.035, 6),),
    },
    "spatter": {
        "32": ((0.6, 0.265, 1.75, 0.7, (0.2, 0.8)),),
        "64": ((0.6, 0.25, 1.75, 0.7, (0.2, 0.8)),),
        "224": ((0.65, 0.27, 3.7, 0.69, (0.05, 0.1, 0.15, 0.7)),),
        "299": ((0.65, 0.3, 4, 0.69, (0.05, 0.1, 0.15, 0.7)),),
    },
    "shear": everywhere(-15),
}


def frames_of(name: str) -> Mapping[str, int]:
    """Return how many frames a perturbation's sequence has, by profile."""
    return FRAMES.get(name, USUAL_FRAMES)
