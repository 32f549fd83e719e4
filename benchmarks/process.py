"""Commands as a user types them, in processes of their own: how long they take, and how much memory."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.material import bank, small_source
from benchmarks.setting import Setting


@dataclass(frozen=True)
class Timing:
    """One run: seconds on the wall, seconds of processors (its workers' too), and the bytes it left in its folder."""

    seconds: float
    cpu_seconds: float
    folder_bytes: int = 0


def timed(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Timing:
    """Run a command to its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Timing(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def ipmix(*words: str) -> list[str]:
    """Return a command of the program."""
    return [sys.executable, "-m", "ipmix_cli", *words]


def augment(options: Sequence[str], out: Path) -> list[str]:
    """Return the command ``ipmix augment``."""
    return ipmix("augment", *options, "--out", str(out), "--quiet")


def augmented(options: Sequence[str], out: Path, environment: Mapping[str, str] | None = None) -> Timing:
    """Run ``ipmix augment`` into a new folder, which is removed again."""
    shutil.rmtree(out, ignore_errors=True)
    run = timed(augment(options, out), environment)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    shutil.rmtree(out)
    return Timing(run.seconds, run.cpu_seconds, size)


def peak_memory(options: Sequence[str], out: Path) -> dict[str, int]:
    """Return the most memory, in KiB and by the system's names, that ``ipmix augment`` and its workers have at once."""
    peak: Counter[str] = Counter()
    with subprocess.Popen(augment(options, out), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak |= family_memory(process.pid)  # the larger of each
            time.sleep(0.05)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    shutil.rmtree(out)
    return peak


def family_memory(process: int) -> Counter[str]:
    """Return the memory of a process and its children in KiB: Pss, where pages that are shared count once, and parts.

    Of its parts, Pss_Anon is the memory proper; Pss_File are pages of files, which the system takes back when it likes.
    """
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:  # it has just ended
        return Counter()
    words = (line.split() for line in lines if line.startswith("Pss"))
    own = Counter({name.rstrip(":"): int(kib) for name, kib, _ in words})
    return sum((family_memory(int(child)) for child in children), own)


def bank_options(setting: Setting, side: int) -> tuple[str, ...]:
    """Return the options that name the bank: none for the built-in one."""
    return () if setting.effort.builtin else ("--fractals", str(bank(setting, side)))


def small_job(setting: Setting) -> tuple[str, ...]:
    """Return the options of the job that several benchmarks run: pictures of 32 px, ten copies of each, to HDF5."""
    return *small_source(setting), *bank_options(setting, 32), "--copies", "10"
