"""From a picture to a model's input: size, range, normalisation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ipmix_cli.errors import UsageError, check_name

Triple = tuple[float, float, float]

NORMALISATIONS: dict[str, tuple[Triple, Triple]] = {  # mean, standard deviation of values from 0 to 1
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),  # the CIFAR code of AugMix, PixMix and IPMix: -1 to 1
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),  # torchvision's models
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
}


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How pictures become input.

    Parameters
    ----------
    mean, std : three floats
        Of the channels, in units of 255.
    size : int, optional
        Side of the square that the model takes; None leaves pictures as they are.
    resize : int, optional
        Resize the shorter side to this before the centre is cut out. Without it, a picture of the right size is left as
        it is, and others are resized to `size`: ImageNet-C's files are 224 px already and must not be resized again.
    """

    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)
    size: int | None = None
    resize: int | None = None

    def __post_init__(self) -> None:
        if min(self.std) <= 0:
            raise UsageError(f"a standard deviation is {min(self.std)}", "give three numbers above 0")
        if self.resize is not None and (self.size is None or self.resize < self.size):
            raise UsageError(
                f"--resize {self.resize} needs a --size that is not larger", "such as --resize 256 --size 224"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def sized(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture (H, W, 3) in the model's size; bilinear with antialiasing, as torchvision does it."""
        if self.size is None or (self.resize is None and picture.shape[:2] == (self.size, self.size)):
            return picture
        height, width = picture.shape[:2]
        short = self.resize or self.size
        scaled = (round(width * short / min(height, width)), round(height * short / min(height, width)))
        image = Image.fromarray(picture)
        if scaled != (width, height):
            image = image.resize(scaled, Image.Resampling.BILINEAR)
        left, top = (scaled[0] - self.size) // 2, (scaled[1] - self.size) // 2
        return np.asarray(image.crop((left, top, left + self.size, top + self.size)))


def normalisation(preset: str, mean: str, std: str) -> tuple[Triple, Triple]:
    """Return mean and standard deviation from a preset's name, or from three numbers each.

    Raises
    ------
    UsageError
        For both or neither, an unknown preset, and what are not three numbers.
    """
    if bool(preset) == bool(mean or std):
        raise UsageError(
            "the normalisation that the model was trained with is not given",
            f"give --normalise {', '.join(NORMALISATIONS)}; or --mean and --std",
        )
    if preset:
        check_name("normalisation", preset, NORMALISATIONS)
        return NORMALISATIONS[preset]
    return _triple("--mean", mean or "0"), _triple("--std", std or "1")


def _triple(option: str, text: str) -> Triple:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) == 1:
        values *= 3
    if len(values) != 3:
        raise UsageError(f"{option} {text!r}: expected three numbers", f"such as {option} 0.485,0.456,0.406")
    return values[0], values[1], values[2]
