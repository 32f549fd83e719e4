"""Pictures per second that training reads: ipmix's reader over every format, other readers, and IPMix online.

    python -m benchmarks.readers [--source SOURCE --data-dir DIR] [--samples N]

One process, random order where the reader allows one, files in the page cache; seconds are those of the processor.
"online" makes the copies while training instead: the plain Pillow-and-numpy IPMix of ``baseline.py``.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.baseline import Baseline
from ipmix_cli.methods.ipmix.presets import PRESETS
from ipmix_cli.reader import ShardDataset

SIDES = (32, 224)
COPIES = 4
LONGEST = 3.0  # seconds for one line
FORMS = {
    "hdf5 raw": (),
    "hdf5 lzf": ("--compression", "lzf"),
    "hdf5 png": ("--encoding", "png"),
    "webdataset png": ("--format", "webdataset"),
    "webdataset jpeg": ("--format", "webdataset", "--encoding", "jpeg"),
}


def rate(items: Iterator[object], each: int = 1) -> float:
    """Return pictures per second of processor time: the median over the parts of a run, but for the first."""
    rates = []
    began = time.perf_counter()
    while time.perf_counter() - began < LONGEST and len(rates) < 11:
        start, count = time.process_time(), 0
        for _ in itertools.islice(items, 300):
            count += 1
        if not count:
            break
        rates.append(count * each / (time.process_time() - start))
    return median(rates[1:] or rates)


def forever(make: Callable[[], Iterator[object]]) -> Iterator[object]:
    while True:
        yield from make()


def own(folder: Path, view: str, shuffled: bool = True) -> Iterator[object]:
    """Yield samples of ipmix's reader."""
    data = ShardDataset(folder, view=view)
    order = np.random.default_rng(0).permutation(len(data)) if shuffled else np.arange(len(data))
    return forever(lambda: (data[int(index)] for index in order))


def h5py_alone(folder: Path) -> Iterator[object]:
    """Yield single copies, read at random from the open shards."""
    import h5py

    arrays = [h5py.File(path)["aug"] for path in sorted(folder.glob("*.h5"))]
    generator = np.random.default_rng(0)
    while True:
        array = arrays[generator.integers(len(arrays))]
        yield array[generator.integers(len(array)), generator.integers(COPIES)]


def webdataset_reader(folder: Path) -> Iterator[object]:
    """Yield whole samples, all copies decoded, in order."""
    import webdataset

    tars = sorted(map(str, folder.glob("*.tar")))
    data = webdataset.WebDataset(tars, shardshuffle=False).decode("rgb8")
    return forever(lambda: iter(data))


def hugging_face(folder: Path, cache: Path) -> Iterator[object]:
    """Yield whole samples, all copies decoded, streaming."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from datasets import load_dataset

    data = load_dataset(str(folder), split="train", streaming=True, cache_dir=str(cache))
    return forever(lambda: iter(data))


def online(folder: Path, side: int) -> Iterator[object]:
    """Yield copies made while training."""
    clean = ShardDataset(folder, view="clean")
    preset = "cifar" if side < 64 else "imagenet"
    maker = Baseline(PRESETS[preset], side, 0)
    mixing = np.random.default_rng(1).integers(0, 256, (side * 9 // 8 + 1, side * 9 // 8 + 1, 3), dtype=np.uint8)
    return forever(lambda: (maker.copy(clean[index][0], mixing) for index in range(len(clean))))


def make(form: str, side: int, options: argparse.Namespace, root: Path) -> Path:
    """Make a data set."""
    folder = root / f"{form.replace(' ', '-')}-{side}"
    command = [sys.executable, "-m", "ipmix_cli", "augment", "--in", options.source, "--out", str(folder), "--quiet"]
    command += ["--copies", str(COPIES), "--size", str(side), "--limit", str(options.samples if side < 64 else 200)]
    command += ["--data-dir", options.data_dir] if options.data_dir else []
    subprocess.run([*command, *FORMS[form]], check=True, stdout=subprocess.DEVNULL)
    return folder


def line(name: str, items: Iterator[object], each: int = 1) -> None:
    print(f"{name:44}{rate(items, each):12,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="demo")
    parser.add_argument("--data-dir")
    parser.add_argument("--samples", type=int, default=2000, help="at 32 px; 200 at 224 px")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for side in SIDES:
            print(f"\n{side} px{'':38}{'pictures/s':>12}")
            folders = {form: make(form, side, options, root) for form in FORMS}
            for form, folder in folders.items():
                line(f"ipmix reader, {form}, one random copy", own(folder, "random"))
                line(f"ipmix reader, {form}, triplets", own(folder, "triplet"), 3)
            line("h5py alone, one random copy", h5py_alone(folders["hdf5 raw"]))
            for form in ("webdataset png", "webdataset jpeg"):
                line(f"webdataset, {form}, all copies", webdataset_reader(folders[form]), COPIES + 1)
            line("Hugging Face streaming, hdf5 raw", hugging_face(folders["hdf5 raw"], root / "cache"), COPIES + 1)
            line("Hugging Face streaming, webdataset png", hugging_face(folders["webdataset png"], root), COPIES + 1)
            line("online: plain IPMix", online(folders["hdf5 raw"], side))


if __name__ == "__main__":
    main()
