"""The benchmarks run from end to end and print their tables; what they measure is no test's business."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]

ROWS = {
    "kernel": "224 px, 4 of each picture",
    "steps": "random_elements",
    "corruptions": "mean of C-bar, 224 px",
    "augmix": "Pillow and numpy",
    "encoders": "webp, decode",
    "writers": "webdataset flat, png",
    "commands": "JPEG x 4, 224 px -> WebDataset, JPEG 95",
    "scaling": "workers (",
    "memory": "peak MiB",
    "starts": "ipmix --help",
}


def benchmarks(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, cwd=REPOSITORY)


def test_every_section_prints_its_table_without_real_pictures(tmp_path):
    done = benchmarks(*ROWS, "--quick", "--scratch", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "cores to use" in done.stdout
    assert "generated (no --cifar)" in done.stdout
    for section, row in ROWS.items():
        assert f"== {section}" in done.stdout
        assert row in done.stdout
    assert not list(tmp_path.iterdir())


def test_real_pictures_are_used_where_they_are_given(tmp_path, cifar, photographs):
    done = benchmarks("encoders", "--quick", "--scratch", tmp_path, "--cifar", cifar, "--photographs", photographs)
    assert done.returncode == 0, done.stderr
    assert "CIFAR-10's; of 224 px: photographs" in done.stdout


def test_an_unknown_section_is_refused_with_the_names_of_all():
    done = benchmarks("kernels")
    assert done.returncode == 2
    assert "no section kernels: choose from kernel, steps" in done.stderr
