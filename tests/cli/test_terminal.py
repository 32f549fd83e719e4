"""What a person sees on a terminal: a bar, also where the terminal does not tell its width, and no colours."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

ACTIVITY = """
import time
from ipmix_cli.cli.progress import Bars
bars = Bars(verbose=True)
with bars.activity("drawing", 10, "pictures") as advance:
    for done in range(11):
        time.sleep(0.1)
        advance(done)
    bars.detail("a shard is done")
"""


def seen(code: str, columns: int) -> str:
    """Return what a program writes on a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        parts = []
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:  # Linux tells so that the other end is closed
                break
            if not part:
                break
            parts.append(part)
        assert process.wait() == 0
    os.close(master)
    return b"".join(parts).decode()


@pytest.mark.parametrize("columns", [0, 60, 100])
def test_an_activity_is_a_bar(columns: int) -> None:
    text = seen(ACTIVITY, columns)
    assert "drawing:  50%|" in text
    assert (" left" in text) == (columns == 60)  # where there is little room: how far, how long, nothing else
    assert "a shard is done" in text
    assert not re.search(r"\x1b\[[0-9;]*m", text)
    assert max(len(line) for line in re.split(r"[\r\n]+", text)) <= (columns or 80)


def test_a_row_is_folded_under_its_value():
    code = "from ipmix_cli.cli.screen import folded, show; show(folded('distance    ' + 'mean of all ' * 12))"
    rows = seen(code, 60).replace("\r", "").rstrip("\n").split("\n")
    assert len(rows) == 3
    assert max(len(row) for row in rows) <= 60
    assert [row[:12].strip() for row in rows] == ["distance", "", ""]
    assert " ".join(row[12:].strip() for row in rows) == ("mean of all " * 12).strip()
    assert len(seen(code, 400).rstrip().split("\n")) == 1
