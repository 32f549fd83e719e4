"""Synthetic pictures: fractals, processes and noise, each a function of a seed and a number.

>>> from fractals import draw
>>> draw("plasma", seed=1, index=0, size=64).shape
(64, 64, 3)
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractals.family import Family, Picture

GENERATOR = 2
"""Version of what is drawn from a seed: raised whenever any picture's bytes change."""


class Families(Mapping[str, "Family"]):
    """Families by name, each in the module of its name, which is imported when the family is asked for.

    Kernels take time to load: who draws one family needs no other's, and who opens a bank needs none.
    """

    def __init__(self, *names: str) -> None:
        self._names = names

    def __getitem__(self, name: str) -> Family:
        if name not in self._names:
            raise KeyError(name)
        family: Family = importlib.import_module(f"{__name__}.{name}").FAMILY
        return family

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


FAMILIES = Families(
    "ifs",
    "flame",
    "julia",
    "mandelbrot",
    "phoenix",
    "newton",
    "kali",
    "attractor",
    "lyapunov",
    "dead_leaves",
    "plasma",
    "noise",
    "spectrum",
    "contour",
    "fractaldb",
)


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
    from fractals.draw_spec import DrawSpec
    from fractals.picture import drawn

    return drawn(DrawSpec(mix={family: 1.0}, seed=seed, size=size), index).picture
