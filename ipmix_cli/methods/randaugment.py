"""RandAugment (Cubuk et al., NeurIPS 2020): some operations, one after the other, all at about the same magnitude."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ipmix_cli.errors import UsageError
from ipmix_cli.kernels import codes
from ipmix_cli.methods.operations import moving_operations
from ipmix_cli.methods.steps.affine import matrices
from ipmix_cli.methods.steps.draws import below, normals, signs
from ipmix_cli.methods.steps.magnitudes import ENHANCERS, Magnitudes, Space, Table, at_each, linspace32, none, table_of
from ipmix_cli.methods.steps.operations import RESAMPLE, SEQUENCE_OPS
from ipmix_cli.methods.steps.sequence import DrawnSteps, Reals, SequenceMethod, Words, packed
from ipmix_cli.methods.steps.settings import Settings, setting
from ipmix_cli.transform import Size

TORCHVISION_OPERATIONS = (
    "identity",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
    "rotate",
    "brightness",
    "color",
    "contrast",
    "sharpness",
    "posterize",
    "solarize",
    "autocontrast",
    "equalize",
)
TIMM_OPERATIONS = (
    "autocontrast",
    "equalize",
    "invert",
    "rotate",
    "posterize",
    "solarize",
    "solarize_add",
    "color",
    "contrast",
    "brightness",
    "sharpness",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)
OPERATIONS = tuple(dict.fromkeys(TORCHVISION_OPERATIONS + TIMM_OPERATIONS))
SPACES = ("torchvision", "timm")
RANDOM = "random"  # bilinear or bicubic, drawn for each operation
SLOTS = 6  # of a step: operation, whether it is made, magnitude, sign, interpolation, and one that is free


@dataclass(frozen=True, kw_only=True)
class RandAugmentSettings(Settings):
    """What one copy of RandAugment is drawn from."""

    space: str = setting("magnitudes: torchvision's bins, or timm's increasing ones", choices=SPACES)
    layers: int = setting("operations of a copy", default=2, low=1, high=16)
    magnitude: float = setting(
        "magnitude: a whole number below --bins for torchvision's, 0 to 10 for timm's", low=0, high=1000
    )
    bins: int = setting("how many magnitudes torchvision's space has", default=31, low=2, high=1000)
    probability: float = setting("probability of each operation to be made", default=1.0, low=0, high=1)
    deviation: float = setting("standard deviation of timm's magnitude", default=0.0, low=0, high=10)
    translation: float = setting("largest shift, as a part of the side", low=0, high=1)
    operations: tuple[str, ...] = setting("operations to draw from", choices=OPERATIONS)
    resample: str = setting("how geometric operations take pixels", choices=(*RESAMPLE, RANDOM))
    fill: tuple[int, ...] = setting("colour outside the picture: red, green, blue", low=0, high=255, length=3)

    def __post_init__(self) -> None:
        super().__post_init__()
        binned = self.space == "torchvision"
        if binned and (self.magnitude != int(self.magnitude) or self.magnitude >= self.bins or self.deviation):
            raise UsageError(
                f"magnitude {self.magnitude:g} with deviation {self.deviation:g}: expected a whole number below "
                f"{self.bins} and no deviation, as torchvision's magnitudes are bins",
                "choose such a magnitude, or the space timm",
            )
        if not binned and self.magnitude > 10:
            raise UsageError(f"magnitude is {self.magnitude:g}: timm's go from 0 to 10", "choose one up to 10")
        if binned and "solarize_add" in self.operations:
            raise UsageError("torchvision's magnitudes have no solarize_add", "leave it out, or choose the space timm")


PRESETS: dict[str, RandAugmentSettings] = {
    # torchvision.transforms.RandAugment, defaults
    "torchvision": RandAugmentSettings(
        space="torchvision",
        magnitude=9,
        translation=150 / 331,
        operations=TORCHVISION_OPERATIONS,
        resample="nearest",
        fill=(0, 0, 0),
    ),
    # pytorch-image-models, rand-m9-mstd0.5-inc1 (DeiT's recipe); filled with ImageNet's mean, as its loader does
    "timm": RandAugmentSettings(
        space="timm",
        magnitude=9,
        deviation=0.5,
        probability=0.5,
        translation=0.45,
        operations=TIMM_OPERATIONS,
        resample=RANDOM,
        fill=(124, 116, 104),
    ),
}


def binned_space(bins: int, translation: float, size: Size) -> Space:
    """Return the magnitudes that torchvision's RandAugment and AutoAugment share, but for posterize with 31 bins."""
    shifts = [tuple(float(int(d)) for d in linspace32(0.0, translation * side, bins)) for side in (size[1], size[0])]
    shear = Magnitudes(linspace32(0.0, 0.3, bins), signed=True)
    return {
        **{name: none(bins) for name in ("identity", "autocontrast", "equalize", "invert")},
        "rotate": Magnitudes(linspace32(0.0, 30.0, bins), signed=True),
        "solarize": Magnitudes(tuple(np.ceil(linspace32(255.0, 0.0, bins)).tolist())),
        "posterize": Magnitudes(at_each(bins, lambda k: 8 - round(k / ((bins - 1) / 4)))),
        **dict.fromkeys(ENHANCERS, Magnitudes(linspace32(0.0, 0.9, bins), signed=True, base=1.0)),
        **dict.fromkeys(("shear_x", "shear_y"), shear),
        "translate_x": Magnitudes(shifts[0], signed=True),
        "translate_y": Magnitudes(shifts[1], signed=True),
    }


@functools.lru_cache(maxsize=64)
def _table(settings: RandAugmentSettings, size: Size) -> Table:
    return table_of(binned_space(settings.bins, settings.translation, size), settings.operations)


def increasing_parameters(operations: Words, levels: Reals, sign: Reals, size: Size, translation: float) -> Reals:
    """Return the parameters of operations (codes) at levels of 0 to 1, as timm's increasing ones."""
    signed = levels * sign
    parameters = {
        codes.ROTATE: signed * 30.0,
        codes.POSTERIZE: np.maximum(4.0 - np.trunc(levels * 4), 1.0),  # at level 1 itself: Pillow knows no 0 bits
        codes.SOLARIZE: 256.0 - np.minimum(256.0, np.trunc(levels * 256)),
        codes.SOLARIZE_ADD: np.minimum(128.0, np.trunc(levels * 110)),
        codes.SHEAR_X: signed * 0.3,
        codes.SHEAR_Y: signed * 0.3,
        codes.TRANSLATE_X: signed * translation * size[1],
        codes.TRANSLATE_Y: signed * translation * size[0],
        **{SEQUENCE_OPS[name].code: np.maximum(0.1, 1.0 + levels * 0.9 * sign) for name in ENHANCERS},
    }
    return np.select([operations == code for code in parameters], list(parameters.values()), 0.0)


class RandAugment(SequenceMethod):
    """Some operations of a list, drawn with replacement, at one magnitude."""

    name: ClassVar[str] = "randaugment"
    summary: ClassVar[str] = "two operations at one magnitude"
    title: ClassVar[str] = "RandAugment"
    credit: ClassVar[str] = "RandAugment (Cubuk et al., NeurIPS 2020)"
    settings_type: ClassVar[type[Any]] = RandAugmentSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    small: ClassVar[str] = "torchvision"
    large: ClassVar[str] = "torchvision"

    def moving(self, settings: Any) -> Sequence[str]:
        """Return the operations among those to be drawn that move pixels."""
        return moving_operations(settings.operations)

    def max_steps(self, settings: RandAugmentSettings) -> int:
        """Return the number of layers."""
        return settings.layers

    def slots(self, settings: RandAugmentSettings) -> int:
        """Return six for each layer."""
        return SLOTS * settings.layers

    def draw(self, settings: RandAugmentSettings, size: Size, uniforms: Reals) -> DrawnSteps:
        """Turn uniform numbers into operations."""
        u = uniforms.reshape(*uniforms.shape[:2], settings.layers, SLOTS)
        rows, sign = below(u[..., 0], len(settings.operations)), signs(u[..., 3])
        if settings.space == "torchvision":
            table = _table(settings, size)
            operations, parameters = table.codes[rows], table.parameters(rows, int(settings.magnitude), sign)
        else:
            operations = np.array([SEQUENCE_OPS[name].code for name in settings.operations])[rows]
            magnitudes = settings.magnitude + settings.deviation * normals(u[..., 2])
            levels = np.clip(magnitudes, 0.0, 10.0) / 10.0
            parameters = increasing_parameters(operations, levels, sign, size, settings.translation)
        either = np.where(u[..., 4] < 0.5, RESAMPLE["bilinear"], RESAMPLE["bicubic"])
        return DrawnSteps(
            u[..., 1] < settings.probability,
            {
                "code": operations,
                "parameter": parameters,
                "resample": either if settings.resample == RANDOM else RESAMPLE[settings.resample],
                "fill": packed(settings.fill),
                "numbers": matrices(operations, parameters, size, tangents=settings.space == "torchvision"),
            },
        )


RANDAUGMENT = RandAugment()
