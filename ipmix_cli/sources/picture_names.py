"""Which files are pictures: by their names, or, where a name tells nothing, by their first bytes."""

from __future__ import annotations

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""Torchvision's list, in lower case."""

MORE_EXTENSIONS = (".jfif", ".jpe", ".jif", ".jfi", ".gif", ".pnm", ".dib")
"""Other names of formats that the decoder reads, as browsers and cameras write them."""

KNOWN = EXTENSIONS + MORE_EXTENSIONS

THUMBNAILS = (".thm",)
"""JPEGs that cameras write beside each picture."""

FIRST_BYTES = 12
"""How many bytes :func:`begins_as_picture` looks at."""


def extension_of(name: str) -> str:
    """Return the extension of a file's name in lower case, with its dot; empty where it has none.

    >>> extension_of("a/b.JPG"), extension_of("a.b/c"), extension_of(".hidden")
    ('.jpg', '', '')
    """
    stem, dot, end = name.rpartition("/")[2].rpartition(".")
    return f".{end.lower()}" if dot and stem else ""


def begins_as_picture(start: bytes) -> bool:
    """Tell whether the first bytes of a file are those of a JPEG, PNG, GIF or WebP.

    TIFF is left out: most files that begin so under another name are raw photographs, of which the decoder would read a
    thumbnail.
    """
    if start.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")):
        return True
    return start[:4] == b"RIFF" and start[8:12] == b"WEBP"
