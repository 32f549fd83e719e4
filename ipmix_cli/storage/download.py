"""Fetching a published archive: whole and with the published checksum, or not at all."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ipmix_cli.errors import SourceError, WriteError
from ipmix_cli.storage.folder import being_written
from ipmix_cli.storage.regular_file import open_regular

Progress = Callable[[int, int], None]
"""Told (bytes so far, bytes in all); 0 in all where the server does not say."""

TIMEOUT_SECONDS = 30
"""Of silence, not of the whole download."""

MAX_BYTES = 2**30


@dataclass(frozen=True)
class Published:
    """A file that somebody publishes: `md5` is what the publisher states."""

    url: str
    md5: str

    @property
    def name(self) -> str:
        """Its file name."""
        return self.url.rpartition("/")[2]


PUBLISHED = {  # https://www.cs.toronto.edu/~kriz/cifar.html
    "cifar10": Published("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a"),
    "cifar100": Published(
        "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85"
    ),
}


def download(published: Published, folder: Path, progress: Progress | None = None) -> Path:
    """Fetch a published file into a folder, and return its path.

    It lies under a hidden ``.part`` name until it is whole and its checksum is right; otherwise nothing stays
    behind.

    Raises
    ------
    SourceError
        No network, a server's refusal, or another checksum; it says where to put the file by hand.
    """
    path = folder / published.name
    by_hand = f"fetch {published.url} yourself and put it at {path}, or name its folder with --data-dir"
    try:
        with being_written(path) as temporary:
            found = _fetch(published.url, temporary, progress)
            _check(found, published)
    except _NetworkError as error:
        raise SourceError(f"{path} is not there, and {error}", by_hand) from error
    except WriteError as error:
        raise SourceError(error.message, f"{error.remedy}; or {by_hand}") from error
    return path


def is_as_published(path: Path, published: Published) -> bool:
    """Return whether a file has the checksum that its publisher states."""
    digest = hashlib.md5(usedforsecurity=False)
    with open_regular(path) as file:
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest() == published.md5


class _NetworkError(Exception):
    """What went wrong on the way, and not on the disk."""


def _check(found: str, published: Published) -> None:
    if found != published.md5:
        raise _NetworkError(f"{published.url} has the md5 {found}, not the published {published.md5}")


def _fetch(url: str, path: Path, progress: Progress | None) -> str:
    """Copy a URL's content to a file, and return its md5 in hexadecimal."""
    digest, done = hashlib.md5(usedforsecurity=False), 0
    with path.open("wb") as out:
        for piece, total in _pieces(url):
            done += len(piece)
            digest.update(piece)
            out.write(piece)
            if progress:
                progress(done, total)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _pieces(url: str) -> Iterator[tuple[bytes, int]]:
    """Yield (bytes, bytes in all) of a URL; the sum is checked."""
    done = total = 0
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            total = int(answer.headers.get("Content-Length") or 0)
            while piece := answer.read(2**16):
                done += len(piece)
                if done > MAX_BYTES:
                    raise _NetworkError(f"{url} sends more than {MAX_BYTES} bytes")
                yield piece, total
    except urllib.error.HTTPError as error:
        error.close()  # it is the server's answer, with its connection
        raise _NetworkError(f"{url} cannot be fetched: {error}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:  # URLError is an OSError
        raise _NetworkError(f"{url} cannot be fetched: {getattr(error, 'reason', error)}") from error
    if total and done != total:
        raise _NetworkError(f"{url} broke off after {done} of {total} bytes")
