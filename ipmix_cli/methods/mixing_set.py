"""Mixing pictures, resized for one size of picture, and how they are resized."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ipmix_cli.errors import UsageError
from ipmix_cli.picture import Picture
from ipmix_cli.printable import dimensions


class MixingSet(NamedTuple):
    """Mixing pictures one after the other, each at least as large as the pictures they are mixed with.

    Parameters
    ----------
    pixels : ndarray of uint8, flat
        All pictures, (h, w, 3) each; may be a read-only memory map.
    offsets : ndarray of int64, (M,)
        First byte of each.
    shapes : ndarray of int32, (M, 2)
        Height and width of each.
    """

    pixels: Picture
    offsets: npt.NDArray[np.int64]
    shapes: npt.NDArray[np.int32]

    def picture(self, index: int) -> Picture:
        """Return one mixing picture, (h, w, 3), as a view."""
        height, width = (int(side) for side in self.shapes[index])
        first = int(self.offsets[index])
        return self.pixels[first : first + height * width * 3].reshape(height, width, 3)


def mixing_shape(shape: tuple[int, int], size: tuple[int, int], ratio: float) -> tuple[int, int]:
    """Return the (height, width) that a mixing picture is resized to.

    The short side becomes ``round(side * ratio)``, the other follows and is truncated, as torchvision's Resize does. A
    picture that is not square is covered: both sides reach their own ``round(side * ratio)``.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the mixing picture.
    size : tuple of int
        Height and width of the pictures it is mixed with.
    ratio : float
        9/8 or 8/7 in the presets.

    Raises
    ------
    UsageError
        If the mixing picture is smaller than the pictures.

    Examples
    --------
    >>> mixing_shape((100, 200), (32, 32), 9 / 8)
    (36, 72)
    """
    height, width = shape
    if height < size[0] or width < size[1]:
        raise UsageError(
            f"a mixing picture of {dimensions(height, width)} is smaller than the pictures, {dimensions(*size)}",
            f"use mixing pictures of at least {dimensions(max(size), max(size))}",
        )
    return covering_shape(shape, size, ratio)


def covering_shape(shape: tuple[int, int], size: tuple[int, int], ratio: float) -> tuple[int, int]:
    """Return what :func:`mixing_shape` does, for a mixing picture of any size: a smaller one is enlarged."""
    height, width = shape
    target_height, target_width = round(size[0] * ratio), round(size[1] * ratio)
    if target_width * height >= target_height * width:
        return target_width * height // width, target_width
    return target_height, target_height * width // height


def resize_mixing(picture: Picture, shape: tuple[int, int]) -> Picture:
    """Return a mixing picture, uint8 (h, w, 3), resized as Pillow does: bilinear, antialiased, as torchvision's Resize.

    Does not modify its input.
    """
    from ipmix_cli.kernels.resize import resized

    height, width = picture.shape[:2]
    return picture.copy() if (height, width) == shape else resized(picture, (0, 0, width, height), shape)


def mixing_set(pictures: Sequence[Picture], size: tuple[int, int], ratio: float) -> MixingSet:
    """Resize mixing pictures, uint8 (h, w, 3) each, for pictures of one size, in memory.

    Raises
    ------
    UsageError
        If there are none, or one is smaller than the pictures.
    """
    if not len(pictures):
        raise UsageError("there are no mixing pictures", "give at least one")
    shapes = [mixing_shape(picture.shape[:2], size, ratio) for picture in pictures]
    resized = [resize_mixing(picture, shape).reshape(-1) for picture, shape in zip(pictures, shapes, strict=True)]
    ends = np.cumsum([part.size for part in resized], dtype=np.int64)
    offsets = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    return MixingSet(np.concatenate(resized), offsets, np.array(shapes, np.int32))
