"""Frames of sequences among the variants of a sample: their names, and which variants make a sequence."""

from __future__ import annotations

import re
from collections.abc import Sequence

FRAME = re.compile(r"([a-z0-9_]+)\.frame([0-9]{2,})")


def frame_name(sequence: str, frame: int) -> str:
    """Return the name of a variant that is a frame.

    Examples
    --------
    >>> frame_name("tilt", 7)
    'tilt.frame07'
    """
    return f"{sequence}.frame{frame:02d}"


def sequences_in(variants: Sequence[str]) -> dict[str, list[int]]:
    """Return the variants' numbers by sequence, in the order of frames; nothing unless all variants are frames.

    Examples
    --------
    >>> sequences_in(["tilt.frame00", "tilt.frame01", "snow.frame00"]), sequences_in(["fog.1"])
    ({'tilt': [0, 1], 'snow': [2]}, {})
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for number, variant in enumerate(variants):
        match = FRAME.fullmatch(variant)
        if match is None:
            return {}
        found.setdefault(match[1], []).append((int(match[2]), number))
    return {name: [number for _, number in sorted(frames)] for name, frames in found.items()}
