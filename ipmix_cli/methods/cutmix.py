"""CutMix (Yun et al., ICCV 2019): a box of a second sample, and as much of its label as the box has of the picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ipmix_cli.methods.steps.draws import below
from ipmix_cli.methods.steps.pairs import PairMethod, PairSettings, Reals, Words
from ipmix_cli.methods.steps.settings import setting
from ipmix_cli.picture import Picture
from ipmix_cli.transform import Plans, Size


@dataclass(frozen=True, kw_only=True)
class CutMixSettings(PairSettings):
    """What one copy of CutMix is drawn from."""

    probability: float = setting("probability of a box", low=0, high=1)


PRESETS: dict[str, CutMixSettings] = {
    # clovaai/CutMix-PyTorch: --beta 1 --cutmix_prob 0.5 for CIFAR
    "cifar": CutMixSettings(probability=0.5),
    # The same, for ImageNet: --beta 1 --cutmix_prob 1
    "imagenet": CutMixSettings(probability=1.0),
}


class CutMix(PairMethod):
    """A box whose area is uniform before it is clipped at the border, about a centre that is uniform."""

    name: ClassVar[str] = "cutmix"
    summary: ClassVar[str] = "a box of a second sample; mixes labels"
    title: ClassVar[str] = "CutMix"
    credit: ClassVar[str] = "CutMix (Yun et al., ICCV 2019)"
    settings_type: ClassVar[type[Any]] = CutMixSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    small: ClassVar[str] = "cifar"
    large: ClassVar[str] = "imagenet"

    def slots(self, settings: CutMixSettings) -> int:
        """Return 5: the second sample, whether there is one, the area, the centre's row and column."""
        del settings
        return 5

    def draw(self, settings: CutMixSettings, size: Size, uniforms: Reals, plans: Plans) -> None:
        """Draw the boxes; a box without a pixel leaves the picture as it is."""
        height, width = size
        side = np.sqrt(1.0 - uniforms[..., 2])
        half_height, half_width = ((length * side).astype(np.int64) // 2 for length in size)
        row, column = below(uniforms[..., 3], height), below(uniforms[..., 4], width)
        top, left = np.maximum(row - half_height, 0), np.maximum(column - half_width, 0)
        bottom, right = np.minimum(row + half_height, height), np.minimum(column + half_width, width)
        area = (bottom - top) * (right - left)
        mixed = (uniforms[..., 1] < settings.probability) & (area > 0)
        plans["box"] = np.stack([top, left, bottom - top, right - left], axis=-1) * mixed[..., None]
        plans["weight"] = 1.0 - area * mixed / (height * width)

    def make(self, pictures: Picture, seconds: tuple[Picture, Words], plans: Plans, width: int, out: Picture) -> None:
        """Paste."""
        from ipmix_cli.kernels.pairs import paste_pairs

        paste_pairs(pictures, *seconds, np.ascontiguousarray(plans["box"]), np.int64(width * 3), out)


CUTMIX = CutMix()
