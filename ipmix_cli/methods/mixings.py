"""The mixings that users can name: what each does with a patch and its partner.

A new mixing is one kernel in ``kernels/mixing.py`` and one line here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ipmix_cli.kernels import codes


@dataclass(frozen=True)
class Mixer:
    """One mixing of a patch u with its partner v, both scaled to [0, 1].

    Parameters
    ----------
    code : int
        Its number in plans and kernels.
    formula : str
        What it computes.
    mask : str
        ``pixel`` or ``element`` for what a mask decides about; empty for arithmetic.
    """

    code: int
    formula: str
    mask: str = ""


MIXERS: dict[str, Mixer] = {
    "add": Mixer(codes.ADD, "(a*(2u-1) + b*(2v-1) + 1) / 2"),
    "multiply": Mixer(codes.MULTIPLY, "(2u)**a * max(2v, 1e-37)**b / 2"),
    "random_pixels": Mixer(codes.RANDOM_PIXELS, "each pixel keeps u with probability p, else v", "pixel"),
    "random_elements": Mixer(
        codes.RANDOM_ELEMENTS, "each channel of each pixel keeps u with probability p, else v", "element"
    ),
}

ALL_MIXINGS = tuple(MIXERS)
MIXING_NAMES = {mixer.code: name for name, mixer in MIXERS.items()}
