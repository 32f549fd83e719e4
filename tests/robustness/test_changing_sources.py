"""A source or a bank that changes while a job runs is noticed, and shards that are right stay."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.errors import SourceError
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.run import augment as runs
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.stages import StageClock

SHARDS = 6


def pixels(seed: int, count: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), np.uint8)


def class_folders(path: Path) -> None:
    for number, picture in enumerate(pixels(0)):
        file = path / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)


def npz(path: Path) -> None:
    np.savez(path, images=pixels(0), labels=np.arange(12) % 3)


class AfterTwoShards(Listener):
    """Does something as soon as two shards are made."""

    def __init__(self, act) -> None:
        self.act, self.seen = act, 0

    def detail(self, text: str) -> None:
        self.seen += "samples" in text
        if self.seen == 2:
            self.act()
            self.seen = 3


def overwrite_pictures(source: Path) -> None:
    for file in source.rglob("*.png"):
        Image.fromarray(pixels(9, 1)[0]).save(file)


def exchange_a_class(source: Path) -> None:
    shutil.copytree(source / "b", source.with_name("other"))
    shutil.rmtree(source / "b")
    source.with_name("other").rename(source / "b")


def rewrite_in_place(source: Path) -> None:
    content = bytearray(source.read_bytes())
    content[5000:6000] = bytes(1000)
    with source.open("r+b") as file:
        file.write(content)


@pytest.mark.parametrize(
    ("make", "name", "change"),
    [
        (class_folders, "in", overwrite_pictures),
        (class_folders, "in", exchange_a_class),
        (npz, "in.npz", rewrite_in_place),
    ],
)
def test_a_source_that_changes_stops_the_run(make, name: str, change, tmp_path: Path, bank: Path) -> None:
    source, out = tmp_path / name, tmp_path / "out"
    make(source)
    request = Request(source=SourceSpec(input=str(source)), fractals=str(bank), samples_per_shard=2)
    with pytest.raises(SourceError, match="changed while the job ran"):
        augment(request, str(out), listener=AfterTwoShards(lambda: change(source)))
    assert not (out / "manifest.json").exists()
    assert list((out / ".ipmix/shards").iterdir()), "the shards that were right are gone"


def test_a_change_after_the_last_shard_is_noticed_before_the_manifest_is_written(tmp_path, bank, monkeypatch) -> None:
    source, out = tmp_path / "in.npz", tmp_path / "out"
    npz(source)
    make = runs.make

    def and_change(*arguments):
        outcome = make(*arguments)
        rewrite_in_place(source)
        return outcome

    monkeypatch.setattr(runs, "make", and_change)
    with pytest.raises(SourceError, match="changed while the job ran"):
        augment(Request(source=SourceSpec(input=str(source)), fractals=str(bank)), str(out))
    assert not (out / "manifest.json").exists()


def test_a_bank_that_changes_stops_the_run(tmp_path: Path, bank: Path) -> None:
    source, out, mine = tmp_path / "in.npz", tmp_path / "out", tmp_path / "bank.h5"
    npz(source)
    shutil.copy(bank, mine)
    request = Request(source=SourceSpec(input=str(source)), fractals=str(mine), samples_per_shard=2)
    with pytest.raises(SourceError, match="changed while the job ran"):
        augment(request, str(out), listener=AfterTwoShards(lambda: rewrite_in_place(mine)))
    assert not (out / "manifest.json").exists()


def test_a_shard_that_vanishes_is_made_again(tmp_path: Path, bank: Path, digests) -> None:
    source, out = tmp_path / "in.npz", tmp_path / "out"
    npz(source)
    request = Request(source=SourceSpec(input=str(source)), fractals=str(bank), samples_per_shard=2)
    augment(request, str(tmp_path / "undisturbed"))
    outcome = augment(request, str(out), listener=AfterTwoShards((out / "train-000001.h5").unlink))
    assert outcome.manifest is not None
    assert digests(out) == digests(tmp_path / "undisturbed")


def test_another_machine_may_hold_a_copy_with_other_times(tmp_path: Path, monkeypatch) -> None:
    from ipmix_cli.storage import file_state

    path = tmp_path / "x"
    path.write_bytes(b"abc")
    files = file_state.WatchedFiles.of([path])
    os.utime(path, (1, 1))
    with pytest.raises(SourceError):
        files.check()
    monkeypatch.setattr(file_state, "machine", lambda: "another")
    files.check()
    path.write_bytes(b"longer")
    with pytest.raises(SourceError):
        files.check()


def store_tar(seed: int) -> None:
    """Put a tar of twelve pictures into a store: the same names and sizes whatever the seed."""
    import fsspec

    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for number, picture in enumerate(pixels(seed)):
            encoded = io.BytesIO()
            Image.fromarray(picture).save(encoded, "BMP")
            for suffix, data in (("bmp", encoded.getvalue()), ("cls", b"01"[number % 2 :][:1])):
                member = tarfile.TarInfo(f"{number:03d}.{suffix}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    fsspec.filesystem("memory").pipe_file("/changing/in.tar", content.getvalue())


def store_list(seed: int) -> None:
    """Put a list and its pictures into a store."""
    import fsspec

    lines = ["path,label"]
    for number, picture in enumerate(pixels(seed)):
        encoded = io.BytesIO()
        Image.fromarray(picture).save(encoded, "BMP")
        fsspec.filesystem("memory").pipe_file(f"/changing/{number}.bmp", encoded.getvalue())
        lines.append(f"{number}.bmp,{number % 2}")
    fsspec.filesystem("memory").pipe_file("/changing/in.csv", "\n".join(lines).encode())


@pytest.mark.parametrize(("store", "name"), [(store_tar, "in.tar"), (store_list, "in.csv")])
def test_a_source_in_a_store_that_changes_is_noticed(store, name: str) -> None:
    """Same names, same sizes: only the store's tag or time tells, for tars as they are read and for all at the end."""
    pytest.importorskip("fsspec")
    store(0)
    source = open_source(SourceSpec(input=f"memory://changing/{name}"))
    assert len(list(source.part(0, 2).samples(StageClock()))) == 2
    source.check_unchanged()
    store(9)
    with pytest.raises(SourceError, match="changed while the job ran"):
        source.check_unchanged()
    if store is store_tar:
        with pytest.raises(SourceError, match="changed while the job ran"):
            list(source.part(2, 4).samples(StageClock()))


def test_a_picture_in_a_store_of_another_length_is_noticed_when_it_is_read() -> None:
    fsspec = pytest.importorskip("fsspec")
    store_list(0)
    source = open_source(SourceSpec(input="memory://changing/in.csv"))
    fsspec.filesystem("memory").pipe_file("/changing/3.bmp", b"shorter")
    assert len(list(source.part(0, 2).samples(StageClock()))) == 2
    with pytest.raises(SourceError, match=r"3\.bmp changed while the job ran"):
        list(source.part(2, 4).samples(StageClock()))
