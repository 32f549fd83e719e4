"""The contract of one family: draw parameters, look at them cheaply, render them at any size.

A family is pure: `sample` takes chance and returns plain JSON values, `probe` and `render` use no chance at
all. That makes the parameters stored beside a picture enough to draw it again, at any size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fractals.randomness import RandomStream

Params = dict[str, Any]
Field = NDArray[np.float32]
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Layer:
    """What a family renders: where it lies on a palette, and where it covers what is behind.

    Parameters
    ----------
    value : float32 (S, S)
        Place on the palette, in [0, 1].
    alpha : float32 (S, S) or None
        Cover, in [0, 1]; None where the family fills the whole picture.
    """

    value: Field
    alpha: Field | None = None


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of pictures.

    Parameters
    ----------
    sample : callable
        ``sample(chance) -> Params``: JSON values only.
    probe : callable
        ``probe(params) -> str``: why the parameters are degenerate, in a word or two, or the empty string.
    render : callable
        ``render(params, size) -> Layer``.
    covers : bool
        Whether the family fills the picture; else it needs a background.
    varied : tuple of str
        Parameters that the labelled mode varies within one class; the others are the class.
    plain : bool
        Rendered as published: grey, black behind, no post-steps and no quality control.
    """

    sample: Callable[[RandomStream], Params]
    probe: Callable[[Params], str]
    render: Callable[[Params, int], Layer]
    covers: bool = True
    varied: tuple[str, ...] = ()
    plain: bool = False


def no_probe(_params: Params) -> str:
    """Accept: nothing a family can draw is degenerate."""
    return ""
