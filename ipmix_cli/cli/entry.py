"""The console script: it can be interrupted without a traceback before it imports the program."""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """Run the program; until it hears signals itself, and when it no longer does, Ctrl-C ends it without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # jobs in the background of a script ignore it
        signal.signal(signal.SIGINT, _leave)
    from ipmix_cli.cli.app import main as run

    run()


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
