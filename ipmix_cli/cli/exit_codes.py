"""The exit codes of every command, as help pages show them."""

from __future__ import annotations

import textwrap

EXIT_CODES = {
    "0": "done",
    "1": "failed",
    "2": "wrong usage",
    "3": "source or bank unreadable",
    "4": "problems found, or unfinished",
    "5": "over the error budget",
    "130": "interrupted",
    "138": "SIGUSR1",
    "143": "terminated",
}


def exit_codes(width: int) -> str:
    """Return the exit codes in lines of at most `width` columns, broken between two of them.

    Examples
    --------
    >>> print(exit_codes(60).splitlines()[0])
    Exit codes: 0 done; 1 failed; 2 wrong usage;
    """
    listed = "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    glued = listed.replace(" ", "\0").replace(";\0", "; ")
    lines = textwrap.wrap(f"Exit codes: {glued}.", width, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")
