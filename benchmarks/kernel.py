"""Time the kernels beside plain Pillow and numpy, in one run: ``python -m benchmarks.kernel``.

One copy is a uint8 picture in and a uint8 picture out; one core; medians of rounds by turns, since machines drift.
Pictures are made on the spot, with the edges and the grain of photographs; the mixing pictures too.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from benchmarks.baseline import Baseline
from ipmix_cli.algorithm.apply import apply_plans, scratch_for
from ipmix_cli.algorithm.kernels import codes
from ipmix_cli.algorithm.mixing_set import MixingSet, mixing_set
from ipmix_cli.algorithm.mixings import MIXERS
from ipmix_cli.algorithm.operations import OPS
from ipmix_cli.algorithm.plan import sample_plans
from ipmix_cli.algorithm.presets import PRESETS
from ipmix_cli.algorithm.warm import warm_up

ROUNDS = 7


@dataclass(frozen=True)
class Case:
    """Pictures of one size, and as many copies of each as a dataset would hold."""

    side: int
    pictures: int
    copies: int
    preset: str
    goal: int


CASES = (Case(32, 300, 10, "cifar", 45), Case(224, 10, 4, "imagenet", 19))


def photographs(count: int, side: int, seed: int) -> np.ndarray:
    """Pictures with shapes, gradients and grain."""
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC), np.float64)
        for _ in range(4):
            top, left = rng.integers(0, side - 4, 2)
            smooth[top : top + rng.integers(3, side), left : left + rng.integers(3, side)] = rng.integers(0, 256, 3)
        pictures.append(np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8))
    return np.stack(pictures)


def seconds(work: Callable[[], object]) -> float:
    """Time of this thread: other processes on the machine do not count."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def compare(case: Case) -> tuple[float, float, float]:
    """Median seconds of a copy: baseline, plans, application."""
    size, config = (case.side, case.side), PRESETS[case.preset]
    pictures = photographs(case.pictures, case.side, 1)
    mixing = mixing_set(list(photographs(20, case.side * 2, 2)), size, config.mixing_ratio)
    out = np.empty((case.pictures, case.copies, *size, 3), np.uint8)
    scratch, baseline = scratch_for(*size, config), Baseline(config, case.side, 0)
    indices, copies = np.arange(case.pictures), case.pictures * case.copies
    plain = min(case.pictures, 200)

    def run_baseline() -> None:
        for number in range(plain):
            baseline.copy(pictures[number], mixing.picture(number % 20))

    rounds = []
    for seed in range(ROUNDS):
        slow = seconds(run_baseline) / plain
        plans = sample_plans(config, size, seed, indices, case.copies, mixing.shapes)
        planning = seconds(lambda s=seed: sample_plans(config, size, s, indices, case.copies, mixing.shapes))
        applying = seconds(lambda p=plans: apply_plans(pictures, p, mixing, config, out, scratch))
        rounds.append((slow, planning / copies, applying / copies))
    slow, planning, applying = np.median(rounds, 0)
    return float(slow), float(planning), float(applying)


def step_time(case: Case, kind: int, name: str, mixing: MixingSet) -> float:
    """Median seconds of one step: chains of three steps of one kind, less chains of none."""
    size, config = (case.side, case.side), replace(PRESETS[case.preset], self_mix=0.0)
    config = replace(config, operations=(name,)) if kind == codes.OPERATION else replace(config, mixings=(name,))
    pictures = photographs(case.pictures, case.side, 1)
    out = np.empty((case.pictures, 1, *size, 3), np.uint8)
    scratch = scratch_for(*size, config)
    many = sample_plans(config, size, 1, np.arange(case.pictures * 40), 1, mixing.shapes).reshape(-1)
    full = many["steps"][(many["lengths"] == 3) & (many["steps"]["kind"][:, :, 0] == kind)]
    plans = sample_plans(config, size, 1, np.arange(case.pictures), 1, mixing.shapes)
    plans["lengths"] = (3, 0, 0)
    plans["steps"][:, 0, 0] = np.resize(full, (case.pictures, 3))
    empty = plans.copy()
    empty["steps"]["kind"], empty["steps"]["code"] = codes.OPERATION, codes.INVERT
    empty["lengths"] = (1, 0, 0)
    times = []
    for _ in range(ROUNDS):
        worked = seconds(lambda: apply_plans(pictures, plans, mixing, config, out, scratch))
        blended = seconds(lambda: apply_plans(pictures, empty, mixing, config, out, scratch))
        times.append((worked - blended) / 3 / case.pictures)
    return max(float(np.median(times)), 0.0)


def table_of_steps() -> None:
    """Print microseconds a step, for each size."""
    banks = {c.side: mixing_set(list(photographs(20, c.side * 2, 2)), (c.side, c.side), 9 / 8) for c in CASES}
    print(f"\n{'step, microseconds':<24}" + "".join(f"{case.side:>8} px" for case in CASES))
    for kind, names in ((codes.OPERATION, OPS), (codes.MIXING, MIXERS)):
        for name in names:
            times = [step_time(case, kind, name, banks[case.side]) * 1e6 for case in CASES]
            print(f"{name:<24}" + "".join(f"{value:>11.2f}" for value in times))


def main() -> None:
    warm_up()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, one core")
    print(f"\n{'copies/s':<16}{'Pillow, numpy':>14}{'ipmix':>10}{'ratio':>8}{'goal':>6}{'us: plan':>11}{'apply':>8}")
    for case in CASES:
        slow, planning, applying = compare(case)
        fast = planning + applying
        print(
            f"{case.side:>4} px, K = {case.copies:<4}{1 / slow:>14,.0f}{1 / fast:>10,.0f}{slow / fast:>8.1f}"
            f"{case.goal:>6}{planning * 1e6:>11.2f}{applying * 1e6:>8.2f}"
        )
    table_of_steps()


if __name__ == "__main__":
    main()
