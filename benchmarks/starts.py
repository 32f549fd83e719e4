"""What every command pays before its first copy, beside the interpreter's own start and the imports it cannot avoid.

The kernels come from the cache; the last lines, with an empty cache, are the first command on a machine: it compiles.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.material import bank
from benchmarks.process import Timing, augmented, bank_options, ipmix, timed
from benchmarks.setting import Setting
from benchmarks.table import row, times

ONE = ("--in", "demo", "--limit", "1")
IMPORTS = "numpy, numba, h5py, cv2"


def commands(setting: Setting) -> dict[str, Callable[[], Timing]]:
    """Return what is started, by name."""
    options, out = (*ONE, *bank_options(setting, 32)), setting.scratch / "out"

    def python(code: str) -> Sequence[str]:
        return [sys.executable, "-c", code]

    return {
        "python -c pass": lambda: timed(python("pass")),
        f"python -c 'import {IMPORTS}'": lambda: timed(python(f"import {IMPORTS}")),
        "ipmix --help": lambda: timed(ipmix("--help")),
        "ipmix augment, 1 picture, 1 worker": lambda: augmented((*options, "--jobs", "1"), out),
        "ipmix augment, 1 picture, 2 workers": lambda: augmented((*options, "--jobs", "2"), out),
    }


def table(setting: Setting) -> None:
    """Print the table."""
    there = commands(setting)
    runs: dict[str, list[Timing]] = {name: [] for name in there}
    for _ in range(setting.effort.runs):
        for name, start in there.items():
            runs[name].append(start())
    plain = np.array([run.seconds for run in runs["python -c pass"]])
    row("", "seconds", "CPU seconds", "x python")
    for name, found in runs.items():
        seconds = np.array([run.seconds for run in found])
        cpu = np.median([run.cpu_seconds for run in found])
        row(name, f"{np.median(seconds):.2f}", f"{cpu:.2f}", times(float(np.median(seconds / plain))))
    if setting.effort.cold:
        print_cold(setting)


def print_cold(setting: Setting) -> None:
    """Print what the first command on a machine takes: with one worker and a bank, and as README's first line."""
    options, out = (*ONE, "--jobs", "1", "--fractals", str(bank(setting, 32))), setting.scratch / "out"
    run = augmented(options, out, {"IPMIX_CACHE_DIR": str(setting.scratch / "cache")})
    row("1 picture, 1 worker, nothing compiled yet", f"{run.seconds:.2f}", f"{run.cpu_seconds:.2f}")
    run = augmented(("--in", "demo"), out, {"IPMIX_CACHE_DIR": str(setting.scratch / "empty-cache")})
    row("ipmix augment --in demo, nothing cached", f"{run.seconds:.2f}")  # who compiles is no child of the command
