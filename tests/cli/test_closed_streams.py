"""Daemons and containers start programs without stdin, stdout or stderr."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROBE = """
import os, sys
from ipmix_cli.cli.app import _open_standard_streams
_open_standard_streams()
with open(os.devnull) as file:
    assert file.fileno() > 2, "a file got the number of a stream"
print("told", file=sys.stderr)
assert all(os.get_inheritable(number) for number in range(3))
"""


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-", ""])
def test_closed_streams_are_the_null_device(closed):
    command = f'"$0" -c "$1" {closed}'
    assert subprocess.run(["bash", "-c", command, sys.executable, PROBE], check=False).returncode == 0
