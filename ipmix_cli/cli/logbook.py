"""The log of a run: ``--log FILE`` records what happened to each shard, and when; ``--verbose`` prints it."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ipmix_cli.errors import IpmixError, UsageError, WriteError
from ipmix_cli.pipeline.listener import Advance, Listener
from ipmix_cli.printable import printable
from ipmix_cli.storage.apart import lies_inside
from ipmix_cli.storage.regular_file import check_replaceable

GROUP = "Running"

LogOption = Annotated[
    str | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="Append a log line per shard to this file, which must be outside --out.",
        rich_help_panel=GROUP,
    ),
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Also report each shard on the screen.", rich_help_panel=GROUP)
]


class LogFormatter(logging.Formatter):
    """Formats one line: the time, in UTC, and the message, made printable."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d+00:00"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return f"{self.formatTime(record)} {printable(record.getMessage())}"


class LogFile(logging.FileHandler):
    """A log file that is appended to; a line that cannot be written is an error of the run."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Raise the error, instead of printing it and continuing."""
        del record
        raise  # noqa: PLE0704 - called while the error is handled


class Logbook(Listener):
    """Logs every message, and passes it on."""

    def __init__(self, logger: logging.Logger, listener: Listener) -> None:
        self._logger, self._listener = logger, listener

    def write(self, text: str) -> None:
        """Log one line."""
        self._logger.info("%s", text)

    def note(self, text: str) -> None:
        """Write and pass on one line."""
        self.write(text)
        self._listener.note(text)

    def detail(self, text: str) -> None:
        """Write and pass on one line on a shard."""
        self.write(text)
        self._listener.detail(text)

    @contextlib.contextmanager
    def activity(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """Write how long an activity took, if it did anything."""
        began, most = time.monotonic(), 0

        def watch(done: int) -> None:
            nonlocal most
            most = max(most, done)
            advance(done)

        with self._listener.activity(label, total, unit) as advance:
            yield watch
        if most:
            self.write(f"{label}: {most} {unit} in {time.monotonic() - began:.3f} s")


@contextlib.contextmanager
def logging_to(path: str | None, listener: Listener, out: str) -> Iterator[Listener]:
    """Give a listener that also writes into a log, from the command to how it ended; without a path, the same one.

    Raises
    ------
    UsageError
        If the log would lie inside the data set.
    WriteError
        If it cannot be written.
    """
    if path is None:
        yield listener
        return
    if lies_inside(path, out):
        raise UsageError(f"the log {path} would lie inside {out}", "give --log a place outside of the data set")
    with _logger(path) as logger:
        logbook = Logbook(logger, listener)
        logbook.write(f"begins: {' '.join(sys.argv[1:])}")
        try:
            yield logbook
        except BaseException as error:
            reason = error.message if isinstance(error, IpmixError) else f"{type(error).__name__} {error}"
            logbook.write(f"stops: {reason}")
            raise
        logbook.write("done")


@contextlib.contextmanager
def _logger(path: str) -> Iterator[logging.Logger]:
    """Give a logger of its own that writes into a file and nowhere else."""
    try:
        check_replaceable(Path(path))  # a pipe would be waited for
        handler = LogFile(path, encoding="utf-8")
    except OSError as error:
        raise WriteError(f"cannot write the log {path}: {error.strerror}", "give --log another place") from error
    handler.setFormatter(LogFormatter())
    logger = logging.Logger("ipmix", logging.INFO)
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        handler.close()
