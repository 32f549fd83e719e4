"""Small files that claim or unpack to gigabytes are refused in bounded memory and time."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

MEMORY = 3 * 2**29  # bytes of data that a command may take: less than 2 GB
SECONDS = 100

PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[3]),) * 2)
from ipmix_cli.errors import IpmixError
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.stages import StageClock
try:
    if sys.argv[2] == "bank":
        from ipmix_cli.pipeline.banks.mixing import open_bank
        open_bank(sys.argv[1]).digest
    else:
        source = open_source(SourceSpec(input=sys.argv[1]))
        for _ in source.part(0, len(source)).samples(StageClock()):
            pass
except IpmixError as error:
    print("refused:", error)
"""


def deflated(file: h5py.File, name: str, shape: tuple[int, ...], chunk: tuple[int, ...], dtype: object) -> None:
    """Make an array of zeros whose chunks are all the same few bytes."""
    data = file.create_dataset(name, shape, dtype, chunks=chunk, compression="gzip")
    content = zlib.compress(bytes(int(np.prod(chunk)) * data.dtype.itemsize), 9)
    for index in np.ndindex(*(-(-whole // part) for whole, part in zip(shape, chunk, strict=True))):
        data.id.write_direct_chunk(tuple(i * part for i, part in zip(index, chunk, strict=True)), content)


def labels_of_text(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros((3000, 2, 2, 3), np.uint8)
        deflated(file, "labels", (3000,), (100,), "S1000000")


def tiny_pictures(path: Path) -> None:
    with h5py.File(path, "w") as file:
        deflated(file, "images", (4 * 10**8, 2, 2, 3), (10**7, 2, 2, 3), "u1")
        deflated(file, "labels", (4 * 10**8,), (10**7,), "u1")


def one_shared_object(path: Path) -> None:
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", (64,), h5py.vlen_dtype(np.uint8))
        images[0] = np.zeros(50_000_000, np.uint8)
        file["labels"] = np.zeros(64, int)
        offset = images.id.get_offset()
    content = bytearray(path.read_bytes())
    content[offset : offset + 16 * 64] = content[offset : offset + 16] * 64
    path.write_bytes(content)


def nested_heaps(path: Path) -> None:
    head = b"GCOL\x01\0\0\0"
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", (2,), h5py.vlen_dtype(np.uint8))
        images[0] = np.zeros(4_000_000, np.uint8)
        file["labels"] = np.zeros(2, int)
        file.attrs["class_names"] = ["a", "b"]
    content = bytearray(path.read_bytes())
    at = content.index(bytes(1_000_000))
    for place in range(at, at + 3_000_000, 32):  # each reaches to the end of the file
        length = len(content) - place
        content[place : place + 32] = head + length.to_bytes(8, "little") + b"\1\0" + bytes(6) + bytes(8)
    path.write_bytes(content)


def run_length_labels(path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    count = 40_000_000
    image = arrow.array([b"x"] * 1, arrow.binary())
    images = arrow.DictionaryArray.from_arrays(arrow.array(np.zeros(count, np.int8)), image)
    table = arrow.table({"image": images, "label": np.zeros(count, np.int64)})
    parquet.write_table(table, path)


def pictures_of_zeros(path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    with parquet.ParquetWriter(path, arrow.schema({"image": arrow.binary(), "label": arrow.int64()})) as writer:
        zeros = arrow.array([bytes(200_000_000)], arrow.binary())
        for _ in range(2):
            writer.write_table(arrow.table({"image": zeros, "label": [0]}))


META = b"\x80\2}q\0U\x0blabel_namesq\1]q\2(" + b"".join(b"U\1" + letter.encode() for letter in "abcdefghij") + b"es."


def text_encoded_again_and_again(path: Path) -> None:
    path.mkdir()
    text = b"\xc3\xbf" * 5_000_000
    call = b"c_codecs\nencode\n" + b"q\1" + b"h\0" + b"X\6\0\0\0latin1" + b"\x86R"
    data = b"\x80\2}(X\4\0\0\0data]X" + len(text).to_bytes(4, "little") + text + b"q\0" + call * 2000 + b"eu."
    for name in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"):
        (path / name).write_bytes(data)
    (path / "batches.meta").write_bytes(
        b"\x80\2}q\0U\x0blabel_namesq\1]q\2(U\1aU\1bU\1cU\1dU\1eU\1fU\1gU\1hU\1iU\1jes."
    )


def sparse(path: Path) -> None:
    (path / "a").mkdir(parents=True)
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path / "a" / "0.png")
    (path / "a" / "x.png").touch()
    os.truncate(path / "a" / "x.png", 100 << 30)


CASES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "labels of text, deflated": ("x.h5", labels_of_text),
    "tiny pictures, deflated": ("x.h5", tiny_pictures),
    "one object that all pictures share": ("x.h5", one_shared_object),
    "heaps one in another": ("x.h5", nested_heaps),
    "labels, run-length coded": ("x.parquet", run_length_labels),
    "pictures of zeros in Parquet": ("x.parquet", pictures_of_zeros),
    "text encoded again and again": ("cifar-10-batches-py", text_encoded_again_and_again),
    "a picture of 100 GB of nothing": ("set", sparse),
}


def outcome(path: Path, kind: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, str(path), kind, str(MEMORY)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)


@pytest.mark.parametrize("case", CASES)
def test_what_swells_is_refused_in_bounded_memory_and_time(case: str, tmp_path: Path) -> None:
    name, make = CASES[case]
    make(tmp_path / name)
    found = outcome(tmp_path / name, "source")
    assert found.returncode == 0, found.stderr[-2000:]


def test_a_bank_of_deflated_black_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "bank.h5", "w") as file:
        deflated(file, "images", (50_000, 256, 256, 3), (500, 256, 256, 3), "u1")
    found = outcome(tmp_path / "bank.h5", "bank")
    assert found.returncode == 0, found.stderr[-2000:]
    assert "stored ones can mean" in found.stdout


@pytest.mark.parametrize("compression", ["gzip", None])
def test_honest_arrays_that_are_nearly_empty_are_read(compression: str | None, tmp_path: Path) -> None:
    """Masks deflate to a thousandth; without compression, an array of any size is what is stored of it."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        images = file.create_dataset("images", (24, 1000, 1000, 3), np.uint8, chunks=(1, 1000, 1000, 3))
        if compression is not None:
            del file["images"]
            deflated(file, "images", (24, 1000, 1000, 3), (1, 1000, 1000, 3), "u1")
        else:
            images[...] = np.zeros(images.shape, np.uint8)  # h5py takes minutes to spread one number
        file["labels"] = np.zeros(24, int)
    found = outcome(tmp_path / "x.h5", "source")
    assert found.returncode == 0, found.stderr[-2000:]
    assert found.stdout == ""
