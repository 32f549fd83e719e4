"""The crop of a source picture to one size, planned as data and then applied.

The laws are torchvision's: RandomResizedCrop and a flip, as the published loader does before IPMix, or Resize and
CenterCrop; all resizing is Pillow's bilinear, antialiased.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from decimal import Context, Decimal
from typing import Any

from ipmix_cli.errors import UsageError
from ipmix_cli.picture import Picture
from ipmix_cli.randomness import uniforms

MODES = ("none", "resize", "center", "random-resized")
CENTER_RATIO = 8 / 7  # 256 for 224, as in the published evaluation
SCALE = (0.08, 1.0)  # part of the picture's area
RATIO = (3 / 4, 4 / 3)  # width over height
TRIES = 10
MOST_CROPS = 10_000
DIGITS = Context(prec=25)  # decimals round the same way on every machine, which no libm's exp promises


@dataclass(frozen=True, kw_only=True)
class CropConfig:
    """How source pictures come to one size.

    Parameters
    ----------
    mode : {"none", "resize", "center", "random-resized"}
        ``none`` leaves pictures as they are (they must have one size); ``resize`` makes them size x size whatever their
        shape; ``center`` resizes the short side to ``round(size * 8/7)`` and takes the middle; ``random-resized`` takes
        torchvision's RandomResizedCrop and flips half of the time.
    size : int or None
        Side in pixels, at least 2; None with ``none``.
    crops : int
        Crops of each picture; more than one with ``random-resized`` alone.

    Raises
    ------
    UsageError
        If these do not fit together.
    """

    mode: str = "none"
    size: int | None = None
    crops: int = 1

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UsageError(f"there is no crop named {self.mode!r}", f"choose from: {', '.join(MODES)}")
        if (self.mode == "none") != (self.size is None):
            raise UsageError(
                f"crop {self.mode!r} with size {self.size}: one asks for the other",
                "name both a size and one of: resize, center, random-resized",
            )
        if self.size is not None and not 2 <= self.size <= 1024:
            raise UsageError(f"size is {self.size}: expected 2 to 1024 px", "choose a size in that range")
        if self.crops > MOST_CROPS:
            raise UsageError(f"{self.crops} crops of each picture", f"give at most {MOST_CROPS}")
        if self.crops < 1 or (self.crops > 1 and self.mode != "random-resized"):
            raise UsageError(
                f"{self.crops} crops with {self.mode!r}: expected one, or more with random-resized",
                "choose the crop random-resized, or one crop",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; ``CropConfig(**values)`` is the way back."""
        return asdict(self)


@dataclass(frozen=True)
class CropPlan:
    """The part of a picture to take (in its pixels, fractions allowed), the side it gets, and whether it is flipped."""

    left: float
    top: float
    width: float
    height: float
    size: int
    flip: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def plan_crop(config: CropConfig, shape: tuple[int, int], seed: int, index: int, crop: int = 0) -> CropPlan | None:
    """Plan one crop of a picture; None where pictures stay as they are.

    Parameters
    ----------
    config : CropConfig
        The law.
    shape : tuple of int
        Height and width of the source picture.
    seed, index, crop : int
        The job's seed, the sample's index in its source, and the crop's number: only ``random-resized`` uses them.

    Examples
    --------
    >>> plan_crop(CropConfig(mode="center", size=224), (500, 400), 0, 0)
    CropPlan(left=25.0, top=75.0, width=350.0, height=350.0, size=224, flip=False)
    """
    height, width = shape
    if config.size is None:
        return None
    if config.mode == "resize":
        return CropPlan(0, 0, width, height, config.size)
    if config.mode == "center":
        return _center(shape, config.size)
    left, top, part_width, part_height, flip = _random_resized(shape, seed, index, crop)
    return CropPlan(left, top, part_width, part_height, config.size, flip)


def _center(shape: tuple[int, int], size: int) -> CropPlan:
    """Resize(round(size * 8/7)) and CenterCrop(size), in one box: the same pixels to within a grey level."""
    height, width = shape
    short = round(size * CENTER_RATIO)
    new_width, new_height = (short, short * height // width) if width <= height else (short * width // height, short)
    left, top = round((new_width - size) / 2), round((new_height - size) / 2)
    across, down = width / new_width, height / new_height
    return CropPlan(left * across, top * down, size * across, size * down, size)


def _random_resized(shape: tuple[int, int], seed: int, index: int, crop: int) -> tuple[int, int, int, int, bool]:
    """RandomResizedCrop.get_params: ten tries, then the largest middle part of an allowed ratio."""
    height, width = shape
    drawn = uniforms(seed, "crop", index, 4 * TRIES + 1, crop)
    flip = drawn[-1] < 0.5
    for at in range(0, 4 * TRIES, 4):
        area = height * width * (SCALE[0] + (SCALE[1] - SCALE[0]) * drawn[at])
        ratio = _log_uniform(RATIO, drawn[at + 1])
        part_width, part_height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < part_width <= width and 0 < part_height <= height:
            left = int(drawn[at + 2] * (width - part_width + 1))
            top = int(drawn[at + 3] * (height - part_height + 1))
            return left, top, part_width, part_height, flip
    part_width = min(width, max(1, round(height * RATIO[1])))
    part_height = min(height, max(1, round(width / RATIO[0])))
    return (width - part_width) // 2, (height - part_height) // 2, part_width, part_height, flip


def _log_uniform(ends: tuple[float, float], uniform: float) -> float:
    """Return the number whose logarithm stands at a part ``uniform`` of the way between those of the ends."""
    span = DIGITS.ln(DIGITS.divide(Decimal(ends[1]), Decimal(ends[0])))
    return ends[0] * float(DIGITS.exp(DIGITS.multiply(span, Decimal(uniform))))


def apply_crop(picture: Picture, plan: CropPlan) -> Picture:
    """Return a picture, uint8 (h, w, 3), cropped to uint8 (size, size, 3). Does not modify its input."""
    from ipmix_cli.kernels.resize import resized

    height, width = picture.shape[:2]
    box = (plan.left, plan.top, min(plan.left + plan.width, width), min(plan.top + plan.height, height))
    return resized(picture, box, (plan.size, plan.size), mirror=plan.flip)
