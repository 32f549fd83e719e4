"""TrivialAugment (Müller and Hutter, ICCV 2021): one operation, at a strength drawn for each copy."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ipmix_cli.methods.operations import moving_operations
from ipmix_cli.methods.steps.affine import matrices
from ipmix_cli.methods.steps.draws import below, signs
from ipmix_cli.methods.steps.magnitudes import (
    ENHANCERS,
    Magnitudes,
    Space,
    Table,
    at_each,
    linspace32,
    none,
    table_of,
)
from ipmix_cli.methods.steps.operations import RESAMPLE
from ipmix_cli.methods.steps.sequence import DrawnSteps, Reals, SequenceMethod, packed
from ipmix_cli.methods.steps.settings import Settings, setting
from ipmix_cli.transform import Size

# The order of the authors' list
OPERATIONS = (
    "identity",
    "autocontrast",
    "equalize",
    "rotate",
    "solarize",
    "color",
    "posterize",
    "contrast",
    "brightness",
    "sharpness",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)
SPACES = {"wide": 32.0, "standard": 10.0, "torchvision": 32.0}  # px: the largest translation of each


@dataclass(frozen=True, kw_only=True)
class TrivialAugmentSettings(Settings):
    """What one copy of TrivialAugment is drawn from."""

    space: str = setting("magnitudes: the paper's wide or standard ones, or torchvision's wide ones", choices=SPACES)
    strengths: int = setting("how many strengths there are", default=31, low=2, high=1000)
    translation: float | None = setting(
        "largest translation in px (wide and torchvision: 32, standard: 10, if not given)",
        default=None,
        low=0,
        high=1000,
    )
    operations: tuple[str, ...] = setting("operations to draw from", default=OPERATIONS, choices=OPERATIONS)
    resample: str = setting("how geometric operations take pixels", default="nearest", choices=RESAMPLE)
    fill: tuple[int, ...] = setting(
        "colour outside the picture: red, green, blue", default=(0, 0, 0), low=0, high=255, length=3
    )


PRESETS: dict[str, TrivialAugmentSettings] = {
    # automl/trivialaugment, aug_lib.py: augmentation space wide_standard, 31 strengths (the paper's TA (Wide))
    "wide": TrivialAugmentSettings(space="wide"),
    # The same: augmentation space fixed_standard (the paper's TA (RA))
    "standard": TrivialAugmentSettings(space="standard"),
    # The same: augmentation space fiximagenet_standard
    "standard-imagenet": TrivialAugmentSettings(space="standard", translation=70),
    # torchvision.transforms.TrivialAugmentWide, defaults
    "torchvision": TrivialAugmentSettings(space="torchvision"),
}


def largest_translation(settings: TrivialAugmentSettings) -> float:
    """Return the settings' translation, or that of their space."""
    return SPACES[settings.space] if settings.translation is None else settings.translation


def authors_space(settings: TrivialAugmentSettings) -> Space:
    """Return the magnitudes of the authors' code: truncated to whole numbers, enhancers not mirrored about 1."""
    wide = settings.space == "wide"
    bins, last, farthest = settings.strengths, settings.strengths - 1, largest_translation(settings)
    low, high = (0.01, 2.0) if wide else (0.1, 1.9)
    shear = Magnitudes(at_each(bins, lambda k: k * (0.99 if wide else 0.3) / last), signed=True)
    shift = Magnitudes(at_each(bins, lambda k: int(k * farthest / last)), signed=True)
    enhance = Magnitudes(at_each(bins, lambda k: k * (high - low) / last + low))
    return {
        **{name: none(bins) for name in ("identity", "autocontrast", "equalize")},
        "rotate": Magnitudes(at_each(bins, lambda k: int(k * (135 if wide else 30) / last)), signed=True),
        "solarize": Magnitudes(at_each(bins, lambda k: 256 - int(k * 256 / last))),
        "posterize": Magnitudes(at_each(bins, lambda k: 8 - int(k * (6 if wide else 4) / last))),
        **dict.fromkeys(ENHANCERS, enhance),
        **dict.fromkeys(("shear_x", "shear_y"), shear),
        **dict.fromkeys(("translate_x", "translate_y"), shift),
    }


def torchvision_space(settings: TrivialAugmentSettings) -> Space:
    """Return torchvision's magnitudes: degrees not truncated, bits rounded, enhancers mirrored about 1."""
    bins = settings.strengths
    shear = Magnitudes(linspace32(0.0, 0.99, bins), signed=True)
    shift = Magnitudes(tuple(float(int(d)) for d in linspace32(0.0, largest_translation(settings), bins)), signed=True)
    return {
        **{name: none(bins) for name in ("identity", "autocontrast", "equalize")},
        "rotate": Magnitudes(linspace32(0.0, 135.0, bins), signed=True),
        "solarize": Magnitudes(tuple(np.ceil(linspace32(255.0, 0.0, bins)).tolist())),
        "posterize": Magnitudes(at_each(bins, lambda k: 8 - round(k / ((bins - 1) / 6)))),
        **dict.fromkeys(ENHANCERS, Magnitudes(linspace32(0.0, 0.99, bins), signed=True, base=1.0)),
        **dict.fromkeys(("shear_x", "shear_y"), shear),
        **dict.fromkeys(("translate_x", "translate_y"), shift),
    }


@functools.cache
def _table(settings: TrivialAugmentSettings) -> Table:
    space = torchvision_space(settings) if settings.space == "torchvision" else authors_space(settings)
    return table_of(space, settings.operations)


class TrivialAugment(SequenceMethod):
    """One operation of fourteen, each as likely, at a strength of 0 to 30, each as likely."""

    name: ClassVar[str] = "trivialaugment"
    summary: ClassVar[str] = "one operation, at a strength drawn for each copy"
    title: ClassVar[str] = "TrivialAugment"
    credit: ClassVar[str] = "TrivialAugment (Müller and Hutter, ICCV 2021)"
    settings_type: ClassVar[type[Any]] = TrivialAugmentSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    small: ClassVar[str] = "wide"
    large: ClassVar[str] = "wide"

    def moving(self, settings: Any) -> Sequence[str]:
        """Return the operations among those to be drawn that move pixels."""
        return moving_operations(settings.operations)

    def max_steps(self, settings: TrivialAugmentSettings) -> int:
        """Return 1."""
        del settings
        return 1

    def slots(self, settings: TrivialAugmentSettings) -> int:
        """Return 3: operation, strength, sign."""
        del settings
        return 3

    def draw(self, settings: TrivialAugmentSettings, size: Size, uniforms: Reals) -> DrawnSteps:
        """Turn uniform numbers (N, V, 3) into one step each."""
        table = _table(settings)
        rows = below(uniforms[..., 0:1], len(table.codes))
        strengths = below(uniforms[..., 1:2], settings.strengths)
        codes, parameters = table.codes[rows], table.parameters(rows, strengths, signs(uniforms[..., 2:3]))
        return DrawnSteps(
            np.ones(rows.shape, np.bool_),
            {
                "code": codes,
                "parameter": parameters,
                "resample": RESAMPLE[settings.resample],
                "fill": packed(settings.fill),
                "numbers": matrices(codes, parameters, size, tangents=settings.space == "torchvision"),
            },
        )


TRIVIALAUGMENT = TrivialAugment()
