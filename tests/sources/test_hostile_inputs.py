"""Readers fed with noise and with damaged files: a result, or a clear refusal; never anything else."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ipmix_cli.codecs.decode import decode_picture
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.sources.readers import READERS, open_source
from ipmix_cli.sources.source import BadSample, Sample, SourceSpec
from ipmix_cli.stages import StageClock

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FILE_READERS = [name for name in READERS if name not in {"demo", "imagefolder"}]
PICTURES = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.repeat(PICTURES[0], 4, 0).repeat(4, 1)).save(out, kind)
    return out.getvalue()


def npz(saver) -> bytes:
    out = io.BytesIO()
    saver(out, images=PICTURES, labels=np.array([0, 1]), class_names=np.array(["a", "b"]))
    return out.getvalue()


def hdf5() -> bytes:
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["images"], file["labels"] = PICTURES, np.array([0, 1])
    return out.getvalue()


def parquet() -> bytes:
    arrow = pytest.importorskip("pyarrow")
    writer = pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    table = arrow.table({"image": [{"bytes": encoded("png"), "path": "x"}] * 2, "label": [0, 1]})
    writer.write_table(table, out)
    return out.getvalue()


def webdataset() -> bytes:
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in (("a.png", encoded("png")), ("a.cls", b"1"), ("b.png", encoded("png")), ("b.cls", b"0")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


IDX = struct.pack(">HBBIII", 0, 8, 3, 2, 4, 4) + PICTURES[..., 0].tobytes()
VALID = {
    "npz": ("npz", "x.npz", lambda: npz(np.savez)),
    "npz compressed": ("npz", "x.npz", lambda: npz(np.savez_compressed)),
    "hdf5": ("hdf5", "x.h5", hdf5),
    "idx": ("idx", "train-images-idx3-ubyte", lambda: IDX),
    "idx gz": ("idx", "train-images-idx3-ubyte.gz", lambda: gzip.compress(IDX)),
    "csv": ("list", "x.csv", lambda: b'path,label\na.png,0\n"b c.png",1\n'),
    "jsonl": ("list", "x.jsonl", lambda: b'{"path": "a.png", "label": 0}\n{"path": "b.png", "label": 1}\n'),
    "parquet": ("parquet", "x.parquet", parquet),
    "webdataset": ("webdataset", "x.tar", webdataset),
}


def drained(path: Path, name: str | None) -> None:
    """Open and read a source to its end; only the two errors of a source may come."""
    with contextlib.suppress(SourceError):
        source = open_source(SourceSpec(input=str(path), input_format=name))
        json.dumps(source.settings)
        for sample in source.part(0, len(source)).samples(StageClock()):
            assert isinstance(sample, Sample | BadSample)


mutations = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6) | st.integers(0, 7), st.integers(0, 40)),
    min_size=1,
    max_size=4,
)


def mutated(data: bytes, changes: list[tuple[float, bytes | int, int]]) -> bytes:
    """Flip bits, and replace stretches by others of another length."""
    changed = bytearray(data)
    for place, change, removed in changes:
        at = int(place * len(changed))
        if isinstance(change, int):
            changed[at : at + 1] = bytes(byte ^ 1 << change for byte in changed[at : at + 1])
        else:
            changed[at : at + removed] = change
    return bytes(changed)


@pytest.mark.parametrize("name", FILE_READERS)
@FUZZ
@given(data=st.binary(max_size=400))
def test_noise_is_refused_by_every_reader(name, data, tmp_path):
    path = tmp_path / "noise"
    path.write_bytes(data)
    drained(path, name)


@pytest.mark.parametrize("case", VALID)
@FUZZ
@given(changes=mutations)
def test_damaged_files_are_read_or_refused(case, changes, tmp_path):
    name, file, make = VALID[case]
    path = tmp_path / file
    if name == "idx":
        (tmp_path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, 2) + b"\0\1")
    path.write_bytes(mutated(make(), changes))
    drained(path, name)


@pytest.mark.parametrize("file", ["batches.meta", "data_batch_2"])
@FUZZ
@given(changes=mutations)
def test_damaged_cifar_folders_are_read_or_refused(file, changes, cifar, tmp_path):
    for path in (cifar / "cifar-10-batches-py").iterdir():
        if not (tmp_path / path.name).exists():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / file).write_bytes(mutated((cifar / "cifar-10-batches-py" / file).read_bytes(), changes))
    drained(tmp_path, "cifar10")


@FUZZ
@given(changes=mutations, deep=st.booleans())
def test_damaged_cifar_archives_are_read_or_refused(changes, deep, cifar, tmp_path):
    data = (cifar / "cifar-10-python.tar.gz").read_bytes()
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(gzip.compress(mutated(gzip.decompress(data), changes), 1) if deep else mutated(data, changes))
    drained(path, "cifar10")


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "bmp", "tiff", "ppm", "gif"])
@settings(FUZZ, max_examples=150)
@given(changes=mutations)
def test_damaged_pictures_are_decoded_or_refused(kind, changes):
    tracemalloc.start()
    try:
        with contextlib.suppress(BadSampleError):
            picture = decode_picture(mutated(encoded(kind), changes))
            assert picture.dtype == np.uint8
            assert picture.ndim == 3
            assert picture.shape[2] == 3
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2**30


@FUZZ
@given(data=st.binary(max_size=300))
def test_noise_is_no_picture(data):
    with contextlib.suppress(BadSampleError):
        decode_picture(data)


@pytest.mark.parametrize("case", VALID)
def test_a_file_is_refused_at_any_length_that_is_too_short(case, tmp_path):
    name, file, make = VALID[case]
    data = make()
    if name == "idx":
        (tmp_path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, 2) + b"\0\1")
    for length in range(0, len(data), max(1, len(data) // 40)):
        (tmp_path / file).write_bytes(data[:length])
        drained(tmp_path / file, name)


@pytest.mark.parametrize("case", VALID)
def test_what_is_damaged_is_never_taken_for_another_kind(case, tmp_path):
    """Looking at a file raises nothing either."""
    _, file, make = VALID[case]
    data = make()
    for length in (0, 1, 7, 40, len(data) // 2):
        (tmp_path / file).write_bytes(data[:length])
        drained(tmp_path / file, None)
