"""``ipmix extend``: add pictures to a finished data set."""

from __future__ import annotations

from typing import Annotated

import typer

from ipmix_cli.cli.execution_options import (
    RUNNING,
    JobsOption,
    QuietOption,
    TaskCountOption,
    TaskIndexOption,
    execution_for,
    prepare_workers,
)
from ipmix_cli.cli.screen import show
from ipmix_cli.cli.source_options import (
    PANEL,
    AlphaOption,
    ClassesFromOption,
    DataDirOption,
    EmptyClassesOption,
    ImagesKeyOption,
    InputFormatOption,
    KeepOption,
    LabelFieldOption,
    LabelsAsOption,
    LabelsKeyOption,
    LabelsSeparatorOption,
    LabelsStartOption,
    MaxPicturePixelsOption,
    SplitFolderOption,
    UnlabelledOption,
    spec_of,
)
from ipmix_cli.methods import DEFAULT_METHOD


def extend(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The finished data set.")],
    source: Annotated[str, typer.Option("--in", help="The further pictures.", rich_help_panel=PANEL)],
    data_dir: DataDirOption = None,
    input_format: InputFormatOption = None,
    split: Annotated[str, typer.Option(help="train, test or val.", rich_help_panel=PANEL)] = "train",
    images_key: ImagesKeyOption = None,
    labels_key: LabelsKeyOption = None,
    label_field: LabelFieldOption = None,
    labels_start: LabelsStartOption = 0,
    labels_as: LabelsAsOption = "auto",
    labels_separator: LabelsSeparatorOption = None,
    unlabelled: UnlabelledOption = False,
    keep: KeepOption = None,
    classes_from: ClassesFromOption = None,
    split_folder: SplitFolderOption = None,
    empty_classes: EmptyClassesOption = "refuse",
    alpha: AlphaOption = "white",
    max_picture_pixels: MaxPicturePixelsOption = None,
    jobs: JobsOption = None,
    task_index: TaskIndexOption = None,
    task_count: TaskCountOption = None,
    max_errors: Annotated[
        str, typer.Option(help="Unreadable pictures to leave out, in all: N or P%.", rich_help_panel=RUNNING)
    ] = "0",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Add nothing; estimate shards, bytes, time and disk space.", rich_help_panel=RUNNING
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result, or the estimate, as JSON.", rich_help_panel=RUNNING)
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Add the pictures of a further source to a finished data set, as shards behind those that are there.

    Method, seed, crops and format are those of the data set, and so are the classes, by their names. The old shards
    keep their bytes. The same command again finishes an extension that was interrupted; the folder is a finished data
    set of the old pictures until then. Array tasks divide the new shards among them, as for augment.

    Examples:
      ipmix extend shards --in more-photos/
      ipmix extend shards --in new.csv --data-dir photos --classes-from classes.txt
      ipmix extend shards --in more-photos/ --dry-run
    """
    options = locals()
    if not dry_run:
        prepare_workers(jobs, DEFAULT_METHOD)
    from ipmix_cli.cli.estimate import show_cost
    from ipmix_cli.cli.logbook import logging_to
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.cli.summary import as_json as outcome_as_json
    from ipmix_cli.cli.summary import summary
    from ipmix_cli.pipeline.run.extend import estimate_extension
    from ipmix_cli.pipeline.run.extend import extend as run

    with logging_to(None, Bars(quiet or as_json), folder) as listener:
        execution = execution_for(jobs, max_errors, (task_index, task_count), ("joblib", None, None), listener)
        if dry_run:
            cost = estimate_extension(folder, spec_of(options, source), execution, listener)
            show_cost(cost, folder, execution, as_json)
            return
        outcome = run(folder, spec_of(options, source), execution, listener)
    if as_json:
        show(outcome_as_json(outcome, folder))
    elif not quiet:
        show(summary(outcome, folder))
