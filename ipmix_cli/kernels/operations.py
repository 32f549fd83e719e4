"""One operation on one picture: from its code to its kernel."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.compiler import inlined
from ipmix_cli.kernels.enhance import color, mean_grey, sharpness
from ipmix_cli.kernels.geometric import mirror, shear_x, shear_y, translate
from ipmix_cli.kernels.histogram import (
    autocontrast_tables,
    count_values,
    equalize_tables,
)
from ipmix_cli.kernels.lookup import apply_tables
from ipmix_cli.kernels.pointwise import away_from, invert, posterize, solarize
from ipmix_cli.kernels.rotate import rotate
from ipmix_cli.kernels.types import Bytes, Frame, Number, Words
from ipmix_cli.kernels.workspace import Workspace

HISTOGRAM, EQUALIZED, MEAN = 0, 1, 2
STRETCHED = 2
NONE = np.int64(0)  # with a width: a literal number would be one more specialisation


@inlined
def forget(known: Words) -> None:
    """Note that nothing is known of a picture yet."""
    known[HISTOGRAM] = 0
    known[EQUALIZED] = 0
    known[MEAN] = -1


@inlined
def tables_of(code: Number, parameter: Number, source: Bytes, which: Number, workspace: Workspace) -> Number:
    """Return which of workspace.tables holds equalize's or autocontrast's; the picture is counted at the first call."""
    known, histogram = workspace.known[which], workspace.histograms[which]
    if known[HISTOGRAM] == 0:
        count_values(source, workspace.counters, histogram)
        known[HISTOGRAM] = 1
    if code == codes.AUTOCONTRAST:
        autocontrast_tables(histogram, source.size // 3, parameter, workspace.tables[STRETCHED])
        return STRETCHED
    if known[EQUALIZED] == 0:
        equalize_tables(histogram, source.size // 3, workspace.tables[which])
        known[EQUALIZED] = 1
    return which


@inlined
def mean_of(source: Bytes, known: Words) -> Number:
    """Return the mean grey, found at the first call."""
    if known[MEAN] < 0:
        known[MEAN] = mean_grey(source)
    return known[MEAN]


@inlined
def operate(
    code: Number, parameter: Number, source_row: Number, target_row: Number, frame: Frame, workspace: Workspace
) -> None:
    """Apply one operation to a picture of workspace.buffers; only the frame's box of the result is made."""
    buffers = workspace.buffers
    which = 0 if source_row == 0 else 1
    operate_on(code, parameter, buffers[source_row], buffers[target_row], which, frame, workspace)


@inlined
def operate_on(  # noqa: C901, PLR0912, PLR0913, PLR0917 - one branch for each; inlined
    code: Number, parameter: Number, source: Bytes, target: Bytes, which: Number, frame: Frame, workspace: Workspace
) -> None:
    """Apply one operation; ``which`` says whose figures are kept, the clean picture's (0) or a running one's (1)."""
    number = np.int64(parameter)
    if code == codes.EQUALIZE or code == codes.AUTOCONTRAST:  # noqa: PLR1714
        apply_tables(source, target, frame, workspace.tables[tables_of(code, parameter, source, which, workspace)])
    elif code == codes.MIRROR:
        mirror(source, target, frame)
    elif code == codes.INVERT:
        invert(source, target, frame)
    elif code == codes.POSTERIZE:
        posterize(source, target, frame, number)
    elif code == codes.SOLARIZE:
        solarize(source, target, frame, number)
    elif code == codes.ROTATE:
        rotate(source, target, frame, number, workspace)
    elif code == codes.SHEAR_X:
        shear_x(source, target, frame, (parameter, 0.0), workspace.lines[0], workspace.denominators)
    elif code == codes.SHEAR_Y:
        shear_y(source, target, frame, (parameter, 0.0), workspace)
    elif code == codes.TRANSLATE_X:
        translate(source, target, frame, NONE, number)
    elif code == codes.TRANSLATE_Y:
        translate(source, target, frame, number, NONE)
    elif code == codes.COLOR:
        color(source, target, frame, parameter, workspace.lines)
    elif code == codes.CONTRAST:
        levels = mean_of(source, workspace.known[which]), parameter
        away_from(source, target, frame, levels, workspace.tables[STRETCHED])
    elif code == codes.BRIGHTNESS:
        away_from(source, target, frame, (NONE, parameter), workspace.tables[STRETCHED])
    elif code == codes.SHARPNESS:
        sharpness(source, target, frame, parameter, workspace.lines)
