"""Whole commands as a user types them, each beside a yardstick taken in the same run.

    python -m benchmarks.end_to_end [--cifar DIR] [--photographs DIR] [--pictures N]

Copies per second are those of the whole process: interpreter start, imports, reading, plans, kernels, encoding,
checksums, writing and fsync; only the one-time compilation and the built-in bank are made beforehand. The yardsticks
are the plain Pillow-and-numpy IPMix of ``baseline.py`` on one core, and writing the same bytes with fsync alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.baseline import Baseline
from ipmix_cli.algorithm.presets import PRESETS
from ipmix_cli.formats.demo import open_demo
from ipmix_cli.formats.source import SourceSpec
from ipmix_cli.stages import StageClock

REPEATS = 3


@dataclass(frozen=True)
class Case:
    """One command: what it is called, its options, and how many copies it makes."""

    name: str
    options: tuple[str, ...]
    copies: int
    side: int
    jobs: int = 1


@dataclass(frozen=True)
class Timing:
    """One run of a command."""

    seconds: float
    peak_bytes: int
    folder_bytes: int


def run(options: tuple[str, ...], out: Path) -> Timing:
    """Run ``ipmix augment`` in a process of its own, watching the memory of it and its workers."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "ipmix_cli", "augment", *options, "--out", str(out), "--quiet", "--overwrite"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, family_bytes(process.pid))
            time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} exited {process.returncode}")
    seconds = time.perf_counter() - began
    return Timing(seconds, peak, sum(file.stat().st_size for file in out.rglob("*") if file.is_file()))


def family_bytes(process: int) -> int:
    """Return the memory of a process and its children, pages they share counted once (proportional set size)."""
    total = 0
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
        total = int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) * 1024
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except (OSError, StopIteration):
        return total
    return total + sum(family_bytes(int(child)) for child in children)


def raw_write_seconds(size: int, folder: Path) -> float:
    """Return how long it takes to write so many bytes, in shards of 64 MiB, each with fsync."""
    block = np.random.default_rng(0).bytes(64 * 2**20)
    began = time.perf_counter()
    for number, start in enumerate(range(0, size, len(block))):
        with (folder / f"{number}").open("wb") as file:
            file.write(block[: min(len(block), size - start)])
            file.flush()
            os.fsync(file.fileno())
    seconds = time.perf_counter() - began
    for path in folder.iterdir():
        path.unlink()
    return seconds


def baseline_rate(side: int, seconds: float = 1.5) -> float:
    """Return copies per second of the plain IPMix on one core, pictures in memory."""
    rng = np.random.default_rng(0)
    pictures = [item.picture for item in open_demo(SourceSpec(input="demo")).part(0, 50).samples(StageClock())]
    pictures = [np.ascontiguousarray(np.kron(p, np.ones((side // 32, side // 32, 1), np.uint8))) for p in pictures]
    mixing = rng.integers(0, 256, (20, side * 8 // 7, side * 8 // 7, 3), np.uint8)
    plain = Baseline(PRESETS["cifar" if side <= 64 else "imagenet"], side, 0)
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        plain.copy(pictures[count % len(pictures)], mixing[count % len(mixing)])
        count += 1
    return count / (time.perf_counter() - began)


def cases(cifar: str | None, photographs: str | None, pictures: int) -> list[Case]:
    """Return the commands that can be run with the data at hand."""
    found = []
    if cifar:
        source = ("--in", "cifar10", "--data-dir", cifar, "--limit", str(pictures), "--copies", "10")
        tar = ("--format", "webdataset")
        found = [
            Case("CIFAR-10 x 10 -> HDF5", (*source, "--jobs", "1"), pictures * 10, 32),
            Case("CIFAR-10 x 10 -> WebDataset PNG", (*source, *tar, "--jobs", "1"), pictures * 10, 32),
            Case("CIFAR-10 x 10 -> HDF5, 2 workers", (*source, "--jobs", "2"), pictures * 10, 32, 2),
        ]
    if photographs:
        source = ("--in", photographs, "--size", "224", "--copies", "4", "--format", "webdataset")
        found += [
            Case("photographs x 4, 224 px -> JPEG-95 tar", (*source, "--encoding", "jpeg", "--jobs", "1"), 800, 224),
            Case("photographs x 4, 224 px -> PNG tar", (*source, "--jobs", "1"), 800, 224),
        ]
    return found or [Case("demo x 50 -> HDF5", ("--in", "demo", "--copies", "50", "--jobs", "1"), 20_000, 32)]


def measure(case: Case, scratch: Path) -> str:
    """Run a case and its yardsticks in turn, and return its row."""
    rates, to_baseline, to_write, peaks = [], [], [], []
    run(case.options, scratch / "out")  # compiles, and makes the bank
    for _ in range(REPEATS):
        plain = baseline_rate(case.side)
        timing = run(case.options, scratch / "out")
        (scratch / "raw").mkdir(exist_ok=True)
        raw = raw_write_seconds(timing.folder_bytes, scratch / "raw")
        rates.append(case.copies / timing.seconds)
        to_baseline.append(rates[-1] / plain)
        to_write.append(timing.seconds / raw)
        peaks.append(timing.peak_bytes / 2**20)
    return (
        f"{case.name:<40}{median(rates):>12,.0f}{median(rates) / case.jobs:>12,.0f}{median(to_baseline):>10.1f}x"
        f"{median(to_write):>10.1f}x{max(peaks):>10,.0f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", help="the folder that holds cifar-10-batches-py")
    parser.add_argument("--photographs", help="a folder of class folders with 200 photographs")
    parser.add_argument("--pictures", type=int, default=50_000, help="CIFAR pictures to use")
    options = parser.parse_args()
    print(f"{'command':<40}{'copies/s':>12}{'per core':>12}{'/ plain':>11}{'/ write':>11}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory(prefix="ipmix-benchmark-") as scratch:
        for case in cases(options.cifar, options.photographs, options.pictures):
            print(measure(case, Path(scratch)), flush=True)
    print("/ plain: copies/s over plain Pillow-and-numpy IPMix on one core; / write: time over writing the same bytes")


if __name__ == "__main__":
    main()
