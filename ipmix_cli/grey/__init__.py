"""Grey pictures of one channel: what a data set made with ``--channels 1`` stores in place of RGB.

A source's picture becomes the grey that Pillow's ``convert("L")`` gives of it. Methods are given it as RGB with three
equal channels, and what they make becomes grey by the same rule, which gives back equal channels as they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.numba_cache.kernel_set import KernelSet
from ipmix_cli.picture import Picture


def as_grey(pictures: Picture) -> NDArray[np.uint8]:
    """Return the luma of pictures (..., H, W, 3) as (..., H, W, 1), as Pillow's ``convert("L")`` rounds it.

    Does not modify its input.

    >>> as_grey(np.array([[[255, 0, 0], [9, 9, 9]]], np.uint8))[..., 0].tolist()
    [[76, 9]]
    """
    from ipmix_cli.grey.kernels import luma

    out = np.empty((*pictures.shape[:-1], 1), np.uint8)
    luma(np.ascontiguousarray(pictures).reshape(-1), out.reshape(-1))
    return out


def as_rgb(pictures: NDArray[np.uint8]) -> Picture:
    """Return grey pictures (..., H, W, 1) as RGB (..., H, W, 3) with equal channels.

    Does not modify its input.

    >>> as_rgb(np.array([[[7]]], np.uint8)).tolist()
    [[[7, 7, 7]]]
    """
    from ipmix_cli.grey.kernels import thrice

    out = np.empty((*pictures.shape[:-1], 3), np.uint8)
    thrice(np.ascontiguousarray(pictures).reshape(-1), out.reshape(-1))
    return out


def _call_each() -> None:
    as_grey(as_rgb(np.zeros((1, 1, 1), np.uint8)))


KERNELS = KernelSet(Path(__file__).parent, _call_each)
