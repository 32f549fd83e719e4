"""Files appear whole, on the disk, or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ipmix_cli.errors import IpmixError, WriteError
from ipmix_cli.storage import folder as folder_module
from ipmix_cli.storage.folder import LocalFolder, being_written, write_together


@pytest.fixture
def events(monkeypatch):
    """What reaches the disk, in order: files and folders that are synced, and names that appear."""
    seen: list[tuple[str, str]] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle):
        path = Path(f"/proc/self/fd/{handle}").readlink()
        seen.append(("sync folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "sync", path.name))
        fsync(handle)

    def renamed(self, target):
        seen.append(("rename", Path(target).name))
        return replace(self, target)

    monkeypatch.setattr(folder_module.os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    return seen


def test_content_is_on_the_disk_before_a_name_appears_and_the_name_before_the_call_returns(events, tmp_path):
    write_together([(tmp_path / "one" / "a", b"1"), (tmp_path / "two" / "b", b"22")])
    assert [kind for kind, _ in events] == ["sync", "sync", "rename", "rename", "sync folder", "sync folder"]
    assert sorted(name for kind, name in events if kind == "sync folder") == ["one", "two"]
    assert (tmp_path / "two" / "b").read_bytes() == b"22"


def test_what_a_block_has_written_gets_its_name_on_the_disk(events, tmp_path):
    with being_written(tmp_path / "bank.h5") as part:
        part.write_bytes(b"pictures")
    assert events == [("rename", "bank.h5"), ("sync folder", tmp_path.name)]
    assert [path.name for path in tmp_path.iterdir()] == ["bank.h5"]


def test_a_block_that_fails_leaves_nothing(tmp_path):
    def fail():
        with being_written(tmp_path / "bank.h5") as part:
            part.write_bytes(b"pictures")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_less_than_it_was_given_is_an_error(monkeypatch, tmp_path):
    class Short:
        st_size = 3

    plain = Path.stat
    monkeypatch.setattr(
        Path, "stat", lambda path, **how: Short() if path.name.endswith(".part") else plain(path, **how)
    )
    with pytest.raises(WriteError, match="only 5 bytes"):
        LocalFolder(tmp_path).write("a", b"12345")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../a", "/a", "b/../../a", "", "a\0b"])
def test_a_name_that_leaves_the_folder_is_refused(name, tmp_path):
    with pytest.raises(IpmixError, match="outside the folder"):
        LocalFolder(tmp_path / "in").write(name, b"")


@pytest.mark.parametrize("command", ["preview", "report", "generate-fractals", "save-config"])
def test_a_pipe_is_not_replaced_by_a_file(command, tmp_path, ipmix, bank):
    pipe, shards = tmp_path / "pipe.png", tmp_path / "shards"
    os.mkfifo(pipe)
    augment = ["augment", "--in", "demo", "--limit", 2, "--copies", 1, "--jobs", 1, "--fractals", bank, "--out", shards]
    words = {
        "preview": ["preview", shards, "--out", pipe],
        "report": ["report", shards, "--out", pipe],
        "generate-fractals": [command, "--count", 1, "--size", 32, "--format", "hdf5", "--overwrite", "--out", pipe],
        "save-config": [*augment, "--save-config", pipe],
    }
    if command in ("preview", "report"):
        ipmix(*augment)
    done = ipmix(*words[command], check=False)
    assert done.returncode != 0
    assert "it is not a regular file" in done.stderr
    assert pipe.is_fifo()


@pytest.mark.parametrize("linked", ["state", "state/shards"])
def test_nothing_is_changed_in_a_folder_elsewhere_that_a_link_leads_to(linked, tmp_path):
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "root"
    (elsewhere / "shards").mkdir(parents=True)
    (elsewhere / "shards" / "0.json").write_text("mine")
    (root / linked).parent.mkdir(parents=True)
    (root / linked).symlink_to(elsewhere / "shards" if "/" in linked else elsewhere)
    folder = LocalFolder(root)
    for change in (
        lambda: folder.write("state/shards/0.json", b"x"),
        lambda: folder.write_all([("a", b"x"), ("state/shards/1.json", b"x")]),
        lambda: folder.remove("state/shards/0.json"),
    ):
        with pytest.raises(WriteError, match="is a link"):
            change()
    assert [(path.name, path.read_text()) for path in (elsewhere / "shards").iterdir()] == [("0.json", "mine")]
    assert not (root / "a").exists()


def test_the_folder_itself_and_its_files_may_be_links(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "here").symlink_to(tmp_path / "there")
    (tmp_path / "there" / "a").symlink_to(tmp_path / "other")
    LocalFolder(tmp_path / "here").write("a", b"x")
    assert (tmp_path / "there" / "a").read_bytes() == b"x"
    assert not (tmp_path / "there" / "a").is_symlink()
