"""The header of an array in numpy's own format, read without trusting it."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from ipmix_cli.errors import SourceError

MAX_HEADER = 10_000
"""numpy's own bound on the text that describes an array."""


@dataclass(frozen=True)
class Header:
    """What an array's header says; `size` is its own length in bytes."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    size: int

    @property
    def nbytes(self) -> int:
        """The length of the array in bytes."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


def header_of(start: bytes, where: str) -> Header:
    """Return what the first bytes of an array say.

    Raises
    ------
    SourceError
        For anything but a header, and for pickled objects, which are never read.
    """
    stream = io.BytesIO(start)
    shape, fortran, dtype = _parsed(stream, where)
    if dtype.hasobject:
        raise SourceError(f"{where} holds pickled objects, which are never read", "store arrays of numbers")
    return Header(shape, fortran, dtype, stream.tell())


def _parsed(start: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers that Python 2 wrote
            major = np.lib.format.read_magic(start)[0]
            if major == 1:
                return np.lib.format.read_array_header_1_0(start, max_header_size=MAX_HEADER)
            return np.lib.format.read_array_header_2_0(start, max_header_size=MAX_HEADER)
    except Exception as error:  # numpy evaluates the header as a literal: any text may be in it
        raise SourceError(f"{where} is not a numpy array, or is damaged", "make the file again") from error
