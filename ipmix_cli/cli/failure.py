"""A command that failed, as JSON: what schedulers and scripts that asked for ``--json`` get instead of the result."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ipmix_cli.printable import printable


def wants_json(words: Sequence[str]) -> bool:
    """Return whether a command line asks for JSON.

    Examples
    --------
    >>> wants_json(["status", "shards", "--json"]), wants_json(["status", "--", "--json"])
    (True, False)
    """
    options = words[: list(words).index("--")] if "--" in words else words
    return "--json" in options


def failure_as_json(error: BaseException, message: str, remedy: str) -> str:
    """Return why a command has no result, as JSON: the kind of error, message, remedy and exit code."""
    failure = {"kind": type(error).__name__, "message": printable(message), "remedy": printable(remedy)}
    values = {"finished": False, "error": failure, "exit_code": getattr(error, "exit_code", 1)}
    return json.dumps(values, indent=1) + "\n"
