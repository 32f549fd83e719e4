"""The kernels beside plain Pillow and numpy: copies a second of one core.

One copy is a uint8 picture in and a uint8 picture out, all in memory: its plan is drawn and applied. "x plain" is the
ratio to :mod:`benchmarks.baseline`, "x memcpy" to copying the copy's bytes once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.baseline import Baseline
from benchmarks.material import Pixels, mixing_for, pictures
from benchmarks.setting import Setting
from benchmarks.table import micro, row, times
from benchmarks.timing import by_turns, ratio, typical
from ipmix_cli.methods.ipmix.apply import apply_plans, workspace_for
from ipmix_cli.methods.ipmix.plan import sample_plans
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.ipmix.transform import IPMIX
from ipmix_cli.methods.mixing_set import MixingSet
from ipmix_cli.methods.steps.chains import PlanArray
from ipmix_cli.pipeline.run.worker import CHUNK_BYTES

CASES = ((32, 10), (32, 1), (224, 4), (224, 1))  # px, copies of each picture
PLAIN = {32: 300, 224: 48}  # copies of the baseline: a turn of about a tenth of a second
DRAWS = 166  # numbers of chance in a plan of three chains of up to three steps


@dataclass(frozen=True)
class Work:
    """Copies to be made of some pictures, chunk by chunk as a worker does it."""

    pictures: Pixels
    mixing: MixingSet
    config: AugmentConfig
    each: int

    @property
    def side(self) -> int:
        """Side of the pictures in pixels."""
        return int(self.pictures.shape[1])

    @property
    def count(self) -> int:
        """Copies in all."""
        return len(self.pictures) * self.each

    def plans(self) -> PlanArray:
        """Draw the plans of all copies."""
        indices = np.arange(len(self.pictures))
        return sample_plans(self.config, (self.side, self.side), 1, indices, self.each, self.mixing.shapes)


class Bench:
    """The work, with memory that is used again, beside the plain way."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.chunk = max(1, CHUNK_BYTES // (work.pictures[0].nbytes * work.each))
        self.ready = work.plans()
        self.out = np.empty((min(self.chunk, len(work.pictures)), work.each, *work.pictures.shape[1:]), np.uint8)
        self.other = np.empty_like(self.out)
        self.scratch = workspace_for(work.side, work.side, work.config)
        self.baseline = Baseline(work.config, work.side, 0)
        self.plain_count = min(PLAIN[work.side], len(work.pictures))

    def apply(self) -> None:
        """Apply all plans."""
        work = self.work
        for start in range(0, len(work.pictures), self.chunk):
            part = slice(start, start + self.chunk)
            chosen = work.pictures[part]
            out = self.out[: len(chosen)]
            apply_plans(chosen, self.ready[part], work.mixing, work.config, out, self.scratch)

    def plain(self) -> None:
        """Make some copies the plain way, one of each picture."""
        mixing = self.work.mixing
        for number in range(self.plain_count):
            self.baseline.copy(self.work.pictures[number], mixing.picture(number % len(mixing.shapes)))

    def memcpy(self) -> None:
        """Copy a chunk of copies."""
        np.copyto(self.other, self.out)

    @property
    def chunk_copies(self) -> int:
        """Copies in what ``memcpy`` copies."""
        return len(self.out) * self.work.each


def work_for(setting: Setting, side: int, each: int) -> Work:
    """Return the work with the preset for a size."""
    return Work(pictures(setting, side), mixing_for(setting, side), IPMIX.settings_for("auto", (side, side), {}), each)


def print_case(setting: Setting, side: int, each: int) -> None:
    """Print the line of one size and number of copies."""
    bench = Bench(work_for(setting, side, each))
    work = bench.work
    actions = {"plain": bench.plain, "plan": work.plans, "apply": bench.apply, "memcpy": bench.memcpy}
    seconds = by_turns(actions, setting.effort.turns)
    plain, own = seconds["plain"] / bench.plain_count, (seconds["plan"] + seconds["apply"]) / work.count
    row(
        f"{side} px, {each} of each picture",
        f"{1 / typical(plain):,.0f}",
        f"{1 / typical(own):,.0f}",
        times(ratio(plain, own)),
        micro(typical(seconds["plan"], work.count)),
        micro(typical(seconds["apply"], work.count)),
        times(ratio(own, seconds["memcpy"] / bench.chunk_copies)),
    )


def print_plans(setting: Setting) -> None:
    """Print what plans cost, beside numpy's drawing as many numbers."""
    row("plans, three chains of up to three", "us/plan", "x numpy draws")
    for side in (32, 224):
        work, rng = work_for(setting, side, 1), np.random.default_rng(0)
        actions: dict[str, Callable[[], object]] = {
            "plans": work.plans,
            "numpy": partial(rng.random, (work.count, DRAWS)),
        }
        seconds = by_turns(actions, setting.effort.turns)
        spent = seconds["plans"]
        row(f"{side} px", micro(typical(spent, work.count)), times(ratio(spent, seconds["numpy"])))


def table(setting: Setting) -> None:
    """Print the table."""
    row("copies/s, one core", "plain", "ipmix", "x plain", "us: plan", "us: apply", "x memcpy")
    for side, each in CASES:
        print_case(setting, side, each)
    print_plans(setting)
