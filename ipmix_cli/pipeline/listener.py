"""What the pipeline tells whoever is watching: notes, and progress of named activities.

The pipeline itself never prints. The command line passes a listener that draws bars; the library's default is silent.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

POLL_SECONDS = 0.25

Advance = Callable[[int], None]
"""Says how much of an activity is done so far, in its unit."""


class Listener:
    """Is told what happens; this one keeps silent."""

    def note(self, text: str) -> None:
        """Hear one line worth telling a person."""

    def detail(self, text: str) -> None:
        """Hear one line for those who want to know all: what happened to which shard."""

    @contextlib.contextmanager
    def activity(self, label: str, total: int, unit: str) -> Iterator[Advance]:  # noqa: ARG002 - it keeps silent
        """Hear that something lasting begins; the value takes how much of `total` is done so far."""
        yield lambda _: None


@contextlib.contextmanager
def watched(listener: Listener, label: str, total: int, unit: str, done: Callable[[], int]) -> Iterator[None]:
    """Tell a listener several times a second what ``done()`` says, while the block works."""
    if not total:
        yield
        return
    stop = threading.Event()
    with listener.activity(label, total, unit) as advance:
        thread = threading.Thread(target=_poll, args=(done, advance, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            advance(done())


def _poll(done: Callable[[], int], advance: Advance, stop: threading.Event) -> None:
    while not stop.wait(POLL_SECONDS):
        advance(done())
