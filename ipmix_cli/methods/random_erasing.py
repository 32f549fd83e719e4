"""Random Erasing (Zhong et al., AAAI 2020): a box of random area and aspect, filled with a colour or with noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ipmix_cli.errors import UsageError
from ipmix_cli.kernels import codes
from ipmix_cli.methods.steps.colours import IMAGENET_DEVIATION, IMAGENET_MEAN
from ipmix_cli.methods.steps.draws import below, exponentials, keys, logarithms, normals
from ipmix_cli.methods.steps.sequence import DrawnSteps, Reals, SequenceMethod, Words, packed
from ipmix_cli.methods.steps.settings import Settings, setting
from ipmix_cli.transform import Size

TRIES = 10
FILLINGS = ("colour", "random-colour", "noise")
PER_TRY = 2  # area, aspect
BEYOND = 7  # whether at all, row, column, key of the noise, three channels of a random colour


@dataclass(frozen=True, kw_only=True)
class RandomErasingSettings(Settings):
    """What one copy of Random Erasing is drawn from."""

    probability: float = setting("probability of a box", low=0, high=1)
    min_area: float = setting("smallest area, as a part of the picture's", default=0.02, low=0, high=1)
    max_area: float = setting("largest area, as a part of the picture's", low=0, high=1)
    min_aspect: float = setting("smallest height over width", default=0.3, low=0.01, high=100)
    max_aspect: float = setting("largest height over width", low=0.01, high=100)
    filling: str = setting("what the box is filled with", default="colour", choices=FILLINGS)
    fill: tuple[int, ...] = setting(
        "colour of the box, and mean of noise: red, green, blue", default=IMAGENET_MEAN, low=0, high=255, length=3
    )
    deviation: tuple[int, ...] = setting(
        "standard deviation of noise and of random colours: red, green, blue",
        default=IMAGENET_DEVIATION,
        low=0,
        high=255,
        length=3,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for low, high, what in (
            (self.min_area, self.max_area, "area"),
            (self.min_aspect, self.max_aspect, "aspect"),
        ):
            if low > high:
                raise UsageError(f"min_{what} is {low:g}, above max_{what}, {high:g}", f"choose max_{what} above it")


# Both erase normalised pictures: their 0 is the data set's mean colour, and their noise has its deviation
PRESETS: dict[str, RandomErasingSettings] = {
    # torchvision.transforms.RandomErasing, defaults
    "torchvision": RandomErasingSettings(probability=0.5, max_area=0.33, max_aspect=3.3),
    # pytorch-image-models, --reprob 0.25 --remode pixel (DeiT's recipe)
    "timm": RandomErasingSettings(probability=0.25, max_area=1 / 3, max_aspect=1 / 0.3, filling="noise"),
}


def first_fit(u: Reals, settings: RandomErasingSettings, size: Size) -> tuple[Words, Words]:
    """Return height and width (N, V) of the first of ten tries (N, V, 10, 2) that is smaller than the picture, or 0."""
    low, high = logarithms(np.array([settings.min_aspect, settings.max_aspect]))
    area = (settings.min_area + (settings.max_area - settings.min_area) * u[..., 0]) * (size[0] * size[1])
    aspect = exponentials(low + (high - low) * u[..., 1])
    height, width = np.rint(np.sqrt(area * aspect)), np.rint(np.sqrt(area / aspect))
    fits = (height < size[0]) & (width < size[1])
    first = fits.argmax(axis=2)[..., None]
    some = fits.any(axis=2)
    sides = (np.take_along_axis(side, first, axis=2)[..., 0] * some for side in (height, width))
    return next(sides).astype(np.int64), next(sides).astype(np.int64)


class RandomErasing(SequenceMethod):
    """A box of random area and aspect."""

    name: ClassVar[str] = "random-erasing"
    summary: ClassVar[str] = "a box of one colour, or of noise"
    title: ClassVar[str] = "Random Erasing"
    credit: ClassVar[str] = "Random Erasing (Zhong et al., AAAI 2020)"
    settings_type: ClassVar[type[Any]] = RandomErasingSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    small: ClassVar[str] = "torchvision"
    large: ClassVar[str] = "torchvision"

    def moving(self, settings: Any) -> Sequence[str]:
        """Return nothing: no pixel is moved."""
        del settings
        return ()

    def max_steps(self, settings: RandomErasingSettings) -> int:
        """Return 1."""
        del settings
        return 1

    def slots(self, settings: RandomErasingSettings) -> int:
        """Return two for each try, and seven."""
        del settings
        return PER_TRY * TRIES + BEYOND

    def draw(self, settings: RandomErasingSettings, size: Size, uniforms: Reals) -> DrawnSteps:
        """Turn uniform numbers into a box each, or into none."""
        at_all, row, column, key, *_ = np.moveaxis(uniforms[..., :BEYOND], 2, 0)
        tries = uniforms[..., BEYOND:].reshape(*uniforms.shape[:2], TRIES, PER_TRY)
        height, width = first_fit(tries, settings, size)
        fields: dict[str, Any] = {
            "code": codes.ERASE_WITH_NOISE if settings.filling == "noise" else codes.ERASE,
            "fill": _colours(settings, uniforms[..., 4:BEYOND]),
            "numbers": np.array((*settings.fill, *settings.deviation), np.float64),
            "top": below(row, size[0] - height + 1),
            "left": below(column, size[1] - width + 1),
            "height": height,
            "width": width,
            "key": keys(key),
        }
        shaped = {name: value[..., None] if np.ndim(value) == 2 else value for name, value in fields.items()}
        return DrawnSteps(((at_all < settings.probability) & (height * width > 0))[..., None], shaped)


def _colours(settings: RandomErasingSettings, u: Reals) -> Words | int:
    """Return what colour each box has: the settings', or one drawn for each."""
    if settings.filling != "random-colour":
        return packed(settings.fill)
    values = np.array(settings.fill) + np.array(settings.deviation) * normals(u)
    red, green, blue = np.moveaxis(np.clip(np.floor(values + 0.5), 0, 255).astype(np.int64), 2, 0)
    return np.asarray(red << 16 | green << 8 | blue)


RANDOM_ERASING = RandomErasing()
