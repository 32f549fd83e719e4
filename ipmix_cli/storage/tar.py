"""Tar files by their 512-byte blocks: written from one template, read as a listing of offsets.

Python's tarfile takes some 30 us a member either way; here it is one or two. Nothing is ever extracted: a
listing says where the bytes of plain files lie, and that is all that is read. Links, devices and folders have
no bytes to list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ipmix_cli.errors import SourceError
from ipmix_cli.picture import Bytes
from ipmix_cli.storage.memory_map import Sliceable

BLOCK = 512
END = bytes(2 * BLOCK)
LONGEST_NAME = 100  # bytes: USTAR's name field; longer names need headers that some readers do not know
PADDING = [bytes(-size % BLOCK) for size in range(BLOCK)]

# The template of a plain file's header: everything but name, size and checksum.
OWNER = b"0000644\0" + b"0000000\0" * 2  # mode, user, group
TIME = b"00000000000\0"
REST = b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2 + bytes(167)
CONSTANT_SUM = sum(OWNER) + sum(TIME) + sum(REST) + 8 * ord(" ")

PLAIN = b"0\0"  # the types of a plain file
LONG_NAME, EXTENDED = ord("L"), ord("x")
HEADERS = b"LKxg"  # say something of the next file, or of all
WITHOUT_DATA = b"123456"  # links, devices, folders, pipes: no data follows, even if they state a size
MOST_PADDING = 1 << 20  # bytes of zeros at the end: tar writes records of 10 KiB, or of up to a megabyte
MOST_EXTRA = 1 << 20  # bytes of a long name or an extended header


class Member(NamedTuple):
    """A plain file in a tar: where its bytes lie."""

    name: str
    offset: int
    size: int


def header(name: bytes, size: int) -> bytes:
    """Return the header of a plain file: USTAR, no time, no owner.

    >>> len(header(b"a.png", 12))
    512
    """
    assert len(name) <= LONGEST_NAME, name
    size_field = b"%011o\0" % size
    total = CONSTANT_SUM + sum(name) + sum(size_field)
    return name.ljust(100, b"\0") + OWNER + size_field + TIME + b"%06o\0 " % total + REST


def append(tar: bytearray, name: bytes, data: Bytes) -> None:
    """Add a plain file to a tar that is being built."""
    size = len(data)
    tar += header(name, size)
    tar += data
    tar += PADDING[size % BLOCK]


def own_members(tar: Sliceable, location: str) -> Iterator[Member]:
    """Yield the files of a tar that :func:`append` built, and refuse anything that it would not have written.

    Raises
    ------
    SourceError
        Naming the place of the first byte that is wrong.
    """
    place, length = 0, len(tar)
    while True:
        block = bytes(tar[place : place + BLOCK])
        if block[:1] in {b"\0", b""}:
            break
        name = block[:100].rstrip(b"\0")
        size = _octal(block[124:135])
        if size is None or block != header(name, size) or not name.isascii():
            raise _damaged(location, place, "a damaged header")
        end = place + BLOCK + size
        if end > length:
            raise _damaged(location, place, "a file that is cut off")
        yield Member(name.decode(), place + BLOCK, size)
        place = end + -size % BLOCK
        if bytes(tar[end:place]).strip(b"\0"):
            raise _damaged(location, end, "something between files")
    if length - place != len(END) or bytes(tar[place:length]) != END:
        raise _damaged(location, place, "no proper end")


def members(tar: Sliceable, location: str) -> Iterator[Member]:
    """Yield the plain files of any tar: USTAR, GNU with long names, or PAX.

    Raises
    ------
    SourceError
        Where a header is damaged, or the tar is cut off.
    """
    place, length = 0, len(tar)
    name: bytes | None = None  # what headers before the file's own say of it
    stated: int | None = None
    while place + BLOCK <= length:
        block = bytes(tar[place : place + BLOCK])
        if not block.strip(b"\0"):
            _check_end(tar, location, place)
            return
        kind, data = block[156], place + BLOCK
        size = _checked_size(block, location, place)
        if kind not in HEADERS:
            size = 0 if kind in WITHOUT_DATA else size if stated is None else stated
        if data + size > length:
            raise _damaged(location, place, f"a file of {size} bytes that is cut off")
        if kind in HEADERS:
            name, stated = _said(kind, bytes(tar[data : data + min(size, MOST_EXTRA)]), name, stated)
        else:
            if kind in PLAIN:
                yield Member((name or _ustar_name(block)).decode("utf-8", "surrogateescape"), data, size)
            name = stated = None
        place = data + size + -size % BLOCK
    raise _damaged(location, place, "no tar header" if place < length or not length else "no end: it was cut off")


def _check_end(tar: Sliceable, location: str, place: int) -> None:
    """Refuse what does not end where it says so: a header that was zeroed would hide every file behind it."""
    if len(tar) - place > MOST_PADDING or bytes(tar[place : place + MOST_PADDING]).strip(b"\0"):
        raise _damaged(location, place, "an empty header in its midst: files may stand behind it")


def _said(kind: int, extra: bytes, name: bytes | None, size: int | None) -> tuple[bytes | None, int | None]:
    """Return the name and size of the next file, as a GNU or PAX header gives them."""
    if kind == LONG_NAME:
        return extra.rstrip(b"\0"), size
    fields = _extended(extra) if kind == EXTENDED else {}
    stated = _decimal(fields.get(b"size"))
    return fields[b"path"].split(b"\0")[0] if b"path" in fields else name, size if stated is None else stated


def _checked_size(block: bytes, location: str, place: int) -> int:
    size = int.from_bytes(block[125:136], "big") if block[124] == 0x80 else _octal(block[124:136])
    stated = _octal(block[148:156])
    if size is None or stated != sum(block) - sum(block[148:156]) + 8 * ord(" "):
        raise _damaged(location, place, "a damaged header")
    return size


def _ustar_name(block: bytes) -> bytes:
    name, prefix = block[:100].split(b"\0", 1)[0], block[345:500].split(b"\0", 1)[0]
    return prefix + b"/" + name if prefix and block[257:263] == b"ustar\0" else name


def _octal(field: bytes) -> int | None:
    text = field.strip(b" \0")
    return int(text, 8) if text and not text.strip(b"01234567") else None


def _decimal(field: bytes | None) -> int | None:
    return int(field) if field is not None and field.isdigit() and len(field) < 20 else None


def _extended(data: bytes) -> dict[bytes, bytes]:
    """Return the fields of a PAX header: records of ``LENGTH KEY=VALUE newline``."""
    fields: dict[bytes, bytes] = {}
    while data:
        length = _decimal(data.split(b" ", 1)[0][:20])
        if not length or length > len(data):
            break
        key, _, value = data[:length].split(b" ", 1)[-1].rstrip(b"\n").partition(b"=")
        fields[key] = value
        data = data[length:]
    return fields


def _damaged(location: str, place: int, what: str) -> SourceError:
    return SourceError(
        f"{location} has {what} at byte {place}", "the file is damaged: fetch it again, or have it rebuilt"
    )
