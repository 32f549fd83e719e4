"""Tars that are compressed as a whole: pictures in them cannot be read one by one."""

from __future__ import annotations

from ipmix_cli.errors import SourceError

COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
TOOLS = {b"\x1f\x8b": "gunzip", b"BZh": "bunzip2", b"\xfd7zXZ": "unxz", b"\x28\xb5\x2f\xfd": "unzstd"}
"""The first bytes of compressed files, and what unpacks each."""


def check_uncompressed(start: bytes, location: str) -> None:
    """Refuse a tar that is compressed.

    Parameters
    ----------
    start : bytes
        How the file begins: 6 bytes or more.
    location : str
        Its path, for the message.

    Raises
    ------
    SourceError
        Naming the command that unpacks it.
    """
    for first, tool in TOOLS.items():
        if start.startswith(first):
            raise SourceError(
                f"{location} is a compressed tar, whose pictures cannot be read one by one",
                f"unpack it: {tool} --keep {location}",
            )
