"""Tables in plain text, the way all benchmarks print them."""

from __future__ import annotations

NAME, CELL = 46, 14  # characters


def row(name: str, *cells: str) -> None:
    """Print a line: a name and its figures, which are seen as soon as they are there."""
    print(f"{name:<{NAME}}" + "".join(f" {cell:>{CELL - 1}}" for cell in cells), flush=True)


def rate(count: float, seconds: float) -> str:
    """Return how many a second; a dash for a time that is lost in the noise."""
    return f"{count / seconds:,.0f}" if seconds > 0 else "-"


def times(ratio: float) -> str:
    """Return how many times as much, to two or three digits."""
    return f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.1f}x" if ratio >= 10 else f"{ratio:.2f}x"


def micro(seconds: float) -> str:
    """Return microseconds, to three digits where there are as many."""
    value = seconds * 1e6
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
