"""The only way to the screen: all output is made printable first."""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap

import typer

from ipmix_cli.printable import printable_lines

LABEL = 12  # columns of a row's label


def show(text: str, err: bool = False) -> None:
    """Print text, line by line; what no terminal should be sent is spelt out."""
    typer.echo(printable_lines(text), err=err)


def folded(row: str, hang: int = LABEL, err: bool = False) -> str:
    """Return a row, a label and its value, folded under the value where it is wider than the terminal.

    Values to be copied, such as commands, are better left to the terminal, which folds them without line breaks.

    Parameters
    ----------
    row : str
    hang : int
        Columns before the value, and before each further line.
    err : bool
        Whether it goes to stderr, and not to stdout.
    """
    width = terminal_width(err)
    if not 2 * LABEL <= width < len(row):
        return row
    lines = textwrap.wrap(row[hang:], width - hang, break_long_words=False, break_on_hyphens=False)
    return row[:hang] + ("\n" + hang * " ").join(lines)


def terminal_width(err: bool = False) -> int:
    """Return the columns of the terminal that stdout, or stderr, goes to; 0 where it goes elsewhere."""
    with contextlib.suppress(OSError, ValueError):  # no terminal, or no file at all
        return os.get_terminal_size((sys.stderr if err else sys.stdout).fileno()).columns
    return 0
