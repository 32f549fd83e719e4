"""The study's table and curves, from the results that are there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.study.arms import ARMS, STORED
from benchmarks.study.intervals import Mean, Runs, Spread
from benchmarks.study.run import RESULTS

IMAGES = Path(__file__).parents[2] / "docs" / "images"

FIGURES = {  # what of `ipmix score` goes into the table, by the title of its column
    "clean error": "clean.error",
    "corruption error": "corrupted.mce",
    "RMS calibration error, clean": "clean.rms",
    "RMS calibration error, corrupted": "corrupted.rms",
    "flip probability": "sequences.flip",
}
PAIRED = ("clean error", "corruption error")  # as differences from training without copies
CURVES = {"plain loss": "ipmix-k{}", "consistency loss": "ipmix-k{}-jsd"}


def write_tables(profile: str) -> None:
    """Write ``results/PROFILE.md``, and the curves of the figures over stored copies for the documentation, as SVG."""
    found = results_of(profile)
    if not found:
        return
    spreads = {title: Spread(runs_of(found, name)) for title, name in FIGURES.items() if runs_of(found, name)}
    (RESULTS / f"{profile}.md").write_text("\n".join(table(found, spreads)) + "\n")
    draw_curves(spreads, IMAGES / f"study-{profile}.svg")


def results_of(profile: str) -> dict[str, dict[int, dict[str, Any]]]:
    """Return the results that are there, by arm and seed, in the order of the arms."""
    found: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in ARMS}
    for path in sorted((RESULTS / profile).glob("*.json")):
        result = json.loads(path.read_text())
        found.setdefault(result["arm"], {})[result["seed"]] = result
    return {name: seeds for name, seeds in found.items() if seeds}


def runs_of(found: dict[str, dict[int, dict[str, Any]]], name: str) -> Runs:
    """Return a figure in percent, by arm and seed, of the runs that have it."""
    values = {
        arm: {seed: 100 * result["figures"][name] for seed, result in seeds.items() if name in result["figures"]}
        for arm, seeds in found.items()
    }
    return {arm: seeds for arm, seeds in values.items() if seeds}


def table(found: dict[str, dict[int, dict[str, Any]]], spreads: dict[str, Spread]) -> list[str]:
    """Return the lines of the table: an arm a row, then how far one more run may lie from its arm's mean, if known."""
    paired = [title for title in PAIRED if title in spreads]
    titles = ["arm", "runs", *spreads, *(f"{title}, less none" for title in paired), "MB stored"]
    rows = [_row(titles), _row(["---"] * len(titles))]
    for arm, seeds in found.items():
        means = [_shown(spread.mean(arm)) for spread in spreads.values()]
        differences = [_shown(spreads[title].difference(arm, "none"), signed=True) for title in paired]
        rows.append(_row([arm, str(len(seeds)), *means, *differences, _stored(arm, seeds)]))
    more = [spread.further_run() for spread in spreads.values()]
    if float("inf") in more:  # nothing says yet how far runs lie apart
        return rows
    shown = [f"± {half:.2f}" for half in more]
    return [*rows, _row(["one more run, around its arm's mean", "", *shown, *([""] * (len(paired) + 1))])]


def _stored(arm: str, seeds: dict[int, dict[str, Any]]) -> str:
    """Return the megabytes of an arm's copies and clean pictures; arms without a method read nothing but these."""
    most = max(result["stored_bytes"] for result in seeds.values())
    return f"{most / 1e6:,.0f}" if ARMS[arm].method else ""


def _shown(mean: Mean | None, signed: bool = False) -> str:
    if mean is None:
        return ""
    value = f"{mean.value:+.2f}" if signed else f"{mean.value:.2f}"
    return value if mean.half == float("inf") else f"{value} ± {mean.half:.2f}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def draw_curves(spreads: dict[str, Spread], path: Path) -> None:
    """Draw each figure over the number of stored copies, with those of no and of fresh copies as lines."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.2 * len(spreads), 3.4), layout="constrained")
    for panel, (title, spread) in zip(figure.subplots(1, len(spreads), squeeze=False)[0], spreads.items(), strict=True):
        for colour, (loss, arm) in enumerate(CURVES.items()):
            _draw_curve(panel, spread, loss, arm, f"C{colour}")
        panel.set(title=title, xlabel="stored copies, K", ylabel="%", xscale="log")
        panel.set_xticks(STORED, [str(count) for count in STORED])
        panel.minorticks_off()
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize="small")
    with rc_context({"svg.hashsalt": "study"}):
        figure.savefig(path, metadata={"Date": None})


def _draw_curve(panel: Any, spread: Spread, loss: str, arm: str, colour: str) -> None:
    """Draw the curve of one loss: stored copies with intervals, no copies dotted, fresh copies dashed."""
    means = {count: spread.mean(arm.format(count)) for count in STORED}
    there = {count: mean for count, mean in means.items() if mean is not None}
    halves = [mean.half if mean.half != float("inf") else 0.0 for mean in there.values()]
    values = [mean.value for mean in there.values()]
    if not there:
        return
    panel.errorbar(list(there), values, halves, marker="o", capsize=3, color=colour, label=loss)
    suffix = arm.removeprefix("ipmix-k{}")
    for other, style, title in ((f"none{suffix}", ":", "no copies"), (f"ipmix-fresh{suffix}", "--", "fresh copies")):
        mean = spread.mean(other)
        if mean is not None:
            panel.axhline(mean.value, linestyle=style, color=colour, label=f"{title}, {loss}")
