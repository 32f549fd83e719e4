"""One operation on one picture: from its code to its kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fractals.jit import kernel
from ipmix_cli.algorithm.kernels import codes
from ipmix_cli.algorithm.kernels.enhance import color, mean_grey, sharpness
from ipmix_cli.algorithm.kernels.geometric import mirror, rotate, shear_x, shear_y, translate
from ipmix_cli.algorithm.kernels.histogram import (
    apply_tables,
    autocontrast_tables,
    count_values,
    equalize_tables,
)
from ipmix_cli.algorithm.kernels.pointwise import away_from, invert, posterize, solarize


class Figures(NamedTuple):
    """What some operations need to know of a whole picture, once it is known."""

    known: npt.NDArray[np.int64]  # (3,): histogram, equalize tables, mean grey (-1: not yet)
    histogram: npt.NDArray[np.int64]  # (3, 256)
    equalized: npt.NDArray[np.uint8]  # (3, 256)
    stretched: npt.NDArray[np.uint8]  # (3, 256), autocontrast's: they depend on its parameter too


HISTOGRAM, EQUALIZED, MEAN = 0, 1, 2


@kernel
def forget(figures):  # type: ignore[no-untyped-def]
    """Make figures ready for another picture."""
    figures.known[HISTOGRAM] = 0
    figures.known[EQUALIZED] = 0
    figures.known[MEAN] = -1


@kernel
def histogram_of(source, figures):  # type: ignore[no-untyped-def]
    """Return the histogram, counted at the first call."""
    if figures.known[HISTOGRAM] == 0:
        count_values(source, figures.histogram)
        figures.known[HISTOGRAM] = 1
    return figures.histogram


@kernel
def by_figures(code, parameter, source, figures):  # type: ignore[no-untyped-def]
    """Prepare what equalize, autocontrast or contrast needs of the whole picture; return the tables to apply."""
    if code == codes.EQUALIZE:
        if figures.known[EQUALIZED] == 0:
            equalize_tables(histogram_of(source, figures), figures.equalized)
            figures.known[EQUALIZED] = 1
        return figures.equalized
    if code == codes.AUTOCONTRAST:
        autocontrast_tables(histogram_of(source, figures), parameter, figures.stretched)
    elif figures.known[MEAN] < 0:
        figures.known[MEAN] = mean_grey(source)
    return figures.stretched


@kernel
def moving(code, parameter, source, target, size, box):  # type: ignore[no-untyped-def]
    """Apply one of the geometric operations."""
    if code == codes.MIRROR:
        mirror(source, target, size, box)
    elif code == codes.ROTATE:
        rotate(source, target, size, box, np.int64(parameter))
    elif code == codes.SHEAR_X:
        shear_x(source, target, size, box, parameter)
    elif code == codes.SHEAR_Y:
        shear_y(source, target, size, box, parameter)
    elif code == codes.TRANSLATE_X:
        translate(source, target, size, box, (0, np.int64(parameter)))
    else:
        translate(source, target, size, box, (np.int64(parameter), 0))


@kernel
def operate(code, parameter, source, target, size, box, figures):  # type: ignore[no-untyped-def] # noqa: PLR0913
    """Apply one operation to a picture; only the box of the result is made."""
    if code == codes.EQUALIZE or code == codes.AUTOCONTRAST:  # noqa: PLR1714
        apply_tables(source, target, size, box, by_figures(code, parameter, source, figures))
    elif code == codes.INVERT:
        invert(source, target, size, box)
    elif code == codes.POSTERIZE:
        posterize(source, target, size, box, np.int64(parameter))
    elif code == codes.SOLARIZE:
        solarize(source, target, size, box, np.int64(parameter))
    elif code == codes.BRIGHTNESS:
        away_from(source, target, size, box, 0, parameter)
    elif code == codes.CONTRAST:
        by_figures(code, parameter, source, figures)
        away_from(source, target, size, box, figures.known[MEAN], parameter)
    elif code == codes.COLOR:
        color(source, target, size, box, parameter)
    elif code == codes.SHARPNESS:
        sharpness(source, target, size, box, parameter)
    else:
        moving(code, parameter, source, target, size, box)
