"""Bars fit narrow terminals, and neither they nor lines tell a time left before a pace has been seen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
import threading
import time

import pytest

from ipmix_cli.cli import progress
from ipmix_cli.cli.progress import Bars


class Notes(progress.Bars):
    def __init__(self):
        super().__init__()
        self.lines = []

    def note(self, text):
        self.lines.append(text)


def lines_of(monkeypatch, events, total=100):
    """Return the lines that advances at given seconds lead to."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    notes = Notes()
    advance = progress._Lines("drawing", total, "pictures", notes)
    for seconds, done in events:
        now[0] = seconds
        advance(done)
    return notes.lines


def test_what_comes_first_after_a_long_start_is_no_pace(monkeypatch):
    assert lines_of(monkeypatch, [(17, 1), (28, 1)]) == ["drawing: 1 of 100 pictures"] * 2


def test_the_pace_is_that_since_the_first(monkeypatch):
    assert lines_of(monkeypatch, [(17, 1), (27, 51)]) == [
        "drawing: 1 of 100 pictures",
        "drawing: 51 of 100 pictures, 5/s, about 10 s left",
    ]


def test_a_pace_seen_for_a_moment_is_not_told(monkeypatch):
    assert lines_of(monkeypatch, [(9, 1), (11, 51)]) == ["drawing: 51 of 100 pictures"]


def test_without_an_end_only_what_is_done_is_told(monkeypatch):
    assert lines_of(monkeypatch, [(9, 1), (19, 51)], total=0) == ["drawing: 51"]


@pytest.mark.parametrize("columns", [60, 72, 100])
@pytest.mark.parametrize("total", [0, 5])
def test_a_bar_fits_and_never_speaks_of_infinity(columns, total, monkeypatch):
    main, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown = bytearray()

    def read():
        while not shown.endswith(b"end"):
            shown.extend(os.read(main, 65536))

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(end, "w", buffering=1) as screen:
        monkeypatch.setattr(progress.sys, "stderr", screen)
        monkeypatch.setattr(progress, "SHORT_SECONDS", 0)
        with Bars().activity("drawing fractals", total, "pictures") as advance:
            for done in range(6):
                advance(done)
                time.sleep(0.02)
        time.sleep(0.2)
        os.write(end, b"end")
        reader.join(5)
    text = shown.decode()
    rows = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", row) for row in re.split(r"[\r\n]+", text)]
    assert len([row for row in rows if row.strip()]) >= 5
    assert max(len(row) for row in rows) <= columns
    assert "inf" not in text
    assert not re.search(r"\b0/s", text)
    os.close(main)
