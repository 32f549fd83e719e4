"""What holds for shards of every format: built and read back, the same bytes again, and no damage unnoticed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.shards.shard import ShardSample, ShardSettings, StoredSample
from ipmix_cli.shards.writers import WRITERS, open_shard

FORMS: dict[str, dict[str, Any]] = {
    "hdf5": {"format": "hdf5", "encoding": "raw", "names": "strings"},
    "hdf5-old": {"format": "hdf5", "encoding": "raw"},
    "hdf5-gzip": {"format": "hdf5", "encoding": "raw", "compression": "gzip"},
    "hdf5-lzf": {"format": "hdf5", "encoding": "raw", "compression": "lzf"},
    "hdf5-png": {"format": "hdf5", "encoding": "png", "names": "strings"},
    "hdf5-jpeg": {"format": "hdf5", "encoding": "jpeg"},
    "tar": {"format": "webdataset", "encoding": "png"},
    "tar-jpeg": {"format": "webdataset", "encoding": "jpeg"},
    "tar-flat": {"format": "webdataset", "encoding": "webp", "layout": "flat"},
    "parquet": {"format": "parquet", "encoding": "png"},
    "parquet-webp": {"format": "parquet", "encoding": "webp"},
    "mds": {"format": "mds", "encoding": "png"},
    "mds-raw": {"format": "mds", "encoding": "raw"},
    "cifar": {"format": "cifar", "encoding": "raw"},
    "files": {"format": "files", "encoding": "png"},
}
CLASSES = ["cat", "dog", 'no "quote": yes']
KEYS = ["plain", "with space/é [1].png", "日本/\n.jpg", "x" * 300, "-1"]


def samples(count: int, size: tuple[int, int] = (9, 7)) -> list[ShardSample]:
    generator = np.random.default_rng(count)
    return [
        ShardSample(
            f"{100 + number:08d}",
            100 + number,
            number % 3,
            50 + number // 2,
            KEYS[number % len(KEYS)],
            number % 2,
            generator.integers(0, 256, (*size, 3), dtype=np.uint8),
        )
        for number in range(count)
    ]


def fitting(form: dict[str, Any]) -> tuple[int, int]:
    """The size of pictures that a format takes: most take any."""
    return WRITERS[form["format"]].size or (9, 7)


def copies_of(sample: ShardSample, count: int) -> np.ndarray[Any, Any]:
    return np.stack([sample.picture // (copy + 2) for copy in range(count)])


def build(own: list[ShardSample], step: int = 4, **form: Any) -> list[tuple[str, bytes]]:
    output = ShardSettings(**{"copies": 3, "seed": 2**62, **form})
    builder = WRITERS[output.format].builder("train-000002", own, output, {"class_names": CLASSES, "ipmix_job": "{}"})
    for start in range(0, len(own), step):
        stop = min(start + step, len(own))
        out = builder.out(start, stop)
        for place, sample in zip(out, own[start:stop], strict=True):
            place[:] = copies_of(sample, output.copies)
        builder.add(start, out)
    return [(name, bytes(content)) for name, content in builder.finish()]


def put(folder: Path, files: list[tuple[str, bytes]]) -> Path:
    for name, content in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / files[-1][0]


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> dict[str, Any]:
    return FORMS[request.param]


def assert_holds(stored: StoredSample, sample: ShardSample, form: dict[str, Any], clean: bool = True) -> None:
    codec = CODECS[form["encoding"]]
    for field in ("key", "index", "label", "source_index", "source_key", "crop"):
        assert getattr(stored, field) == getattr(sample, field)
    assert stored.size == sample.picture.shape[:2]
    assert stored.checksum == stored.expected
    assert (stored.clean is not None) == clean
    pictures = [*([stored.clean] if stored.clean else []), *stored.copies]
    originals = [*([sample.picture] if clean else []), *copies_of(sample, len(stored.copies))]
    for data, original in zip(pictures, originals, strict=True):
        decoded = codec.decode(data, stored.size)
        assert np.abs(decoded.astype(int) - original).max() <= (0 if codec.lossless else 90)


@pytest.mark.parametrize(
    "changes", [{}, {"clean": False}, {"copies": 1}, {"copies": 12}], ids=["default", "no-clean", "one", "twelve"]
)
def test_samples_come_back_whole(tmp_path: Path, form: dict[str, Any], changes: dict[str, Any]) -> None:
    own = samples(9, fitting(form))
    path = put(tmp_path, build(own, **form, **changes))
    with open_shard(form["format"], path) as view:
        assert len(view) == 9
        assert view.copies == changes.get("copies", 3)
        assert list(view.keys()) == [sample.key for sample in own]
        for position, sample in enumerate(own):
            assert_holds(view.sample(position), sample, form, changes.get("clean", True))
            assert view.label(position) == sample.label
            assert view.size(position) == fitting(form)
        assert [stored.key for stored in view] == list(view.keys())


def test_a_shard_in_memory_reads_like_a_file(form: dict[str, Any]) -> None:
    own = samples(3, fitting(form))
    name, content = build(own, **form)[-1]
    with open_shard(form["format"], content, name) as view:
        assert list(view.keys()) == [sample.key for sample in own]
        if form["format"] != "files":  # whose pictures are files of their own
            assert_holds(view.sample(2), own[2], form)


@pytest.mark.parametrize("name", ["hdf5-png", "tar", "tar-flat", "parquet", "mds", "files"])
def test_pictures_of_several_sizes_fit_in_one_shard(tmp_path: Path, name: str) -> None:
    form = FORMS[name]
    own = samples(2, fitting(form)) + [dataclasses.replace(s, key=f"9{s.key}") for s in samples(2, (30, 41))]
    path = put(tmp_path, build(own, step=2, **form))
    with open_shard(form["format"], path) as view:
        for position, sample in enumerate(own):
            assert_holds(view.sample(position), sample, form)


def test_a_shard_without_samples_is_a_shard(tmp_path: Path, form: dict[str, Any]) -> None:
    """All its pictures may have failed."""
    path = put(tmp_path, build([], **form))
    with open_shard(form["format"], path) as view:
        assert len(view) == 0
        assert list(view) == []


def test_bytes_depend_on_the_content_alone(form: dict[str, Any]) -> None:
    """Not on the chunks that samples come in, nor on the time or the run."""
    own = samples(8, fitting(form))
    assert build(own, step=1, **form) == build(own, step=8, **form)


def test_building_changes_no_picture(form: dict[str, Any]) -> None:
    own = samples(4, fitting(form))
    before = [sample.picture.copy() for sample in own]
    build(own, **form)
    assert all(np.array_equal(sample.picture, copy) for sample, copy in zip(own, before, strict=True))


def test_a_picture_that_is_not_there_is_a_bad_sample(tmp_path: Path, form: dict[str, Any]) -> None:
    path = put(tmp_path, build(samples(2, fitting(form)), clean=False, **form))
    with open_shard(form["format"], path) as view:
        for copy in (-1, 3):
            with pytest.raises(BadSampleError):
                view.stored(0, copy)


@pytest.mark.parametrize("content", [b"", b"\0" * 2000, b"nothing of the kind" * 100])
def test_what_is_no_shard_is_refused(tmp_path: Path, form: dict[str, Any], content: bytes) -> None:
    path = tmp_path / "shard"
    path.write_bytes(content)
    for given_as in (path, content):
        with pytest.raises(SourceError), open_shard(form["format"], given_as):
            pass
    with pytest.raises(SourceError), open_shard(form["format"], tmp_path / "missing"):
        pass


def survivors(form: dict[str, Any], content: bytes, path: Path) -> list[StoredSample]:
    """The samples of a damaged shard that look whole; nothing but the documented errors may be raised."""
    path.write_bytes(content)
    whole = []
    try:
        with open_shard(form["format"], path) as view:
            for position in range(len(view)):
                try:
                    stored = view.sample(position)
                except BadSampleError:
                    continue
                if stored.checksum == stored.expected:
                    whole.append(stored)
    except SourceError:
        return whole
    return whole


Damage = Callable[[bytearray, np.random.Generator], None]


def flip(content: bytearray, rng: np.random.Generator) -> None:
    content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))


def cut(content: bytearray, rng: np.random.Generator) -> None:
    del content[int(rng.integers(len(content))) :]


def zero(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(len(content)))
    length = min(int(rng.integers(600)), len(content) - start)
    content[start : start + length] = bytes(length)


def scatter(content: bytearray, rng: np.random.Generator) -> None:
    for _ in range(20):
        flip(content, rng)


@pytest.mark.parametrize("damage", [flip, cut, zero, scatter])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_no_sample_of_a_damaged_shard_looks_whole_but_is_not(
    tmp_path: Path, form: dict[str, Any], damage: Damage, seed: int
) -> None:
    own = samples(5, fitting(form))
    files = build(own, **form)
    path = put(tmp_path, files)
    content = bytearray(files[-1][1])
    with open_shard(form["format"], path) as view:
        originals = {stored.key: stored for stored in view}
    damage(content, np.random.default_rng(seed))
    for stored in survivors(form, bytes(content), path):
        assert stored == originals[stored.key]
