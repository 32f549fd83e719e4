"""Scores as tables of text."""

from __future__ import annotations

from collections.abc import Sequence

from ipmix_cli.scoring.measuring.measure import Measure, ModelScores, Scorecard
from ipmix_cli.scoring.measuring.resampling import Estimate
from ipmix_cli.scoring.reading.names import in_order, split_variant


def value_text(measure: Measure) -> str:
    """Return a figure with its interval: ``12.34 [11.70, 12.98]``, in per cent if it is a fraction; "-" for none."""
    return "-" if measure.estimate is None else estimate_text(measure.estimate, measure.per_cent)


def estimate_text(estimate: Estimate, per_cent: bool, sign: bool = False) -> str:
    """Return an estimate as text."""
    scale, digits = (100, 2) if per_cent else (1, 4)
    plus = "+" if sign else ""
    text = f"{estimate.value * scale:{plus}.{digits}f}"
    if interval := estimate.interval():
        low, high = interval
        text += f" [{low * scale:{plus}.{digits}f}, {high * scale:{plus}.{digits}f}]"
    return text


def score_text(card: Scorecard, details: bool = False) -> str:
    """Return all tables: the figures by model, differences from the first model, errors by severity, and notes."""
    parts = [_figures(card, details)]
    if len(card.models) > 1:
        parts.append(_differences(card))
    parts += [table for model in card.models if (table := _by_severity(model))]
    notes = [*card.notes, *_notes(card)]
    if card.replicates:
        notes.append(f"in brackets: 95 % bootstrap intervals over pictures, {card.replicates:,} replicates")
    return "\n\n".join([*parts, "\n".join(notes)]).rstrip()


def shown(card: Scorecard, details: bool) -> list[str]:
    """Return the ids of the figures of the main table."""
    return [name for name in card.ids() if details or not card.first(name).detail]


def unit(measure: Measure) -> str:
    """Return a figure's title with its unit."""
    return f"{measure.title}, %" if measure.per_cent else measure.title


def _figures(card: Scorecard, details: bool) -> str:
    rows: list[Sequence[str]] = [["", *(model.name for model in card.models)]]
    group = ""
    for name in shown(card, details):
        first = card.first(name)
        if first.group != group:
            group = first.group
            rows.append([group, *("" for _ in card.models)])
        values = [value_text(model.measures[name]) if name in model.measures else "-" for model in card.models]
        rows.append([f"  {unit(first)}{_mark(card, name)}", *values])
    return columns(rows)


def _mark(card: Scorecard, name: str) -> str:
    return " *" if any(model.measures[name].note for model in card.models if name in model.measures) else ""


def _notes(card: Scorecard) -> list[str]:
    notes: dict[tuple[str, str], None] = {}
    for name in card.ids():
        for model in card.models:
            measure = model.measures.get(name)
            if measure is not None and measure.note:
                who = f" ({model.name})" if len(card.models) > 1 else ""
                notes[f"* {measure.group}, {measure.title}: {measure.note}", who] = None
    common = {text for text, _ in notes if sum(other == text for other, _ in notes) == len(card.models)}
    return list(dict.fromkeys(text if text in common else text + who for text, who in notes))


def _differences(card: Scorecard) -> str:
    first = card.models[0]
    rows: list[Sequence[str]] = [[f"difference from {first.name}", *(model.name for model in card.models[1:])]]
    for name in shown(card, False):
        measure = card.first(name)
        found = [card.difference(name, model) for model in card.models[1:]]
        if any(item is not None for item in found):
            words = ["-" if item is None else estimate_text(item, measure.per_cent, sign=True) for item in found]
            rows.append([f"  {measure.group}: {unit(measure)}", *words])
    return columns(rows)


def severity_table(model: ModelScores, group: str) -> tuple[list[int], dict[str, list[Measure | None]]]:
    """Return the severities of a corrupted set, and for each corruption its error by severity, then their mean."""
    cells: dict[tuple[str, int], Measure] = {}
    for name, measure in model.measures.items():
        corruption, severity = split_variant(name.removeprefix(f"{group}."))
        if measure.group == group and severity is not None:
            cells[corruption, severity] = measure
    severities = sorted({severity for _, severity in cells})
    table: dict[str, list[Measure | None]] = {}
    for corruption in in_order({corruption for corruption, _ in cells}):
        row = [cells.get((corruption, severity)) for severity in severities]
        table[corruption] = [*row, model.measures.get(f"{group}.{corruption}")]
    return severities, table


def corrupted_groups(model: ModelScores) -> list[str]:
    """Return the names of a model's corrupted sets."""
    return [measure.group for name, measure in model.measures.items() if name == f"{measure.group}.mce"]


def _by_severity(model: ModelScores) -> str:
    tables = []
    for group in corrupted_groups(model):
        severities, table = severity_table(model, group)
        rows = [[f"{model.name}, {group}: error by severity, %", *map(str, severities), "mean"]]
        rows += [[f"  {corruption}", *map(_plain, row)] for corruption, row in table.items()]
        tables.append(columns(rows))
    return "\n\n".join(tables)


def _plain(measure: Measure | None) -> str:
    return "-" if measure is None or measure.estimate is None else f"{100 * measure.estimate.value:.2f}"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns, the first one to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
