"""The log of a run on request, ``--log FILE``: what happened to which shard, and when; and ``--verbose``, on screen."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, TextIO

import typer

from ipmix_cli.errors import IpmixError, UsageError, WriteError
from ipmix_cli.pipeline.listener import Advance, Listener
from ipmix_cli.printable import printable

GROUP = "Running"

LogOption = Annotated[
    str | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="Append what happens to which shard, with times; outside --out.",
        rich_help_panel=GROUP,
    ),
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Tell of each shard on the screen, too.", rich_help_panel=GROUP)
]


class Logbook(Listener):
    """Writes all it hears into a file, with the time, and passes it on."""

    def __init__(self, file: TextIO, listener: Listener) -> None:
        self._file, self._listener = file, listener

    def write(self, text: str) -> None:
        """Write one line: the time, in UTC, and the text."""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        self._file.write(f"{now} {printable(text)}\n")

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
        Where the log would lie inside the data set.
    WriteError
        Where it cannot be written.
    """
    if path is None:
        yield listener
        return
    if Path(path).resolve().is_relative_to(Path(out).resolve()):
        raise UsageError(f"the log {path} would lie inside {out}", "give --log a place outside of the data set")
    with _opened(path) as file:
        logbook = Logbook(file, listener)
        logbook.write(f"begins: {' '.join(sys.argv[1:])}")
        try:
            yield logbook
        except BaseException as error:
            reason = error.message if isinstance(error, IpmixError) else f"{type(error).__name__} {error}"
            logbook.write(f"stops: {reason}")
            raise
        logbook.write("done")


def _opened(path: str) -> TextIO:
    try:
        return Path(path).open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise WriteError(f"cannot write the log {path}: {error.strerror}", "give --log another place") from error
