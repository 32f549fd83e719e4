"""What can go wrong, as a tree of errors that each carry a remedy and an exit code.

IpmixError (1)
├── UsageError (2)            an option or a combination of options makes no sense
├── SourceError (3)           a source or a bank cannot be read
│   └── BadSampleError (3)    one picture of it cannot be read
├── PredictionsError (3)      predictions or labels cannot be read, or do not fit together
├── UnfinishedError (4)       shards are missing, or problems were found
├── ErrorBudgetError (5)      more pictures failed than --max-errors allows
├── MissingPackageError (1)  an optional package is not installed
├── OtherJobError (1)         the output folder holds another job
└── WriteError (1)            the output could not be written (disk full, read-only, ...)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ipmix_cli.printable import printable


class IpmixError(Exception):
    """An error that the user can do something about.

    Parameters
    ----------
    message : str
        What, where, expected and got, in one line. It may quote untrusted names: it is made printable here, so that
        no screen, log or page that shows it has to.
    remedy : str
        The next thing to type or to change, in one line; made printable too.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message, self.remedy = printable(message), printable(remedy)
        super().__init__(self.message, self.remedy)

    def __str__(self) -> str:
        return self.message


class UsageError(IpmixError):
    """An option, or a combination of options, makes no sense."""

    exit_code = 2


class SourceError(IpmixError):
    """A source of pictures, or a bank of mixing pictures, cannot be read."""

    exit_code = 3


class BadSampleError(SourceError):
    """One picture of a source cannot be read; the others can."""


class PredictionsError(IpmixError):
    """Predictions or labels cannot be read, are not what they should be, or do not fit together."""

    exit_code = 3


class UnfinishedError(IpmixError):
    """Shards are missing, or problems were found in them."""

    exit_code = 4


class ErrorBudgetError(IpmixError):
    """More pictures failed than the error budget allows."""

    exit_code = 5


class MissingPackageError(IpmixError):
    """A package that only some inputs and outputs need is not installed; the remedy is what to type."""


class OtherJobError(IpmixError):
    """The output folder holds another job than the one asked for."""


class WriteError(IpmixError):
    """The output could not be written: disk full, read-only, and the like."""


def did_you_mean(name: str, known: Iterable[str], count: int = 1) -> str:
    """Return a question that names up to `count` of the nearest known names; empty if none is near.

    Examples
    --------
    >>> did_you_mean("hdf", ["hdf5", "webdataset"])
    "did you mean 'hdf5'?"
    """
    close = difflib.get_close_matches(name, list(known), n=count)
    return f"did you mean {' or '.join(map(repr, close))}?" if close else ""


def check_name(what: str, name: str, known: Iterable[str]) -> None:
    """Refuse a name that does not exist, suggesting the nearest one that does.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> check_name("format", "hdf", ["hdf5", "webdataset"])
    Traceback (most recent call last):
    ipmix_cli.errors.UsageError: there is no format named 'hdf'
    """
    allowed = list(known)
    if name in allowed:
        return
    remedy = did_you_mean(name, allowed) or f"choose from: {', '.join(allowed)}"
    raise UsageError(f"there is no {what} named {name!r}", remedy)
