"""The crop of a source picture to one size, planned as data and then applied.

The distributions are torchvision's: RandomResizedCrop, or RandomCrop with a black border, and a flip, as published
loaders do before IPMix, or Resize and CenterCrop; all resizing is Pillow's bilinear, antialiased.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from decimal import Context, Decimal
from typing import Any

import numpy as np

from ipmix_cli.errors import UsageError
from ipmix_cli.picture import Picture
from ipmix_cli.randomness import uniforms
from ipmix_cli.record import added, record_of

MODES = ("none", "resize", "center", "random-resized", "padded")
RANDOM = ("random-resized", "padded")
OWN_SIZE = ("none", "padded")  # pictures keep the size that they have
PADDING = 4  # px on each side, as the published loader of CIFAR
VERSION = 2  # of random-resized: 1 resized a part of the picture, and pixels outside of it leaked into the border
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
    mode : {"none", "resize", "center", "random-resized", "padded"}
        ``none`` leaves pictures as they are (they must have one size); ``resize`` makes them size x size, ignoring
        their aspect ratio; ``center`` resizes the short side to ``round(size * 8/7)`` and takes the middle;
        ``random-resized`` is torchvision's RandomResizedCrop; ``padded`` adds 4 black pixels on each side and takes a
        random part of the picture's own size.
    size : int or None
        Side in pixels, at least 2; None with ``none`` and ``padded``.
    crops : int
        Crops of each picture; more than one with ``random-resized`` and ``padded`` alone.
    flip : bool, optional
        Whether half of the random crops are mirrored; None: those of ``random-resized``.
    version : int
        Of ``random-resized``: in 1, the default since old records have none, pixels outside of the part have a share in
        its border; 2 cuts the part out first, as torchvision does.

    Raises
    ------
    UsageError
        If these do not fit together.
    """

    mode: str = "none"
    size: int | None = None
    crops: int = 1
    flip: bool | None = added(None)
    version: int = added(1)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UsageError(f"there is no crop named {self.mode!r}", f"choose from: {', '.join(MODES)}")
        if (self.mode in OWN_SIZE) != (self.size is None):
            raise UsageError(
                f"crop {self.mode!r} with size {self.size}: a size needs a crop, and these crops need a size",
                "name both a size and one of: resize, center, random-resized; none and padded keep the picture's size",
            )
        if self.size is not None and not 2 <= self.size <= 1024:
            raise UsageError(f"size is {self.size}: expected 2 to 1024 px", "choose a size in that range")
        if self.crops > MOST_CROPS:
            raise UsageError(f"{self.crops} crops of each picture", f"give at most {MOST_CROPS}")
        if self.crops < 1 or (self.crops > 1 and self.mode not in RANDOM):
            raise UsageError(
                f"{self.crops} crops with {self.mode!r}: expected one, or more with random-resized or padded",
                "choose the crop random-resized or padded, or one crop",
            )
        if (self.flip is not None and self.mode not in RANDOM) or not 1 <= self.version <= VERSION:
            raise UsageError(
                f"flip {self.flip} with the crop {self.mode!r}, version {self.version}",
                "flips go with --crop random-resized and --crop padded",
            )

    @property
    def flips(self) -> bool:
        """Whether half of the crops are mirrored."""
        return self.mode == "random-resized" if self.flip is None else self.flip

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; ``CropConfig(**values)`` is the way back."""
        return record_of(self)

    def of_new_job(self) -> CropConfig:
        """Return these settings with the version that a job gets which was never recorded."""
        return replace(self, version=VERSION) if self.mode == "random-resized" else self


@dataclass(frozen=True)
class CropPlan:
    """The part of a picture to take (in its pixels, fractions allowed), the side it gets, and whether it is flipped.

    With `outside`, pixels outside of the part have a share in its border when it is resized.
    """

    left: float
    top: float
    width: float
    height: float
    size: int
    flip: bool = False
    outside: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


@dataclass(frozen=True)
class PaddedPlan:
    """Where in the padded picture the part begins that is taken, in pixels, and whether it is flipped."""

    left: int
    top: int
    padding: int = PADDING
    flip: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


AnyPlan = CropPlan | PaddedPlan


def plan_crop(config: CropConfig, shape: tuple[int, int], seed: int, index: int, crop: int = 0) -> AnyPlan | None:
    """Plan one crop of a picture; None where pictures stay as they are.

    Parameters
    ----------
    config : CropConfig
        The distributions.
    shape : tuple of int
        Height and width of the source picture.
    seed, index, crop : int
        The job's seed, the sample's index in its source, and the crop's number: only random crops use them.

    Examples
    --------
    >>> plan_crop(CropConfig(mode="center", size=224), (500, 400), 0, 0)
    CropPlan(left=25.0, top=75.0, width=350.0, height=350.0, size=224, flip=False, outside=True)
    """
    height, width = shape
    if config.mode == "padded":
        return _padded(config, seed, index, crop)
    if config.size is None:
        return None
    if config.mode == "resize":
        return CropPlan(0, 0, width, height, config.size)
    if config.mode == "center":
        return _center(shape, config.size)
    left, top, part_width, part_height, flip = _random_resized(shape, seed, index, crop)
    return CropPlan(left, top, part_width, part_height, config.size, flip and config.flips, outside=config.version == 1)


def _padded(config: CropConfig, seed: int, index: int, crop: int) -> PaddedPlan:
    """RandomCrop.get_params of a picture with a border, for a crop of the picture's own size."""
    left, top, flip = uniforms(seed, "crop", index, 3, crop)
    places = 2 * PADDING + 1
    return PaddedPlan(int(left * places), int(top * places), flip=config.flips and flip < 0.5)


def _resized_size(shape: tuple[int, int], size: int) -> tuple[int, int]:
    """Return height and width of a picture resized as it is before its centre is taken."""
    height, width = shape
    short = round(size * CENTER_RATIO)
    return (short * height // width, short) if width <= height else (short, short * width // height)


def with_surroundings(picture: Picture, size: int) -> Picture:
    """Return a picture resized as torchvision's Resize(round(size * 8/7)) does: what a centre crop is taken from.

    Its :func:`centre_of` is Resize and CenterCrop byte for byte. Does not modify its input.
    """
    from ipmix_cli.kernels.resize import resized

    height, width = picture.shape[:2]
    return resized(picture, (0.0, 0.0, float(width), float(height)), _resized_size((height, width), size))


def centre_of(picture: Picture, size: tuple[int, int]) -> Picture:
    """Return the middle (height, width) of a picture, as torchvision's CenterCrop: a view of it."""
    top, left = (round((have - want) / 2) for have, want in zip(picture.shape[:2], size, strict=True))
    return picture[top : top + size[0], left : left + size[1]]


def _center(shape: tuple[int, int], size: int) -> CropPlan:
    """Resize(round(size * 8/7)) and CenterCrop(size), in one box: the same pixels to within a grey level."""
    height, width = shape
    new_height, new_width = _resized_size(shape, size)
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


def apply_crop(picture: Picture, plan: AnyPlan) -> Picture:
    """Return a picture, uint8 (h, w, 3), cropped to (size, size, 3), or to (h, w, 3). Does not modify its input."""
    from ipmix_cli.kernels.resize import resized

    height, width = picture.shape[:2]
    if isinstance(plan, PaddedPlan):
        return _moved(picture, plan)
    if not plan.outside:
        left, top = int(plan.left), int(plan.top)
        picture = np.ascontiguousarray(picture[top : top + int(plan.height), left : left + int(plan.width)])
        box = (0.0, 0.0, plan.width, plan.height)
        return resized(picture, box, (plan.size, plan.size), mirror=plan.flip)
    box = (plan.left, plan.top, min(plan.left + plan.width, width), min(plan.top + plan.height, height))
    return resized(picture, box, (plan.size, plan.size), mirror=plan.flip)


def _moved(picture: Picture, plan: PaddedPlan) -> Picture:
    height, width = picture.shape[:2]
    border = plan.padding
    padded = np.zeros((height + 2 * border, width + 2 * border, 3), np.uint8)
    padded[border : border + height, border : border + width] = picture
    part = padded[plan.top : plan.top + height, plan.left : plan.left + width]
    return np.ascontiguousarray(part[:, ::-1] if plan.flip else part)
