"""Everything that is measured, as tables with ratios, in under five minutes: ``python -m benchmarks``.

    python -m benchmarks [--cifar DIR] [--photographs DIR]

Without real pictures the commands are timed on the demo set. Each table says what its ratios compare.
"""

from __future__ import annotations

import argparse
import platform
import runpy
import sys
from importlib.metadata import version
from pathlib import Path

import joblib

PACKAGES = ("numpy", "numba", "pillow", "opencv-python-headless", "h5py")


def machine() -> str:
    """Say what this runs on."""
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{cpu}, {joblib.cpu_count()} CPUs to use; Python {platform.python_version()}, {packages}"


def table(module: str, *options: str) -> None:
    """Run one of the benchmarks as if it had been typed."""
    print(f"\n== {module} {' '.join(options)}", flush=True)
    sys.argv = [module, *options]
    runpy.run_module(f"benchmarks.{module}", run_name="__main__")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", help="the folder that holds cifar-10-batches-py")
    parser.add_argument("--photographs", help="a folder of class folders with 200 photographs")
    options = parser.parse_args()
    print(machine())
    table("kernel")
    table("encoders", *(["--data-dir", options.cifar, "--source", "cifar10"] if options.cifar else []))
    table("fractal_bank")
    found = [f"--{name}={value}" for name, value in vars(options).items() if value]
    table("end_to_end", *found)


if __name__ == "__main__":
    main()
