"""``ipmix bank-report``: judge a bank, or any folder of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ipmix_cli.cli.execution_options import HideProgressOption
from ipmix_cli.cli.screen import folded, show, terminal_width

if TYPE_CHECKING:
    from ipmix_cli.pipeline.banks.report import BankReport, FamilyCounts, FamilyRow

WHAT = "What to show"
HEADS = {  # name of a figure -> its column's head
    "luma_std": "std",
    "edge_share": "edges",
    "slope": "slope",
    "colourfulness": "colour",
    "entropy": "entropy",
    "small_std": "std 36",
}
LEGEND = (
    "std of the luma; edges: share of pixels on them; slope of the spectrum; colour: colourfulness; entropy in bits; "
    "std 36 of the luma in a thumbnail of 36 px"
)
NAME_COLUMNS = 12  # of a row's name
COLUMNS = 8  # of a number


def bank_report(
    bank: Annotated[str, typer.Argument(metavar="BANK_OR_FOLDER", help="A bank.h5, or a folder of pictures.")],
    png: Annotated[
        str | None, typer.Option(help="Also draw a contact sheet by family, with histograms.", rich_help_panel=WHAT)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.", rich_help_panel=WHAT)] = False,
    quiet: HideProgressOption = False,
) -> None:
    """Measure a bank by family: contrast, edges, spectrum, colour, near-duplicates; say whether it is good.

    Examples:
      ipmix bank-report bank.h5 --png sheet.png
      ipmix bank-report my-own-pictures --json
    """
    import json

    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.pipeline.banks.report import FamilyCounts, bytes_of, count_of, is_labelled, judged, side_of

    counters, families = FamilyCounts(side_of(bank)), []
    with Bars(quiet or as_json).activity("measuring", count_of(bank), "pictures") as advance:
        for done in judged(bank):
            counters.add(done.family, done.figures, done.rejected)
            families.append(done.family)
            advance(done.index + 1)
    report = counters.report(bytes_of(bank), is_labelled(bank))
    if png is not None:
        write_sheet(png, bank, families, counters)
    show(json.dumps(report.to_dict(), indent=1) if as_json else table(report))


def write_sheet(png: str, bank: str, families: list[str], counters: FamilyCounts) -> None:
    """Draw the contact sheet of a bank into a PNG file."""
    import io
    from pathlib import Path

    from ipmix_cli.pipeline.banks.sheet import bank_sheet
    from ipmix_cli.storage.folder import write_atomically

    buffer = io.BytesIO()
    bank_sheet(bank, families, counters).save(buffer, "PNG")
    write_atomically(Path(png), buffer.getvalue())


def table(report: BankReport) -> str:
    """Return the report as lines for a person: the verdict, medians by family, percentiles over all."""
    rows = [["family", "drawn", "redrawn", *HEADS.values()]]
    rows += [_row(name, row) for name, row in report.families.items()]
    rows.append(_row("all", report.total))
    for place, name in ((0, "   5 %"), (2, "  95 %")):
        rows.append([name, "", "", *(f"{report.total.percentiles[figure][place]:.2f}" for figure in HEADS)])
    lines = [folded(_verdict(report), 2), "", *_columns(rows), folded(LEGEND, 2)]
    lines += _redrawn(report)
    size = f", {report.bytes / 1e6:,.1f} MB" if report.bytes else ""
    lines.append(f"{report.total.pictures:,} pictures{size}; {report.duplicates:.2%} look like an earlier one")
    return "\n".join(lines)


def _verdict(report: BankReport) -> str:
    """Return in one line whether the bank is good, and why not."""
    why = "; ".join(filter(None, [report.worst, *report.warnings]))
    return f"{report.verdict}: {why or 'contrast, edges, spectrum and colour as in photographs, and few look alike'}"


def _redrawn(report: BankReport) -> list[str]:
    """Return which families were redrawn and why, and a legend of the words for that."""
    from ipmix_cli.pipeline.banks.report import REASONS

    lines = []
    for name, row in report.families.items():
        if row.redrawn:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in row.redrawn.items())
            lines.append(folded(f"redrawn: {name}: {reasons}", 2))
    words = sorted({reason for row in report.families.values() for reason in row.redrawn})
    return [*lines, *(f"  {word:<13}{REASONS[word]}" for word in words if word in REASONS)]


def _row(name: str, row: FamilyRow) -> list[str]:
    medians = (f"{row.percentiles[figure][1]:.2f}" for figure in HEADS)
    return [name, f"{row.pictures:,}", f"{sum(row.redrawn.values()):,}", *medians]


def _columns(rows: list[list[str]]) -> list[str]:
    """Return the lines of a table, of several tables below each other where a terminal is too narrow for one."""
    width, columns = terminal_width(), len(rows[0]) - 1
    fitting = min(columns, max(1, (width - NAME_COLUMNS) // COLUMNS)) if width else columns
    tables = []
    for start in range(1, columns + 1, fitting):
        tables += [
            f"{row[0]:<{NAME_COLUMNS}}" + "".join(f"{cell:>{COLUMNS}}" for cell in row[start : start + fitting])
            for row in rows
            if any(row[start : start + fitting])
        ] + [""]
    return tables
