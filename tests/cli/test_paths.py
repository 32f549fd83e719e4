"""A path means the same place in every command, and in every line that a command prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipmix_cli.cli.paths import plain_path


@pytest.fixture
def inside(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with links to a finished data set; ``absent`` is not there."""
    (tmp_path / "link").symlink_to(shards)
    (tmp_path / "data").symlink_to(shards.parent)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", ["status", "info", "validate", "merge", "repair", "report", "view", "explain"])
def test_every_command_finds_a_folder_behind_one_that_is_absent(ipmix, inside, command):
    more = {"report": ("--out", "absent/../page"), "view": ("--out", "page"), "explain": ("--key", "3")}
    assert ipmix(command, "absent/deeper/../../link/", *more.get(command, ())).returncode == 0
    if command == "report":
        assert (inside / "page").exists()


@pytest.mark.parametrize("place", ["absent/../link", "link/", "data/shards", "data/absent/../shards"])
def test_another_job_is_refused_however_the_folder_is_spelled(ipmix, inside, place):
    manifest = (inside / "link" / "manifest.json").read_bytes()
    done = ipmix("augment", "--in", "demo", "--limit", 9, "--out", place, check=False)
    assert done.returncode == 1
    assert "holds another job" in done.stderr
    assert (inside / "link" / "manifest.json").read_bytes() == manifest


def test_the_next_command_that_is_told_can_be_typed(ipmix, inside):
    assert "next: ipmix validate link\n" in ipmix("status", "absent/../link").stdout


def test_a_link_before_two_dots_leads_where_the_system_says(inside):
    assert Path(plain_path("link/../shards")).samefile(inside / "link")
    assert plain_path("~") == str(Path.home())
