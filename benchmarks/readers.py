"""Pictures per second that training reads: stored, rendered and fresh copies, other readers, and copies made online.

    python -m benchmarks.readers [--source SOURCE --data-dir DIR] [--samples N]

One process, random order where the reader allows one, files in the page cache; seconds are those of the processor.
"x stored" is the ratio to raw HDF5 read in batches, "of kernels" the share of what the kernels alone reach: plans drawn
and applied to pictures in memory. The two "online" lines make copies while training: the plain Pillow-and-numpy IPMix
of ``baseline.py``, and torchvision's AugMix behind its ImageFolder and torch's DataLoader without workers.
"""

from __future__ import annotations

import argparse
import importlib.util
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
from benchmarks.table import row, times
from ipmix_cli.methods.ipmix.presets import PRESETS
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.rendered import checked_mixing, render_chosen
from ipmix_cli.reader import ShardDataset

SIDES = (32, 224)
COPIES = 4
BATCH = {32: 256, 224: 32}
PART = 2048  # pictures of batches that are timed at once, or 300 samples
LONGEST = 3.0  # seconds for one line
FORMS = {
    "hdf5 raw": (),
    "hdf5 lzf": ("--compression", "lzf"),
    "hdf5 png": ("--encoding", "png"),
    "webdataset png": ("--format", "webdataset"),
    "webdataset jpeg": ("--format", "webdataset", "--encoding", "jpeg"),
    "parquet png": ("--format", "parquet"),
    "mds raw": ("--format", "mds"),
    "files png": ("--format", "files"),
    "plans": ("--store", "plans"),
}


def rate(items: Iterator[object], each: int = 1) -> float:
    """Return pictures per second of processor time: the median over the parts of a run, but for the first."""
    rates = []
    next(items)  # kernels are loaded, shards are opened
    began = time.perf_counter()
    while time.perf_counter() - began < LONGEST and len(rates) < 11:
        start, count = time.process_time(), 0
        for _ in itertools.islice(items, 300 if each < min(BATCH.values()) else max(1, PART // each)):
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


def batches(folder: Path, side: int, fresh: bool = False) -> Iterator[object]:
    """Yield shuffled batches of one random copy of each sample, as a DataLoader's worker reads them."""
    data = ShardDataset(folder, view="random", fresh=fresh)
    order = np.random.default_rng(0).permutation(len(data)).tolist()
    starts = range(0, len(order) - BATCH[side] + 1, BATCH[side])
    return forever(lambda: (data.__getitems__(order[start : start + BATCH[side]]) for start in starts))


def kernels_alone(folder: Path, side: int) -> Iterator[object]:
    """Yield batches of copies of clean pictures that are in memory: plans drawn and applied, and nothing else.

    Each batch has other pictures and plans: the same ones again and again would be faster than training can be.
    """
    manifest = open_dataset(str(folder)).manifest
    mixing = checked_mixing(manifest.job, str(manifest.places.fractals))
    pictures = np.ascontiguousarray(ShardDataset(folder, view="clean")[:].pictures)
    generator = np.random.default_rng(0)
    for start in itertools.cycle(range(0, len(pictures) - BATCH[side] + 1, BATCH[side])):
        indices = np.arange(start, start + BATCH[side])
        copies = generator.integers(0, COPIES, (BATCH[side], 1))
        yield render_chosen(manifest.job, mixing, pictures[start : start + BATCH[side]], indices, copies)


def torchvision_augmix(folder: Path, side: int) -> Iterator[object]:
    """Yield batches of torchvision's AugMix of PNG pictures in class folders."""
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    change = v2.Compose([v2.PILToTensor(), v2.AugMix()])
    data = ImageFolder(str(folder / "train"), change, is_valid_file=lambda path: "_clean." in path)
    loader = DataLoader(data, BATCH[side], shuffle=True, drop_last=True)
    return forever(lambda: iter(loader))


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


def line(name: str, items: Iterator[object], each: int = 1, stored: float = 0.0, kernels: float = 0.0) -> float:
    """Print pictures per second, as a ratio to those stored, and as a share of the kernels'; return the first."""
    found = rate(items, each)
    share = f"{found / kernels:.0%}" if kernels else ""
    row(name, f"{found:,.0f}", times(found / stored) if stored else "", share)
    return found


def print_side(side: int, options: argparse.Namespace, root: Path) -> None:
    """Print the lines of one size."""
    row(f"\n{side} px", "pictures/s", "x stored", "of kernels")
    folders = {form: make(form, side, options, root) for form in FORMS}
    each, raw = BATCH[side], folders["hdf5 raw"]
    kernels = line("kernels alone", kernels_alone(raw, side), each)
    stored = line("stored: hdf5 raw, batches", batches(raw, side), each)
    line("rendered: plans, batches", batches(folders["plans"], side), each, stored, kernels)
    line("fresh: hdf5 raw, batches", batches(raw, side, fresh=True), each, stored, kernels)
    for form, folder in folders.items():
        if form not in ("plans", "files png"):
            line(f"ipmix reader, {form}, one random copy", own(folder, "random"), 1, stored)
            line(f"ipmix reader, {form}, triplets", own(folder, "triplet"), 3, stored)
    others(side, folders, root, stored)


def others(side: int, folders: dict[str, Path], root: Path, stored: float) -> None:
    """Print the lines of other readers, and of copies made online; one that is not installed is named."""
    raw, tars, jpeg = (folders[form] for form in ("hdf5 raw", "webdataset png", "webdataset jpeg"))
    readers: dict[str, tuple[str, Callable[[], Iterator[object]], int]] = {
        "h5py alone, one random copy": ("h5py", lambda: h5py_alone(raw), 1),
        "webdataset, webdataset png, all copies": ("webdataset", lambda: webdataset_reader(tars), COPIES + 1),
        "webdataset, webdataset jpeg, all copies": ("webdataset", lambda: webdataset_reader(jpeg), COPIES + 1),
        "Hugging Face streaming, hdf5 raw": ("datasets", lambda: hugging_face(raw, root / "cache"), COPIES + 1),
        "Hugging Face streaming, webdataset png": ("datasets", lambda: hugging_face(tars, root / "cache"), COPIES + 1),
        "online: plain IPMix": ("PIL", lambda: online(raw, side), 1),
        "online: torchvision's AugMix, ImageFolder": (
            "torchvision",
            lambda: torchvision_augmix(folders["files png"], side),
            BATCH[side],
        ),
    }
    for name, (package, items, each) in readers.items():
        if importlib.util.find_spec(package) is None:
            row(name, "not installed")
        else:
            line(name, items(), each, stored)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="demo")
    parser.add_argument("--data-dir")
    parser.add_argument("--samples", type=int, default=2000, help="at 32 px; 200 at 224 px")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for side in SIDES:
            print_side(side, options, Path(name))


if __name__ == "__main__":
    main()
