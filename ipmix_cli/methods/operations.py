"""The image operations that users can name: the Pillow call that each stands for, and what its parameter is called.

A new operation is one kernel in ``kernels/`` (with its line in ``kernels/operations.py`` and its distribution
in ``kernels/plans.py``) and one line here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipmix_cli.kernels import codes


@dataclass(frozen=True)
class Operation:
    """One image operation.

    Parameters
    ----------
    code : int
        Its number in plans and kernels.
    parameter : str
        The parameter's name in a plan; empty for none.
    whole : bool
        Whether the parameter is a whole number.
    """

    code: int
    parameter: str = ""
    whole: bool = False

    def parameters(self, value: float) -> dict[str, int | float]:
        """Return the parameter by its name; an empty dict for an operation without one."""
        if not self.parameter:
            return {}
        return {self.parameter: int(value) if self.whole else float(value)}


# With the Pillow call whose pixels each makes; affine(..) is Image.transform(size, AFFINE, .., BILINEAR)
OPS: dict[str, Operation] = {
    "equalize": Operation(codes.EQUALIZE),  # ImageOps.equalize(picture)
    "posterize": Operation(codes.POSTERIZE, "bits", whole=True),  # ImageOps.posterize(picture, bits)
    "rotate": Operation(codes.ROTATE, "degrees", whole=True),  # Image.rotate(degrees, BILINEAR)
    "solarize": Operation(codes.SOLARIZE, "threshold", whole=True),  # ImageOps.solarize(picture, threshold)
    "shear_x": Operation(codes.SHEAR_X, "f"),  # affine(1, f, 0, 0, 1, 0)
    "shear_y": Operation(codes.SHEAR_Y, "f"),  # affine(1, 0, 0, f, 1, 0)
    "translate_x": Operation(codes.TRANSLATE_X, "d", whole=True),  # affine(1, 0, d, 0, 1, 0)
    "translate_y": Operation(codes.TRANSLATE_Y, "d", whole=True),  # affine(1, 0, 0, 0, 1, d)
    "mirror": Operation(codes.MIRROR),  # ImageOps.mirror(picture)
    "invert": Operation(codes.INVERT),  # ImageOps.invert(picture)
    "autocontrast": Operation(codes.AUTOCONTRAST, "cutoff"),  # ImageOps.autocontrast(picture, cutoff)
    "color": Operation(codes.COLOR, "factor"),  # ImageEnhance.Color(picture).enhance(factor)
    "contrast": Operation(codes.CONTRAST, "factor"),  # ImageEnhance.Contrast(picture).enhance(factor)
    "brightness": Operation(codes.BRIGHTNESS, "factor"),  # ImageEnhance.Brightness(picture).enhance(factor)
    "sharpness": Operation(codes.SHARPNESS, "factor"),  # ImageEnhance.Sharpness(picture).enhance(factor)
}

MOVING = ("rotate", "shear", "translate", "mirror")  # how the names of operations that move pixels begin

ALL_OPERATIONS = tuple(OPS)
# The last five overlap with the corruptions of the -C benchmarks; the published basic list has none of them.
BASIC_OPERATIONS = ALL_OPERATIONS[:10]
OPERATION_NAMES = {operation.code: name for name, operation in OPS.items()}


def moving_operations(names: Sequence[str]) -> tuple[str, ...]:
    """Return those operations that move pixels.

    >>> moving_operations(["equalize", "shear_x"])
    ('shear_x',)
    """
    return tuple(name for name in names if name.startswith(MOVING))
