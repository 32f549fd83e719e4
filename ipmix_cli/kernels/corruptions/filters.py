"""Filters: correlation along an axis, motion blur, and the shuffle of glass blur."""

from __future__ import annotations

from ipmix_cli.kernels.compiler import entry
from ipmix_cli.kernels.types import Bytes, Number, Reals, Words


@entry
def correlate_down(source: Reals, half: Reals, rows: Words, out: Reals) -> None:
    """Correlate each column of (H, M) with a symmetric kernel, in the order of SciPy's correlate1d.

    Parameters
    ----------
    half : ndarray of float64, (r + 1,)
        The kernel from its centre outwards.
    rows : ndarray of int64, (H + 2 r,)
        The row that stands for each of -r .. H + r - 1.
    """
    radius = half.size - 1
    for y in range(out.shape[0]):
        sums = out[y]
        middle = source[rows[y + radius]]
        for i in range(sums.size):
            sums[i] = middle[i] * half[0]
        for distance in range(radius, 0, -1):
            above = source[rows[y + radius - distance]]
            below = source[rows[y + radius + distance]]
            weight = half[distance]
            for i in range(sums.size):
                sums[i] += (above[i] + below[i]) * weight


@entry
def correlate_across(source: Reals, half: Reals, columns: Words, padded: Reals, out: Reals) -> None:
    """Correlate each row of (H, W * C) pixels with a symmetric kernel, in the order of SciPy's correlate1d.

    Parameters
    ----------
    columns : ndarray of int64, ((W + 2 r) * C,)
        The element that stands for each of a row with r pixels more at both ends.
    padded : ndarray of float64, ((W + 2 r) * C,)
        Memory to work in.
    """
    radius = half.size - 1
    count = out.shape[1]
    channels = (columns.size - count) // max(2 * radius, 1)
    for y in range(out.shape[0]):
        row = source[y]
        sums = out[y]
        for i in range(columns.size):
            padded[i] = row[columns[i]]
        middle = padded[radius * channels :]
        for i in range(count):
            sums[i] = middle[i] * half[0]
        for distance in range(radius, 0, -1):
            left = padded[(radius - distance) * channels :]
            right = padded[(radius + distance) * channels :]
            weight = half[distance]
            for i in range(count):
                sums[i] += (left[i] + right[i]) * weight


@entry
def blur_along(picture: Bytes, weights: Reals, across: Words, down: Words, sums: Reals) -> None:
    """Sum the picture (H, W, C), shifted and weighed, with its edge pixels repeated beyond the edge.

    Parameters
    ----------
    weights : ndarray of float64, (n,)
    across, down : ndarray of int64, (n,)
        Where each weighed pixel lies from the pixel that is filled.
    sums : ndarray of float64, (H, W, C)
        Filled.
    """
    height, width, channels = picture.shape
    sums[:] = 0.0
    for tap in range(weights.size):
        weight = weights[tap]
        shift = min(max(across[tap], -width), width)
        first, stop = max(0, -shift), min(width, width - shift)
        for y in range(height):
            row = picture[min(max(y + down[tap], 0), height - 1)]
            target = sums[y]
            for x in range(first):
                for c in range(channels):
                    target[x, c] += weight * row[0, c]
            for x in range(stop, width):
                for c in range(channels):
                    target[x, c] += weight * row[width - 1, c]
            inner, moved = target[first:], row[first + shift :]
            for x in range(stop - first):
                for c in range(channels):
                    inner[x, c] += weight * moved[x, c]


@entry
def shuffle_pixels(picture: Bytes, steps: Words, reach: Number, swap: Number) -> None:
    """Move pixels (H, W, 3) about within `reach`, in place, from the last one to the first.

    Parameters
    ----------
    steps : ndarray of int64, (iterations, rows, columns, 2)
        How far right and down the other pixel lies.
    swap : int
        1 to exchange the two; 0 to copy the other one here, which is what the published code comes to.
    """
    height, width, channels = picture.shape
    for iteration in range(steps.shape[0]):
        for i in range(steps.shape[1]):
            for j in range(steps.shape[2]):
                h, w = height - reach - i, width - reach - j
                other_h = h + steps[iteration, i, j, 1]
                other_w = w + steps[iteration, i, j, 0]
                for c in range(channels):
                    here = picture[h, w, c]
                    picture[h, w, c] = picture[other_h, other_w, c]
                    if swap != 0:
                        picture[other_h, other_w, c] = here
