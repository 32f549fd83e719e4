"""Reading stored copies needs numpy, h5py, xxhash and Pillow alone, and gives the same pixels."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HEAVY = (
    "cv2",
    "numba",
    "typer",
    "joblib",
    "simplejpeg",
    "tqdm",
    "yaml",
    "jinja2",
    "fsspec",
    "torch",
    "scipy",
    "pandas",
    "pyarrow",
)
CODE = """
import hashlib, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY}:
            raise ImportError(f"{name} is not installed")

if sys.argv[2] == "light":
    sys.meta_path.insert(0, Absent())
from ipmix_cli import ShardDataset
data = ShardDataset(sys.argv[1], view="all")
digest = hashlib.sha256()
for pictures, label in data:
    digest.update(pictures.tobytes() + str(label).encode())
print(len(data), digest.hexdigest())
"""


@pytest.mark.parametrize(
    "form",
    [
        ("hdf5", "raw"),
        ("hdf5", "png"),
        ("webdataset", "webp"),
        ("webdataset", "jpeg"),
        ("parquet", "png"),
        ("mds", "raw"),
        ("cifar", "raw"),
    ],
)
def test_it_reads_without_what_makes_data_sets(
    ipmix: Callable[..., Any], bank: Path, tmp_path: Path, form: tuple[str, str]
) -> None:
    make = ("augment", "--in", "demo", "--limit", 6, "--copies", 2, "--fractals", bank, "--out", tmp_path / "x", "-q")
    ipmix(*make, "--format", form[0], "--encoding", form[1])
    code = CODE.replace("{HEAVY}", repr(set(HEAVY)))
    found = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "x"), kind], capture_output=True, text=True, check=True
        ).stdout
        for kind in ("light", "whole")
    }
    assert len(found) == 1
    assert found.pop().startswith("6 ")
