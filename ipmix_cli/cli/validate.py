"""``ipmix validate``: check that everything is present, intact, and agrees with its plans."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated

import typer

from ipmix_cli.cli.execution_options import RUNNING, JobsOption, QuietOption
from ipmix_cli.cli.origin_options import moved_source
from ipmix_cli.cli.screen import folded, show
from ipmix_cli.printable import counted

if TYPE_CHECKING:
    from ipmix_cli.pipeline.verify.plan_agreement import PlanAgreement
    from ipmix_cli.pipeline.verify.validate import Report

WHAT = "What to check"
ORIGIN = "What it was made from"
MOST_SHOWN = 50


def validate(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of a finished data set.")],
    level: Annotated[
        str,
        typer.Option(
            help="quick (presence, sizes, counts), standard (also checksums, keys, labels), full (every picture).",
            rich_help_panel=WHAT,
        ),
    ] = "standard",
    sample: Annotated[
        str,
        typer.Option(
            help="Check only some shards: 5% for a random choice, 3/10 for the third tenth.", rich_help_panel=WHAT
        ),
    ] = "",
    replay: Annotated[
        str,
        typer.Option(
            help="Rebuild N, or P%, of the copies from the source and the bank, and compare them.", rich_help_panel=WHAT
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="Seed of the random choices.", min=0, rich_help_panel=WHAT)] = 0,
    source: Annotated[
        str | None,
        typer.Option(help="Compare every label and clean picture with this source.", rich_help_panel=ORIGIN),
    ] = None,
    data_dir: Annotated[str | None, typer.Option(help="Where the named data set is.", rich_help_panel=ORIGIN)] = None,
    fractals: Annotated[
        str | None, typer.Option(help="Where the bank is now, for --replay.", rich_help_panel=ORIGIN)
    ] = None,
    jobs: JobsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.", rich_help_panel=RUNNING)] = False,
    quiet: QuietOption = False,
) -> None:
    """Check a finished data set, and print PASS, or what is wrong and how to fix it.

    Examples:
      ipmix validate shards
      ipmix validate shards --source cifar10 --data-dir data
      ipmix validate shards --level full --replay 1% --json
    """
    from ipmix_cli.cli.execution_options import available_cpus
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.output.dataset import open_dataset
    from ipmix_cli.pipeline.verify.validate import Checks
    from ipmix_cli.pipeline.verify.validate import validate as run

    dataset = open_dataset(folder)
    spec = moved_source(dataset, source, data_dir)
    checks = Checks(level=level, sample=sample, source=spec, replay=replay, fractals=fractals, seed=seed)
    report = run(dataset, checks, Execution(jobs=jobs or available_cpus()), Bars(quiet or as_json))
    if as_json:
        show(json.dumps(report.to_dict(), indent=1))
    elif not (quiet and report.passed):
        show("\n".join(_verdict(report)) if quiet else table(report))
    if not report.passed:
        raise typer.Exit(4)


def table(report: Report) -> str:
    """Return the report as lines for a person."""
    lines = [
        f"{'level':<12}{report.level}",
        f"{'shards':<12}{report.shards:,}",
        f"{'samples':<12}{report.samples:,}",
        f"{'bytes':<12}{report.bytes:,}",
    ]
    lines += _copies(report.agreement)
    if report.compared:
        lines.append(f"{'compared':<12}{report.compared:,} samples with the source")
    if report.replayed:
        lines.append(f"{'replayed':<12}{report.replayed:,} copies")
    return "\n".join([*map(folded, lines), *_verdict(report)])


def _verdict(report: Report) -> list[str]:
    """Return the problems, and whether there are any; the remedy of several in a row stands once, below them."""
    lines = []
    shown = report.problems[:MOST_SHOWN]
    for problem, following in zip_longest(shown, shown[1:]):
        place = " ".join(part for part in (problem.shard, problem.key) if part)
        lines.append(f"PROBLEM     {problem.code}: {place}: {problem.message}")
        if following is None or following.remedy != problem.remedy:
            lines.append(f"            {problem.remedy}")
    if len(report.problems) > MOST_SHOWN:
        lines.append(f"            ... and {len(report.problems) - MOST_SHOWN} more; see them with --json")
    return [*lines, "PASS" if report.passed else f"FAIL: {counted(len(report.problems), 'problem')}"]


def _copies(agreement: PlanAgreement) -> list[str]:
    """Return how copies compare with their clean pictures, and what their plans let expect."""
    lines = []
    if agreement.other:
        changed = agreement.other - agreement.other_unchanged
        lines.append(
            f"{'changed':<12}{changed:,} of {counted(agreement.other, 'copy', 'copies')} whose plan changes the picture"
        )
    if agreement.other_unchanged:
        lines.append(f"{'':<12}the other {agreement.other_unchanged:,} equal it: flat pictures and weak steps do that")
    if agreement.empty:
        kept = agreement.empty - agreement.empty_changed
        lines.append(
            f"{'unchanged':<12}{kept:,} of {counted(agreement.empty, 'copy', 'copies')} whose plan changes nothing"
        )
    return lines
