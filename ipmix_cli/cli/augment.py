"""``ipmix augment``: the main job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipmix_cli.cli.config import ConfigOption, SaveConfigOption
from ipmix_cli.cli.execution_options import (
    RUNNING,
    AddressOption,
    BackendOption,
    JobsOption,
    QuietOption,
    SchedulerOption,
    TaskCountOption,
    TaskIndexOption,
    execution_for,
    prepare_workers,
)
from ipmix_cli.cli.logbook import LogOption, VerboseOption
from ipmix_cli.cli.method_options import MethodOption, method_in, with_settings
from ipmix_cli.cli.screen import show
from ipmix_cli.cli.source_options import PANEL as SOURCE
from ipmix_cli.cli.source_options import (
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
from ipmix_cli.methods import DEFAULT_METHOD, transform_named

if TYPE_CHECKING:
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.listener import Listener
    from ipmix_cli.pipeline.run.prepare import Request

VIEWS = "Sizes and crops, before the method"
COPIES = "Copies"
OUTPUT = "What comes out"


def for_words(words: Sequence[str]) -> Callable[..., None]:
    """Return the command with the options of the method that a command line asks for."""
    return with_settings(augment, transform_named(method_in(words, DEFAULT_METHOD)))


def augment(
    source: Annotated[str, typer.Option("--in", help="{names}, or a path.", rich_help_panel=SOURCE)],
    out: Annotated[str, typer.Option("--out", help="The folder for the shards.", rich_help_panel=OUTPUT)],
    data_dir: DataDirOption = None,
    input_format: InputFormatOption = None,
    split: Annotated[str, typer.Option(help="train, test or val.", rich_help_panel=SOURCE)] = "train",
    limit: Annotated[int | None, typer.Option(help="Only the first N pictures.", min=1, rich_help_panel=SOURCE)] = None,
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
    size: Annotated[int | None, typer.Option(help="Side of the samples in px.", min=2, rich_help_panel=VIEWS)] = None,
    crop: Annotated[
        str | None,
        typer.Option(
            help="{names} (by 4 px).  [default: center with --size, else none]",
            rich_help_panel=VIEWS,
        ),
    ] = None,
    flip: Annotated[
        bool | None,
        typer.Option(help="Mirror half of the random crops.  [default: yes for random-resized]", rich_help_panel=VIEWS),
    ] = None,
    crops: Annotated[
        int, typer.Option(help="Random crops of each picture; each becomes a sample.", min=1, rich_help_panel=VIEWS)
    ] = 1,
    method: MethodOption = DEFAULT_METHOD,
    fractals: Annotated[
        str,
        typer.Option(
            help="Mixing pictures, for methods that use them: a bank.h5, or a folder of pictures. The built-in bank is "
            "drawn once per machine.",
            rich_help_panel=COPIES,
        ),
    ] = "builtin",
    copies: Annotated[
        int, typer.Option(help="Copies of each sample, K.", min=1, max=10_000, rich_help_panel=COPIES)
    ] = 4,
    seed: Annotated[int, typer.Option(help="0 to 2**63 - 1.", min=0, rich_help_panel=COPIES)] = 0,
    output_format: Annotated[
        str, typer.Option("--format", help="Format of the shards: {names}.", rich_help_panel=OUTPUT)
    ] = "hdf5",
    layout: Annotated[
        str,
        typer.Option(
            help="grouped (a sample holds its copies), flat (one sample a copy), or files (class folders).",
            rich_help_panel=OUTPUT,
        ),
    ] = "grouped",
    encoding: Annotated[
        str, typer.Option(help="Encoding of the pictures: {names}; webp is lossless.", rich_help_panel=OUTPUT)
    ] = "auto",
    channels: Annotated[
        int, typer.Option(help="3 for RGB, or 1 for grey (not with webp or cifar).", min=1, rich_help_panel=OUTPUT)
    ] = 3,
    quality: Annotated[int, typer.Option(help="Quality of JPEG.", min=1, max=100, rich_help_panel=OUTPUT)] = 95,
    compression: Annotated[
        str, typer.Option(help="Compression of raw HDF5 samples: none, lzf or gzip.", rich_help_panel=OUTPUT)
    ] = "none",
    no_clean: Annotated[
        bool, typer.Option("--no-clean", help="Leave out the clean pictures.", rich_help_panel=OUTPUT)
    ] = False,
    store: Annotated[
        str,
        typer.Option(
            help="pixels, or plans: store no copies, and render them when they are read.", rich_help_panel=OUTPUT
        ),
    ] = "pixels",
    samples_per_shard: Annotated[
        int | None,
        typer.Option(
            help="Maximum number of samples in a shard.  [default: by --shard-mb]",
            min=1,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    shard_mb: Annotated[
        int | None,
        typer.Option(
            "--shard-mb",
            help="Approximate size of a shard in MB, as stored.  [default: 200, or less for at least 16 to 64 shards]",
            min=1,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    jobs: JobsOption = None,
    task_index: TaskIndexOption = None,
    task_count: TaskCountOption = None,
    backend: BackendOption = "joblib",
    scheduler: SchedulerOption = None,
    address: AddressOption = None,
    max_errors: Annotated[
        str, typer.Option(help="How many unreadable pictures may be left out: N or P%.", rich_help_panel=RUNNING)
    ] = "0",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Retry pictures that failed before.", rich_help_panel=RUNNING)
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Empty the folder first, then start from scratch.", rich_help_panel=RUNNING),
    ] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="When resuming, check the shards' sha256, not only their sizes.", rich_help_panel=RUNNING
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Make nothing; estimate shards, bytes, time and disk space.", rich_help_panel=RUNNING
        ),
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Show where the time went, by stage.", rich_help_panel=RUNNING)
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the result, or the estimate, as JSON.", rich_help_panel=RUNNING),
    ] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    log: LogOption = None,
    config: ConfigOption = None,
    save_config: SaveConfigOption = None,
    settings: dict[str, Any] | None = None,
) -> None:
    """Make augmented shards from a data set, or resume an interrupted run.

    Repeat the same command to resume. The output depends on the input, the method's settings and the output options,
    never on the number of jobs, the scheduling or the location. Each method has its own options: see
    ipmix augment --method NAME --help.

    Examples:
      ipmix augment --in demo --out demo-shards
      ipmix augment --in cifar10 --data-dir data --copies 10 --out cifar10-ipmix
      ipmix augment --in photos/ --size 224 --format webdataset --encoding jpeg --out shards
      ipmix augment --in photos/ --size 224 --out /shared/shards --task-index 3 --task-count 100
      ipmix augment --config shards/manifest.json --out the-same-again
    """
    options = locals()
    if backend == "joblib" and not dry_run:
        prepare_workers(jobs, method)
    request = _request(options)
    from ipmix_cli.cli.logbook import logging_to
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.cli.summary import as_json as outcome_as_json
    from ipmix_cli.cli.summary import profile_table, summary
    from ipmix_cli.pipeline.run.augment import augment as run
    from ipmix_cli.pipeline.run.schedule import ExistingOutput

    existing_output = ExistingOutput(overwrite=overwrite, verify=verify, retry_failed=retry_failed)
    with logging_to(log, Bars(quiet or as_json, verbose and not as_json), out) as listener:
        tasks, cluster = (task_index, task_count), (backend, scheduler, address)
        execution = execution_for(jobs, max_errors, tasks, cluster, listener)
        if dry_run:
            show_estimate(request, out, execution, listener, as_json)
            return
        outcome = run(request, out, execution, existing_output, listener)
    if as_json:
        show(outcome_as_json(outcome, out))
        return
    if not quiet:
        show(summary(outcome, out))
    if profile:
        show(profile_table(outcome))


def show_estimate(request: Request, out: str, execution: Execution, listener: Listener, as_json: bool) -> None:
    """Print what a job would cost; exit with 4 if the disk space is not enough."""
    from ipmix_cli.cli.estimate import show_cost
    from ipmix_cli.pipeline.run.estimate import estimate

    show_cost(estimate(request, out, execution, listener), out, execution, as_json)


def _context() -> Any:
    """Return the command's context, from click or from the copy of it that newer versions of typer carry."""
    import importlib

    package = typer.Context.__mro__[1].__module__.rpartition(".")[0]
    return importlib.import_module(f"{package}.globals").get_current_context()


def _check_places(options: dict[str, Any]) -> None:
    """Refuse places that need the network if only the manifest of ``--config`` names them."""
    from ipmix_cli.errors import UsageError
    from ipmix_cli.pipeline.run.places import check_recorded_name
    from ipmix_cli.sources.source import SourceSpec
    from ipmix_cli.storage.object_store import is_remote

    context = _context()
    for name, option in (("source", "--in"), ("data_dir", "--data-dir")):
        place = options[name] or ""
        if is_remote(place) and context.get_parameter_source(name).name != "COMMANDLINE":
            raise UsageError(
                f"{options['config']} has the source at {place}, and ipmix does not use the network because a "
                "record says so",
                f"if you trust it, name it yourself: {option} {place}",
            )
    if context.get_parameter_source("source").name != "COMMANDLINE":
        spec = SourceSpec(input=options["source"], data_dir=options["data_dir"], input_format=options["input_format"])
        check_recorded_name(spec, "--in")


def _request(options: dict[str, Any]) -> Request:
    from ipmix_cli.cli.job_file import recorded_job
    from ipmix_cli.crop import CropConfig
    from ipmix_cli.pipeline.run.prepare import Request
    from ipmix_cli.shards.shard import ShardSettings

    recorded = recorded_job(options["config"])
    if recorded is not None:
        _check_places(options)
    settings = dict(options["settings"] or {})
    crop = options["crop"] or ("none" if options["size"] is None else "center")
    files = options["layout"] == "files"
    return Request(
        source=spec_of(options, options["source"]),
        fractals=options["fractals"],
        method=options["method"],
        preset=settings.pop("preset", "auto"),
        changes=settings,
        crop=CropConfig(mode=crop, size=options["size"], crops=options["crops"], flip=options["flip"]),
        output=ShardSettings(
            format="files" if files else options["output_format"],
            layout="grouped" if files else options["layout"],
            encoding=options["encoding"],
            quality=options["quality"],
            compression=options["compression"],
            clean=not options["no_clean"],
            copies=options["copies"],
            store=options["store"],
            channels=options["channels"],
        ),
        seed=options["seed"],
        samples_per_shard=options["samples_per_shard"],
        shard_mb=options["shard_mb"],
        limit=options["limit"],
        recorded=recorded,
    )
