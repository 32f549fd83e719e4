"""Folders in object stores, on fsspec's store in memory: whole uploads, checked; passing errors tried again."""

from __future__ import annotations

import sys

import pytest

from ipmix_cli.errors import IpmixError, SourceError, WriteError
from ipmix_cli.storage import object_store as remote
from ipmix_cli.storage.folder import LocalFolder, open_folder
from ipmix_cli.storage.object_files import RemoteFile, ranges_of
from ipmix_cli.storage.object_store import PAUSES, RemoteFolder

pytest.importorskip("fsspec")


@pytest.fixture
def pauses(monkeypatch):
    """The pauses between tries, which are not waited for."""
    made = []
    monkeypatch.setattr(remote.time, "sleep", made.append)
    return made


@pytest.fixture
def folder(request):
    folder = RemoteFolder(f"memory://{request.node.name}/a b")
    yield folder
    folder.remove(*folder.names())


def failing(folder, monkeypatch, method, errors):
    """Let a method of the store fail with each of some errors before it works."""
    really, left = getattr(folder._files, method), list(errors)

    def fail(*arguments, **options):
        if left:
            raise left.pop(0)
        return really(*arguments, **options)

    monkeypatch.setattr(folder._files, method, fail)


def test_a_url_is_a_remote_folder_and_everything_else_a_local_one(tmp_path):
    assert isinstance(open_folder("memory://x/y"), RemoteFolder)
    for location in (str(tmp_path), f"file://{tmp_path}", "C:/x", "a://b"[0:1]):
        assert isinstance(open_folder(location), LocalFolder)
    assert open_folder(f"file://{tmp_path}").location == str(tmp_path)


@pytest.mark.parametrize("data", [b"abc", bytearray(b"abc"), memoryview(b"abc"), b""])
def test_what_was_written_is_read(folder, data):
    folder.write(".ipmix/x.json", data)
    assert folder.read(".ipmix/x.json") == bytes(data)
    assert folder.size(".ipmix/x.json") == len(data)
    assert folder.path(".ipmix/x.json") is None


def test_names_sizes_and_contents_of_many(folder):
    names = [f".ipmix/shards/{number:06d}.json" for number in range(30)]
    for number, name in enumerate(names):
        folder.write(name, b"x" * number)
    folder.write("train-000000.h5", b"12")
    assert folder.names(".ipmix/shards") == names
    assert folder.names() == [*names, "train-000000.h5"]
    asked = [*names, "gone"]
    assert folder.sizes(asked) == {name: number for number, name in enumerate(names)}
    assert folder.sizes(["gone", names[3]]) == {names[3]: 3}
    assert folder.contents(asked) == {name: b"x" * number for number, name in enumerate(names)}
    folder.remove(*names[1:], "gone", "class [1]/x*.png")
    assert folder.names() == [names[0], "train-000000.h5"]


def test_what_is_not_there_is_told_as_for_a_local_folder(folder):
    assert folder.names() == []
    assert folder.names("below") == []
    assert folder.size("gone") is None
    assert folder.contents([]) == {}
    with pytest.raises(FileNotFoundError):
        folder.read("gone")
    folder.remove("gone")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "", "a\0b"])
def test_a_name_that_leaves_the_folder_is_refused(folder, name):
    for act in (folder.read, folder.size, folder.path, folder.remove, lambda name: folder.write(name, b"x")):
        with pytest.raises(IpmixError, match="outside the folder"):
            act(name)


def test_passing_errors_are_tried_again_with_growing_pauses(folder, monkeypatch, pauses):
    failing(folder, monkeypatch, "pipe_file", [OSError("slow down"), TimeoutError(), RuntimeError("reset")])
    folder.write("x", b"abc")
    failing(folder, monkeypatch, "cat_file", [ConnectionError("reset")])
    assert folder.read("x") == b"abc"
    assert len(pauses) == 4
    assert pauses[0] < pauses[1] < pauses[2]


def test_errors_that_last_are_told_after_bounded_tries(folder, monkeypatch, pauses):
    failing(folder, monkeypatch, "pipe_file", [OSError("slow down")] * 100)
    with pytest.raises(WriteError, match="slow down") as caught:
        folder.write("x", b"abc")
    assert "type the same command again" in caught.value.remedy
    assert len(pauses) == len(PAUSES)


def test_what_another_try_cannot_mend_is_not_tried_again(folder, monkeypatch, pauses):
    failing(folder, monkeypatch, "pipe_file", [PermissionError("no")] * 100)
    with pytest.raises(WriteError, match="PermissionError: no"):
        folder.write("x", b"abc")
    failing(folder, monkeypatch, "cat_file", [PermissionError("no")] * 100)
    with pytest.raises(SourceError, match="cannot read"):
        folder.read("x")
    assert pauses == []


@pytest.mark.parametrize("arrived", [b"ab", b"abd"], ids=["cut", "other bytes"])
def test_an_upload_that_arrives_damaged_is_noticed_and_sent_again(folder, monkeypatch, pauses, arrived):
    really, left = folder._files.pipe_file, [arrived]
    monkeypatch.setattr(folder._files, "pipe_file", lambda key, data: really(key, left.pop() if left else data))
    folder.write("x", b"abc")
    assert folder.read("x") == b"abc"
    assert len(pauses) == 1


def test_a_file_that_another_run_clears_away_as_it_arrives_is_sent_again(folder, monkeypatch, pauses):
    really, left = folder._files.info, [FileNotFoundError("a b/x")]

    def info(key):
        found = really(key)
        if found["type"] == "file" and left:  # the store asks itself for folders, and before there is a file
            raise left.pop()
        return found

    monkeypatch.setattr(folder._files, "info", info)
    folder.write("x", b"content")
    assert folder.read("x") == b"content"
    assert len(pauses) == 1


def test_a_checksum_that_the_store_states_spares_reading_back(folder, monkeypatch):
    import hashlib

    really = folder._files.info
    etag = f'"{hashlib.md5(b"abc").hexdigest()}"'
    monkeypatch.setattr(folder._files, "info", lambda key: {**really(key), "ETag": etag})
    monkeypatch.setattr(folder._files, "cat_file", None)
    folder.write("x", b"abc")


def test_a_remote_file_is_sliced_as_bytes_are(folder, monkeypatch):
    data = bytes(range(256)) * 100
    folder.write("x.tar", data)
    monkeypatch.setattr("ipmix_cli.storage.object_files.BLOCK", 1000)
    file = RemoteFile(f"{folder.location}/x.tar")
    assert len(file) == len(data)
    for start, stop in [(0, 10), (5, 900), (990, 1010), (500, 20000), (25_590, 30_000), (3, 3), (9, 2)]:
        assert file[start:stop] == data[start:stop]
    with ranges_of(f"{folder.location}/x.tar") as read:
        assert read(1000, 24) == data[1000:1024]
    with pytest.raises(SourceError, match="cannot read"):
        RemoteFile(f"{folder.location}/gone.tar")


def test_a_single_picture_of_a_remote_tar_costs_a_small_request_and_a_whole_tar_few(folder, monkeypatch):
    data, asked = bytes(2**16) * 16, []
    folder.write("x.tar", data)
    monkeypatch.setattr("ipmix_cli.storage.object_files.FIRST", 2**12)
    monkeypatch.setattr("ipmix_cli.storage.object_files.BLOCK", 2**17)
    file = RemoteFile(f"{folder.location}/x.tar")
    really = file._files.cat_file
    monkeypatch.setattr(
        file._files,
        "cat_file",
        lambda path, start, end: asked.append(end - start) or really(path, start=start, end=end),
    )
    for start in (900_000, 100_000):
        assert file[start : start + 1000] == data[:1000]
    assert asked == [2**12, 2**12]
    asked.clear()
    for start in range(0, len(data), 2**10):
        assert len(file[start : start + 2**10]) == 2**10
    assert sum(asked) == len(data)
    assert len(asked) <= 14


def test_a_server_without_ranges_is_named_as_one(folder, monkeypatch):
    folder.write("x.tar", bytes(2**19))
    file = RemoteFile(f"{folder.location}/x.tar")
    monkeypatch.setattr(file._files, "cat_file", lambda path, start, end: bytes(2**19))
    monkeypatch.setattr("ipmix_cli.storage.object_store.time.sleep", lambda seconds: None)
    with pytest.raises(SourceError, match="no ranges of them"):
        file[0:10]


def test_a_whole_job_fits_into_memory(folder, tmp_path, bank):
    from ipmix_cli.pipeline.output.dataset import open_dataset
    from ipmix_cli.pipeline.run.augment import augment
    from ipmix_cli.pipeline.run.prepare import Request
    from ipmix_cli.pipeline.verify.validate import Checks, validate
    from ipmix_cli.shards.shard import ShardSettings
    from ipmix_cli.sources.source import SourceSpec

    output = ShardSettings(copies=1, encoding="auto")
    request = Request(source=SourceSpec(input="demo"), fractals=str(bank), limit=40, output=output)
    augment(request, folder.location)
    augment(request, str(tmp_path))
    local = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert folder.contents(folder.names()) == local
    assert validate(open_dataset(folder.location), Checks(level="full")).passed


@pytest.mark.parametrize(("url", "extra"), [("s3://bucket/x", "s3"), ("gs://bucket/x", "gcs")])
def test_without_its_package_a_store_says_what_to_install(url, extra, monkeypatch):
    for module in ("s3fs", "gcsfs"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(IpmixError, match="not installed") as caught:
        open_folder(url)
    assert 'pip install "ipmix-cli[s3]"' in caught.value.remedy
    assert extra in caught.value.remedy


def test_a_store_that_does_not_exist_is_told():
    with pytest.raises(IpmixError, match="cannot open nothing://x"):
        open_folder("nothing://x")
