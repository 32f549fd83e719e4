"""The matrices of geometric operations: from a parameter to the six numbers of Pillow's affine transform."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.kernels import codes
from ipmix_cli.transform import Size

Matrix = tuple[float, float, float, float, float, float]
Words = NDArray[np.int64]
Reals = NDArray[np.float64]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
# Which number of the identity an operation replaces by its parameter, in Pillow's terms
_PLACES = {codes.SHEAR_X: 1, codes.TRANSLATE_X: 2, codes.SHEAR_Y: 3, codes.TRANSLATE_Y: 5}


@functools.lru_cache(maxsize=4096)
def rotation(degrees: float, height: int, width: int) -> Matrix:
    """Return what ``Image.rotate`` makes of degrees, term by term: about the centre, counter-clockwise.

    Examples
    --------
    >>> rotation(90.0, 4, 4)
    (0.0, -1.0, 4.0, 1.0, 0.0, 0.0)
    """
    angle = -math.radians(degrees % 360.0)
    cosine, sine = round(math.cos(angle), 15), round(math.sin(angle), 15)
    across, down = width / 2.0, height / 2.0
    c = cosine * -across + sine * -down + across
    f = -sine * -across + cosine * -down + down
    return cosine, sine, c, -sine, cosine, f


@functools.lru_cache(maxsize=4096)
def by_angle(factor: float) -> tuple[float, float]:
    """Return a shear factor as torchvision's affine has it, horizontally and vertically: the tangent of an angle."""
    angle = math.radians(math.degrees(math.atan(factor)))
    return math.tan(angle), math.sin(angle) / math.cos(angle)


def matrices(operations: Words, parameters: Reals, size: Size, *, tangents: bool = False) -> Reals:
    """Return the matrices of geometric operations; the identity for all other operations.

    Parameters
    ----------
    operations : ndarray of int64, (..)
        Codes.
    parameters : ndarray of float64, (..)
        Degrees, shear factors, or pixels.
    size : tuple of int
        Height and width.
    tangents : bool
        Whether shears go through an angle and back, as torchvision's do.

    Returns
    -------
    ndarray of float64, (.., 6)
    """
    out = np.empty((*operations.shape, 6))
    out[...] = IDENTITY
    if tangents:
        parameters = parameters.copy()
        for number, code in enumerate((codes.SHEAR_X, codes.SHEAR_Y)):
            chosen = operations == code
            parameters[chosen] = [by_angle(value)[number] for value in parameters[chosen].tolist()]
    for code, place in _PLACES.items():
        chosen = operations == code
        out[chosen, place] = parameters[chosen]
    turned = operations == codes.ROTATE
    out[turned] = np.array([rotation(value, *size) for value in parameters[turned].tolist()]).reshape(-1, 6)
    return out
