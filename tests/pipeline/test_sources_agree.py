"""The same pictures give the same copies, whatever form they come in."""

from __future__ import annotations

import io
import tarfile

import h5py
import numpy as np
import pytest
from PIL import Image

from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.stages import StageClock

CLASSES = 3


@pytest.fixture
def pictures(cifar):
    """Thirty real pictures and labels, in the order that class folders give them."""
    source = open_source(SourceSpec(input="cifar10", data_dir=str(cifar)))
    items = list(source.part(0, 200).samples(StageClock()))
    chosen = [item for label in range(CLASSES) for item in [i for i in items if i.label == label][:10]]
    return np.stack([item.picture for item in chosen]), np.array([item.label for item in chosen])


def png(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def as_folder(path, pictures, labels):
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        (path / f"class{label}").mkdir(parents=True, exist_ok=True)
        (path / f"class{label}" / f"{number:04d}.png").write_bytes(png(picture))
    return path


def as_tar(path, pictures, labels):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
            for suffix, content in (("png", png(picture)), ("cls", str(label).encode())):
                member = tarfile.TarInfo(f"{number:04d}.{suffix}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


def as_npz(path, pictures, labels):
    np.savez(path, images=pictures, labels=labels)
    return path


def as_hdf5(path, pictures, labels):
    with h5py.File(path, "w") as file:
        file["images"], file["labels"] = pictures, labels
    return path


FORMS = {
    "folder": ("in", as_folder),
    "tar": ("in.tar", as_tar),
    "npz": ("in.npz", as_npz),
    "hdf5": ("in.h5", as_hdf5),
}


def test_folder_tar_npz_and_hdf5_give_the_same_copies(pictures, bank, tmp_path):
    made = {}
    for form, (name, write) in FORMS.items():
        (tmp_path / form).mkdir()
        source = write(tmp_path / form / name, *pictures)
        request = Request(
            source=SourceSpec(input=str(source)), fractals=str(bank), output=ShardSettings(encoding="auto")
        )
        augment(request, str(tmp_path / f"out-{form}"))
        dataset = open_dataset(tmp_path / f"out-{form}")
        made[form] = [(s.label, s.clean, s.copies) for s in map(dataset.at, range(len(pictures[0])))]
    assert made["folder"] == made["tar"] == made["npz"] == made["hdf5"]
