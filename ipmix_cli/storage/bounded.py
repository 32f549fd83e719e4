"""Reading untrusted files within bounds: whole ones of limited size, and streams that may not swell."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from ipmix_cli.errors import SourceError
from ipmix_cli.storage.regular_file import read_regular


def read_file(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes.

    Raises
    ------
    SourceError
        For a file that is missing, unreadable, larger, or no regular file.
    """
    try:
        return read_regular(path, limit)
    except FileNotFoundError as error:
        raise SourceError(f"{path} is missing", "fetch or unpack the whole data set again") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", "check that it is the right file") from error


SLACK = 2**20
"""A reader may ask for a block beyond the end."""


class BoundedStream:
    """A decompressing stream that refuses to give more than it may.

    Parameters
    ----------
    stream : binary file
    where : str
        The compressed file, for the message.
    total : int
        Bytes. A seek forward counts as a read, since a decompressor reads through.
    """

    def __init__(self, stream: IO[bytes], where: str, total: int) -> None:
        self._stream = stream
        self._where = where
        self._total = total

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes; raises SourceError for too many."""
        if count < 0 or self._stream.tell() + count > self._total + SLACK:
            raise too_large(self._where)
        return self._stream.read(count)

    def tell(self) -> int:
        """Return the place in the decompressed bytes."""
        return self._stream.tell()

    def seek(self, place: int, whence: int = 0) -> int:
        """Go to a place; raises SourceError for one beyond the bound."""
        if whence != 0 or place > self._total:
            raise too_large(self._where)
        return self._stream.seek(place)


def too_large(where: str) -> SourceError:
    """Return the error for a file that decompresses to more than such a file can hold."""
    return SourceError(
        f"{where} decompresses to more than such a file holds", "do not use it: fetch it from its publisher"
    )


MOST_EXPANSION = 200
"""Deflate goes to 1000 times for a bomb, pictures to two or three, drawn ones to fifty."""

SLACK_BYTES = 64 * 2**20
"""A small file may hold a few black pictures."""


def check_swelling(path: Path, unpacked: int) -> None:
    """Refuse a compressed file that says it holds far more than pictures and labels compress to.

    Raises
    ------
    SourceError
        Above `MOST_EXPANSION` times the file, and `SLACK_BYTES`.
    """
    if unpacked > MOST_EXPANSION * path.stat().st_size + SLACK_BYTES:
        raise too_large(str(path))
