"""The charts of a report: SVG and HTML text, coloured by the page's own style, every label escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape

WIDTH, HEIGHT = 480, 220  # of a chart's own units; the page scales it
WIDE = 960  # of a chart that has a row of the page to itself
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 44
BINS = 32
MOST_COLUMNS = 300  # of classes: columns of three units each
MOST_TICKS = 5


def histogram(values: Sequence[float], label: str) -> Markup:
    """Return a histogram of numbers from 0 on as SVG, with a mark at the median.

    Parameters
    ----------
    values : sequence of float
    label : str
        What they are, with their unit.
    """
    ticks = nice_ticks(max(float(np.max(values)), 1.0) if len(values) else 1.0)
    counts, edges = np.histogram(values, bins=BINS, range=(0.0, ticks[-1]))
    shares = counts / max(len(values), 1)
    heights = nice_ticks(max(float(shares.max()), 1e-9))
    marks = [_tick_y(share, heights[-1], f"{100 * share:g} %") for share in heights]
    marks += [_tick_x(value, ticks[-1]) for value in ticks]
    scale = (ticks[-1], heights[-1])
    marks += [_bar(edges[i], edges[i + 1], share, scale) for i, share in enumerate(shares) if share]
    if len(values):
        marks.append(_median(float(np.median(values)), ticks[-1]))
    return _svg(f"Histogram: {label}", [*marks, _axis(), _name(label)])


def _bar(start: float, stop: float, share: float, scale: tuple[float, float]) -> str:
    x, right = _x(start, scale[0]), _x(stop, scale[0])
    height = (HEIGHT - TOP - BOTTOM) * share / scale[1]
    title = f"<title>{start:.1f} to {stop:.1f}: {share:.1%}</title>"
    shape = f'x="{x + 0.5:.1f}" y="{HEIGHT - BOTTOM - height:.1f}" width="{right - x - 1:.1f}" height="{height:.1f}"'
    return f'<rect class="bar" {shape}>{title}</rect>'


def _tick_x(value: float, top: float) -> str:
    return f'<text class="tick" x="{_x(value, top):.1f}" y="{HEIGHT - BOTTOM + 15}">{value:g}</text>'


def _tick_y(value: float, highest: float, text: str, width: int = WIDTH) -> str:
    y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / highest
    line = f'<line class="grid" x1="{LEFT}" x2="{width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text class="tick end" x="{LEFT - 5}" y="{y + 4:.1f}">{text}</text>'


def _median(value: float, top: float) -> str:
    x = _x(value, top)
    line = f'<line class="median" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
    return f'{line}<text class="note" x="{x + 4:.1f}" y="{TOP + 9}">median {value:.1f}</text>'


def _x(value: float, top: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * value / top


def class_chart(names: Sequence[str], counts: Sequence[int]) -> Markup:
    """Return how many samples each of many classes has, as SVG: thin columns, from the largest class to the smallest.

    Of more classes than there is room for, neighbours share a column, which is as high as the largest of them.
    """
    order = sorted(range(len(counts)), key=lambda i: -counts[i])
    groups = [group.tolist() for group in np.array_split(np.array(order), min(len(order), MOST_COLUMNS))]
    step, room = (WIDE - LEFT - RIGHT) / len(groups), HEIGHT - TOP - BOTTOM
    ticks = [value for value in nice_ticks(max(counts)) if value == int(value)]
    top = max(ticks[-1], *counts)
    marks = [_tick_y(value, top, f"{value:,.0f}", WIDE) for value in ticks]
    for i, group in enumerate(groups):
        height = room * counts[group[0]] / top
        title = f"{escape(names[group[0]])}: {counts[group[0]]:,}"
        if len(group) > 1:
            title = f"{title} to {escape(names[group[-1]])}: {counts[group[-1]]:,}"
        marks.append(
            f'<rect class="bar" x="{LEFT + i * step + 0.1 * step:.2f}" y="{HEIGHT - BOTTOM - height:.1f}" '
            f'width="{0.8 * step:.2f}" height="{height:.1f}"><title>{title}</title></rect>'
        )
    text = f"{min(counts):,} to {max(counts):,} samples, median {int(np.median(counts)):,}"
    label = f"{len(counts):,} classes, from the largest to the smallest: {text}"
    return _svg(label, [*marks, _axis(WIDE), _name(label, WIDE)], WIDE)


def nice_ticks(top: float) -> list[float]:
    """Return three to six round numbers from 0 up to a value or just above.

    Examples
    --------
    >>> nice_ticks(53), nice_ticks(0.13)
    ([0.0, 20.0, 40.0, 60.0], [0.0, 0.05, 0.1, 0.15])
    """
    power = 10.0 ** math.floor(math.log10(top))
    step = next(size * power for size in (0.2, 0.5, 1.0, 2.0) if top / (size * power) <= MOST_TICKS)
    count = math.ceil(top / step - 1e-9)
    return [float(f"{number * step:.6g}") for number in range(count + 1)]


def _axis(width: int = WIDTH) -> str:
    base = HEIGHT - BOTTOM
    return f'<line class="axis" x1="{LEFT}" x2="{width - RIGHT}" y1="{base}" y2="{base}"/>'


def _name(label: str, width: int = WIDTH) -> str:
    return f'<text class="name" x="{(LEFT + width - RIGHT) / 2}" y="{HEIGHT - 7}">{escape(label)}</text>'


def _svg(label: str, marks: Sequence[str], width: int = WIDTH) -> Markup:
    kind = "chart wide" if width > WIDTH else "chart"
    head = f'<svg class="{kind}" viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="{escape(label)}">'
    return Markup(f"{head}{''.join(marks)}</svg>")
