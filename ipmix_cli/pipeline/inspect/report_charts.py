"""The charts of a report: SVG and HTML text, coloured by the page's own style, every label escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT = 480, 210  # of a chart's own units; the page scales it
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 12, 34
BINS = 32
MOST_ROWS = 40  # classes up to which each has a row with its name


def histogram(values: Sequence[float], label: str) -> str:
    """Return a histogram of numbers from 0 on as SVG, with a mark at the median.

    Parameters
    ----------
    values : sequence of float
    label : str
        What they are, with their unit.
    """
    top = max(float(np.max(values)), 1.0) if len(values) else 1.0
    counts, edges = np.histogram(values, bins=BINS, range=(0.0, top))
    shares = counts / max(len(values), 1)
    highest = max(float(shares.max()), 1e-9)
    marks = [_bar(edges[i], edges[i + 1], share, (top, highest)) for i, share in enumerate(shares) if share]
    marks += [_tick_x(value, top) for value in np.linspace(0, top, 5)]
    marks += [_tick_y(share, highest) for share in (0.0, highest / 2, highest)]
    if len(values):
        marks.append(_median(float(np.median(values)), top))
    base = HEIGHT - BOTTOM
    marks.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>')
    marks.append(f'<text class="name" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 2}">{escape(label)}</text>')
    return _svg(f"Histogram: {label}", marks)


def _bar(start: float, stop: float, share: float, scale: tuple[float, float]) -> str:
    x, right = _x(start, scale[0]), _x(stop, scale[0])
    height = (HEIGHT - TOP - BOTTOM) * share / scale[1]
    title = f"<title>{start:.1f} to {stop:.1f}: {share:.1%}</title>"
    shape = f'x="{x + 0.5:.1f}" y="{HEIGHT - BOTTOM - height:.1f}" width="{right - x - 1:.1f}" height="{height:.1f}"'
    return f'<rect class="bar" {shape}>{title}</rect>'


def _tick_x(value: float, top: float) -> str:
    text = f"{value:.0f}" if top >= 8 else f"{value:.1f}"
    return f'<text class="tick" x="{_x(value, top):.1f}" y="{HEIGHT - BOTTOM + 14}">{text}</text>'


def _tick_y(share: float, highest: float) -> str:
    y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share / highest
    line = f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text class="tick end" x="{LEFT - 5}" y="{y + 4:.1f}">{share:.1%}</text>'


def _median(value: float, top: float) -> str:
    x = _x(value, top)
    line = f'<line class="median" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
    return f'{line}<text class="note" x="{x + 4:.1f}" y="{TOP + 9}">median {value:.1f}</text>'


def _x(value: float, top: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * value / top


def _svg(label: str, marks: Sequence[str]) -> str:
    head = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
    return f"{head}{''.join(marks)}</svg>"


def balance(names: Sequence[str], counts: Sequence[int]) -> str:
    """Return how many samples each class has: a row for each of a few classes, thin columns for many."""
    if not counts:
        return "<p>There are no samples.</p>"
    highest = max(counts)
    if len(counts) > MOST_ROWS:
        return _columns(names, counts, highest)
    rows = [
        f'<div class="row"><span class="label" title="{escape(name)}">{escape(name)}</span>'
        f'<span class="track"><span class="fill" style="width:{100 * count / highest:.2f}%"></span></span>'
        f'<span class="number">{count:,}</span></div>'
        for name, count in zip(names, counts, strict=True)
    ]
    return f'<div class="rows">{"".join(rows)}</div>'


def _columns(names: Sequence[str], counts: Sequence[int], highest: int) -> str:
    step = (WIDTH - LEFT - RIGHT) / len(counts)
    room = HEIGHT - TOP - BOTTOM
    marks = [
        f'<rect class="bar" x="{LEFT + i * step:.2f}" y="{HEIGHT - BOTTOM - room * count / highest:.1f}" '
        f'width="{step * 0.85:.2f}" height="{room * count / highest:.1f}">'
        f"<title>{escape(name)}: {count:,}</title></rect>"
        for i, (name, count) in enumerate(zip(names, counts, strict=True))
    ]
    for count in (0, highest):
        y = HEIGHT - BOTTOM - room * count / highest
        marks.append(f'<text class="tick end" x="{LEFT - 5}" y="{y + 4:.1f}">{count:,}</text>')
    label = f"{len(counts):,} classes: {min(counts):,} to {highest:,} samples, median {int(np.median(counts)):,}"
    marks.append(f'<text class="name" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}">{escape(label)}</text>')
    return _svg(label, marks)
