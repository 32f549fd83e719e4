"""``ipmix score``: predictions in, a table out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ipmix_cli.cli.execution_options import HideProgressOption

if TYPE_CHECKING:
    from ipmix_cli.scoring.measuring.measure import Scorecard

FILES = "What the files are, where they cannot tell"
COMPARED = "What they are compared with"
OUTPUT = "What comes out"


def score(
    predictions: Annotated[
        list[str],
        typer.Argument(
            metavar="PREDICTIONS...",
            help="One per model: a folder written by `ipmix evaluate`, a folder of files, a predictions.toml, or a "
            "single file.",
        ),
    ],
    labels: Annotated[
        str, typer.Option(help="A file of labels, in the order of the pictures or with keys.", rich_help_panel=FILES)
    ] = "",
    scores: Annotated[
        str, typer.Option(help="logits, probabilities, or auto (auto-detected).", rich_help_panel=FILES)
    ] = "auto",
    role: Annotated[
        str,
        typer.Option(
            help="What a single file is for: labelled, corrupted, sequences, anomalies or attacked.  [default: "
            "labelled]",
            rich_help_panel=FILES,
        ),
    ] = "",
    corruption: Annotated[
        str, typer.Option(help="Of one file; without --severity, all severities in a row.", rich_help_panel=FILES)
    ] = "",
    severity: Annotated[int | None, typer.Option(help="Of one file.", min=1, max=5, rich_help_panel=FILES)] = None,
    class_list: Annotated[
        str,
        typer.Option(
            help="Count only 200 of ImageNet's classes: imagenet-a, imagenet-o or imagenet-r.", rich_help_panel=FILES
        ),
    ] = "",
    picture_size: Annotated[
        int | None, typer.Option(help="Height and width of the pictures, in pixels.", min=1, rich_help_panel=FILES)
    ] = None,
    baseline: Annotated[
        str,
        typer.Option(
            help="Predictions of the model whose errors the others are divided by; or alexnet, for ImageNet-C and "
            "-P at "
            "224 px.",
            rich_help_panel=COMPARED,
        ),
    ] = "",
    difficulty: Annotated[
        int,
        typer.Option(
            help="Compare frames of sequences this far apart, except for noise.", min=1, rich_help_panel=COMPARED
        ),
    ] = 1,
    replicates: Annotated[
        int,
        typer.Option(
            help="Bootstrap replicates for the 95 % intervals; 0 for no intervals.", min=0, rich_help_panel=OUTPUT
        ),
    ] = 1000,
    details: Annotated[
        bool,
        typer.Option(
            "--details", help="Also show each corruption and severity, with intervals.", rich_help_panel=OUTPUT
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the scores as JSON, as fractions rather than per cent.", rich_help_panel=OUTPUT
        ),
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the scores as CSV, one line per figure.", rich_help_panel=OUTPUT)
    ] = False,
    html: Annotated[
        str, typer.Option(help="Write one page with diagrams, such as compare.html.", rich_help_panel=OUTPUT)
    ] = "",
    quiet: HideProgressOption = False,
) -> None:
    """Score predictions: error, corruption, consistency, calibration, attacks, anomalies, with 95 % intervals.

    Predictions are logits or probabilities as NPZ, NPY, HDF5, Parquet or CSV. Several models are compared picture by
    picture with the first one. Figures that cannot be told from what is there are marked with the reason.

    Examples:
      ipmix score predictions
      ipmix score mine augmix --baseline vanilla --html compare.html
      ipmix score logits.npy --labels labels.npy --json
      ipmix score fog.npy --corruption fog --labels labels.npy
    """
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.errors import UsageError, check_name
    from ipmix_cli.scoring.measuring.score import ALEXNET, ScoreSettings
    from ipmix_cli.scoring.measuring.score import score as run
    from ipmix_cli.scoring.reading.folder import Given, read_model
    from ipmix_cli.scoring.reading.predictions import KINDS, ROLES

    check_name("kind of scores", scores, KINDS)
    if role:
        check_name("role of predictions", role, ROLES)
    if as_json and as_csv:
        raise UsageError("--json and --csv both print", "give one of them")
    given = Given(
        labels=labels,
        kind=scores,
        role=role,
        corruption=corruption,
        severity=severity,
        class_list=class_list,
        size=None if picture_size is None else (picture_size, picture_size),
    )
    models = [read_model(place, given) for place in predictions]
    divided_by = baseline if baseline in {"", ALEXNET} else read_model(baseline, given)
    settings = ScoreSettings(replicates=replicates, difficulty=difficulty)
    card = run(models, settings, divided_by, Bars(quiet or as_json or as_csv))
    if html:
        _write_page(card, html)
    typer.echo(_printed(card, as_json, as_csv, details))


def _printed(card: Scorecard, as_json: bool, as_csv: bool, details: bool) -> str:
    from ipmix_cli.printable import printable_lines
    from ipmix_cli.scoring.showing import data, text

    if as_json:
        return data.as_json(card)
    return data.as_csv(card).rstrip("\n") if as_csv else printable_lines(text.score_text(card, details))


def _write_page(card: Scorecard, place: str) -> None:
    from pathlib import Path

    from ipmix_cli.printable import encoded
    from ipmix_cli.scoring.showing.page import score_page
    from ipmix_cli.storage.folder import write_atomically

    page = encoded(score_page(card))
    write_atomically(Path(place), page)
    typer.echo(f"{place}: {len(page) / 1e3:,.0f} kB", err=True)
