"""Scores as JSON and CSV: full precision, fractions rather than per cent."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from ipmix_cli.scoring.measuring.measure import Measure, ModelScores, Scorecard
from ipmix_cli.scoring.measuring.resampling import Estimate

COLUMNS = ("model", "set", "measure", "id", "value", "low", "high", "note")


def as_json(card: Scorecard) -> str:
    """Return the scorecard as JSON; numbers that do not exist are null."""
    content = {
        "format": "ipmix scores 1",
        "baseline": card.baseline or None,
        "interval": {"level": 0.95, "kind": "percentile bootstrap over pictures", "replicates": card.replicates},
        "models": [_model(model, card) for model in card.models],
        "notes": list(card.notes),
    }
    return json.dumps(content, indent=1, allow_nan=False)


def _model(model: ModelScores, card: Scorecard) -> dict[str, Any]:
    compared = {} if model is card.models[0] else {"difference_from": card.models[0].name}
    return {
        "name": model.name,
        "predictions": model.where,
        **{str(key): value for key, value in model.facts.items()},
        **compared,
        "measures": {name: _measure(measure, model, card) for name, measure in model.measures.items()},
        "reliability": {
            name: {
                "edges": curve.edges.tolist(),
                "counts": curve.counts.tolist(),
                "confidence": [_number(value) for value in curve.confidence.tolist()],
                "accuracy": [_number(value) for value in curve.accuracy.tolist()],
            }
            for name, curve in model.reliability.items()
        },
    }


def _measure(measure: Measure, model: ModelScores, card: Scorecard) -> dict[str, Any]:
    content: dict[str, Any] = {"title": measure.title, "set": measure.group, **_estimate(measure.estimate)}
    if measure.note:
        content["note"] = measure.note
    if model is not card.models[0] and (difference := card.difference(measure.id, model)) is not None:
        content["difference"] = _estimate(difference)
    return content


def _estimate(estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return {"value": None}
    interval = estimate.interval()
    bounds = {} if interval is None else {"low": _number(interval[0]), "high": _number(interval[1])}
    return {"value": _number(estimate.value), **bounds}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def as_csv(card: Scorecard) -> str:
    """Return the scorecard as CSV, one line for each model and figure."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for model in card.models:
        for name, measure in model.measures.items():
            found = _estimate(measure.estimate)
            numbers = [found.get(key) for key in ("value", "low", "high")]
            words = ["" if number is None else repr(number) for number in numbers]
            writer.writerow([model.name, measure.group, measure.title, name, *words, measure.note])
    return buffer.getvalue()
