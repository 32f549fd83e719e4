"""Tars: names, headers and JSON by the rules, and hostile tars."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import SourceError
from ipmix_cli.shards.shard import ShardSample, ShardSettings
from ipmix_cli.shards.webdataset import TarBuilder
from ipmix_cli.shards.writers import open_shard
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import BadSample, Sample, SourceSpec
from ipmix_cli.sources.webdataset import expanded
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.tar import END, append, header, members, own_members

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 8, 9, 3), dtype=np.uint8)


def png(picture: np.ndarray[Any, Any]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "png")
    return out.getvalue()


PNG = [png(picture) for picture in PICTURES]


def shard(layout: str = "grouped", **settings: Any) -> bytes:
    samples = [ShardSample(f"{i:08d}", i, i % 3, i, f'ü"{i}', 0, picture) for i, picture in enumerate(PICTURES)]
    output = ShardSettings(format="webdataset", encoding="png", layout=layout, copies=2, **settings)
    made = TarBuilder("train-000000", samples, output, {"class_names": ["a", 'b"', "ß"]})
    out = made.out(0, 6)
    out[:] = PICTURES[:, None] // 2
    made.add(0, out)
    return bytes(made.finish()[-1][1])


def names(content: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return tar.getnames()


def test_a_grouped_sample_is_a_run_of_files_with_one_key() -> None:
    files = ["clean.png", "aug0.png", "aug1.png", "cls", "json"]
    assert names(shard()) == [f"{index:08d}.{file}" for index in range(6) for file in files]


def test_a_flat_sample_is_one_picture() -> None:
    parts = ["clean", "0", "1"]
    files = [f"{part}.{suffix}" for part in parts for suffix in ("png", "cls", "json")]
    assert names(shard("flat")) == [f"{index:08d}_{file}" for index in range(6) for file in files]


def test_headers_are_ustar_without_owner_or_time() -> None:
    with tarfile.open(fileobj=io.BytesIO(shard())) as tar:
        for member in tar.getmembers():
            assert (member.mtime, member.uid, member.gid, member.uname, member.mode) == (0, 0, 0, "", 0o644)
            assert member.type == tarfile.REGTYPE
            assert not member.pax_headers


@pytest.mark.parametrize("layout", ["grouped", "flat"])
def test_the_json_says_where_a_sample_comes_from(layout: str) -> None:
    content = shard(layout, seed=7)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        file = tar.extractfile([name for name in tar.getnames() if name.startswith("00000004") and "json" in name][-1])
        assert file is not None
        facts = json.loads(file.read())
    checksum = open_shard("webdataset", content).sample(4).checksum
    expected = {"key": "00000004", "index": 4, "label": 1, "class": 'b"', "source_key": 'ü"4', "source_index": 4}
    expected |= {"crop": 0, "copies": 2, "seed": 7, "height": 8, "width": 9, "checksum": f"{checksum:016x}"}
    assert facts == (expected if layout == "grouped" else {**expected, "copy": 1})


def blocks(content: bytes) -> list[bytes]:
    """The files of a tar with their headers, and what ends it."""
    starts = [member.offset - 512 for member in own_members(content, "")] + [len(content) - len(END)]
    return [content[a:b] for a, b in zip([*starts], [*starts[1:], len(content)], strict=True)]


def at_a_boundary(parts: list[bytes]) -> list[bytes]:
    return [*parts[:10], parts[-1]]


def without_an_end(parts: list[bytes]) -> list[bytes]:
    return parts[:-1]


def in_a_sample(parts: list[bytes]) -> list[bytes]:
    return [*parts[:12], parts[-1]]


def twice(parts: list[bytes]) -> list[bytes]:
    return [*parts[:5], *parts]


def lacking_a_file(parts: list[bytes]) -> list[bytes]:
    return [*parts[:2], *parts[3:]]


def swapped(parts: list[bytes]) -> list[bytes]:
    return [parts[5], *parts[1:5], parts[0], *parts[6:]]


def stranger(parts: list[bytes]) -> list[bytes]:
    extra = bytearray()
    append(extra, b"README", b"hello")
    return [bytes(extra), *parts]


@pytest.mark.parametrize("damage", [without_an_end, in_a_sample, twice, lacking_a_file, swapped, stranger])
def test_a_tar_that_was_taken_apart_is_refused(damage: Callable[[list[bytes]], list[bytes]]) -> None:
    with pytest.raises(SourceError), open_shard("webdataset", b"".join(damage(blocks(shard())))):
        pass


def test_a_tar_cut_between_samples_shows_its_count() -> None:
    """The manifest has the count to hold against it."""
    with open_shard("webdataset", b"".join(at_a_boundary(blocks(shard())))) as view:
        assert len(view) == 2


def test_exchanged_labels_are_noticed() -> None:
    parts = blocks(shard())
    bodies = [parts[place][512:] for place in (3, 8)]
    parts[3], parts[8] = parts[3][:512] + bodies[1], parts[8][:512] + bodies[0]
    with open_shard("webdataset", b"".join(parts)) as view:
        for position in (0, 1):
            with pytest.raises(SourceError, match="contradict"):
                view.sample(position)
        assert view.sample(2).checksum == view.sample(2).expected


def test_a_header_is_refused_that_does_not_fit() -> None:
    with pytest.raises(AssertionError):
        header(b"x" * 101, 1)


def stranger_tar(kind: int, files: list[tuple[str, bytes]], evil: bool = False) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        if evil:
            for special, target in ((tarfile.SYMTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "../x"), (tarfile.CHRTYPE, "")):
                info = tarfile.TarInfo("evil.png")
                info.type, info.linkname = special, target
                tar.addfile(info)
    return buffer.getvalue()


ODD_NAMES = ["dir/a b [1]", "/absolute/x", "../../up", "日本/" + "long" * 60, "é", "z" * 90 + "/" + "y" * 90]


def folder_contents(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.parent.rglob("*"))


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tars_of_any_kind_are_read_and_never_extracted(tmp_path: Path, kind: int) -> None:
    odd = [name for name in ODD_NAMES if kind != tarfile.USTAR_FORMAT or len(name.encode()) < 99]
    files = [(f"{name}.{ext}", data) for i, name in enumerate(odd) for ext, data in (("png", PNG[i]), ("cls", b"1"))]
    path = tmp_path / "in" / "a.tar"
    path.parent.mkdir()
    path.write_bytes(stranger_tar(kind, files, evil=True))
    before = folder_contents(tmp_path)
    source = open_source(SourceSpec(input=str(path)))
    found = list(source.part(0, len(source)).samples(StageClock()))
    assert [sample.key for sample in found] == odd
    for index, sample in enumerate(found):
        assert isinstance(sample, Sample)
        assert np.array_equal(sample.picture, PICTURES[index])
    assert folder_contents(tmp_path) == before


def test_a_size_that_the_tar_does_not_hold_is_refused() -> None:
    content = bytearray(stranger_tar(tarfile.USTAR_FORMAT, [("a.png", PNG[0]), ("a.cls", b"0")]))
    content[124:136] = b"77777777777\0"
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    with pytest.raises(SourceError, match="cut off"):
        list(members(bytes(content), "a.tar"))


def test_texts_and_numbers_from_json_are_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    rows = [{"label": i % 2, "animal": ["cat", "ape"][i % 2]} for i in range(6)]
    files = [
        (f"{i}.{ext}", data)
        for i, row in enumerate(rows)
        for ext, data in (("jpg", CODECS["jpeg"].encode(PICTURES[i], 90)), ("json", json.dumps(row).encode()))
    ]
    path.write_bytes(stranger_tar(tarfile.PAX_FORMAT, files))
    by_number = open_source(SourceSpec(input=str(path)))
    by_text = open_source(SourceSpec(input=str(path), label_field="animal"))
    assert [sample.label for sample in samples_of(by_number)] == [0, 1, 0, 1, 0, 1]
    assert by_text.class_names == ("ape", "cat")
    assert [sample.label for sample in samples_of(by_text)] == [1, 0, 1, 0, 1, 0]


def samples_of(source: Any) -> list[Sample]:
    found = list(source.part(0, len(source)).samples(StageClock()))
    assert all(isinstance(sample, Sample) for sample in found)
    return found


def test_folders_braces_and_splits_name_tars(tmp_path: Path) -> None:
    for name, index in (("train-000", 0), ("train-001", 1), ("val-000", 2)):
        files = [(f"{index}.png", PNG[index]), (f"{index}.cls", b"0")]
        (tmp_path / f"{name}.tar").write_bytes(stranger_tar(tarfile.PAX_FORMAT, files))
    for given, split, keys in (
        (tmp_path, "train", ["0", "1"]),
        (tmp_path, "test", ["2"]),
        (tmp_path / "train-{000..001}.tar", "train", ["0", "1"]),
        (tmp_path / "{val,train}-000.tar", "train", ["2", "0"]),
    ):
        source = open_source(SourceSpec(input=str(given), split=split))
        assert [sample.key for sample in samples_of(source)] == keys
        assert source.part(1, len(source)).start == 1
        assert [item.key for item in source.part(1, len(source)).samples(StageClock())] == keys[1:]
    with pytest.raises(SourceError, match="there is no"):
        open_source(SourceSpec(input=str(tmp_path / "train-{000..002}.tar")))


def test_a_picture_that_is_none_is_a_bad_sample(tmp_path: Path) -> None:
    files = [("0.png", PNG[0]), ("0.cls", b"0"), ("1.png", PNG[1][:100]), ("1.cls", b"0")]
    path = tmp_path / "a.tar"
    path.write_bytes(stranger_tar(tarfile.PAX_FORMAT, files))
    source = open_source(SourceSpec(input=str(path)))
    good, bad = source.part(0, 2).samples(StageClock())
    assert isinstance(good, Sample)
    assert isinstance(bad, BadSample)
    assert bad.key == "1"


@pytest.mark.parametrize(
    "files",
    [
        [("0.png", PNG[0])],
        [("0.cls", b"1")],
        [("0.png", PNG[0]), ("0.cls", b"-1")],
        [("0.png", PNG[0]), ("0.json", b"{")],
        [("0.png", PNG[0]), ("0.json", b'{"label": null}')],
        [("0.png", PNG[0]), ("0.json", b"[" * 100_000)],
        [("0.png", PNG[0]), ("0.cls", b"99999999999999999999999")],
        [("0.png", PNG[0]), ("0.cls", b"1"), ("1.png", PNG[0]), ("1.cls", b"cat")],
        [],
    ],
)
def test_samples_without_picture_or_label_are_refused(tmp_path: Path, files: list[tuple[str, bytes]]) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(stranger_tar(tarfile.PAX_FORMAT, files))
    try:
        source = open_source(SourceSpec(input=str(path)))
    except SourceError:
        return
    assert source.class_names == ("99999999999999999999999",)  # no number, so the name of a class


def test_braces_that_together_stand_for_too_many_tars_are_refused() -> None:
    for pattern in ("{0..99999}" * 2, "{a,b}" * 60, "{0..999}-{0..999}.tar", "{" + "," * 100_000 + "}"):
        with pytest.raises(SourceError, match="stands for more than 100000 tars"):
            expanded(pattern)
    assert len(expanded("{0..99}-{000..999}.tar")) == 100_000
