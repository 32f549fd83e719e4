"""What the pipeline tells whoever is watching: notes, and progress of named activities.

The pipeline itself never prints. The command line passes a listener that draws bars; the library's default is silent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

Advance = Callable[[int], None]
"""Says how much of an activity is done so far, in its unit."""


class Listener:
    """Is told what happens; this one keeps silent."""

    def note(self, text: str) -> None:
        """Hear one line worth telling a person."""

    @contextlib.contextmanager
    def activity(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """Hear that something lasting begins; the value takes how much of `total` is done so far."""
        yield lambda done: None
