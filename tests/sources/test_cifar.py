"""CIFAR in all its published forms: the same samples, the same digest, clear words when one is wrong."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import pickle
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.cifar import cifar as cifar_module
from ipmix_cli.sources.cifar.archive import MAX_ARCHIVE_BYTES
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.storage import download as download_module
from ipmix_cli.storage.download import Published, download

CIFAR10 = ("cifar-10-batches-py", "cifar-10-batches-bin", "cifar-10-python.tar.gz", "cifar-10-binary.tar.gz")
CIFAR100 = ("cifar-100-python", "cifar-100-binary", "cifar-100-python.tar.gz", "cifar-100-binary.tar.gz")


@pytest.mark.parametrize("form", CIFAR10)
def test_every_form_of_cifar10_gives_the_pictures_and_labels(form, cifar, pictures, opened, read):
    source = opened(cifar / form)
    samples = read(source)
    assert source.format == "cifar10"
    assert source.size == (32, 32)
    assert source.class_names[3] == "class3"
    assert np.array_equal(np.stack([sample.picture for sample in samples]), pictures[0][:20])
    assert [sample.label for sample in samples] == pictures[1][:20].tolist()
    assert [sample.index for sample in samples] == list(range(20))
    assert samples[5].key == "data_batch_2/1"
    assert all(sample.picture.flags.writeable and sample.picture.flags.c_contiguous for sample in samples)


@pytest.mark.parametrize("form", CIFAR100)
def test_every_form_of_cifar100_gives_the_fine_labels(form, cifar, pictures, opened, read):
    samples = read(opened(cifar / form, split="test"))
    assert [sample.label for sample in samples] == (pictures[1][20:] * 9).tolist()
    assert np.array_equal(samples[2].picture, pictures[0][22])


@pytest.mark.parametrize("forms", [CIFAR10, CIFAR100])
def test_all_forms_have_one_digest_and_one_description(forms, cifar, opened):
    sources = [opened(cifar / form) for form in forms]
    assert len({source.digest for source in sources}) == 1
    assert len({str(source.settings) for source in sources}) == 1


def test_splits_have_their_own_digests(cifar, opened):
    assert opened(cifar / CIFAR10[0]).digest != opened(cifar / CIFAR10[0], split="test").digest


def test_one_changed_label_changes_the_digest(cifar, opened, tmp_path):
    folder = shutil.copytree(cifar / "cifar-10-batches-bin", tmp_path / "copy")
    assert opened(folder).digest == opened(cifar / "cifar-10-batches-bin").digest
    data = bytearray((folder / "data_batch_2.bin").read_bytes())
    data[0] ^= 1
    (folder / "data_batch_2.bin").write_bytes(data)
    assert opened(folder).digest != opened(cifar / "cifar-10-batches-bin").digest


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_batches_saved_again_by_python3_are_read(protocol, cifar, opened, read, tmp_path):
    folder = shutil.copytree(cifar / "cifar-10-batches-py", tmp_path / "again")
    original = pickle.loads((folder / "data_batch_1").read_bytes(), encoding="latin1")
    again = {b"data": original["data"], b"labels": original["labels"], b"batch_label": "x" * 300}
    (folder / "data_batch_1").write_bytes(pickle.dumps(again, protocol))
    if protocol < 2 or protocol == 5:  # text protocols and out-of-band arrays are no CIFAR files
        with pytest.raises(SourceError):
            opened(folder)
        return
    samples, expected = read(opened(folder)), read(opened(cifar / "cifar-10-batches-py"))
    assert all(np.array_equal(one.picture, other.picture) for one, other in zip(samples, expected, strict=True))


def test_a_name_is_looked_up_below_the_data_dir(cifar, tmp_path):
    spec = SourceSpec(input="cifar10", data_dir=str(cifar))
    assert open_source(spec).location == str(cifar / "cifar-10-batches-py")
    shutil.copy(cifar / "cifar-100-binary.tar.gz", tmp_path)
    found = open_source(SourceSpec(input="cifar100", data_dir=str(tmp_path)))
    assert found.location == str(tmp_path / "cifar-100-binary.tar.gz")


def test_an_archive_is_read_without_the_cache_of_the_process_that_opened_it(cifar, opened, read, own_cache):
    source = opened(cifar / "cifar-10-python.tar.gz")
    before = read(source)
    for unpacked in own_cache.iterdir():
        shutil.rmtree(unpacked)
    assert np.array_equal(read(source)[4].picture, before[4].picture)


def test_an_archive_that_changed_is_noticed_by_a_worker(cifar, opened, read, own_cache, tmp_path):
    archive = Path(shutil.copy(cifar / "cifar-10-python.tar.gz", tmp_path))
    source = opened(archive)
    for unpacked in own_cache.iterdir():
        shutil.rmtree(unpacked)
    shutil.copy(cifar / "cifar-10-binary.tar.gz", archive)
    with pytest.raises(SourceError, match="changed"):
        read(source)


def test_a_missing_batch_is_named(cifar, opened, tmp_path):
    folder = shutil.copytree(cifar / "cifar-10-batches-py", tmp_path / "less")
    (folder / "data_batch_4").unlink()
    with pytest.raises(SourceError, match="data_batch_4 is missing"):
        opened(folder)


@pytest.mark.parametrize("keep", [0, 10, 100, 0.3, 0.6, 0.99, -1])
def test_an_archive_cut_short_is_refused(keep, cifar, opened, tmp_path):
    data = (cifar / "cifar-10-python.tar.gz").read_bytes()
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(SourceError, match=r"cut short|damaged|incomplete") as caught:
        opened(path)
    assert str(path) in caught.value.message
    assert caught.value.remedy


def tar_of(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            info.size = len(content) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(content))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_an_archive_are_not_followed(kind, cifar, opened, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes((cifar / "cifar-10-batches-py" / "test_batch").read_bytes())
    meta = (cifar / "cifar-10-batches-py" / "batches.meta").read_bytes()
    path = tar_of(
        tmp_path / "cifar-10-python.tar.gz",
        [(member("x/batches.meta"), meta), (member("x/test_batch", kind, str(secret)), b"")],
    )
    with pytest.raises(SourceError):
        opened(path, split="test")


def test_nothing_of_an_archive_is_written_where_its_names_say(cifar, opened, read, tmp_path, own_cache):
    folder = cifar / "cifar-10-batches-py"
    names = ("../../batches.meta", "/tmp/../etc/test_batch", "../evil")
    content = [(folder / Path(name).name).read_bytes() if "evil" not in name else b"evil" for name in names]
    nested = tmp_path / "a" / "b"
    nested.mkdir(parents=True)
    path = tar_of(nested / "cifar-10-python.tar.gz", [(member(n), c) for n, c in zip(names, content, strict=True)])
    assert len(read(opened(path, split="test"))) == 3
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["a", "b", "cifar-10-python.tar.gz"]
    assert {entry.name for entry in own_cache.rglob("*") if entry.is_file()} == {
        "pixels.raw",
        "about.json",
        "checksums",
    }


def test_a_gzip_bomb_is_refused_before_it_fills_the_memory(opened, tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    info = member("cifar-10-batches-py/test_batch")
    info.size = 2 * MAX_ARCHIVE_BYTES
    with gzip.open(path, "wb", 1) as out:
        out.write(info.tobuf())
        for _ in range(MAX_ARCHIVE_BYTES // 2**24 + 2):
            out.write(bytes(2**24))
    with pytest.raises(SourceError, match="more than"):
        opened(path, split="test")


@pytest.mark.parametrize("label", [-1, 10, 2**31 - 1])
def test_a_label_outside_the_classes_is_refused(label, cifar, opened, write_pickle, tmp_path):
    folder = shutil.copytree(cifar / "cifar-10-batches-py", tmp_path / "bad")
    batch = {"data": np.zeros((2, 3072), np.uint8), "labels": [0, label]}
    (folder / "test_batch").write_bytes(write_pickle(batch))
    with pytest.raises(SourceError, match=f"label {label}") as caught:
        opened(folder, split="test")
    assert "test_batch" in caught.value.message


@pytest.mark.parametrize("labels", [[0, b"one"], [0], [0, [1]], b"ab"])
def test_labels_that_are_none_are_refused(labels, cifar, opened, write_pickle, tmp_path):
    folder = shutil.copytree(cifar / "cifar-10-batches-py", tmp_path / "bad")
    batch = {"data": np.zeros((2, 3072), np.uint8), "labels": labels}
    (folder / "test_batch").write_bytes(write_pickle(batch))
    with pytest.raises(SourceError, match="label"):
        opened(folder, split="test")


def test_a_split_that_cifar_has_not_is_refused(cifar, opened):
    with pytest.raises(SourceError, match="no val split"):
        opened(cifar / "cifar-10-batches-py", split="val")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Serve a folder on this machine."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **options):
            super().__init__(*args, directory=str(folder), **options)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()
        thread.join()


def test_an_absent_set_is_downloaded_checked_and_read(server, cifar, read, tmp_path, monkeypatch):
    url, folder = server
    archive = Path(shutil.copy(cifar / "cifar-10-python.tar.gz", folder))
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    published = Published(f"{url}/cifar-10-python.tar.gz", md5)
    monkeypatch.setitem(cifar_module.PUBLISHED, "cifar10", published)
    told: list[tuple[int, int]] = []
    place = tmp_path / "data"
    source = open_source(
        SourceSpec(input="cifar10", data_dir=str(place)), lambda done, total: told.append((done, total))
    )
    assert len(read(source)) == 20
    assert told[-1] == (archive.stat().st_size, archive.stat().st_size)
    assert [path.name for path in place.iterdir()] == ["cifar-10-python.tar.gz"]


def test_a_download_with_another_md5_is_refused_and_leaves_nothing(server, cifar, tmp_path):
    url, folder = server
    shutil.copy(cifar / "cifar-10-python.tar.gz", folder)
    published = Published(f"{url}/cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a")
    with pytest.raises(SourceError, match="c58f30108f718f92721af3b95e74349a") as caught:
        download(published, tmp_path / "data")
    assert str(tmp_path / "data" / "cifar-10-python.tar.gz") in caught.value.remedy
    assert not list((tmp_path / "data").iterdir())


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/cifar-10-python.tar.gz", "{}/not-there.tar.gz"])
def test_without_a_network_the_error_says_where_to_put_the_file(url, server, tmp_path):
    with pytest.raises(SourceError, match="cannot be fetched") as caught:
        download(Published(url.format(server[0]), "0" * 32), tmp_path)
    assert f"put it at {tmp_path}" in caught.value.remedy


def test_a_download_that_breaks_off_is_refused(tmp_path, monkeypatch):
    class Answer(io.BytesIO):
        def __init__(self):
            super().__init__(b"short")
            self.headers = {"Content-Length": "100"}

    monkeypatch.setattr(download_module.urllib.request, "urlopen", lambda *_, **__: Answer())
    with pytest.raises(SourceError, match="5 of 100 bytes"):
        download(Published("http://x/y.tar.gz", "0" * 32), tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_published_checksums_are_those_of_the_university_of_toronto():
    assert cifar_module.PUBLISHED["cifar10"].md5 == "c58f30108f718f92721af3b95e74349a"
    assert cifar_module.PUBLISHED["cifar100"].md5 == "eb9058c3a382ffc7106e4002c42a8d85"
