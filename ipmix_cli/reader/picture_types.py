"""PICTURE_TYPES: the types of a sample's pictures. Libraries are imported when a type is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_array(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pictures as they are."""
    return pictures


def as_tensor(pictures: NDArray[np.uint8]) -> Any:
    """Return a tensor (C, H, W), or (V, C, H, W) of several pictures, contiguous."""
    import torch

    return torch.from_numpy(pictures).movedim(-1, -3).contiguous()


def as_images(pictures: NDArray[np.uint8]) -> Any:
    """Return an image of Pillow's, or a list of several."""
    from ipmix_cli.codecs.codecs import as_image

    return as_image(pictures) if pictures.ndim == 3 else [as_image(picture) for picture in pictures]


PICTURE_TYPES: dict[str, Callable[[NDArray[np.uint8]], Any]] = {
    "numpy": as_array,
    "torch": as_tensor,
    "pil": as_images,
}
