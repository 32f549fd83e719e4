"""HDF5 as h5py sees it, and files that point elsewhere or claim what they do not hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from ipmix_cli.errors import SourceError
from ipmix_cli.hdf5.heap import Heap
from ipmix_cli.shards.hdf5_builder import builder
from ipmix_cli.shards.shard import ShardSample, ShardSettings
from ipmix_cli.shards.writers import open_shard
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import Sample, SourceSpec
from ipmix_cli.stages import StageClock

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 8, 9, 3), dtype=np.uint8)
SAMPLES = [ShardSample(f"{i:08d}", i, i % 3, i, f"ü/{i}", 0, picture) for i, picture in enumerate(PICTURES)]


def shard(path: Path, class_names: tuple[str, ...] = ("a", "ß", "c"), **settings: Any) -> Path:
    made = builder("train-000000", SAMPLES, ShardSettings(copies=2, **settings), {"class_names": class_names})
    out = made.out(0, len(SAMPLES))
    out[:] = PICTURES[:, None] // 2
    made.add(0, out)
    path.write_bytes(made.finish()[-1][1])
    return path


def test_six_lines_of_h5py_read_it(tmp_path: Path) -> None:
    with h5py.File(shard(tmp_path / "s.h5", seed=2**63 - 1)) as file:
        assert file["clean"].shape == (6, 8, 9, 3)
        assert file["aug"].shape == (6, 2, 8, 9, 3)
        assert file["clean"].chunks is None
        assert np.array_equal(file["clean"], PICTURES)
        assert np.array_equal(file["aug"][4, 1], PICTURES[4] // 2)
        assert file["label"].dtype == file["index"].dtype == np.int64
        assert file["key"].asstr()[5] == "00000005"
        assert file["source_key"].asstr()[5] == "ü/5"
        assert [name.decode() for name in file.attrs["class_names"]] == ["a", "ß", "c"]
        assert file.attrs["seed"] == 2**63 - 1
        assert {len(column) for column in file.values()} == {6}


def test_pictures_begin_at_whole_cache_lines(tmp_path: Path) -> None:
    with h5py.File(shard(tmp_path / "s.h5")) as file:
        assert all(file[name].id.get_offset() % 64 == 0 for name in ("clean", "aug"))


def test_compressed_pictures_are_chunks_of_one(tmp_path: Path) -> None:
    with h5py.File(shard(tmp_path / "s.h5", compression="lzf")) as file:
        assert file["aug"].chunks == (1, 1, 8, 9, 3)
        assert file["clean"].chunks == (1, 8, 9, 3)


def test_thousands_of_class_names_fit(tmp_path: Path) -> None:
    names = tuple(f"class number {number} of many" for number in range(21_000))
    with open_shard("hdf5", shard(tmp_path / "s.h5", names)) as view:
        assert view.attributes["class_names"] == names


def external_link(file: h5py.File, other: Path, name: str) -> None:
    del file[name]
    file[name] = h5py.ExternalLink(str(other), name)


def soft_link(file: h5py.File, _other: Path, name: str) -> None:
    file.move(name, "elsewhere")
    file[name] = h5py.SoftLink("/elsewhere")


def virtual(file: h5py.File, other: Path, name: str) -> None:
    shape, kind = file[name].shape, file[name].dtype
    del file[name]
    layout = h5py.VirtualLayout(shape, kind)
    layout[...] = h5py.VirtualSource(str(other), name, shape)
    file.create_virtual_dataset(name, layout)


def stored_elsewhere(file: h5py.File, other: Path, name: str) -> None:
    shape, kind = file[name].shape, file[name].dtype
    del file[name]
    length = int(np.prod(shape)) * kind.itemsize
    file.create_dataset(name, shape, kind, external=[(str(other), 0, length)])


def claims_too_much(file: h5py.File, _other: Path, name: str) -> None:
    shape, kind = file[name].shape, file[name].dtype
    del file[name]
    file.create_dataset(name, (10**12, *shape[1:]), kind, chunks=(1, *shape[1:]))


def huge_chunk(file: h5py.File, _other: Path, name: str) -> None:
    kind = file[name].dtype
    del file[name]
    file.create_dataset(
        name, (6, 30_000, 30_000, 3)[: 1 if name == "label" else 4], kind, compression="gzip", chunks=True
    )


def group_instead(file: h5py.File, _other: Path, name: str) -> None:
    del file[name]
    file.create_group(name)


def missing(file: h5py.File, _other: Path, name: str) -> None:
    del file[name]


def shorter(file: h5py.File, _other: Path, name: str) -> None:
    values = file[name][:-1]
    del file[name]
    file[name] = values


def of_floats(file: h5py.File, _other: Path, name: str) -> None:
    values = file[name][:].astype(np.float32)
    del file[name]
    file[name] = values


FORGERIES = [
    external_link,
    soft_link,
    virtual,
    stored_elsewhere,
    claims_too_much,
    huge_chunk,
    group_instead,
    missing,
    shorter,
    of_floats,
]
Forgery = Callable[[h5py.File, Path, str], None]


@pytest.mark.parametrize(
    ("forgery", "name"),
    [(one, name) for name in ("clean", "label") for one in FORGERIES if (one, name) != (huge_chunk, "label")],
)
def test_a_forged_shard_is_refused(tmp_path: Path, forgery: Forgery, name: str) -> None:
    path, other = shard(tmp_path / "s.h5"), shard(tmp_path / "other.h5")
    with h5py.File(path, "r+") as file:
        forgery(file, other, name)
    if (forgery, name) == (missing, "clean"):  # a shard without clean pictures, whose checksums tell
        with open_shard("hdf5", path) as view:
            assert all(sample.checksum != sample.expected for sample in view)
        return
    with pytest.raises(SourceError), open_shard("hdf5", path):
        pass


@pytest.mark.parametrize(
    ("forgery", "name"),
    [
        (one, name)
        for name in ("clean", "label")
        for one in FORGERIES
        if one not in {soft_link, huge_chunk} and (one, name) != (of_floats, "label")  # 1.0 is label 1
    ],
)
def test_a_forged_source_is_refused(tmp_path: Path, forgery: Forgery, name: str) -> None:
    path, other = shard(tmp_path / "s.h5"), shard(tmp_path / "other.h5")
    with h5py.File(path, "r+") as file:
        forgery(file, other, name)
    with pytest.raises(SourceError):
        open_source(SourceSpec(input=str(path)))


def test_a_hole_in_a_heap_is_refused_where_hdf5_would_never_return(tmp_path: Path) -> None:
    path = tmp_path / "source.h5"
    with h5py.File(path, "w") as file:
        file["images"], file["labels"] = PICTURES, np.arange(6) % 3
        file.attrs["class_names"] = ["a", "b", "c"]
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    content[heap + 16 : heap + 64] = bytes(48)
    path.write_bytes(content)
    with pytest.raises(SourceError, match="hole"):
        open_source(SourceSpec(input=str(path)))


def test_the_heap_holds_what_h5py_wrote(tmp_path: Path) -> None:
    path = tmp_path / "texts.h5"
    texts = ["", "a", "ü" * 500, "x" * 70_000]
    with h5py.File(path, "w") as file:
        file["texts"] = texts
        file.flush()
        offset = file["texts"].id.get_offset()
    heap = Heap(path.read_bytes(), "texts.h5")
    assert [heap.get(reference).decode() for reference in heap.references(offset, 4)] == texts
    heap.check()


@pytest.mark.parametrize(
    "layout", [{}, {"chunks": True, "compression": "gzip"}, {"chunks": (2, 8, 9, 3), "compression": "lzf"}]
)
@pytest.mark.parametrize("names", [("images", "labels"), ("x_train", "y_train"), ("train/images", "train/labels")])
def test_arrays_of_any_layout_are_a_source(tmp_path: Path, layout: dict[str, Any], names: tuple[str, str]) -> None:
    path = tmp_path / "source.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(names[0], data=PICTURES, **layout)
        file[names[1]] = np.arange(6) % 3
        file.attrs["class_names"] = ["a", "b", "c"]
    source = open_source(SourceSpec(input=str(path)))
    assert source.class_names == ("a", "b", "c")
    found = list(source.part(1, 5).samples(StageClock()))
    for index, sample in enumerate(found, 1):
        assert isinstance(sample, Sample)
        assert (sample.index, sample.label) == (index, index % 3)
        assert np.array_equal(sample.picture, PICTURES[index])


@pytest.mark.parametrize("settings", [{}, {"compression": "gzip"}, {"encoding": "png"}])
def test_a_shard_is_a_source_too(tmp_path: Path, settings: dict[str, Any]) -> None:
    source = open_source(SourceSpec(input=str(shard(tmp_path / "s.h5", **settings))))
    assert source.class_names == ("a", "ß", "c")
    for index, sample in enumerate(source.part(0, 6).samples(StageClock())):
        assert isinstance(sample, Sample)
        assert np.array_equal(sample.picture, PICTURES[index])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"dtype": h5py.regionref_dtype}, "holds references"),
        ({"dtype": "u1", "chunks": (2,), "scaleoffset": 0}, "needs a filter plug-in"),
    ],
)
def test_an_array_that_h5py_would_follow_or_decode_by_other_code_is_refused(options, reason, tmp_path):
    from ipmix_cli.hdf5.safety import refusal

    with h5py.File(tmp_path / "set.h5", "w") as file:
        refused = file.create_dataset("images", (4,), **options)
        assert refusal(refused, 1 << 20) == reason


@pytest.mark.parametrize("filters", [{}, {"compression": "gzip", "chunks": (100,)}], ids=["plain", "gzip"])
def test_a_long_text_in_a_file_of_many_short_ones_is_not_taken_for_all_of_them(
    tmp_path: Path, filters: dict[str, Any]
) -> None:
    """3,000 labels beside one text of 100 kB: 300 MB if each were as long."""
    texts = np.array([f"t{number}" for number in range(2999)] + ["x" * 100_000], object)
    with h5py.File(tmp_path / "texts.h5", "w") as file:
        file["images"] = np.zeros((3000, 2, 2), np.uint8)
        file.create_dataset("labels", data=[f"c{number % 3}" for number in range(3000)], dtype=h5py.string_dtype())
        file.create_dataset("caption", data=texts, dtype=h5py.string_dtype(), **filters)
    source = open_source(SourceSpec(input=str(tmp_path / "texts.h5"), labels_as="names", keep=("caption",)))
    assert source.class_names == ("c0", "c1", "c2")
    (last,) = source.part(2999, 3000).samples(StageClock())
    assert isinstance(last, Sample)
    assert last.fields == ("x" * 100_000,)
