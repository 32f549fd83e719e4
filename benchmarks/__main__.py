"""Everything that is measured, as tables with ratios, in under five minutes on two cores: ``python -m benchmarks``.

    python -m benchmarks [SECTION ...] [--cifar DIR] [--photographs DIR] [--scratch DIR] [--quick]

Without real pictures the same is measured on generated ones, and the first lines say so. Everything is a ratio to a
yardstick that runs interleaved with it: the plain Pillow-and-numpy IPMix of ``baseline.py``, another library doing the
same, copying the same bytes in memory, or writing them with fsync. Compare ratios between machines, not seconds.

The readers' speed (``python -m benchmarks.readers``), all families of fractals (``python -m benchmarks.fractal_bank``)
and a rehearsal at ImageNet's size (``python -m benchmarks.scale``) are commands of their own.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from benchmarks import fractal_bank
from benchmarks.machine import machine
from benchmarks.material import SIDES, mixing_for, pictures
from benchmarks.setting import FULL, QUICK, Setting
from ipmix_cli.errors import IpmixError
from ipmix_cli.pipeline.run.warmup import warm_up

FAMILIES = ("julia", "kali", "plasma", "flame", "default mix")  # of the fractals' table: all take half a minute


def table_of(module: str) -> Callable[[Setting], None]:
    """Return what prints a section's table."""

    def table(setting: Setting) -> None:
        importlib.import_module(f"benchmarks.{module}").table(setting)

    return table


def fractals(setting: Setting) -> None:
    """Print the main rows of the fractals' table."""
    sys.argv = ["fractal_bank", *(FAMILIES if setting.effort.builtin else ("plasma",))]
    fractal_bank.main()


SECTIONS: dict[str, tuple[str, Callable[[Setting], None]]] = {
    "kernel": ("The kernels, beside plain Pillow and numpy", table_of("kernel")),
    "steps": ("Each operation and each mixing, beside Pillow's and numpy's", table_of("steps")),
    "corruptions": ("Corruptions, beside plain NumPy and SciPy", table_of("corruptions")),
    "methods": ("Methods, beside the libraries that have them", table_of("methods")),
    "augmix": ("AugMix with other libraries", table_of("augmix")),
    "encoders": ("Encoders and decoders, beside memcpy", table_of("encoders")),
    "writers": ("Shards, built and written", table_of("writers")),
    "commands": ("Whole commands", table_of("commands")),
    "scaling": ("Workers", table_of("scaling")),
    "memory": ("Memory", table_of("memory")),
    "starts": ("Starts", table_of("starts")),
    "fractals": ("Fractals, beside a plain numpy chaos game", fractals),
}


def prepare(setting: Setting) -> None:
    """Open the pictures, and compile what is not compiled yet: it costs the first run on a machine, and no table."""
    cv2.setNumThreads(1)
    for side in SIDES:
        pictures(setting, side)
    for name in ("resize", "png", "method ipmix"):
        warm_up(name)
    for side in SIDES:
        mixing_for(setting, side)


def arguments() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"only these of: {', '.join(SECTIONS)}")
    parser.add_argument("--cifar", help="the folder that holds cifar-10-batches-py")
    parser.add_argument("--photographs", help="a folder of JPEG photographs, at any depth")
    parser.add_argument("--scratch", help="where to write, some 2 GB  [default: the system's temporary folder]")
    parser.add_argument(
        "--quick", action="store_true", help="show that everything runs: too little of everything for good figures"
    )
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}: choose from {', '.join(SECTIONS)}")
    return options


def main() -> None:
    """Print all tables."""
    options, began = arguments(), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="ipmix-benchmark-", dir=options.scratch) as scratch:
        setting = Setting(
            cifar=options.cifar,
            photographs=options.photographs,
            scratch=Path(scratch),
            effort=QUICK if options.quick else FULL,
        )
        print(f"{machine()}\n{setting.described()}", flush=True)
        prepare(setting)
        print(f"(ready after {time.perf_counter() - began:.0f} s)", flush=True)
        for name in options.sections or SECTIONS:
            title, table = SECTIONS[name]
            print(f"\n== {name}: {title}", flush=True)
            section_began = time.perf_counter()
            table(setting)
            print(f"({time.perf_counter() - section_began:.0f} s)", flush=True)
    print(f"\neverything: {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except IpmixError as error:  # of pictures that are not where they were said to be
        sys.exit(f"{error.message}: {error.remedy}")
