"""``ipmix augment``: the main job."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipmix_cli.cli.config import ConfigOption, SaveConfigOption
from ipmix_cli.cli.execution_options import (
    AddressOption,
    BackendOption,
    SchedulerOption,
    TaskCountOption,
    TaskIndexOption,
    execution_for,
    prepare_workers,
)
from ipmix_cli.cli.logbook import LogOption, VerboseOption
from ipmix_cli.cli.screen import show

if TYPE_CHECKING:
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.listener import Listener
    from ipmix_cli.pipeline.run.prepare import Request

SOURCE = "What goes in"
VIEWS = "Sizes and crops, before IPMix"
IPMIX = "IPMix"
OUTPUT = "What comes out"
RUNNING = "Running"


def augment(
    source: Annotated[str, typer.Option("--in", help="cifar10, cifar100, demo, or a path.", rich_help_panel=SOURCE)],
    out: Annotated[str, typer.Option("--out", help="The folder for the shards.", rich_help_panel=OUTPUT)],
    data_dir: Annotated[
        str | None,
        typer.Option(
            help="Where named data sets lie, or are downloaded to.  [default: ~/.cache/ipmix/data]",
            rich_help_panel=SOURCE,
        ),
    ] = None,
    input_format: Annotated[
        str | None, typer.Option(help="Force the format, else it is found out by looking.", rich_help_panel=SOURCE)
    ] = None,
    split: Annotated[str, typer.Option(help="train or test.", rich_help_panel=SOURCE)] = "train",
    limit: Annotated[int | None, typer.Option(help="Only the first N pictures.", min=1, rich_help_panel=SOURCE)] = None,
    images_key: Annotated[
        str | None, typer.Option(help="Name of the pictures' array or column.", rich_help_panel=SOURCE)
    ] = None,
    labels_key: Annotated[
        str | None, typer.Option(help="Name of the labels' array or column.", rich_help_panel=SOURCE)
    ] = None,
    label_field: Annotated[
        str | None, typer.Option(help="Field of a WebDataset sample's JSON with the label.", rich_help_panel=SOURCE)
    ] = None,
    alpha: Annotated[
        str, typer.Option(help="Transparent pictures: white (compose on white) or drop.", rich_help_panel=SOURCE)
    ] = "white",
    size: Annotated[int | None, typer.Option(help="Side of the samples in px.", min=2, rich_help_panel=VIEWS)] = None,
    crop: Annotated[
        str | None,
        typer.Option(
            help="none, resize, center or random-resized.  [default: center with --size, else none]",
            rich_help_panel=VIEWS,
        ),
    ] = None,
    crops: Annotated[
        int, typer.Option(help="Random crops of each picture, each a sample of its own.", min=1, rich_help_panel=VIEWS)
    ] = 1,
    fractals: Annotated[
        str,
        typer.Option(
            help="Mixing pictures: a bank.h5, or a folder of pictures; the built-in bank is made once.",
            rich_help_panel=IPMIX,
        ),
    ] = "builtin",
    preset: Annotated[
        str,
        typer.Option(help="cifar, imagenet, or auto (cifar up to 64 px).", rich_help_panel=IPMIX),
    ] = "auto",
    copies: Annotated[int, typer.Option(help="Copies of each sample, K.", min=1, max=1000, rich_help_panel=IPMIX)] = 4,
    seed: Annotated[int, typer.Option(help="0 to 2**63 - 1.", min=0, rich_help_panel=IPMIX)] = 0,
    chains: Annotated[
        int | None, typer.Option(help="Chains of a copy, k, 1 to 64.  [preset: 3]", rich_help_panel=IPMIX)
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(help="Most steps of a chain, t, 1 to 64.  [preset: 3]", rich_help_panel=IPMIX)
    ] = None,
    severity: Annotated[
        float | None,
        typer.Option(help="Highest level of operations, 0.1 to 10.  [cifar: 3, imagenet: 1]", rich_help_panel=IPMIX),
    ] = None,
    beta: Annotated[
        float | None,
        typer.Option(help="Shape of the mixings' Beta laws.  [cifar: 3, imagenet: 4]", rich_help_panel=IPMIX),
    ] = None,
    patch_sizes: Annotated[
        str | None,
        typer.Option(
            help="Patch sizes in px, such as 4,8,16,32.  [default: powers of two, and the short side]",
            rich_help_panel=IPMIX,
        ),
    ] = None,
    self_mix: Annotated[
        float | None,
        typer.Option(
            help="Probability that a patch's partner is an augmented copy.  [cifar: 0, imagenet: 0.5]",
            rich_help_panel=IPMIX,
        ),
    ] = None,
    mixing_ratio: Annotated[
        float | None,
        typer.Option(
            help="Mixing picture's side over the sample's.  [cifar: 9/8, imagenet: 8/7]", rich_help_panel=IPMIX
        ),
    ] = None,
    overflow: Annotated[
        str, typer.Option(help="Mixed values out of range: clip, or wrap as published.", rich_help_panel=IPMIX)
    ] = "clip",
    all_ops: Annotated[
        bool,
        typer.Option(
            "--all-ops", help="Also the five operations that overlap with the -C benchmarks.", rich_help_panel=IPMIX
        ),
    ] = False,
    operations: Annotated[
        str | None, typer.Option(help="Only these operations, with commas between.", rich_help_panel=IPMIX)
    ] = None,
    mixings: Annotated[
        str | None, typer.Option(help="Only these mixings, with commas between.", rich_help_panel=IPMIX)
    ] = None,
    output_format: Annotated[
        str, typer.Option("--format", help="hdf5, webdataset or files.", rich_help_panel=OUTPUT)
    ] = "hdf5",
    layout: Annotated[
        str,
        typer.Option(
            help="grouped (a sample holds its copies), flat (one sample a copy), or files (class folders).",
            rich_help_panel=OUTPUT,
        ),
    ] = "grouped",
    encoding: Annotated[
        str, typer.Option(help="auto, raw, png, webp (lossless) or jpeg.", rich_help_panel=OUTPUT)
    ] = "auto",
    quality: Annotated[int, typer.Option(help="Of jpeg.", min=1, max=100, rich_help_panel=OUTPUT)] = 95,
    compression: Annotated[
        str, typer.Option(help="Of raw HDF5 samples: none, lzf or gzip.", rich_help_panel=OUTPUT)
    ] = "none",
    no_clean: Annotated[
        bool, typer.Option("--no-clean", help="Leave out the clean pictures.", rich_help_panel=OUTPUT)
    ] = False,
    samples_per_shard: Annotated[
        int | None,
        typer.Option(
            help="At most so many.  [default: 64 MiB of raw pictures, at least 16 shards]",
            min=1,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Worker processes.  [default: the CPUs this process may use]", min=1, rich_help_panel=RUNNING
        ),
    ] = None,
    task_index: TaskIndexOption = None,
    task_count: TaskCountOption = None,
    backend: BackendOption = "joblib",
    scheduler: SchedulerOption = None,
    address: AddressOption = None,
    max_errors: Annotated[
        str, typer.Option(help="Unreadable pictures to leave out: N or P%.", rich_help_panel=RUNNING)
    ] = "0",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try pictures again that failed.", rich_help_panel=RUNNING)
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove what is in the folder; start anew.", rich_help_panel=RUNNING)
    ] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Going on: check the shards' sha256, not only sizes.", rich_help_panel=RUNNING),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Make nothing: tell shards, bytes, time and space.", rich_help_panel=RUNNING),
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell where the time went, by stage.", rich_help_panel=RUNNING)
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.", rich_help_panel=RUNNING)] = False,
    verbose: VerboseOption = False,
    log: LogOption = None,
    config: ConfigOption = None,
    save_config: SaveConfigOption = None,
) -> None:
    """Make IPMix shards from a data set, or finish those that were begun.

    The same command again goes on where it stopped. The bytes depend on what goes in, IPMix's numbers and what comes
    out, never on the number of jobs, on scheduling, or on the place.

    Examples:
      ipmix augment --in demo --out demo-shards
      ipmix augment --in cifar10 --data-dir data --copies 10 --out cifar10-ipmix
      ipmix augment --in photos/ --size 224 --format webdataset --encoding jpeg --out shards
      ipmix augment --in photos/ --size 224 --out /shared/shards --task-index 3 --task-count 100
      ipmix augment --config shards/manifest.json --out the-same-again
    """
    options = locals()
    if backend == "joblib" and not dry_run:
        prepare_workers(jobs, "ipmix")
    request = _request(options)
    from ipmix_cli.cli.logbook import logging_to
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.cli.summary import profile_table, summary
    from ipmix_cli.pipeline.run.augment import augment as run
    from ipmix_cli.pipeline.run.schedule import ExistingOutput

    existing_output = ExistingOutput(overwrite=overwrite, verify=verify, retry_failed=retry_failed)
    with logging_to(log, Bars(quiet, verbose), out) as listener:
        tasks, cluster = (task_index, task_count), (backend, scheduler, address)
        execution = execution_for(jobs, max_errors, tasks, cluster, listener)
        if dry_run:
            show_estimate(request, out, execution, listener)
            return
        outcome = run(request, out, execution, existing_output, listener)
    show(summary(outcome, out))
    if profile:
        show(profile_table(outcome))


def show_estimate(request: Request, out: str, execution: Execution, listener: Listener) -> None:
    """Say what a job would cost; exit 4 where the space does not suffice."""
    from ipmix_cli.cli.estimate import table
    from ipmix_cli.pipeline.run.estimate import estimate

    cost = estimate(request, out, execution, listener)
    show(table(cost, out, execution.task_count))
    if not cost.fits or cost.other_job:
        raise typer.Exit(4)


def _request(options: dict[str, Any]) -> Request:
    from ipmix_cli.cli.config import recorded_job
    from ipmix_cli.crop import CropConfig
    from ipmix_cli.pipeline.run.prepare import Request
    from ipmix_cli.shards.shard import ShardSettings
    from ipmix_cli.sources.source import SourceSpec

    spec = {field.name: options[field.name] for field in dataclasses.fields(SourceSpec) if field.name in options}
    crop = options["crop"] or ("none" if options["size"] is None else "center")
    files = options["layout"] == "files"
    return Request(
        source=SourceSpec(input=options["source"], **spec),
        fractals=options["fractals"],
        preset=options["preset"],
        changes=_changes(options),
        crop=CropConfig(mode=crop, size=options["size"], crops=options["crops"]),
        output=ShardSettings(
            format="files" if files else options["output_format"],
            layout="grouped" if files else options["layout"],
            encoding=options["encoding"],
            quality=options["quality"],
            compression=options["compression"],
            clean=not options["no_clean"],
            copies=options["copies"],
        ),
        seed=options["seed"],
        samples_per_shard=options["samples_per_shard"],
        limit=options["limit"],
        recorded=recorded_job(options["config"]),
    )


def _changes(options: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of AugmentConfig that the user gave."""
    from ipmix_cli.methods.operations import ALL_OPERATIONS

    names = ("chains", "max_steps", "severity", "beta", "self_mix", "mixing_ratio")
    changes = {name: options[name] for name in names if options[name] is not None}
    changes["overflow"] = options["overflow"]
    if options["all_ops"]:
        changes["operations"] = ALL_OPERATIONS
    for name in ("operations", "mixings"):
        if options[name] is not None:
            changes[name] = tuple(options[name].replace(",", " ").split())
    if options["patch_sizes"] is not None:
        changes["patch_sizes"] = _whole_numbers("--patch-sizes", options["patch_sizes"])
    return changes


def _whole_numbers(option: str, text: str) -> tuple[int, ...]:
    from ipmix_cli.errors import UsageError

    try:
        return tuple(int(word) for word in text.replace(",", " ").split())
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is not a list of whole numbers", f"give {option} 4,8,16") from error
