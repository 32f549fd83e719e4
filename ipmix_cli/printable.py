r"""Untrusted text as a terminal, a log or a page may show it: file names, class names and records may hold anything.

A name with ``ESC ] 0 ;`` in it would set a terminal's title, one with a line feed would forge a line of a log, and a
right-to-left override would show another name than the one that is there.
"""

from __future__ import annotations


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


def printable_lines(text: str) -> str:
    r"""Return text of several lines, each made printable; for a text whose own line feeds are meant.

    >>> printable_lines("two\nlines\r\x07")
    'two\nlines\\r\\x07'
    """
    return "\n".join(map(printable, text.split("\n")))
