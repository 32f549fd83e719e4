"""Whole commands as a user types them, everything included but the one-time compilation and the built-in bank.

"as a whole" counts interpreter, imports, opening, reading, kernels, encoding, checksums, fsync and the manifest. The
start is the time of the same command for a few pictures; "after it" is the rate of the others. "CPU" counts seconds of
processors instead of those on the wall, which other programs disturb less; it leaves out waiting for the disk. Ratios
are those of whole commands: copies a second over the plain Pillow-and-numpy IPMix on one core (in memory, no files),
and time over writing as many bytes in shards of 64 MiB with fsync.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.kernel import PLAIN, Bench, work_for
from benchmarks.material import large_source, small_count
from benchmarks.process import Timing, augmented, bank_options, small_job
from benchmarks.setting import Setting
from benchmarks.table import rate, row, times
from benchmarks.writers import write_raw
from ipmix_cli.methods.ipmix.transform import IPMIX
from ipmix_cli.pipeline.banks.bank import builtin_count
from ipmix_cli.pipeline.run.builtin_bank import builtin_bank, builtin_side

BLOCK = 64 * 2**20  # bytes of a default shard


@dataclass(frozen=True)
class Case:
    """A command: what it is called, its options, its pictures, copies of each, their side, and a start's pictures."""

    name: str
    options: tuple[str, ...]
    pictures: int
    each: int
    side: int
    few: int


@dataclass(frozen=True)
class Turn:
    """A command for a few pictures and for all, the baseline's seconds a copy, and those of writing as much."""

    start: Timing
    whole: Timing
    plain: float
    raw: float


def cases(setting: Setting) -> list[Case]:
    """Return the commands."""
    small, photographs = small_count(setting), setting.effort.photographs
    tars = ("--format", "webdataset")
    large = (*large_source(setting), *bank_options(setting, 224), "--copies", "4", *tars, "--encoding", "jpeg")
    return [
        Case("32 px x 10 -> HDF5", small_job(setting), small, 10, 32, 16),
        Case("32 px x 10 -> WebDataset, PNG", (*small_job(setting), *tars), small // 5, 10, 32, 16),
        Case("JPEG x 4, 224 px -> WebDataset, JPEG 95", large, photographs, 4, 224, 4),
    ]


def turns(setting: Setting, case: Case) -> list[Turn]:
    """Run a command interleaved with its yardstick; a first start compiles what is not compiled yet."""
    bench, out = Bench(work_for(setting, case.side, 1)), setting.scratch / "out"
    options = (*case.options, "--jobs", "1", "--limit")
    if setting.effort.builtin:
        make_banks(case)
        augmented((*options, str(case.few)), out)
    found = []
    for _ in range(setting.effort.runs):
        plain = np.median([seconds_of(bench.plain) for _ in range(5)]) / PLAIN[case.side]
        start = augmented((*options, str(case.few)), out)
        whole = augmented((*options, str(case.pictures)), out)
        found.append(Turn(start, whole, float(plain), raw_seconds(setting, whole.folder_bytes)))
    return found


def make_banks(case: Case) -> None:
    """Make the built-in banks of the start and of the whole, if need be: a larger job has a larger one."""
    side = builtin_side((case.side, case.side), IPMIX.settings_for("auto", (case.side, case.side), {}).mixing_ratio)
    for pictures in (case.few, case.pictures):
        builtin_bank(side, builtin_count(side, pictures * case.each))


def seconds_of(action: Callable[[], object]) -> float:
    """Return the seconds on the wall that an action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def raw_seconds(setting: Setting, size: int) -> float:
    """Return how long it takes to write this many bytes, in shards of 64 MiB, each with fsync."""
    folder, block = setting.scratch / "raw", np.random.default_rng(0).bytes(min(size, BLOCK))
    folder.mkdir()
    began = time.perf_counter()
    for number, start in enumerate(range(0, size, BLOCK)):
        write_raw(folder / str(number), block[: size - start])
    seconds = time.perf_counter() - began
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    return seconds


def print_case(setting: Setting, case: Case) -> None:
    """Print the line of one command."""
    found, copies = turns(setting, case), case.pictures * case.each
    later = copies - case.few * case.each

    def middle(value: Callable[[Turn], float]) -> float:
        return float(np.median([value(turn) for turn in found]))

    row(
        f"{case.name} ({case.pictures:,})",
        rate(copies, middle(lambda turn: turn.whole.seconds)),
        f"{middle(lambda turn: turn.start.seconds):.2f} s",
        rate(later, middle(lambda turn: turn.whole.seconds - turn.start.seconds)),
        rate(later, middle(lambda turn: turn.whole.cpu_seconds - turn.start.cpu_seconds)),
        times(middle(lambda turn: turn.plain * copies / turn.whole.seconds)),
        times(middle(lambda turn: turn.whole.seconds / turn.raw)),
        f"{middle(lambda turn: turn.whole.folder_bytes / 1e6 / turn.raw):,.0f}",
    )


def table(setting: Setting) -> None:
    """Print the table."""
    row("", "copies/s", "", "copies/s", "copies/CPU s", "", "", "raw write")
    row("--jobs 1 (pictures)", "as a whole", "start", "after it", "after it", "x plain", "x write", "MB/s")
    for case in cases(setting):
        print_case(setting, case)
