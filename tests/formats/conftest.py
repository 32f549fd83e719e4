"""What the tests of the readers share: small sources of every kind, and their samples."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.formats.readers import open_source
from ipmix_cli.formats.source import BadSample, Sample, Source, SourceSpec
from ipmix_cli.stages import StageClock

REAL_PICTURES = Path(__file__).parents[3] / "shared" / "data" / "imagenet200.tar"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what is unpacked away from the user's cache."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("ipmix_cli.formats.spool.unpack_root", lambda: cache)
    return cache


@pytest.fixture(scope="session")
def read() -> Callable[..., list[Sample | BadSample]]:
    """Read a source's samples, part by part, each part having been pickled as for a worker."""

    def samples(source: Source, step: int = 7) -> list[Sample | BadSample]:
        found: list[Sample | BadSample] = []
        for start in range(0, len(source), step):
            part = pickle.loads(pickle.dumps(source.part(start, min(start + step, len(source)))))
            found += part.samples(StageClock())
        return found

    return samples


@pytest.fixture(scope="session")
def opened() -> Callable[..., Source]:
    """Open a source by its path and other fields of the spec."""
    return lambda place, **fields: open_source(SourceSpec(input=str(place), **fields))


@pytest.fixture(scope="session")
def pictures() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Twenty-three 32x32 pictures of noise in ten classes."""
    generator = np.random.default_rng(4)
    return generator.integers(0, 256, (23, 32, 32, 3), dtype=np.uint8), np.arange(23) % 10


@pytest.fixture(scope="session")
def png() -> Callable[..., bytes]:
    """Encode an array, or any Pillow image, in memory."""

    def encode(picture: Any, kind: str = "png", **options: Any) -> bytes:
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        out = io.BytesIO()
        image.save(out, kind, **options)
        return out.getvalue()

    return encode


@pytest.fixture
def class_folder(
    tmp_path: Path, pictures: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]], png: Callable[..., bytes]
) -> Path:
    """Hold the noise pictures as a folder of class folders, in an order that keeps equal classes together."""
    root = tmp_path / "classes"
    for number, (picture, label) in enumerate(zip(*pictures, strict=True)):
        path = root / f"class {label}" / f"{number:03} [ü].png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(picture))
    return root


def python2_pickle(entries: dict[str, Any]) -> bytes:
    """Write a dictionary with the opcodes of Python 2, as the published CIFAR files have them."""

    def string(value: bytes) -> bytes:
        short = len(value) < 256
        return (b"U" + bytes([len(value)]) if short else b"T" + struct.pack("<i", len(value))) + value

    def item(value: Any) -> bytes:
        if isinstance(value, np.ndarray):
            head = b"cnumpy.core.multiarray\n_reconstruct\n"
            head += b"q\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03(K\x01"
            shape = b"".join(b"J" + struct.pack("<i", length) for length in value.shape)
            kind = b"\x86cnumpy\ndtype\nU\x02u1K\x00K\x01"
            kind += b"\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
            return head + shape + kind + string(value.tobytes()) + b"tb"
        if isinstance(value, list):
            return b"](" + b"".join(map(item, value)) + b"e"
        return string(value) if isinstance(value, bytes) else b"J" + struct.pack("<i", value)

    return b"\x80\x02}(" + b"".join(string(key.encode()) + item(value) for key, value in entries.items()) + b"u."


@pytest.fixture(scope="session")
def write_pickle() -> Callable[[dict[str, Any]], bytes]:
    """Return the bytes that Python 2 would have written."""
    return python2_pickle


@pytest.fixture(scope="session")
def cifar(tmp_path_factory: pytest.TempPathFactory, pictures: Any) -> Path:
    """Hold small CIFAR-10 and -100 sets in all four published forms: folders, and archives beside them."""
    root = tmp_path_factory.mktemp("cifar")
    images, labels = pictures
    rows = images.transpose(0, 3, 1, 2).reshape(len(images), 3072)
    cuts = {f"data_batch_{number}": slice(4 * number - 4, 4 * number) for number in range(1, 6)}
    cuts["test_batch"] = slice(20, 23)
    names10 = [f"class{number}".encode() for number in range(10)]
    names100 = [f"fine{number}".encode() for number in range(100)]
    files: dict[str, bytes] = {
        "cifar-10-batches-py/batches.meta": python2_pickle({"label_names": names10}),
        "cifar-10-batches-bin/batches.meta.txt": b"\n".join(names10) + b"\n\n",
        "cifar-100-python/meta": python2_pickle({"fine_label_names": names100}),
        "cifar-100-binary/fine_label_names.txt": b"\n".join(names100) + b"\n",
    }
    for name, cut in cuts.items():
        part, own = rows[cut], labels[cut].tolist()
        files[f"cifar-10-batches-py/{name}"] = python2_pickle({"data": part, "labels": own})
        files[f"cifar-10-batches-bin/{name}.bin"] = _records(part, [own])
    for name, cut in (("train", slice(0, 20)), ("test", slice(20, 23))):
        part, fine = rows[cut], (labels[cut] * 9).tolist()
        coarse = [1] * len(fine)
        files[f"cifar-100-python/{name}"] = python2_pickle({"data": part, "fine_labels": fine, "coarse_labels": coarse})
        files[f"cifar-100-binary/{name}.bin"] = _records(part, [coarse, fine])
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    archives = {
        "batches-py": "10-python",
        "batches-bin": "10-binary",
        "python": "100-python",
        "binary": "100-binary",
    }
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        with tarfile.open(root / f"cifar-{archives[folder.name.split('-', 2)[2]]}.tar.gz", "w:gz") as tar:
            tar.add(folder, folder.name)
    return root


def _records(rows: Any, labels: list[list[int]]) -> bytes:
    return b"".join(bytes(own) + row.tobytes() for row, *own in zip(rows, *labels, strict=True))


@pytest.fixture(scope="session")
def photograph_tar() -> Path:
    """Return the tar of 200 real ImageNet photographs, where this machine has it."""
    if not REAL_PICTURES.exists():
        pytest.skip(f"{REAL_PICTURES} is not there")
    return REAL_PICTURES
