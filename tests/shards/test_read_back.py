"""Labels as torchvision's rule, webdataset and h5py read them, of classes with odd names."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.pipeline.verify.validate import validate
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec

NAMES = {
    "numbers": [b"1", b"10", b"2", b"3.5"],
    "cases": [b"Cat", b"cat", b"cat ", b"dog"],
    "not-utf8": [b"caf\xe9", b"cafe", b"zebra", b"\xff"],
    "signs": [b"a b", b"a'b", b'a"b', b"a: b", b"a,b", b"#", b"~", b"-"],
    "yaml": [b"yes", b"no", b"null", b"1e3", b"true"],
    "accents": ["é".encode(), "e\u0301".encode(), "日本".encode(), b"z"],
    "splits": [b"train_station", b"test_tube", b"bus"],
}
FORMS = {
    "hdf5": ShardSettings(encoding="raw", copies=1),
    "tars": ShardSettings(format="webdataset", encoding="png", copies=1),
    "files": ShardSettings(format="files", encoding="png", copies=1),
}
Rows = Iterator[tuple[int, int]]
"""Each sample's shade, which is its class's place in the sorted order, and the label that a reader gives it."""


def shade(picture: Any) -> int:
    return int(np.asarray(picture)[0, 0, 0])


def by_h5py(folder: Path) -> Rows:
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as file:
            yield from zip(map(shade, file["clean"]), file["label"][:].tolist(), strict=True)


def by_imagefolder(folder: Path) -> Rows:
    """As torchvision does: the sorted names of the folders are the classes."""
    (root,) = (entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    for label, name in enumerate(sorted(entry.name for entry in os.scandir(root) if entry.is_dir())):
        yield from ((shade(Image.open(path)), label) for path in (root / name).glob("*_clean.png"))


def by_webdataset(folder: Path) -> Rows:
    webdataset = pytest.importorskip("webdataset")
    tars = sorted(map(str, folder.glob("*.tar")))
    for sample in webdataset.WebDataset(tars, shardshuffle=False).decode("rgb8"):
        yield shade(sample["clean.png"]), int(sample["cls"])


READERS: dict[str, tuple[Callable[[Path], Rows], ...]] = {
    "hdf5": (by_h5py,),
    "tars": (by_webdataset,),
    "files": (by_imagefolder,),
}


def save_classes(root: Path, names: list[bytes]) -> None:
    """Two pictures for each class; the shade is the class's place in the order of Python's strings."""
    for place, name in enumerate(sorted(map(os.fsdecode, names))):
        folder = root / name
        folder.mkdir(parents=True)
        for number in range(2):
            data = io.BytesIO()
            Image.fromarray(np.full((8, 8, 3), (place, number, 9), np.uint8)).save(data, "PNG")
            (folder / f"{number}.png").write_bytes(data.getvalue())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Make a data set without copies that move: the clean pictures and their labels are what is read."""

    @functools.cache
    def make(names: str, form: str) -> Path:
        place = tmp_path_factory.mktemp("read-back")
        save_classes(place / "in", NAMES[names])
        source = SourceSpec(input=str(place / "in"), split_folder=".")
        request = Request(source=source, method="cutout", output=FORMS[form], samples_per_shard=3)
        augment(request, str(place / "out"))
        return place / "out"

    return make


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("names", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_every_reader_gives_the_labels_of_the_manifest(names, form, made):
    folder, count = made(names, form), len(NAMES[names])
    assert validate(open_dataset(folder)).passed
    for reader in READERS[form]:
        assert sorted(reader(folder)) == [(place, place) for place in range(count) for _ in range(2)]


def test_validate_finds_a_picture_in_another_class_folder_and_names_the_code(made, tmp_path):
    """The list is written anew with the moved picture, and every checksum fits: only the label disagrees."""
    import dataclasses
    import hashlib
    import shutil

    folder = tmp_path / "out"
    shutil.copytree(made("numbers", "files"), folder)
    dataset = open_dataset(folder)
    record = dataset.manifest.shards[0]
    path = folder / record.name
    text = path.read_text().replace("train/0_1/", "train/1_10/") if "train/0_1/" in path.read_text() else ""
    text = text or path.read_text().replace("train/1/", "train/10/")
    path.write_text(text)
    for name in [line.split("  ")[1] for line in text.splitlines() if not line.startswith("#")]:
        if not (folder / name).exists():
            (moved,) = (folder / "train").glob(f"*/{Path(name).name}")
            moved.rename(folder / name)
    changed = dataclasses.replace(record, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), bytes=len(text))
    shards = (changed, *dataset.manifest.shards[1:])
    forged = dataclasses.replace(dataset, manifest=dataclasses.replace(dataset.manifest, shards=shards))
    assert "other-readers" in {problem.code for problem in validate(forged).problems}
