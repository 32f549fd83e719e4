"""The operations of sequences: IPMix's, and those that other methods need beside them.

A new one is one kernel in ``kernels/``, its branch in ``kernels/sequence.py``, and one line here.
"""

from __future__ import annotations

from ipmix_cli.kernels import codes
from ipmix_cli.methods.operations import OPS, Operation

SEQUENCE_OPS: dict[str, Operation] = {
    **OPS,
    "identity": Operation(codes.IDENTITY),  # picture
    "solarize_add": Operation(codes.SOLARIZE_ADD, "added", whole=True),  # min(255, v + added) if v < 128 else v
    "erase": Operation(codes.ERASE),  # picture.paste(fill, (left, top, left + width, top + height))
    "erase_with_noise": Operation(codes.ERASE_WITH_NOISE),  # mean + deviation * normal noise, in the box
}
SEQUENCE_NAMES = {operation.code: name for name, operation in SEQUENCE_OPS.items()}

RESAMPLE = {"nearest": codes.NEAREST, "bilinear": codes.BILINEAR, "bicubic": codes.BICUBIC}
RESAMPLE_NAMES = {code: name for name, code in RESAMPLE.items()}
GEOMETRIC = (codes.ROTATE, codes.SHEAR_X, codes.SHEAR_Y, codes.TRANSLATE_X, codes.TRANSLATE_Y)
ERASING = (codes.ERASE, codes.ERASE_WITH_NOISE)
