"""Pictures a second and core at 256x256, by family, beside a plain numpy chaos game with background.

    python benchmarks/fractal_bank.py [FAMILY ...]

In memory: from the seed to an accepted picture, rejected attempts included. CPU time, so that a busy machine
disturbs little; the ratios to the plain game, timed in the same run, are what to compare between machines.
"""

from __future__ import annotations

import colorsys
import functools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fractals import FAMILIES, quality
from fractals.draw_spec import DrawSpec
from fractals.mixes import MIXES
from fractals.picture import drawn, render
from fractals.randomness import RandomStream
from ipmix_cli.pipeline.banks.bank import BankSettings
from ipmix_cli.pipeline.banks.drawing import make_bank

SIZE, POINTS = 256, 100_000
PICTURES = 60
GOALS = {"ifs on plasma": 500, "julia": 150, "kali": 800, "plasma": 800, "flame": 40, "default mix": 100}


def plain_chaos_game(seed: int) -> np.ndarray:
    """Draw an IFS the plain way: 1,000 walkers in numpy, a histogram, a hue ramp, midpoint displacement behind."""
    random = np.random.default_rng(seed)
    maps = random.uniform(-0.6, 0.6, (3, 2, 2))
    shifts = random.uniform(-1, 1, (3, 2))
    walkers, cloud = np.zeros((1000, 2)), []
    for _ in range(POINTS // 1000 + 20):
        chosen = random.integers(0, 3, 1000)
        walkers = np.einsum("nij,nj->ni", maps[chosen], walkers) + shifts[chosen]
        cloud.append(walkers)
    points = np.concatenate(cloud[20:])
    density, _, _ = np.histogram2d(points[:, 0], points[:, 1], SIZE)
    tone = np.log1p(density) / np.log1p(density.max())
    ramp = np.array([colorsys.hsv_to_rgb(hue, 0.8, 0.9) for hue in np.linspace(0, 1, 256)])
    front = ramp[(tone * 255).astype(int)]
    alpha = (density > 0)[..., None]
    return (255 * (alpha * front + ~alpha * plain_plasma(random)[..., None])).astype(np.uint8)


def plain_plasma(random: np.random.Generator) -> np.ndarray:
    """Displace midpoints, level by level, with whole-array operations."""
    field = random.random((2, 2))
    amplitude = 0.5
    while len(field) < SIZE:
        larger = np.repeat(np.repeat(field, 2, axis=0), 2, axis=1)
        field = larger + amplitude * random.uniform(-1, 1, larger.shape)
        amplitude *= 0.55
    return (field - field.min()) / np.ptp(field)


def rate(draw: Callable[[int], object], count: int = PICTURES) -> float:
    """Return pictures a second of CPU: the median over three runs."""
    draw(0)
    rates = []
    for _ in range(3):
        began = time.process_time()
        for index in range(count):
            draw(index)
        rates.append(count / (time.process_time() - began))
    return statistics.median(rates)


def family(name: str) -> Callable[[int], object]:
    spec = DrawSpec(mix={name: 1.0} if name in FAMILIES else MIXES["default"], size=SIZE, seed=1)
    return lambda index: drawn(spec, index)


def ifs_on_plasma(index: int) -> object:
    """Draw an IFS as the bank does, always on a plasma and without a kaleidoscope."""
    found = recipes()[index]
    figures = quality.measure_quality(render(found, SIZE))
    return quality.complaint(figures)


@functools.cache
def recipes() -> list[dict[str, Any]]:
    """Return IFS recipes, made before the clock runs: their 0.3 ms are in the rates of the families below."""
    spec, kept = DrawSpec(mix={"ifs": 1.0}, size=SIZE, seed=1), []
    for index in range(PICTURES):
        recipe = drawn(spec, index).recipe
        recipe.pop("kaleidoscope", None)
        params = FAMILIES["plasma"].sample(RandomStream(1, index))
        recipe["background"] = {"kind": "plasma", "palette": recipe["background"]["palette"], "params": params}
        kept.append(recipe)
    return kept


def written() -> float:
    """Return pictures a second of the default mix, the same as in memory, written to an HDF5 bank by one process."""
    settings = BankSettings(count=PICTURES, size=SIZE, seed=1)
    with tempfile.TemporaryDirectory() as folder:

        def write(_: int) -> object:
            return list(make_bank(settings, Path(folder) / "bank.h5"))

        return PICTURES * rate(write, 1)


def main() -> None:
    rows = {"plain numpy": plain_chaos_game, "ifs on plasma": ifs_on_plasma}
    rows |= {name: family(name) for name in (sys.argv[1:] or [*FAMILIES, "default mix"])}
    base = 0.0
    print(f"{'256x256, one core':<20}{'pictures/s':>12}{'x plain':>10}{'goal':>8}")
    for name, draw in rows.items():
        found = rate(draw)
        base = base or found
        print(f"{name:<20}{found:>12,.0f}{found / base:>10.1f}{GOALS.get(name, ''):>8}", flush=True)
    print(f"{'default, to HDF5':<20}{written():>12,.0f}")


if __name__ == "__main__":
    main()
