"""Two samples made one: a weighted mean of all of them (MixUp), or a box of the second in the first (CutMix)."""

from __future__ import annotations

import numpy as np

from ipmix_cli.kernels.compiler import entry, kernel
from ipmix_cli.kernels.frames import copy_bytes
from ipmix_cli.kernels.types import Bytes, Number, Reals, Words

HALF = np.float32(0.5)


@kernel
def mean(first: Bytes, second: Bytes, weight: Number, out: Bytes) -> None:
    """Fill out with the weighted mean of bytes, each rounded to the nearest."""
    own, other = np.float32(weight), np.float32(1.0 - weight)
    for i in range(out.size):
        out[i] = np.uint8(np.int32(np.float32(np.float32(first[i]) * own + np.float32(second[i]) * other) + HALF))


@kernel
def paste(second: Bytes, row_bytes: Number, box: Words, out: Bytes) -> None:
    """Copy a box (top, left, height, width) of a picture to the same place of another."""
    for row in range(box[0], box[0] + box[2]):
        first = row * row_bytes + box[1] * 3
        copy_bytes(second[first : first + box[3] * 3], out[first:])


@entry
def blend_pairs(pictures: Bytes, seconds: Bytes, offsets: Words, weights: Reals, out: Bytes) -> None:
    """Blend pictures (N, H * W * 3) with seconds, of which number n * V + v begins at its offset, into (N, V, ..)."""
    for n in range(out.shape[0]):
        for v in range(out.shape[1]):
            if weights[n, v] == 1.0:
                copy_bytes(pictures[n], out[n, v])
            else:
                mean(pictures[n], seconds[offsets[n * out.shape[1] + v] :], weights[n, v], out[n, v])


@entry
def paste_pairs(pictures: Bytes, seconds: Bytes, offsets: Words, boxes: Words, row_bytes: Number, out: Bytes) -> None:
    """Paste boxes (N, V, 4) of seconds, as :func:`blend_pairs` takes them, into pictures (N, H * W * 3)."""
    for n in range(out.shape[0]):
        for v in range(out.shape[1]):
            copy_bytes(pictures[n], out[n, v])
            paste(seconds[offsets[n * out.shape[1] + v] :], row_bytes, boxes[n, v], out[n, v])
