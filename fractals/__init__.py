"""Synthetic pictures: fractals, processes and noise, each a function of a seed and a number.

>>> from fractals import draw
>>> draw("plasma", seed=1, index=0, size=64).shape
(64, 64, 3)
"""

from __future__ import annotations

from fractals import (
    attractor,
    contour,
    dead_leaves,
    flame,
    fractaldb,
    ifs,
    julia,
    kali,
    lyapunov,
    mandelbrot,
    newton,
    noise,
    phoenix,
    plasma,
    spectrum,
)
from fractals.family import Family, Picture

GENERATOR = 2
"""Version of what is drawn from a seed: raised whenever any picture's bytes change."""

FAMILIES: dict[str, Family] = {
    "ifs": ifs.FAMILY,
    "flame": flame.FAMILY,
    "julia": julia.FAMILY,
    "mandelbrot": mandelbrot.FAMILY,
    "phoenix": phoenix.FAMILY,
    "newton": newton.FAMILY,
    "kali": kali.FAMILY,
    "attractor": attractor.FAMILY,
    "lyapunov": lyapunov.FAMILY,
    "dead_leaves": dead_leaves.FAMILY,
    "plasma": plasma.FAMILY,
    "noise": noise.FAMILY,
    "spectrum": spectrum.FAMILY,
    "contour": contour.FAMILY,
    "fractaldb": fractaldb.FAMILY,
}


def draw(family: str, seed: int, index: int, size: int) -> Picture:
    """Return picture number `index` of a family, uint8 (S, S, 3), RGB.

    Parameters
    ----------
    family : str
        A name of `FAMILIES`.
    seed, index : int
        At least 0. The same pair gives the same picture at every size, as nearly as the family allows.
    size : int
        Width and height in pixels, 32 to 1024.

    Raises
    ------
    ValueError
        For an unknown family or a size out of range.
    """
    from fractals.picture import Wish, drawn

    return drawn(Wish(mix={family: 1.0}, seed=seed, size=size), index).picture
