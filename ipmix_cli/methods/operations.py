"""The image operations that users can name: what each is in Pillow's words, and what its parameter is called.

A new operation is one kernel in ``kernels/`` (with its line in ``kernels/operations.py`` and its law in
``kernels/plans.py``) and one line here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ipmix_cli.kernels import codes


@dataclass(frozen=True)
class Operation:
    """One image operation.

    Parameters
    ----------
    code : int
        Its number in plans and kernels.
    pillow : str
        The Pillow call whose pixels it makes, with its parameter in braces.
    parameter : str
        The parameter's name in a plan; empty for none.
    whole : bool
        Whether the parameter is a whole number.
    """

    code: int
    pillow: str
    parameter: str = ""
    whole: bool = False

    def parameters(self, value: float) -> dict[str, int | float]:
        """Return the parameter by its name; an empty dict for an operation without one."""
        if not self.parameter:
            return {}
        return {self.parameter: int(value) if self.whole else float(value)}


_AFFINE = "Image.transform(size, AFFINE, {}, BILINEAR)"

OPS: dict[str, Operation] = {
    "equalize": Operation(codes.EQUALIZE, "ImageOps.equalize(picture)"),
    "posterize": Operation(codes.POSTERIZE, "ImageOps.posterize(picture, {bits})", "bits", whole=True),
    "rotate": Operation(codes.ROTATE, "Image.rotate({degrees}, BILINEAR)", "degrees", whole=True),
    "solarize": Operation(codes.SOLARIZE, "ImageOps.solarize(picture, {threshold})", "threshold", whole=True),
    "shear_x": Operation(codes.SHEAR_X, _AFFINE.format("(1, {f}, 0, 0, 1, 0)"), "f"),
    "shear_y": Operation(codes.SHEAR_Y, _AFFINE.format("(1, 0, 0, {f}, 1, 0)"), "f"),
    "translate_x": Operation(codes.TRANSLATE_X, _AFFINE.format("(1, 0, {d}, 0, 1, 0)"), "d", whole=True),
    "translate_y": Operation(codes.TRANSLATE_Y, _AFFINE.format("(1, 0, 0, 0, 1, {d})"), "d", whole=True),
    "mirror": Operation(codes.MIRROR, "ImageOps.mirror(picture)"),
    "invert": Operation(codes.INVERT, "ImageOps.invert(picture)"),
    "autocontrast": Operation(codes.AUTOCONTRAST, "ImageOps.autocontrast(picture, {cutoff})", "cutoff"),
    "color": Operation(codes.COLOR, "ImageEnhance.Color(picture).enhance({factor})", "factor"),
    "contrast": Operation(codes.CONTRAST, "ImageEnhance.Contrast(picture).enhance({factor})", "factor"),
    "brightness": Operation(codes.BRIGHTNESS, "ImageEnhance.Brightness(picture).enhance({factor})", "factor"),
    "sharpness": Operation(codes.SHARPNESS, "ImageEnhance.Sharpness(picture).enhance({factor})", "factor"),
}

ALL_OPERATIONS = tuple(OPS)
# The last five overlap with the corruptions of the -C benchmarks; the published basic list has none of them.
BASIC_OPERATIONS = ALL_OPERATIONS[:10]
OPERATION_NAMES = {operation.code: name for name, operation in OPS.items()}
