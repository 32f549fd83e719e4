r"""Untrusted text as a terminal, a log or a page may show it: file names, class names and records may hold anything.

A name with ``ESC ] 0 ;`` in it would set a terminal's title, one with a line feed would forge a line of a log, and a
right-to-left override would show another name than the one that is there.
"""

from __future__ import annotations

from collections.abc import Iterable


def printable(text: object) -> str:
    r"""Return text on one line in which every character that is not printable is spelt out as Python's escape.

    It is idempotent: what was made printable once is not changed again.

    >>> printable("a\x1b[2J\udc80\n")
    'a\\x1b[2J\\udc80\\n'
    """
    shown = str(text)
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def encoded(text: str) -> bytes:
    r"""Return a page as UTF-8, in which what UTF-8 has no bytes for is spelt out: part of a name that is not UTF-8.

    >>> encoded("é \udcff")
    b'\xc3\xa9 \\udcff'
    """
    return text.encode("utf-8", "backslashreplace")


def counted(number: int, thing: str, things: str = "") -> str:
    """Return a number with what it counts; `things` is the plural if it is not the word with an s.

    >>> counted(1, "problem"), counted(2000, "shard")
    ('1 problem', '2,000 shards')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def dimensions(height: int, width: int) -> str:
    """Return the size of a picture or of a part of one, width first, as it is told everywhere.

    >>> dimensions(300, 400)
    '400 x 300 px'
    """
    return f"{width} x {height} px"


def reading_order(name: str) -> tuple[int, int, str]:
    """Return what names are sorted by for a reader: whole numbers by their value, other names, ``none`` last.

    >>> sorted(["none", "10", "disc", "9"], key=reading_order)
    ['9', '10', 'disc', 'none']
    """
    if name.isdecimal() and name.isascii():
        digits = name.lstrip("0")
        return 0, len(digits), digits
    return (2 if name == "none" else 1), 0, name.casefold()


def ranges(numbers: Iterable[int]) -> str:
    """Return rising numbers in short, the first twenty runs of them.

    >>> ranges([0, 1, 2, 5, 7, 8])
    '0-2,5,7-8'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return ",".join(words[:20]) + (",..." if len(words) > 20 else "")


def printable_lines(text: str) -> str:
    r"""Return text of several lines, each made printable; for a text whose own line feeds are meant.

    >>> printable_lines("two\nlines\r\x07")
    'two\nlines\\r\\x07'
    """
    return "\n".join(map(printable, text.split("\n")))
