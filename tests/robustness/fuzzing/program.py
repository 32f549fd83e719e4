"""The program in this process, as the fuzzing runs it: what it prints, and what it must not."""

from __future__ import annotations

import contextlib
import io
import sys

from ipmix_cli.cli.app import _exit_code
from ipmix_cli.cli.group import app
from ipmix_cli.cli.usage_errors import run

CODES = {0, 1, 2, 3, 4, 5}
FAULTS = ("not enough memory", "no file handles", "Traceback")


def command(*words: object) -> int:
    """Run a command, and return its exit code.

    Raises
    ------
    RuntimeError
        If it prints what a terminal should not be sent, ends with another exit code than those of the help page, or
        says that memory ran out. What is no error of ipmix comes out as it is.
    """
    sys.argv = ["ipmix", *map(str, words)]
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            code = run(app)
        except (Exception, SystemExit) as error:
            code = _exit_code(error)
    shown = text.getvalue()
    strange = [line for line in shown.split("\n") if not line.replace("\r", "").isprintable()]
    found = strange or [line for line in shown.split("\n") if any(fault in line for fault in FAULTS)]
    if found or code not in CODES:
        raise RuntimeError(f"{sys.argv[1:]}: exit code {code}: {(found or [shown])[0][-600:]!r}")
    return int(code)
