"""Where the lines, bars and labels of the page's diagrams go; the template draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ipmix_cli.metrics.calibration import Reliability
from ipmix_cli.scoring.measuring.corrupted import mean_of
from ipmix_cli.scoring.measuring.measure import Measure, ModelScores
from ipmix_cli.scoring.measuring.resampling import Estimate
from ipmix_cli.scoring.reading.names import counted
from ipmix_cli.scoring.showing.text import severity_table

MODEL_COLOURS = 8  # that the page's style has


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar of a reliability diagram, in units of the diagram's side; `count` is drawn below it."""

    left: float
    width: float
    accuracy: float
    confidence: float
    share: float
    count: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line over severities: points (x, y), and the band of its intervals as a closed path, both ready for SVG."""

    label: str
    colour: int
    points: str
    dots: tuple[tuple[float, float, str], ...]
    band: str


@dataclass(frozen=True, kw_only=True)
class LineChart:
    """Lines of all models, with the ticks of both axes as (place, label)."""

    title: str
    lines: tuple[Line, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def reliability_bars(curve: Reliability) -> list[Bar]:
    """Return the bars of the bins that are not empty."""
    most = max(int(curve.counts.max()), 1)
    return [
        Bar(
            left=float(curve.edges[i]),
            width=float(curve.edges[i + 1] - curve.edges[i]),
            accuracy=float(curve.accuracy[i]),
            confidence=float(curve.confidence[i]),
            share=int(curve.counts[i]) / most,
            count=int(curve.counts[i]),
        )
        for i in range(len(curve.counts))
        if curve.counts[i]
    ]


def severity_charts(models: Sequence[ModelScores], group: str, size: tuple[float, float]) -> list[LineChart]:
    """Return the chart of the mean over corruptions by severity, then one for each corruption.

    `size` is the width and height of the area between the axes.
    """
    tables = [severity_table(model, group) for model in models]
    severities = sorted({severity for found, _ in tables for severity in found})
    corruptions = list(dict.fromkeys(name for _, table in tables for name in table))
    charts = []
    for corruption in ("", *corruptions):
        rows = [_row(found, table, corruption, severities) for found, table in tables]
        charts.append(_line_chart(corruption or "mean over corruptions", models, rows, severities, size))
    return charts


def _row(
    severities: list[int], table: dict[str, list[Measure | None]], corruption: str, wanted: Sequence[int]
) -> list[Estimate | None]:
    """Return a model's errors of one corruption by severity, or of their mean if none is named."""
    names = [corruption] if corruption else counted(list(table))
    found: list[Estimate | None] = []
    for severity in wanted:
        cells = [table[name][severities.index(severity)] for name in names if name in table and severity in severities]
        estimates = [cell.estimate for cell in cells if cell is not None and cell.estimate is not None]
        found.append(mean_of(estimates) if estimates and len(estimates) == len(names) else None)
    return found


def _line_chart(
    title: str,
    models: Sequence[ModelScores],
    rows: Sequence[Sequence[Estimate | None]],
    severities: Sequence[int],
    size: tuple[float, float],
) -> LineChart:
    width, height = size
    highest = max((_top(estimate) for row in rows for estimate in row if estimate is not None), default=1.0)
    top, step = _scale(highest)

    def x(number: int) -> float:
        return round(width * (number + 0.5) / max(len(severities), 1), 2)

    def y(value: float) -> float:
        return round(height * (1 - min(max(value, 0.0), top) / top), 2)

    lines = []
    for number, (model, row) in enumerate(zip(models, rows, strict=True)):
        there = [(x(i), estimate) for i, estimate in enumerate(row) if estimate is not None]
        if not there:
            continue
        bounds = [(place, *(estimate.interval() or (estimate.value, estimate.value))) for place, estimate in there]
        upper = [f"{place},{y(high)}" for place, _, high in bounds]
        lower = [f"{place},{y(low)}" for place, low, _ in reversed(bounds)]
        lines.append(
            Line(
                label=model.name,
                colour=number % MODEL_COLOURS,
                points=" ".join(f"{place},{y(estimate.value)}" for place, estimate in there),
                dots=tuple((place, y(estimate.value), f"{100 * estimate.value:.2f} %") for place, estimate in there),
                band=" ".join([*upper, *lower]),
            )
        )
    y_ticks = tuple((y(i * step), f"{100 * i * step:.3g}") for i in range(round(top / step) + 1))
    x_ticks = tuple((x(i), str(severity)) for i, severity in enumerate(severities))
    return LineChart(title=title, lines=tuple(lines), x_ticks=x_ticks, y_ticks=y_ticks)


def _top(estimate: Estimate) -> float:
    interval = estimate.interval()
    return estimate.value if interval is None else interval[1]


def _scale(highest: float) -> tuple[float, float]:
    """Return the top of an axis from 0, and the step of its ticks, three to six of them.

    Examples
    --------
    >>> _scale(0.37)
    (0.4, 0.1)
    """
    if highest <= 0:
        return 1.0, 0.25
    power = 10.0 ** math.floor(math.log10(highest))
    step = next(power * part for part in (0.2, 0.25, 0.5, 1.0, 2.0) if highest / (power * part) <= 5)
    return round(step * math.ceil(highest / step - 1e-9), 10), step
