"""Boxes of a picture as rows of bytes."""

from __future__ import annotations

from fractals.jit import inlined


@inlined
def byte_rows(size, box):  # type: ignore[no-untyped-def]
    """Return (rows, first byte, bytes a row, bytes between rows); a box of full width is one long row."""
    top, left, height, width = box
    if width == size[1]:
        return 1, top * width * 3, height * width * 3, 0
    return height, (top * size[1] + left) * 3, width * 3, size[1] * 3
