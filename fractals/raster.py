"""From points to pictures: bounds of a cloud of points, thickening, and density to cover and colour.

A density grid is uint32 (S, S): 22 bits of count above 10 bits of colour, so that a point costs one access to
memory.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fractals.family import Layer
from ipmix_cli.numba_cache.jit import inlined, kernel, part

Grid = NDArray[np.uint32]

PROBE_POINTS = 4096
THICKENED_SIZE = 112  # px; points of smaller pictures cover their own pixel alone
COUNTS = np.uint32(0xFFFFFC00)  # the bits of a cell's count
REFERENCE_SIZE = 256  # the picture size for which numbers of points are stated


def point_count(points: int, size: int) -> int:
    """Return how many points fill a picture of this size as `points` fill one of 256x256."""
    return max(points * size * size // REFERENCE_SIZE**2, points // 8)


@inlined
def hit(grid: Grid, x: float, y: float, colour: float) -> None:
    """Count a point at column x and row y of a grid, if it lies inside, and remember its colour in 0..1."""
    size = grid.shape[0]
    if x >= 0.0 and y >= 0.0 and x < size and y < size:
        row, column = int(y), int(x)
        old = grid[row, column]
        grid[row, column] = (old & COUNTS) + mark_of(colour)


@inlined
def mark_of(colour: float) -> np.uint32:
    """Return what a point of a colour in 0..1 adds to its cell's count: one, above the colour itself."""
    return np.uint32(np.int32(1024) + np.int32(colour * 1023.0))


@part
def mark(grid: Grid, cells: NDArray[np.int32], marks: NDArray[np.uint32]) -> None:
    """Count points in a grid as :func:`hit` does, by the numbers of their cells; those below 0 lie outside."""
    flat = grid.ravel()
    for point in range(cells.size):
        cell = cells[point]
        if cell >= 0:
            place = np.uintp(cell)
            flat[place] = (flat[place] & COUNTS) + marks[point]


@kernel
def develop(
    grid: Grid, brush: NDArray[np.uint8], half: float, share: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Thicken every point by the 3x3 `dab` and turn a density grid into value and alpha.

    Parameters
    ----------
    grid : uint32 (S, S)
        Counts and colours, see the module.
    dab : uint8 (3, 3)
        Which neighbours a point also covers.
    half : float
        A pixel with `half` times the mean count of the pixels that were hit is half opaque.
    share : float
        Share of the density in the value; the rest is the points' own colour.
    """
    size = grid.shape[0]
    hits, sums = np.zeros((size + 2, size + 2), np.float32), np.zeros((size + 2, size + 2), np.float32)
    total, filled = 0, 0
    for row in range(size):
        for column in range(size):
            packed = grid[row, column]
            n = packed >> np.uint32(10)
            total += n
            filled += 1 if n > 0 else 0
            hits[row + 1, column + 1] = np.float32(n)
            sums[row + 1, column + 1] = np.float32(n) * np.float32(packed & np.uint32(1023))
    k = np.float32(half * brush.sum() * total / max(filled, 1) + 1e-6)
    keep, part, one = np.float32((1.0 - share) / 1023.0), np.float32(share), np.float32(1.0)
    value, cover = np.empty((size, size), np.float32), np.empty((size, size), np.float32)
    count, colour = np.empty(size, np.float32), np.empty(size, np.float32)
    for row in range(size):
        count[:] = 0.0
        colour[:] = 0.0
        for cell in range(9):
            dy, dx = cell // 3, cell % 3
            if brush[dy, dx]:
                for column in range(size):
                    count[column] += hits[row + dy, dx + column]
                    colour[column] += sums[row + dy, dx + column]
        for column in range(size):
            n = count[column]
            alpha = n / (n + k)
            value[row, column] = keep * colour[column] / max(n, one) + part * alpha
            cover[row, column] = alpha
    return value, cover


def developed(grid: Grid, brush: list[int], half: float, share: float) -> Layer:
    """Return a density grid as a layer; see :func:`develop`. `dab` lists the nine cells row by row.

    A small picture shows the bare points: thickened, its details would melt together.
    """
    cells = brush if grid.shape[0] >= THICKENED_SIZE else [0, 0, 0, 0, 1, 0, 0, 0, 0]
    return Layer(*develop(grid, np.array(cells, np.uint8).reshape(3, 3), half, share))


@kernel
def occupancy(grid: Grid) -> float:
    """Return the share of a grid's pixels that were hit."""
    size = grid.shape[0]
    hits = 0
    for row in range(size):
        for column in range(size):
            hits += 1 if grid[row, column] != 0 else 0
    return float(hits / (size * size))


@kernel
def framed(points: NDArray[np.float64], stretch: float) -> NDArray[np.float64]:
    """Return the view ``[left, top, right, bottom]`` that holds a cloud of points, with a margin of 3 %.

    Parameters
    ----------
    points : float64 (N, 2)
    stretch : float
        0 shows the cloud in its own proportions, 1 fills the square with it.
    """
    view = np.empty(4)
    for axis in range(2):
        low, high = points[0, axis], points[0, axis]
        for index in range(points.shape[0]):
            low = min(low, points[index, axis])
            high = max(high, points[index, axis])
        margin = 0.03 * (high - low) + 1e-12
        view[axis], view[axis + 2] = low - margin, high + margin
    widest = max(view[2] - view[0], view[3] - view[1])
    for axis in range(2):
        grow = 0.5 * (1.0 - stretch) * (widest - (view[axis + 2] - view[axis]))
        view[axis] -= grow
        view[axis + 2] += grow
    return view
