"""Damaged inputs of every reader, and damaged pictures."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ipmix_cli.codecs.decode import decode_picture
from ipmix_cli.pipeline.inspect.info import info
from ipmix_cli.sources.ilsvrc_meta import synsets
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.stages import StageClock
from tests.robustness.fuzzing.changes import damaged, refused

PIXELS = np.arange(6 * 32 * 32 * 3, dtype=np.uint8).reshape(6, 32, 32, 3)
LABELS = np.arange(6) % 2
HOT = np.eye(3, dtype=np.uint8)[np.arange(6) % 3]
PICTURES = ("png", "jpeg", "webp", "gif", "tiff", "bmp", "ppm")

Files = dict[str, bytes]


def array(values: object) -> bytes:
    """Return an array as a ``.npy`` file."""
    out = io.BytesIO()
    np.save(out, np.asarray(values))
    return out.getvalue()


def picture(kind: str = "png") -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    Image.fromarray(PIXELS[0]).save(out, kind)
    return out.getvalue()


def arrays() -> Files:
    """Return pictures and labels as ``.npy`` files."""
    return {"images.npy": array(PIXELS), "labels.npy": array(LABELS)}


def npz(labels: object) -> Callable[[], Files]:
    """Return how to make an NPZ file with some labels."""

    def make() -> Files:
        out = io.BytesIO()
        np.savez_compressed(out, images=PIXELS, labels=np.asarray(labels))
        return {"x.npz": out.getvalue()}

    return make


def matlab(compressed: bool) -> Callable[[], Files]:
    """Return how to make a MATLAB file like SVHN's."""

    def make() -> Files:
        import scipy.io

        out = io.BytesIO()
        values = {"X": PIXELS.transpose(1, 2, 3, 0), "y": (LABELS + 1)[:, None].astype(np.uint8)}
        scipy.io.savemat(out, values, do_compression=compressed)
        return {"x.mat": out.getvalue()}

    return make


def stl10() -> Files:
    """Return STL-10's binary files with two pictures."""
    pixels = np.zeros((2, 3, 96, 96), np.uint8)
    return {"train_X.bin": pixels.tobytes(), "train_y.bin": bytes([1, 2]), "class_names.txt": b"a\nb\n"}


def cifar10() -> Files:
    """Return CIFAR-10's binary files."""
    rows = PIXELS.transpose(0, 3, 1, 2).reshape(6, 3072)
    batch = b"".join(bytes([label]) + row.tobytes() for label, row in zip(LABELS, rows, strict=True))
    files = {f"data_batch_{number}.bin": batch for number in range(1, 6)} | {"test_batch.bin": batch}
    return files | {"batches.meta.txt": b"\n".join(b"class%d" % number for number in range(10))}


def cifar10_pickles() -> Files:
    """Return CIFAR-10's python files."""
    from tests.fixtures.sources import python2_pickle

    rows = PIXELS.transpose(0, 3, 1, 2).reshape(6, 3072)
    batch = python2_pickle({"labels": LABELS.tolist(), "data": rows})
    files = {f"data_batch_{number}": batch for number in range(1, 6)} | {"test_batch": batch}
    return files | {"batches.meta": python2_pickle({"label_names": [b"class%d" % number for number in range(10)]})}


def saved() -> Files:
    """Return a data set as Hugging Face's ``datasets`` saves it, with a dictionary."""
    import pyarrow as arrow

    kinds = arrow.array([["low", "high"][label] for label in LABELS]).dictionary_encode()
    table = arrow.table({"image": [picture()] * 6, "label": LABELS, "kind": kinds, "note": list("abcdef")})
    out = io.BytesIO()
    with arrow.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=4)
    state = b'{"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": null}'
    return {"data-00000-of-00001.arrow": out.getvalue(), "state.json": state}


@functools.cache
def ilsvrc() -> bytes:
    """Return a file like the ``meta.mat`` of ILSVRC's development kit."""
    import scipy.io

    fields = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O")]
    values = np.array([(np.array([[n + 1]]), f"n0000000{n}", f"word {n}") for n in range(3)], fields)
    out = io.BytesIO()
    scipy.io.savemat(out, {"synsets": values}, do_compression=True)
    return out.getvalue()


def folders() -> Files:
    """Return class folders with a picture of each format."""
    return {f"{name}/{kind}.{kind}": picture(kind) for name in "ab" for kind in PICTURES}


WHOLE: dict[str, tuple[str | None, str, Callable[[], Files], dict[str, object]]] = {
    "npy": ("npy", "images.npy", arrays, {}),
    "npz of several classes": ("npz", "x.npz", npz(HOT), {"labels_as": "multilabel"}),
    "npz of numbers": ("npz", "x.npz", npz(LABELS / 3), {"labels_as": "real"}),
    "npz of texts": ("npz", "x.npz", npz([f"text {number}" for number in range(6)]), {"labels_as": "text"}),
    "npz without labels": ("npz", "x.npz", npz(LABELS), {"unlabelled": True, "keep": ("labels",)}),
    "matlab": ("matlab", "x.mat", matlab(False), {}),
    "matlab compressed": ("matlab", "x.mat", matlab(True), {}),
    "saved": ("arrow", "", saved, {}),
    "saved, with text": ("arrow", "", saved, {"labels_key": "kind", "labels_as": "names", "keep": ("note",)}),
    "stl10": ("stl10", "", stl10, {}),
    "cifar10": ("cifar10", "", cifar10, {}),
    "cifar10 pickles": ("cifar10", "", cifar10_pickles, {}),
    "folders": ("imagefolder", "", folders, {}),
}
"""Reader, place in the folder, files, and further fields of the spec."""


@functools.cache
def files_of(name: str) -> Files:
    """Return the files of an input, made once."""
    return WHOLE[name][2]()


def damage_one_file(rng: np.random.Generator, folder: Path) -> None:
    """Read every sample of an input of one file that is damaged."""
    from tests.sources.test_hostile_inputs import IDX, VALID, encoded

    name = sorted(VALID)[int(rng.integers(len(VALID)))]
    reader, file, make = VALID[name]
    for beside in ("a.png", "b c.png", "b.png"):
        (folder / beside).write_bytes(encoded("png"))
    labels = IDX[:4][:3] + b"\1" + (2).to_bytes(4, "big") + b"\0\1"
    (folder / "train-labels-idx1-ubyte").write_bytes(labels)
    (folder / file).write_bytes(damaged(make(), rng))
    refused(lambda: drain(SourceSpec(input=str(folder / file), input_format=reader)))


def damage_input(rng: np.random.Generator, folder: Path) -> None:
    """Read every sample of an input of which one file is damaged, named by its format or not."""
    reader, place, _, more = WHOLE[name := sorted(WHOLE)[int(rng.integers(len(WHOLE)))]]
    files = dict(files_of(name))
    victim = sorted(files)[int(rng.integers(len(files)))]
    files[victim] = damaged(files[victim], rng)
    for file, content in files.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(content)
    given = reader if rng.random() < 0.7 else None
    refused(lambda: drain(SourceSpec(input=str(folder / place), input_format=given, **more)))  # type: ignore[arg-type]


def drain(spec: SourceSpec) -> None:
    """Open a source and read it to its end."""
    source = open_source(spec)
    for _ in source.part(0, len(source)).samples(StageClock()):
        pass


def damage_synsets(rng: np.random.Generator, folder: Path) -> None:
    """Read a damaged ``meta.mat``."""
    path = folder / "meta.mat"
    path.write_bytes(damaged(ilsvrc(), rng))
    refused(lambda: synsets(path))


def damage_picture(rng: np.random.Generator, folder: Path) -> None:
    """Decode a damaged picture of some format."""
    del folder
    content = damaged(picture(PICTURES[int(rng.integers(len(PICTURES)))]), rng)
    refused(lambda: decode_picture(content))


def damage_bank(rng: np.random.Generator, folder: Path) -> None:
    """Open a damaged bank of some form, and read every picture."""
    import h5py

    from ipmix_cli.pipeline.banks.mixing import open_bank

    path = folder / "bank.h5"
    with h5py.File(path, "w") as file:
        file["images"], file["labels"], file["family"] = PIXELS, LABELS, np.array([b"ifs"] * 6)
        file.attrs["settings"] = '{"settings": {"count": 6, "size": 32}, "generator": 3}'
    path.write_bytes(damaged(path.read_bytes(), rng))

    def read() -> None:
        bank = open_bank(str(path))
        for number in range(len(bank.shapes)):
            bank.read(number)

    refused(read)
    refused(lambda: info(str(path)))
