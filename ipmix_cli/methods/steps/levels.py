"""AugMix's levels of operations: a level is drawn up to a severity, and an operation's parameter follows from it.

IPMix has them too, compiled (``kernels/plans.py``), with another rule for autocontrast.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.kernels import codes
from ipmix_cli.methods.operations import OPS
from ipmix_cli.methods.steps.draws import below, signs
from ipmix_cli.transform import Size

Reals = NDArray[np.float64]
Words = NDArray[np.int64]

LOWEST = 0.1
PER_OPERATION = 3  # numbers: operation, level, sign


def parameters_at(operations: Words, levels: Reals, sign: Reals, size: Size) -> Reals:
    """Return the parameters of operations (codes) at levels of 0.1 to 10; whole numbers are truncated.

    Autocontrast cuts nothing off. At level 10 itself posterize keeps one bit, as Pillow knows no 0 bits.
    """
    factor = levels * 1.8 / 10.0 + 0.1
    shear = sign * (levels * 0.3 / 10.0)
    parameters = {
        codes.POSTERIZE: np.maximum(4.0 - np.trunc(levels * 4.0 / 10.0), 1.0),
        codes.SOLARIZE: 256.0 - np.trunc(levels * 256.0 / 10.0),
        codes.ROTATE: sign * np.trunc(levels * 30.0 / 10.0),
        codes.SHEAR_X: shear,
        codes.SHEAR_Y: shear,
        codes.TRANSLATE_X: sign * np.trunc(levels * (size[1] / 3.0) / 10.0),
        codes.TRANSLATE_Y: sign * np.trunc(levels * (size[0] / 3.0) / 10.0),
        codes.COLOR: factor,
        codes.CONTRAST: factor,
        codes.BRIGHTNESS: factor,
        codes.SHARPNESS: factor,
    }
    return np.select([operations == code for code in parameters], list(parameters.values()), 0.0)


def draw_operations(u: Reals, names: tuple[str, ...], severity: float, size: Size) -> tuple[Words, Reals]:
    """Turn uniform numbers (.., 3) into operations, each as likely, and their parameters, at levels to a severity."""
    operations = np.array([OPS[name].code for name in names], np.int64)[below(u[..., 0], len(names))]
    levels = LOWEST + (severity - LOWEST) * u[..., 1]
    return operations, parameters_at(operations, levels, signs(u[..., 2]), size)
