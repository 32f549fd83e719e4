"""Cutout (DeVries and Taylor, 2017): squares of one colour, clipped at the picture's border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ipmix_cli.kernels import codes
from ipmix_cli.methods.steps.colours import CIFAR10_MEAN, CIFAR100_MEAN, IMAGENET_MEAN, SVHN_MEAN
from ipmix_cli.methods.steps.draws import below
from ipmix_cli.methods.steps.sequence import DrawnSteps, Reals, SequenceMethod, packed
from ipmix_cli.methods.steps.settings import Settings, setting
from ipmix_cli.transform import Size


@dataclass(frozen=True, kw_only=True)
class CutoutSettings(Settings):
    """What one copy of Cutout is drawn from."""

    length: int = setting(
        "side of a square, in pixels; halved and truncated to either side of its centre", low=1, high=10000
    )
    holes: int = setting("squares of a copy", default=1, low=1, high=64)
    fill: tuple[int, ...] = setting("colour of the squares: red, green, blue", low=0, high=255, length=3)


# The authors erase normalised pictures with 0, which is the data set's mean colour
PRESETS: dict[str, CutoutSettings] = {
    # DeVries and Taylor, section 4.2: 16 px on CIFAR-10, 8 px on CIFAR-100, 20 px on SVHN
    "cifar10": CutoutSettings(length=16, fill=CIFAR10_MEAN),
    "cifar100": CutoutSettings(length=8, fill=CIFAR100_MEAN),
    "svhn": CutoutSettings(length=20, fill=SVHN_MEAN),
    # No published number: half of a side of 224, as CIFAR-10's is half of 32
    "imagenet": CutoutSettings(length=112, fill=IMAGENET_MEAN),
}


class Cutout(SequenceMethod):
    """Squares whose centres are uniform over the picture's pixels."""

    name: ClassVar[str] = "cutout"
    summary: ClassVar[str] = "a square of one colour"
    title: ClassVar[str] = "Cutout"
    credit: ClassVar[str] = "Cutout (DeVries and Taylor, 2017)"
    settings_type: ClassVar[type[Any]] = CutoutSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    small: ClassVar[str] = "cifar10"
    large: ClassVar[str] = "imagenet"

    def moving(self, settings: Any) -> Sequence[str]:
        """Return nothing: no pixel is moved."""
        del settings
        return ()

    def max_steps(self, settings: CutoutSettings) -> int:
        """Return the number of squares."""
        return settings.holes

    def slots(self, settings: CutoutSettings) -> int:
        """Return two for each square."""
        return 2 * settings.holes

    def draw(self, settings: CutoutSettings, size: Size, uniforms: Reals) -> DrawnSteps:
        """Turn uniform numbers into boxes."""
        u = uniforms.reshape(*uniforms.shape[:2], settings.holes, 2)
        half = settings.length // 2
        row, column = below(u[..., 0], size[0]), below(u[..., 1], size[1])
        top, left = np.maximum(row - half, 0), np.maximum(column - half, 0)
        return DrawnSteps(
            np.ones(row.shape, np.bool_),
            {
                "code": codes.ERASE,
                "fill": packed(settings.fill),
                "top": top,
                "left": left,
                "height": np.minimum(row + half, size[0]) - top,
                "width": np.minimum(column + half, size[1]) - left,
            },
        )


CUTOUT = Cutout()
