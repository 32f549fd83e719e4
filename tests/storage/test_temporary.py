"""Temporary files are told from those of living processes, on this machine and on others."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from ipmix_cli.storage import temporary
from ipmix_cli.storage.temporary import STALE_SECONDS, is_stale, temporary_path


def test_a_file_of_a_living_process_is_not_stale_and_that_of_an_ended_one_is(tmp_path):
    own = temporary_path(tmp_path / "shard.h5")
    own.touch()
    assert not is_stale(own)
    code = "import sys; from pathlib import Path; from ipmix_cli.storage.temporary import temporary_path as t; "
    code += "p = t(Path(sys.argv[1])); p.touch(); print(p)"
    command = [sys.executable, "-c", code, str(tmp_path / "other.h5")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert is_stale(type(own)(ended))


def test_a_process_with_the_same_number_that_was_started_later_is_another_one(tmp_path):
    own = temporary_path(tmp_path / "shard.h5")
    started = temporary._started(os.getpid())
    earlier = own.with_name(own.name.replace(f"-{started}", f"-{started - 1}"))
    assert earlier != own
    assert is_stale(earlier)


@pytest.mark.parametrize(("age", "stale"), [(60, False), (STALE_SECONDS + 60, True)])
def test_a_file_of_another_machine_is_stale_after_a_day_without_change(age, stale, tmp_path, monkeypatch):
    own = temporary_path(tmp_path / "shard.h5")
    own.touch()
    then = time.time() - age
    os.utime(own, (then, then))
    monkeypatch.setattr(temporary, "machine", lambda: "elsewhere-1")
    assert is_stale(own) == stale


def test_a_file_that_has_gone_meanwhile_is_not_stale(tmp_path):
    assert not is_stale(tmp_path / ".gone.elsewhere-1-2-3.part")
