"""``ipmix bank-report``: judge a bank, or any folder of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ipmix_cli.cli.execution_options import HideProgressOption
from ipmix_cli.cli.screen import show

if TYPE_CHECKING:
    from ipmix_cli.pipeline.banks.report import BankReport, FamilyCounts, FamilyRow

WHAT = "What to show"
HEADS = {  # name of a figure -> its column's head
    "luma_std": "luma std",
    "edge_share": "edges",
    "slope": "slope",
    "colourfulness": "colourful.",
    "entropy": "entropy",
    "small_std": "std at 36",
}


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
    lines = [_verdict(report), ""]
    lines.append(f"{'family':<12}{'pictures':>9}{'redrawn':>9}" + "".join(f"{head:>11}" for head in HEADS.values()))
    lines += [_line(name, row) for name, row in report.families.items()]
    lines.append(_line("all", report.total))
    for place, name in ((0, "   5 %"), (2, "  95 %")):
        numbers = (report.total.percentiles[figure][place] for figure in HEADS)
        lines.append(f"{name:<30}" + "".join(f"{number:>11.2f}" for number in numbers))
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
            lines.append(f"redrawn: {name}: {reasons}")
    words = sorted({reason for row in report.families.values() for reason in row.redrawn})
    return [*lines, *(f"  {word:<12}{REASONS[word]}" for word in words if word in REASONS)]


def _line(name: str, row: FamilyRow) -> str:
    numbers = "".join(f"{row.percentiles[figure][1]:>11.2f}" for figure in HEADS)
    return f"{name:<12}{row.pictures:>9,}{sum(row.redrawn.values()):>9,}{numbers}"
