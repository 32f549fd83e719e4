"""The study's table and curves, from the results that are there: means over seeds, with 95 % intervals."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scipy import stats

from benchmarks.study.arms import ARMS, STORED
from benchmarks.study.run import RESULTS

FIGURES = {  # what of `ipmix score` goes into the table, by the title of its column
    "clean error": "clean.error",
    "mean corruption error": "corrupted.mce",
    "RMS calibration error": "clean.rms",
}
Seeds = dict[int, dict[str, Any]]


def results_of(profile: str) -> dict[str, Seeds]:
    """Return the results that are there, by arm and seed, in the order of the arms."""
    found: dict[str, Seeds] = {name: {} for name in ARMS}
    for path in sorted((RESULTS / profile).glob("*.json")):
        result = json.loads(path.read_text())
        found.setdefault(result["arm"], {})[result["seed"]] = result
    return {name: seeds for name, seeds in found.items() if seeds}


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and half width of the 95 % interval of the mean, by Student's t; infinite for one value."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, float("inf")
    half = stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
    return mean, float(half)


def paired(arm: Seeds, other: Seeds, figure: str) -> list[float]:
    """Return the differences of a figure between two arms, of the seeds that both have."""
    return [arm[seed]["figures"][figure] - other[seed]["figures"][figure] for seed in sorted(arm.keys() & other.keys())]


def write_tables(profile: str) -> None:
    """Write ``results/PROFILE.md``, and the curve of error over stored copies beside it as SVG."""
    found = results_of(profile)
    if not found:
        return
    lines = [_row(["arm", "seeds", *FIGURES, "less corruption error than none"]), _row(["---"] * (len(FIGURES) + 3))]
    lines += [_arm_row(name, seeds, found.get("none", {})) for name, seeds in found.items()]
    (RESULTS / f"{profile}.md").write_text("\n".join(lines) + "\n")
    draw_curves(found, RESULTS / f"{profile}.svg")


def _arm_row(name: str, seeds: Seeds, none: Seeds) -> str:
    cells = [_shown([seed["figures"][figure] for seed in seeds.values()]) for figure in FIGURES.values()]
    less = [-difference for difference in paired(seeds, none, FIGURES["mean corruption error"])]
    return _row([name, str(len(seeds)), *cells, _shown(less) if less and name != "none" else ""])


def _shown(values: Sequence[float]) -> str:
    mean, half = interval([100 * value for value in values])
    return f"{mean:.2f}" if half == float("inf") else f"{mean:.2f} ± {half:.2f}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def draw_curves(found: dict[str, Seeds], path: Path) -> None:
    """Draw each figure over the number of stored copies, with those of no and of fresh copies as lines."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(FIGURES), 3.2), layout="constrained")
    panels = figure.subplots(1, len(FIGURES), squeeze=False)[0]
    for panel, (title, name) in zip(panels, FIGURES.items(), strict=True):
        copies = [count for count in STORED if f"ipmix-k{count}" in found]
        mean = _means(found, name)
        points = [mean(f"ipmix-k{count}") for count in copies]
        spread = [min(point[1], 10.0) for point in points]
        panel.errorbar(copies, [point[0] for point in points], spread, marker="o", capsize=3, label="stored")
        for arm, style in (("none", ":"), ("ipmix-fresh", "--")):
            if arm in found:
                panel.axhline(mean(arm)[0], linestyle=style, color="0.4", label=arm.removeprefix("ipmix-"))
        panel.set(title=title, xlabel="stored copies, K", ylabel="%", xscale="log", xticks=copies)
        panel.set_xticks(copies, [str(count) for count in copies])
    panels[0].legend()
    figure.savefig(path, metadata={"Date": None})


def _means(found: dict[str, Seeds], name: str) -> Callable[[str], tuple[float, float]]:
    return lambda arm: interval([100 * seed["figures"][name] for seed in found[arm].values()])
