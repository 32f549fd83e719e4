"""Scores as one self-contained page: tables, reliability diagrams, error by severity, corruptions by model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ipmix_cli.scoring.measuring.measure import Measure, ModelScores, Scorecard
from ipmix_cli.scoring.showing.charts import MODEL_COLOURS, reliability_bars, severity_charts
from ipmix_cli.scoring.showing.text import corrupted_groups, estimate_text, severity_table, shown, unit

CHART = (300.0, 170.0)  # the area between the axes, in the units of the SVG
SMALL = (150.0, 84.0)
SIDE = 150.0  # of a reliability diagram


def score_page(card: Scorecard) -> str:
    """Return the page as HTML."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ipmix_cli.scoring.showing", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    groups = list(dict.fromkeys(group for model in card.models for group in corrupted_groups(model)))
    page: str = environment.get_template("scores.html.j2").render(
        card=card,
        colours=MODEL_COLOURS,
        figures=_figures(card),
        differences=_differences(card),
        reliability=_reliability(card),
        corrupted=[_corrupted(card.models, group) for group in groups],
        chart=CHART,
        small=SMALL,
        side=SIDE,
    )
    return page


def _figures(card: Scorecard) -> list[dict[str, Any]]:
    """Return the rows of the main table: a heading, or a figure with a cell for each model."""
    rows: list[dict[str, Any]] = []
    group = ""
    for name in shown(card, details=False):
        first = card.first(name)
        if first.group != group:
            group = first.group
            rows.append({"heading": group})
        found = [model.measures.get(name) for model in card.models]
        values = [item.estimate.value if item and item.estimate else None for item in found]
        known = [value for value in values if value is not None]
        best = (min if first.lower_is_better else max)(known) if len(known) > 1 else None
        cells = [
            {**_cell(item), "best": best is not None and value == best}
            for item, value in zip(found, values, strict=True)
        ]
        notes = list(dict.fromkeys(item.note for item in found if item and item.note))
        rows.append({"title": unit(first), "cells": cells, "notes": notes})
    return rows


def _cell(measure: Measure | None) -> dict[str, str]:
    if measure is None or measure.estimate is None:
        return {"value": "-", "interval": ""}
    value, _, interval = estimate_text(measure.estimate, measure.per_cent).partition(" ")
    return {"value": value, "interval": interval}


def _differences(card: Scorecard) -> list[dict[str, Any]]:
    """Return how the other models differ from the first one; `side` tells whether the interval excludes zero."""
    rows = []
    for name in shown(card, details=False):
        first = card.first(name)
        cells = []
        for model in card.models[1:]:
            found = card.difference(name, model)
            if found is None:
                cells.append({"value": "-", "interval": "", "side": ""})
                continue
            value, _, interval = estimate_text(found, first.per_cent, sign=True).partition(" ")
            cells.append({"value": value, "interval": interval, "side": _side(found.interval(), first)})
        if any(cell["interval"] or cell["value"] != "-" for cell in cells):
            rows.append({"title": f"{first.group}: {unit(first)}", "cells": cells})
    return rows


def _side(interval: tuple[float, float] | None, measure: Measure) -> str:
    if interval is None or interval[0] <= 0 <= interval[1]:
        return ""
    return "better" if (interval[1] < 0) == measure.lower_is_better else "worse"


def _reliability(card: Scorecard) -> list[dict[str, Any]]:
    found = []
    for number, model in enumerate(card.models):
        for name, curve in model.reliability.items():
            rms = model.measures.get(f"{name}.rms")
            words = "" if rms is None or rms.estimate is None else f"{rms.title}: {100 * rms.estimate.value:.2f} %"
            found.append(
                {
                    "model": model.name,
                    "set": name,
                    "words": words,
                    "colour": number % MODEL_COLOURS,
                    "bars": reliability_bars(curve),
                }
            )
    return found


def _corrupted(models: Sequence[ModelScores], group: str) -> dict[str, Any]:
    """Return the charts over severities, and the map of corruptions by model."""
    charts = severity_charts(models, group, CHART)
    return {
        "name": group,
        "mean": charts[0],
        "each": severity_charts(models, group, SMALL)[1:],
        "map": _heat_map(models, group),
    }


def _heat_map(models: Sequence[ModelScores], group: str) -> list[dict[str, Any]]:
    tables = [severity_table(model, group)[1] for model in models]
    names = list(dict.fromkeys(name for table in tables for name in table))
    means = [[_mean(table, name) for table in tables] for name in names]
    known = [value for row in means for value in row if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)

    def shade(value: float | None) -> int:
        return 0 if value is None else round(8 + 84 * (value - low) / (high - low or 1.0))

    return [
        {
            "corruption": name,
            "cells": [{"text": "-" if value is None else f"{100 * value:.1f}", "shade": shade(value)} for value in row],
        }
        for name, row in zip(names, means, strict=True)
    ]


def _mean(table: dict[str, list[Measure | None]], name: str) -> float | None:
    mean = table[name][-1] if name in table else None
    return None if mean is None or mean.estimate is None else mean.estimate.value
