"""The same job with one worker, two, four, ... up to the cores: pictures of 32 px, ten copies of each, to HDF5."""

from __future__ import annotations

import joblib
import numpy as np

from benchmarks.material import small_count
from benchmarks.process import Timing, augmented, small_job
from benchmarks.setting import Setting
from benchmarks.table import rate, row, times
from benchmarks.timing import Seconds, ratio, typical

FEW = 16  # pictures of a start


def workers() -> list[int]:
    """Return one, two, four, ... and the number of cores."""
    cores = joblib.cpu_count()
    return sorted({cores, *(2**power for power in range(cores.bit_length()) if 2**power <= cores)})


def turn(setting: Setting, pictures: int) -> dict[int, tuple[Timing, Timing]]:
    """Return the timings of a start and of the whole job, with each number of workers."""
    found = {}
    for count in workers():
        options, out = (*small_job(setting), "--jobs", str(count), "--limit"), setting.scratch / "out"
        found[count] = augmented((*options, str(FEW)), out), augmented((*options, str(pictures)), out)
    return found


def seconds(turns: list[dict[int, tuple[Timing, Timing]]], count: int) -> tuple[Seconds, Seconds]:
    """Return the seconds of the starts and of the whole jobs with this many workers, interleaved."""
    starts, wholes = zip(*(found[count] for found in turns), strict=True)
    return np.array([run.seconds for run in starts]), np.array([run.seconds for run in wholes])


def table(setting: Setting) -> None:
    """Print the table; "x one" is over one worker of the same turn, without and with the start."""
    pictures = small_count(setting)
    copies, later = pictures * 10, (pictures - FEW) * 10
    row(f"workers ({pictures:,} pictures x 10)", "copies/s", "start", "after it", "x one, whole", "x one, after")
    turns = [turn(setting, pictures) for _ in range(setting.effort.runs)]
    for count in workers():
        start, whole = seconds(turns, count)
        one_start, one_whole = seconds(turns, 1)
        row(
            str(count),
            rate(copies, typical(whole)),
            f"{typical(start):.2f} s",
            rate(later, typical(whole - start)),
            times(ratio(one_whole, whole)),
            times(ratio(one_whole - one_start, whole - start)),
        )
