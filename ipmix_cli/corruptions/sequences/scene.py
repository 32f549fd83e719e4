"""What a sequence is made of: the picture, and what lies around it where it is the centre of a larger one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipmix_cli.crop import centre_of
from ipmix_cli.picture import Picture


@dataclass(frozen=True)
class Scene:
    """A picture, and the larger one that it is the centre of.

    ImageNet-P resizes the short side to 256 px, moves, turns or scales the whole picture, and cuts the middle 224 px
    out afterwards: content comes in at the edges. CIFAR-10-P has nothing beyond its 32 px, and black comes in.

    Parameters
    ----------
    wide : ndarray of uint8, (H + .., W + .., 3), C-contiguous
        The picture with its surroundings, or the picture itself.
    size : tuple of int
        Height and width of the frames.
    """

    wide: Picture
    size: tuple[int, int]

    @property
    def picture(self) -> Picture:
        """The picture itself, (H, W, 3)."""
        return self.cut(self.wide)

    def cut(self, wide: Picture) -> Picture:
        """Return the middle of a picture that is as large as the wide one."""
        return np.ascontiguousarray(centre_of(wide, self.size))
