"""What the study compares: an arm is one way to make the training data, with one loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PLAIN, CONSISTENCY = "plain", "consistency"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to make the training data, with one loss.

    Parameters
    ----------
    method : str
        A method of ``ipmix augment``; empty for clean pictures alone.
    copies : int or None
        Stored copies of each picture, K; None for fresh ones: as many as epochs, each read in one epoch only.
    loss : {"plain", "consistency"}
        Cross-entropy on one copy; or on the clean picture, with the Jensen-Shannon consistency loss over it and two
        copies.
    mixing : str
        The mixing pictures, a name of MIXING; empty for the built-in bank.
    crop_first : bool
        Whether pictures are cropped and flipped before the copies are made, each of the K copies from a crop of its
        own, as published; else after that, when they are read.
    overflow : {"clip", "wrap"}
        What becomes of mixed values beyond the range.
    """

    method: str = "ipmix"
    copies: int | None = 8
    loss: str = PLAIN
    mixing: str = ""
    crop_first: bool = False
    overflow: str = "clip"

    def stored(self, epochs: int) -> int:
        """Return how many copies are stored of each picture, in a training of so many epochs."""
        if not self.method:
            return 1
        return epochs * self.views if self.copies is None else self.copies

    def options(self, epochs: int) -> list[str]:
        """Return the options of ``ipmix augment`` that make this arm's data, but for the mixing pictures."""
        method = ["--method", self.method] if self.method and self.method != "ipmix" else []
        overflow = [] if self.overflow == "clip" else ["--overflow", self.overflow]
        crops = ["--crop", "padded", "--flip", "--crops", str(self.crops)] if self.crop_first else []
        copies = 1 if self.crop_first else self.stored(epochs)
        return [*method, *overflow, *crops, "--copies", str(copies)]

    @property
    def crops(self) -> int:
        """How many samples are stored of a picture."""
        return (self.copies or 1) if self.crop_first else 1

    def pictures(self, samples: int) -> int:
        """Return of how many pictures so many stored samples are."""
        return samples // self.crops

    @property
    def views(self) -> int:
        """How many copies of a picture a step of training reads."""
        return 2 if self.loss == CONSISTENCY else 1


MIXING = ("plasma", "photographs")
STORED = (1, 2, 4, 8, 16)

ARMS: dict[str, Arm] = {
    "none": Arm(method=""),
    **{f"ipmix-k{copies}": Arm(copies=copies) for copies in STORED},
    "ipmix-fresh": Arm(copies=None),
    "augmix-k8": Arm(method="augmix"),
    "augmix-fresh": Arm(method="augmix", copies=None),
    "pixmix-k8": Arm(method="pixmix"),
    "pixmix-fresh": Arm(method="pixmix", copies=None),
    "none-jsd": Arm(method="", loss=CONSISTENCY),
    "ipmix-k2-jsd": Arm(copies=2, loss=CONSISTENCY),
    "ipmix-k8-jsd": Arm(copies=8, loss=CONSISTENCY),
    "ipmix-fresh-jsd": Arm(copies=None, loss=CONSISTENCY),
    "ipmix-k8-crop-first": Arm(crop_first=True),
    "ipmix-k8-wrap": Arm(overflow="wrap"),
    "ipmix-k8-plasma": Arm(mixing="plasma"),
    "ipmix-k8-photographs": Arm(mixing="photographs"),
}
"""All arms, in the order in which they are trained."""


def chosen(names: Sequence[str]) -> dict[str, Arm]:
    """Return some arms by name, or all for no names."""
    unknown = [name for name in names if name not in ARMS]
    if unknown:
        raise SystemExit(f"there is no arm {unknown[0]!r}; choose from: {', '.join(ARMS)}")
    return {name: arm for name, arm in ARMS.items() if not names or name in names}
