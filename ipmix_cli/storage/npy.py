"""Arrays in numpy's own format, read without trusting them: `np.load` evaluates a header, and would wait for a pipe."""

from __future__ import annotations

import io
import mmap
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.picture import Bytes
from ipmix_cli.storage.regular_file import open_regular

MAX_HEADER = 10_000
"""numpy's own bound on the text that describes an array."""

MOST_SIDES = 32
LONGEST_SIDE = 2**48


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

    def check_fits(self, length: int, where: str) -> None:
        """Refuse a file whose length in bytes is less than the array needs; raises SourceError."""
        if self.size + self.nbytes > length:
            raise SourceError(f"{where} is shorter than its header says", "make the file again")


def mapped_array(path: Path) -> NDArray[Any]:
    """Return the array of a file as a read-only memory map.

    Raises
    ------
    SourceError
        If it is not the file of an array, or a damaged one.
    OSError
        If it is missing, may not be read, or is no regular file.
    """
    with open_regular(path) as file:
        header = header_of(file.read(MAX_HEADER), str(path))
        header.check_fits(os.fstat(file.fileno()).st_size, str(path))
        return _viewed(header, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def array_in(content: Bytes, where: str) -> NDArray[Any]:
    """Return the array that bytes hold, as a view of them; `where` names it in errors.

    Raises
    ------
    SourceError
        If they hold none, or a damaged one.
    """
    header = header_of(bytes(content[:MAX_HEADER]), where)
    header.check_fits(len(content), where)
    return _viewed(header, content)


def _viewed(header: Header, content: Bytes | mmap.mmap) -> NDArray[Any]:
    """Return the array of a file's content as a view that cannot be written."""
    order: Literal["F", "C"] = "F" if header.fortran else "C"
    values: NDArray[Any] = np.ndarray(header.shape, header.dtype, content, header.size, order=order)
    values.flags.writeable = False
    return values


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
    if len(shape) > MOST_SIDES or any(not 0 <= side <= LONGEST_SIDE for side in shape):
        raise SourceError(f"{where} has the shape {str(shape)[:80]}, which no array has", "make the file again")
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
