"""Pixels in a file that processes share through a memory map, with a checksum: a rotten cache must not be used."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from ipmix_cli.numba_cache.user_cache import tell_damaged
from ipmix_cli.storage.folder import being_written
from ipmix_cli.storage.regular_file import check_regular

CHECKSUM_BYTES = 16  # of xxh3_128, behind the pixels


def write_pixels(path: Path, pictures: Iterable[NDArray[np.uint8]]) -> None:
    """Write pictures one after the other.

    Raises
    ------
    WriteError
        If the disk is full, or the place cannot be written; nothing is left then.
    """
    checksum = xxhash.xxh3_128()
    with being_written(path) as temporary, temporary.open("wb") as file:
        for picture in pictures:
            data = np.ascontiguousarray(picture).data
            checksum.update(data)
            file.write(data)
        file.write(checksum.digest())
        file.flush()
        os.fsync(file.fileno())


def open_pixels(path: Path, total: int) -> NDArray[np.uint8] | None:
    """Return the `total` bytes of pixels in a file as a memory map; None where they are not there, or not whole."""
    try:
        check_regular(path)
        content = np.memmap(path, np.uint8, "r")
    except (OSError, ValueError):  # ValueError: it is empty
        return None
    pixels, checksum = content[:total], content[total : total + CHECKSUM_BYTES].tobytes()
    if len(content) == total + CHECKSUM_BYTES and xxhash.xxh3_128_digest(pixels.data) == checksum:
        return pixels
    tell_damaged(path)
    return None
