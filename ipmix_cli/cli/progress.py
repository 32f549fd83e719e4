"""Bars on a terminal, a line now and then elsewhere; all of it on stderr."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from ipmix_cli.cli.screen import folded
from ipmix_cli.pipeline.listener import Advance, Listener
from ipmix_cli.printable import printable

LINE_SECONDS = 10.0  # between two lines if there is no terminal
NARROW = 72  # columns: below this, a bar says how far it is and how long it will take, and nothing else
NARROW_BAR = "{desc}: {percentage:3.0f}%|{bar}| {remaining} left"
KNOWN_SECONDS = 3.0  # for which a pace has to be seen before time left is told
SHORT_SECONDS = 0.5  # an activity shorter than this shows no bar

tqdm.monitor_interval = 0  # no extra thread


class Bars(Listener):
    """Shows notes and activities on stderr, and details when verbose; nothing when quiet."""

    def __init__(self, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose and not quiet

    def note(self, text: str) -> None:
        """Write one line."""
        if not self.quiet:
            tqdm.write(folded(printable(text), 2, err=True), file=sys.stderr)  # above a bar, where there is one
            sys.stderr.flush()

    def detail(self, text: str) -> None:
        """Write one line when verbose."""
        if self.verbose:
            self.note(text)

    @contextlib.contextmanager
    def activity(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """Show a bar on a terminal, and elsewhere a line every ten seconds."""
        if self.quiet:
            yield lambda done: None
        elif sys.stderr.isatty():
            with _bar(label, total, unit) as advance:
                yield advance
        else:
            yield _Lines(label, total, unit, self)


@contextlib.contextmanager
def _bar(label: str, total: int, unit: str) -> Iterator[Advance]:
    with tqdm(
        desc=printable(label),
        total=total or None,
        unit="B" if unit == "B" else f" {unit}",
        unit_scale=unit == "B",
        delay=SHORT_SECONDS,
        **_width(total > 0),
        leave=False,
        file=sys.stderr,
    ) as bar:
        begun = False

        def advance(done: int) -> None:
            nonlocal begun
            if begun:
                bar.update(done - bar.n)
            elif done:
                _begin(bar, done)
                begun = True
            bar.refresh()

        yield advance


def _begin(bar: Any, done: int) -> None:
    """Take a bar's pace from here on: what came first waited for workers, or was there already."""
    bar.n = bar.initial = bar.last_print_n = done
    bar.start_t = bar.last_print_t = time.time()


def _width(has_end: bool) -> dict[str, Any]:
    """Follow the terminal's width; 80 columns on one that says it has none, as some containers' do."""
    with contextlib.suppress(OSError):
        if columns := os.get_terminal_size(sys.stderr.fileno()).columns:
            return {"dynamic_ncols": True, "bar_format": NARROW_BAR if columns < NARROW and has_end else None}
    return {"ncols": 80}


def pace(seconds: float) -> str:
    """Return how quickly something goes that takes so many seconds each: by the second, or a slow one by seconds.

    Examples
    --------
    >>> pace(0.01), pace(12)
    ('100/s', '12 s each')
    """
    return f"{seconds:,.0f} s each" if seconds > 1 else f"{1 / max(seconds, 1e-9):,.0f}/s"


class _Lines:
    """An activity as a line of text every ten seconds; its pace is taken from when the first was done."""

    def __init__(self, label: str, total: int, unit: str, listener: Listener) -> None:
        self._label, self._total, self._unit, self._listener = label, total, unit, listener
        self._told = time.monotonic()
        self._first: tuple[float, int] | None = None  # when something was done first, and how much

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if self._first is None and done:
            self._first = (now, done)
        if now - self._told < LINE_SECONDS:
            return
        self._told = now
        text = f"{self._label}: {done:,}"
        if self._total:
            text += f" of {self._total:,} {self._unit}" + self._time_left(now, done)
        self._listener.note(text)

    def _time_left(self, now: float, done: int) -> str:
        began, first = self._first or (now, done)
        if now - began < KNOWN_SECONDS or done <= first:
            return ""
        seconds = (now - began) / (done - first)
        return f", {pace(seconds)}, about {(self._total - done) * seconds:,.0f} s left"
