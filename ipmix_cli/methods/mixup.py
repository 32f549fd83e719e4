"""MixUp (Zhang et al., ICLR 2018): the weighted mean of two samples and of their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.methods.steps.draws import symmetric_beta
from ipmix_cli.methods.steps.pairs import PairMethod, PairSettings, Reals, Words
from ipmix_cli.methods.steps.settings import setting
from ipmix_cli.picture import Picture
from ipmix_cli.transform import Plans, Size

LEAST = 0.49 / 255  # weight of a second sample that may change a byte; one of less than half a level never does
TRIES = 64  # of each Beta number: three of a million draws that need more have shape 4, where the most do


@dataclass(frozen=True, kw_only=True)
class MixUpSettings(PairSettings):
    """What one copy of MixUp is drawn from."""

    beta: float = setting("shape of the weight's Beta distribution, the published alpha", low=0.05, high=4)


PRESETS: dict[str, MixUpSettings] = {
    # facebookresearch/mixup-cifar10: alpha 1
    "cifar": MixUpSettings(beta=1.0),
    # Zhang et al., section 3.1: alpha in [0.1, 0.4] for ImageNet-2012; 0.2 for ResNet-50
    "imagenet": MixUpSettings(beta=0.2),
}


class MixUp(PairMethod):
    """A weighted mean with a second sample, of the pictures and of the labels."""

    name: ClassVar[str] = "mixup"
    summary: ClassVar[str] = "the weighted mean with a second sample; mixes labels"
    title: ClassVar[str] = "MixUp"
    credit: ClassVar[str] = "MixUp (Zhang et al., ICLR 2018)"
    settings_type: ClassVar[type[Any]] = MixUpSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    small: ClassVar[str] = "cifar"
    large: ClassVar[str] = "imagenet"

    def slots(self, settings: MixUpSettings) -> int:
        """Return the second sample's, one for a side, and two for each try at a Beta number."""
        return 2 if settings.beta == 1.0 else 2 + 2 * TRIES

    def draw(self, settings: MixUpSettings, size: Size, uniforms: Reals, plans: Plans) -> None:
        """Draw the weights."""
        del size
        if settings.beta == 1.0:
            plans["weight"] = uniforms[..., 1]
            return
        tries = uniforms[..., 2:].reshape(*uniforms.shape[:2], TRIES, 2)
        plans["weight"] = symmetric_beta(uniforms[..., 1], tries, settings.beta)

    def unchanged(self, plans: Plans) -> NDArray[np.bool_]:
        """Return which plans have too little of a second sample for any byte to change."""
        return np.asarray(1.0 - plans["weight"] < LEAST)

    def make(self, pictures: Picture, seconds: tuple[Picture, Words], plans: Plans, width: int, out: Picture) -> None:
        """Blend."""
        del width
        from ipmix_cli.kernels.pairs import blend_pairs

        blend_pairs(pictures, *seconds, np.ascontiguousarray(plans["weight"]), out)


MIXUP = MixUp()
