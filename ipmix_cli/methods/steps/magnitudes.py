"""Magnitudes in bins: what an operation's parameter is at each of some strengths, and whether its sign is drawn.

A space names the operations a method draws from, in the method's own order, each with its magnitudes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.methods.steps.operations import SEQUENCE_OPS

Reals = NDArray[np.float64]
Words = NDArray[np.int64]


class Magnitudes(NamedTuple):
    """An operation's parameter, in Pillow's terms, at each strength.

    Parameters
    ----------
    values : tuple of float
        One for each bin, from the weakest to the strongest as the method counts them.
    signed : bool
        Whether it is negated with probability 1/2.
    base : float
        What is added after the sign is drawn: 1 for enhancers that are mirrored about no change.
    """

    values: tuple[float, ...]
    signed: bool = False
    base: float = 0.0


Space = dict[str, Magnitudes]

GEOMETRIC = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
ENHANCERS = ("color", "contrast", "brightness", "sharpness")


def at_each(bins: int, magnitude: Callable[[int], float]) -> tuple[float, ...]:
    """Return the magnitudes at strengths 0 .. bins - 1."""
    return tuple(float(magnitude(strength)) for strength in range(bins))


def linspace32(first: float, last: float, bins: int) -> tuple[float, ...]:
    """Return evenly spaced float32 numbers as ``torch.linspace`` makes them: each half is counted from its own end.

    A product and its sum are rounded once, as fused instructions do: the middle of 0 .. 32 in 31 is 15.999999, which
    torchvision truncates to 15 pixels.

    Examples
    --------
    >>> linspace32(0.0, 1.0, 3)
    (0.0, 0.5, 1.0)
    """
    start, stop = np.float32(first), np.float32(last)
    step = float(np.float32((stop - start) / np.float32(max(bins - 1, 1))))
    lower = [float(start) + step * i for i in range(bins // 2)]
    upper = [float(stop) - step * (bins - i - 1) for i in range(bins // 2, bins)]
    return tuple(float(np.float32(value)) for value in [*lower, *upper])


def none(bins: int) -> Magnitudes:
    """Return the magnitudes of an operation without a parameter."""
    return Magnitudes((0.0,) * bins)


class Table(NamedTuple):
    """A space as arrays, one row for each of its operations."""

    codes: Words  # (operations,)
    values: Reals  # (operations, bins)
    signed: NDArray[np.bool_]  # (operations,)
    base: Reals  # (operations,)

    def parameters(self, rows: Words, bins: Words | int, sign: Reals) -> Reals:
        """Return the parameters of operations, by their rows, at some strengths; a sign counts where one is drawn."""
        values = self.values[rows, bins]
        return np.asarray(np.where(self.signed[rows], values * sign, values) + self.base[rows])


def table_of(space: Space, names: Sequence[str] | None = None) -> Table:
    """Return a space as arrays, or only some of its operations, in the order of the names."""
    chosen = [(name, space[name]) for name in (names or space)]
    return Table(
        np.array([SEQUENCE_OPS[name].code for name, _ in chosen], np.int64),
        np.array([magnitudes.values for _, magnitudes in chosen], np.float64),
        np.array([magnitudes.signed for _, magnitudes in chosen]),
        np.array([magnitudes.base for _, magnitudes in chosen], np.float64),
    )
